/* explain_msrs.c -- values for MSRs: what a field may hold whose value an entry or an
 * exit loads, for guest and host alike; and the VM-entry MSR-load area, in memory.
 */
#include "explain_rules.h"

#include "cpu.h"
#include "x86/control.h"

#define LEAF_PERFORMANCE        0x0A    /* EAX 15:8: counters; EDX 4:0, ECX: fixed ones */
#define LEAF_EXTENDED           0x80000001
#define EDX_SYSCALL             0x00000800
#define EDX_NX                  0x00100000
#define PERF_METRICS            (1ULL << 48)

#define EFER_SCE                0x001
#define EFER_NXE                0x800

/* IA32_S_CET: SDM Vol. 1, "Control-flow Enforcement Technology" */
#define S_CET_RESERVED          0x3C0
#define S_CET_SUPPRESS          0x400
#define S_CET_TRACKER           0x800

#define RESERVED_BITS "must not have bits set that are reserved in this MSR"

int explain_perf_global_ctrl(struct explanation *why, uint32_t what)
{
        struct cpuid leaf = cpuid(LEAF_PERFORMANCE, 0);
        uint64_t counters = (1ULL << (leaf.eax >> 8 & 0x1F)) - 1;
        uint64_t fixed = ((1ULL << (leaf.edx & 0x1F)) - 1) | leaf.ecx;

        /* Some CPUs also have PERF_METRICS; none is blamed for it here. */
        MUST(what, !(field(what) & ~(counters | fixed << 32 | PERF_METRICS)), RESERVED_BITS);
        return 0;
}

/* Eight bytes, a memory type each. */
int explain_pat(struct explanation *why, uint32_t what)
{
        uint64_t pat = field(what);

        for (; pat; pat >>= 8)
                MUST(what, (pat & 0xFF) <= 7 && (pat & 0xFF) != 2 && (pat & 0xFF) != 3,
                     "must have 0, 1, 4, 5, 6 or 7 in each byte: they are memory types");
        return 0;
}

int explain_efer(struct explanation *why, uint32_t what)
{
        uint32_t features = cpuid(LEAF_EXTENDED, 0).edx;
        uint64_t may_be_1 = EFER_LME | EFER_LMA | (features & EDX_SYSCALL ? EFER_SCE : 0)
                          | (features & EDX_NX ? EFER_NXE : 0);

        MUST(what, !(field(what) & ~may_be_1), RESERVED_BITS);
        return 0;
}

int explain_s_cet(struct explanation *why, uint32_t what)
{
        uint64_t value = field(what);

        MUST(what, !(value & S_CET_RESERVED), "must have bits 9:6 clear");
        MUST(what, !(value & S_CET_SUPPRESS && value & S_CET_TRACKER),
             "must not have both bit 10 and bit 11 set");
        return 0;
}

int explain_pkrs(struct explanation *why, uint32_t what)
{
        MUST(what, !(field(what) >> 32), "must have bits 63:32 clear");
        return 0;
}

/* SDM Vol. 3C, "Loading MSRs". What else a CPU may not like about an MSR, it alone knows:
 * the exit qualification tells which entry it was. */
#define MSR_APIC_BASE           0x01B
#define APIC_BASE_X2APIC        0x400
#define MSR_BIOS_UPDT_TRIG      0x079
#define MSR_BIOS_SIGN_ID        0x08B
#define MSR_SMM_MONITOR_CTL     0x09B
#define MSR_FS_BASE             0xC0000100
#define MSR_GS_BASE             0xC0000101
#define MAX_MSRS                512             /* more than that no CPU promises */

struct msr_entry {
        uint32_t msr, reserved;
        uint64_t value;
};

_Static_assert(sizeof(struct msr_entry) == 16, "MSR entry");

static int msr_to_load(struct explanation *why, const struct msr_entry *entry)
{
        const uint32_t what = VMCS_VM_ENTRY_MSR_LOAD_ADDRESS;
        uint32_t msr = entry->msr;

        MUST(what, msr != MSR_FS_BASE && msr != MSR_GS_BASE,
             "must not lead to an entry for IA32_FS_BASE or IA32_GS_BASE: they have fields");
        MUST(what, msr >> 8 != 8 || !(rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC),
             "must not lead to an entry for an MSR of the APIC");
        MUST(what, msr != MSR_SMM_MONITOR_CTL && msr != MSR_BIOS_UPDT_TRIG
                   && msr != MSR_BIOS_SIGN_ID,
             "must not lead to an entry for an MSR of SMM or of microcode updates");
        MUST(what, !entry->reserved, "must not lead to an entry with bits 63:32 set");
        return 0;
}

int explain_msr_loading(struct explanation *why)
{
        uint64_t count = field(VMCS_VM_ENTRY_MSR_LOAD_COUNT);
        const struct msr_entry *area = explain_memory(field(VMCS_VM_ENTRY_MSR_LOAD_ADDRESS));

        for (unsigned i = 0; area && i < count && i < MAX_MSRS; i++)
                APPLY(msr_to_load(why, &area[i]));
        return 0;
}
