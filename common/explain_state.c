/* explain_state.c -- the rest of the guest-state area: RIP, RFLAGS and SSP; the state
 * that is in no register; the PDPTEs. SDM Vol. 3C, "Checks on Guest RIP, RFLAGS, and
 * SSP", "Checks on Guest Non-Register State", "Checks on Guest Page-Directory-Pointer-
 * Table Entries".
 */
#include "explain_rules.h"

#include "cpu.h"
#include "x86/control.h"
#include "x86/descriptor.h"
#include "x86/exception.h"

#define LEAF_FEATURES           7               /* of CPUID, if it has so many */
#define FEATURES_EBX_SGX        0x00000004
#define FEATURES_EBX_RTM        0x00000800
#define FEATURES_ECX_BUS_LOCK   0x01000000      /* #DB for bus locks */

#define RFLAGS_RESERVED         0xFFFFFFFFFFC08028      /* bits 63:22, 15, 5, 3 */
#define RIGHTS_DPL              0x60

/* SDM Vol. 3C, "Guest Non-Register State" */
enum activity { ACTIVE, HLT, SHUTDOWN, WAIT_FOR_SIPI };
#define BLOCKING_BY_STI         0x01
#define BLOCKING_BY_MOV_SS      0x02
#define BLOCKING_BY_SMI         0x04
#define BLOCKING_BY_NMI         0x08
#define ENCLAVE_INTERRUPTION    0x10
#define PENDING_BUS_LOCK        0x00800
#define PENDING_ENABLED         0x01000         /* a breakpoint that DR7 enables */
#define PENDING_BS              0x04000         /* single-step */
#define PENDING_RTM             0x10000
#define PENDING_RESERVED        0xFFFFFFFFFFFEAFF0      /* all but these and B3 to B0 */
#define DEBUGCTL_BTF            2               /* single-step on branches only */
#define NO_LINK                 (~0ULL)

#define PDPTE(n)                (VMCS_GUEST_PDPTE0 + 2 * (n))
#define PDPTE_RESERVED          0x1E6           /* bits 8:5, 2:1 */

static struct cpuid features(void)
{
        return cpuid(0, 0).eax >= LEAF_FEATURES ? cpuid(LEAF_FEATURES, 0) : (struct cpuid){ 0 };
}

/* Not as strict as for other addresses: the highest of the bits that this CPU uses may
 * differ from those above it, which then are alike. */
static int upper_bits_alike(struct explanation *why, uint32_t what)
{
        MUST(what, explain_is_canonical(field(what), explain_linear_width() + 1),
             "must have all bits alike above this CPU's linear-address width");
        return 0;
}

int explain_guest_rip(struct explanation *why)
{
        uint64_t rip = field(VMCS_GUEST_RIP), flags = field(VMCS_GUEST_RFLAGS);
        uint32_t event = injected_event();
        int ia32e = (entry_controls() & ENTRY_IA32E_MODE_GUEST) != 0;

        if (ia32e && field(VMCS_GUEST_CS_ACCESS_RIGHTS) & DESC_L)
                APPLY(upper_bits_alike(why, VMCS_GUEST_RIP));
        else
                MUST(VMCS_GUEST_RIP, !(rip >> 32), "must have bits 63:32 clear");
        MUST(VMCS_GUEST_RFLAGS, !(flags & RFLAGS_RESERVED),
             "must have bits 63:22, 15, 5 and 3 clear");
        MUST(VMCS_GUEST_RFLAGS, flags & EFLAGS_FIXED, "must have bit 1 set");
        MUST(VMCS_GUEST_RFLAGS,
             !(flags & EFLAGS_VM) || (!ia32e && field(VMCS_GUEST_CR0) & CR0_PE),
             "must have VM (bit 17) clear in IA-32e mode and in real mode");
        MUST(VMCS_GUEST_RFLAGS,
             flags & EFLAGS_IF || !event || EVENT_TYPE(event) != EVENT_EXTERNAL,
             "must have IF (bit 9) set: an external interrupt shall be injected");
        if (entry_controls() & ENTRY_LOAD_CET_STATE) {
                MUST(VMCS_GUEST_SSP, !(field(VMCS_GUEST_SSP) & 3), "must be a multiple of 4");
                APPLY(upper_bits_alike(why, VMCS_GUEST_SSP));
        }
        return 0;
}

