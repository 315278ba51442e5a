/* explain_segments.c -- the guest's segment registers. SDM Vol. 3C, "Checks on Guest
 * Segment Registers".
 *
 * A segment register is four fields: selector, base, limit, access rights. The last are
 * those of a descriptor (x86/descriptor.h), and say too whether it can be used at all.
 */
#include "explain_rules.h"

#include "x86/control.h"
#include "x86/descriptor.h"

/* The order of the fields, of each of the four kinds: in steps of 2. */
enum segment { ES, CS, SS, DS, FS, GS, LDTR, TR };
#define SELECTOR(n)             (VMCS_GUEST_ES_SELECTOR + 2 * (n))
#define BASE(n)                 (VMCS_GUEST_ES_BASE + 2 * (n))
#define LIMIT(n)                (VMCS_GUEST_ES_LIMIT + 2 * (n))
#define RIGHTS(n)               (VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * (n))

#define SELECTOR_RPL            3
#define SELECTOR_TI             4               /* in the LDT */
#define RIGHTS_TYPE             0x0000F
#define RIGHTS_DPL(rights)      ((rights) >> 5 & 3)
#define RIGHTS_RESERVED         0xFFFE0F00      /* bits 31:17 and 11:8 */
#define RIGHTS_UNUSABLE         0x10000
#define TYPE_EXECUTABLE         8               /* code, and its bits: */
#define TYPE_READABLE           2
#define TYPE_DATA_RW            3               /* writable data, expand-up, accessed */
#define TYPE_CONFORMING         12              /* from here on: conforming code */
#define TYPE_TSS_BUSY_16        3

#define RIGHTS_V86              0xF3            /* present, DPL 3, writable data, accessed */
#define LIMIT_V86               0xFFFF

/* In the order in which the manual looks at them. */
static const uint8_t code_and_data[] = { CS, SS, DS, ES, FS, GS };
#define CODE_AND_DATA           sizeof(code_and_data)
#define BELOW_4_GB              4               /* of these, the first: CS, SS, DS, ES */

static int is_v86(void)
{
        return (field(VMCS_GUEST_RFLAGS) & EFLAGS_VM) != 0;
}

static int is_unrestricted(void)
{
        return (cpu2_controls() & CPU2_UNRESTRICTED_GUEST) != 0;
}

static int is_usable(enum segment n)
{
        return !(field(RIGHTS(n)) & RIGHTS_UNUSABLE);
}

static unsigned type_of(enum segment n)
{
        return field(RIGHTS(n)) & RIGHTS_TYPE;
}

static unsigned rpl_of(enum segment n)
{
        return field(SELECTOR(n)) & SELECTOR_RPL;
}

static unsigned dpl_of(enum segment n)
{
        return RIGHTS_DPL(field(RIGHTS(n)));
}

static int selectors(struct explanation *why)
{
        MUST(SELECTOR(TR), !(field(SELECTOR(TR)) & SELECTOR_TI), "must have TI (bit 2) clear");
        MUST(SELECTOR(LDTR), !(field(SELECTOR(LDTR)) & SELECTOR_TI) || !is_usable(LDTR),
             "must have TI (bit 2) clear");
        MUST(SELECTOR(SS), rpl_of(SS) == rpl_of(CS) || is_v86() || is_unrestricted(),
             "must have the same RPL (bits 1:0) as the guest CS selector");
        return 0;
}

static int v86_bases(struct explanation *why)
{
        for (unsigned i = 0; i < CODE_AND_DATA; i++) {
                enum segment n = code_and_data[i];

                MUST(BASE(n), field(BASE(n)) == field(SELECTOR(n)) << 4,
                     "must be 16 times the selector in virtual-8086 mode");
        }
        return 0;
}

static int bases(struct explanation *why)
{
        if (is_v86())
                APPLY(v86_bases(why));
        APPLY(explain_canonical(why, BASE(TR)));
        APPLY(explain_canonical(why, BASE(FS)));
        APPLY(explain_canonical(why, BASE(GS)));
        if (is_usable(LDTR))
                APPLY(explain_canonical(why, BASE(LDTR)));
        for (unsigned i = 0; i < BELOW_4_GB; i++) {
                enum segment n = code_and_data[i];

                MUST(BASE(n), !(field(BASE(n)) >> 32) || (n != CS && !is_usable(n)),
                     "must have bits 63:32 clear");
        }
        return 0;
}

/* Limits, then access rights, of a guest in virtual-8086 mode. */
static int virtual_8086(struct explanation *why)
{
        for (unsigned i = 0; i < CODE_AND_DATA; i++)
                MUST(LIMIT(code_and_data[i]), field(LIMIT(code_and_data[i])) == LIMIT_V86,
                     "must be 0xffff in virtual-8086 mode");
        for (unsigned i = 0; i < CODE_AND_DATA; i++)
                MUST(RIGHTS(code_and_data[i]), field(RIGHTS(code_and_data[i])) == RIGHTS_V86,
                     "must be 0xf3 in virtual-8086 mode");
        return 0;
}