/* Would that event get through to a CPU in that state? */
static int wakes(uint32_t event, uint64_t activity)
{
        unsigned type = EVENT_TYPE(event), vector = EVENT_VECTOR(event);
        int machine_check = type == EVENT_HARDWARE && vector == VECTOR_MC;

        switch (activity) {
        case ACTIVE:
                return 1;
        case HLT:
                return type == EVENT_EXTERNAL || type == EVENT_NMI || machine_check
                    || (type == EVENT_HARDWARE && vector == VECTOR_DB)
                    || (type == EVENT_OTHER && vector == 0);
        case SHUTDOWN:
                return type == EVENT_NMI || machine_check;
        default:
                return 0;
        }
}

static int activity(struct explanation *why)
{
        const uint32_t what = VMCS_GUEST_ACTIVITY_STATE;
        uint64_t state = field(what);
        uint32_t event = injected_event();

        MUST(what, state <= WAIT_FOR_SIPI, "must be 0 to 3");
        MUST(what, state == ACTIVE || rdmsr(MSR_VMX_MISC) & VMX_MISC_ACTIVITY(state),
             "must be a state that this CPU has, as IA32_VMX_MISC says");
        MUST(what, state != HLT || !(field(VMCS_GUEST_SS_ACCESS_RIGHTS) & RIGHTS_DPL),
             "must not be HLT (1): guest SS has a DPL other than 0, and HLT is for ring 0");
        MUST(what, state == ACTIVE || !(field(VMCS_GUEST_INTERRUPTIBILITY_STATE)
                                        & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)),
             "must be 0, active: events are blocked by STI or MOV SS");
        MUST(what, !event || wakes(event, state),
             "must not be a state that blocks the event that shall be injected");
        return 0;
}

static int interruptibility(struct explanation *why)
{
        const uint32_t what = VMCS_GUEST_INTERRUPTIBILITY_STATE;
        uint64_t state = field(what);
        uint32_t event = injected_event();
        int external = event && EVENT_TYPE(event) == EVENT_EXTERNAL;
        int nmi = event && EVENT_TYPE(event) == EVENT_NMI;

        MUST(what, !(state & ~0x1FULL), "must have bits 31:5 clear");
        MUST(what, !(state & BLOCKING_BY_STI && state & BLOCKING_BY_MOV_SS),
             "must not have both blocking by STI (bit 0) and by MOV SS (bit 1)");
        MUST(what, !(state & BLOCKING_BY_STI) || field(VMCS_GUEST_RFLAGS) & EFLAGS_IF,
             "must not have blocking by STI (bit 0) while guest RFLAGS.IF is 0");
        MUST(what, !external || !(state & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)),
             "must not block (bits 1:0) the external interrupt that shall be injected");
        MUST(what, !nmi || !(state & BLOCKING_BY_MOV_SS),
             "must not block by MOV SS (bit 1) the NMI that shall be injected");
        MUST(what, !(state & BLOCKING_BY_SMI),
             "must have blocking by SMI (bit 2) clear outside SMM");
        MUST(what, !nmi || !(state & BLOCKING_BY_NMI) || !(pin_controls() & PIN_VIRTUAL_NMIS),
             "must not have blocking by NMI (bit 3): an NMI shall be injected");
        MUST(what, !(state & ENCLAVE_INTERRUPTION)
                   || (!(state & BLOCKING_BY_MOV_SS) && features().ebx & FEATURES_EBX_SGX),
             "must not have bit 4 (enclave interruption) with bit 1, or without SGX");
        return 0;
}

static int pending_debug_exceptions(struct explanation *why)
{
        const uint32_t what = VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS;
        uint64_t pending = field(what);
        uint64_t reserved = PENDING_RESERVED
                          & ~(features().ecx & FEATURES_ECX_BUS_LOCK ? PENDING_BUS_LOCK : 0ULL);
        int steps = field(VMCS_GUEST_RFLAGS) & EFLAGS_TF
                 && !(field(VMCS_GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);
        int held_back = field(VMCS_GUEST_ACTIVITY_STATE) == HLT
                     || field(VMCS_GUEST_INTERRUPTIBILITY_STATE)
                        & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);

        MUST(what, !(pending & reserved),
             "must have its reserved bits clear: 11:4, 13, 15, 63:17");
        MUST(what, !held_back || !steps || pending & PENDING_BS,
             "must have BS (bit 14) set: the guest single-steps, and STI, MOV SS or HLT"
             " was last");
        MUST(what, !held_back || steps || !(pending & PENDING_BS),
             "must have BS (bit 14) clear: the guest does not single-step");
        if (!(pending & PENDING_RTM))
                return 0;
        MUST(what, pending == (PENDING_RTM | PENDING_ENABLED),
             "must have bit 12 and nothing else set with RTM (bit 16)");
        MUST(what, features().ebx & FEATURES_EBX_RTM,
             "must have RTM (bit 16) clear: this CPU has none");
        MUST(what, !(field(VMCS_GUEST_INTERRUPTIBILITY_STATE) & BLOCKING_BY_MOV_SS),
             "must not have RTM (bit 16) while events are blocked by MOV SS");
        return 0;
}

/* Where it leads to there must be a VMCS region: its first 4 bytes. */
static int link_pointer(struct explanation *why)
{
        const uint32_t what = VMCS_LINK_POINTER;
        uint64_t link = field(what), current = NO_LINK;
        const uint32_t *region = explain_memory(link);
        uint32_t shadow = cpu2_controls() & CPU2_VMCS_SHADOWING ? 1u << 31 : 0;

        if (link == NO_LINK)
                return 0;
        APPLY(explain_address(why, what, PAGE_SIZE));
        MUST(what, !region || *region == ((rdmsr(MSR_VMX_BASIC) & VMX_BASIC_REVISION) | shadow),
             "must lead to a region with this CPU's revision identifier (bit 31: a shadow"
             " VMCS), or be all ones");
        MUST(what, vmptrst(&current) != VMX_OK || link != current,
             "must not lead to the current VMCS itself");
        return 0;
}

int explain_guest_state(struct explanation *why)
{
        APPLY(activity(why));
        APPLY(interruptibility(why));
        APPLY(pending_debug_exceptions(why));
        return link_pointer(why);
}

static int is_valid(uint64_t pdpte)
{
        return !(pdpte & PAGE_P) || !(pdpte & (PDPTE_RESERVED | explain_beyond_width()));
}

int explain_guest_pdptes(struct explanation *why)
{
        const uint64_t *table = explain_memory(field(VMCS_GUEST_CR3) & 0xFFFFFFE0);

        if (!(field(VMCS_GUEST_CR0) & CR0_PG) || !(field(VMCS_GUEST_CR4) & CR4_PAE)
            || entry_controls() & ENTRY_IA32E_MODE_GUEST)
                return 0;                               /* no PAE paging */
        for (unsigned i = 0; i < 4; i++)
                if (cpu2_controls() & CPU2_ENABLE_EPT)
                        MUST(PDPTE(i), is_valid(field(PDPTE(i))),
                             "must have its reserved bits clear, as it is present");
                else
                        MUST(VMCS_GUEST_CR3, !table || is_valid(table[i]),
                             "must lead to four PDPTEs that have their reserved bits clear");
        return 0;
}