/* The parts of the access rights of any other guest. */
static int type(struct explanation *why, enum segment n)
{
        unsigned type = type_of(n);

        if (n == CS)
                MUST(RIGHTS(n), (type & (TYPE_EXECUTABLE | TYPE_ACCESSED))
                                == (TYPE_EXECUTABLE | TYPE_ACCESSED)
                                || (type == TYPE_DATA_RW && is_unrestricted()),
                     "must have type 9, 11, 13 or 15 (bits 3:0): code, accessed");
        else if (n == SS)
                MUST(RIGHTS(n), type == TYPE_DATA_RW || type == (TYPE_DATA_RW | 4),
                     "must have type 3 or 7 (bits 3:0): data, writable, accessed");
        else
                MUST(RIGHTS(n), type & TYPE_ACCESSED
                                && (!(type & TYPE_EXECUTABLE) || type & TYPE_READABLE),
                     "must have a type (bits 3:0) that is accessed, and readable if it is code");
        return 0;
}

static int code_or_data(struct explanation *why, enum segment n)
{
        MUST(RIGHTS(n), field(RIGHTS(n)) & DESC_S, "must have S (bit 4) set: code or data");
        return 0;
}

static int dpl(struct explanation *why, enum segment n)
{
        unsigned dpl = dpl_of(n), cs_type = type_of(CS);

        if (n == CS && cs_type == TYPE_DATA_RW)
                MUST(RIGHTS(n), dpl == 0, "must have DPL 0 (bits 6:5): CS is a data segment");
        else if (n == CS && cs_type < TYPE_CONFORMING)
                MUST(RIGHTS(n), dpl == dpl_of(SS), "must have the DPL (bits 6:5) of guest SS");
        else if (n == CS)
                MUST(RIGHTS(n), dpl <= dpl_of(SS),
                     "must not have a DPL (bits 6:5) above that of guest SS");
        else if (n == SS)
                MUST(RIGHTS(n), dpl == rpl_of(n) || is_unrestricted(),
                     "must have the RPL of the selector as its DPL (bits 6:5)");
        else if (type_of(n) < TYPE_CONFORMING)
                MUST(RIGHTS(n), dpl >= rpl_of(n) || is_unrestricted(),
                     "must not have a DPL (bits 6:5) below the RPL of the selector");
        if (n == SS)
                MUST(RIGHTS(n), dpl == 0 || (cs_type != TYPE_DATA_RW
                                             && field(VMCS_GUEST_CR0) & CR0_PE),
                     "must have DPL 0 (bits 6:5) in real mode, or if CS is a data segment");
        return 0;
}

static int present(struct explanation *why, enum segment n)
{
        MUST(RIGHTS(n), field(RIGHTS(n)) & DESC_P, "must have P (bit 7) set");
        return 0;
}

static int reserved(struct explanation *why, enum segment n)
{
        MUST(RIGHTS(n), !(field(RIGHTS(n)) & RIGHTS_RESERVED),
             "must have bits 31:17 and 11:8 clear");
        return 0;
}

static int default_size(struct explanation *why, enum segment n)
{
        uint64_t rights = field(RIGHTS(n));

        if (n == CS && entry_controls() & ENTRY_IA32E_MODE_GUEST)
                MUST(RIGHTS(n), !(rights & DESC_L && rights & DESC_DB),
                     "must have D/B (bit 14) clear in 64-bit mode");
        return 0;
}

/* Limits that end inside a page count bytes, those above 1 MB count pages. */
static int granularity(struct explanation *why, enum segment n)
{
        uint64_t limit = field(LIMIT(n)), rights = field(RIGHTS(n));

        MUST(RIGHTS(n), !(rights & DESC_G) || (limit & 0xFFF) == 0xFFF,
             "must have G (bit 15) clear: the limit has a 0 in bits 11:0");
        MUST(RIGHTS(n), rights & DESC_G || !(limit & 0xFFF00000),
             "must have G (bit 15) set: the limit has a 1 in bits 31:20");
        return 0;
}

/* Part by part, each of all registers that can be used. Of SS the DPL always counts: it
 * is the guest's privilege level. */
static int protected_mode(struct explanation *why)
{
        static int (*const parts[])(struct explanation *why, enum segment n) = {
                type, code_or_data, dpl, present, reserved, default_size, granularity,
        };

        for (unsigned part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)
                for (unsigned i = 0; i < CODE_AND_DATA; i++) {
                        enum segment n = code_and_data[i];

                        if (n == CS || is_usable(n) || (n == SS && parts[part] == dpl))
                                APPLY(parts[part](why, n));
                }
        return 0;
}

/* TR and LDTR, in any mode. */
static int system_segment(struct explanation *why, enum segment n)
{
        MUST(RIGHTS(n), !(field(RIGHTS(n)) & DESC_S),
             "must have S (bit 4) clear: a system segment");
        APPLY(present(why, n));
        APPLY(reserved(why, n));
        return granularity(why, n);
}

static int system_segments(struct explanation *why)
{
        MUST(RIGHTS(TR), type_of(TR) == TYPE_TSS_BUSY
                         || (type_of(TR) == TYPE_TSS_BUSY_16
                             && !(entry_controls() & ENTRY_IA32E_MODE_GUEST)),
             "must have type 11 (bits 3:0), a busy TSS; or 3, of 16 bits, not in IA-32e mode");
        APPLY(system_segment(why, TR));
        MUST(RIGHTS(TR), is_usable(TR), "must have bit 16 clear: TR is always usable");
        if (!is_usable(LDTR))
                return 0;
        MUST(RIGHTS(LDTR), type_of(LDTR) == TYPE_LDT, "must have type 2 (bits 3:0), an LDT");
        return system_segment(why, LDTR);
}

int explain_guest_segments(struct explanation *why)
{
        APPLY(selectors(why));
        APPLY(bases(why));
        APPLY(is_v86() ? virtual_8086(why) : protected_mode(why));
        return system_segments(why);
}
