/* explain_rules.h -- what the files explain_*.c are written in: each of their functions
 * holds a part of the current VMCS against a section of the manual, rule by rule.
 */
#ifndef EXPLAIN_RULES_H
#define EXPLAIN_RULES_H

#include "explain.h"
#include "vmx_names.h"
#include "x86/paging.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

/* One rule: `what` is the field that it is about. Ends the function with 1 if the
 * condition does not hold. */
#define MUST(what, condition, text)                                             \
        do {                                                                    \
                if (!(condition))                                               \
                        return explain_broken(why, what, text);                 \
        } while (0)

/* All the rules of another function. */
#define APPLY(rules)                                                            \
        do {                                                                    \
                if (rules)                                                      \
                        return 1;                                               \
        } while (0)

/* A field of the current VMCS; 0 if this CPU does not have it. The rules about such a
 * field depend on a control that this CPU does not have either. */
static inline uint64_t field(uint32_t what)
{
        uint64_t value = 0;

        return vmread(what, &value) == VMX_OK ? value : 0;
}

static inline uint32_t pin_controls(void)
{
        return field(VMCS_PIN_BASED_CONTROLS);
}

static inline uint32_t cpu_controls(void)
{
        return field(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS);
}

/* All 0 unless they are activated. */
static inline uint32_t cpu2_controls(void)
{
        return cpu_controls() & CPU_ACTIVATE_SECONDARY_CONTROLS
             ? field(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS) : 0;
}

static inline uint32_t exit_controls(void)
{
        return field(VMCS_PRIMARY_VM_EXIT_CONTROLS);
}

static inline uint32_t entry_controls(void)
{
        return field(VMCS_VM_ENTRY_CONTROLS);
}

/* SDM Vol. 3C, "VM-Entry Controls for Event Injection" */
#define EVENT_VECTOR(event)     ((event) & 0xFF)
#define EVENT_TYPE(event)       ((event) >> 8 & 7)
#define EVENT_EXTERNAL          0       /* types: external interrupt */
#define EVENT_NMI               2
#define EVENT_HARDWARE          3       /* hardware exception */
#define EVENT_SOFTWARE          4       /* INT n; 5 and 6 are INT1, INT3, INTO */
#define EVENT_SOFTWARE_LAST     6
#define EVENT_OTHER             7       /* vector 0: a monitor-trap-flag exit */
#define EVENT_ERROR_CODE        0x00000800      /* deliver one */
#define EVENT_RESERVED          0x7FFFF000
#define EVENT_VALID             0x80000000

/* The event that the entry shall inject; 0 if there is none. */
static inline uint32_t injected_event(void)
{
        uint32_t event = field(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION);

        return event & EVENT_VALID ? event : 0;
}

/* CR4, beside what x86/control.h has */
#define CR4_LA57        0x00001000      /* 57-bit linear addresses */
#define CR4_PCIDE       0x00020000      /* process-context identifiers */
#define CR4_CET         0x00800000      /* control-flow enforcement */
#define CR4_LAM_SUP     0x10000000      /* linear-address masking */

/* IA32_VMX_MISC: SDM Vol. 3D, "Miscellaneous Data" */
#define VMX_MISC_ACTIVITY(state) (1 << (5 + (state)))   /* 1 to 3: HLT and so on */
#define VMX_MISC_CR3_TARGETS(misc) ((misc) >> 16 & 0x1FF)
#define VMX_MISC_LENGTH_0       0x40000000      /* an injected INT n may be 0 bytes long */

/* explain_rules.c. Those that take `why` are rules; each answers 1 if one is broken. */

/* Takes it down. Answers 1. */
int explain_broken(struct explanation *why, uint32_t what, const char *rule);

/* Some bits must be 1, others 0; `says` is who says so. */
int explain_bits(struct explanation *why, uint32_t what, uint64_t must_be_1,
                 uint64_t may_be_1, const char *says);

/* A field of controls, against this CPU's capabilities. */
int explain_capability(struct explanation *why, enum vmx_controls which);

/* A physical address that is a multiple of `unit`. */
int explain_address(struct explanation *why, uint32_t what, unsigned unit);

/* A linear address. */
int explain_canonical(struct explanation *why, uint32_t what);

/* A mask: the bits above this CPU's physical-address width. */
uint64_t explain_beyond_width(void);

/* How many bits this CPU's linear addresses have; and are those above `width` bits all
 * like the highest of them? */
unsigned explain_linear_width(void);
int explain_is_canonical(uint64_t address, unsigned width);

/* Physical memory, to read; 0 if it is not mapped. */
const void *explain_memory(uint64_t pa);

/* explain_msrs.c: MSRs that have a field in the guest's state and in the host's. */
int explain_perf_global_ctrl(struct explanation *why, uint32_t what);
int explain_pat(struct explanation *why, uint32_t what);
int explain_efer(struct explanation *why, uint32_t what);
int explain_s_cet(struct explanation *why, uint32_t what);
int explain_pkrs(struct explanation *why, uint32_t what);

/* A section each, in the manual's order. */
int explain_execution_controls(struct explanation *why);        /* explain_controls.c */
int explain_paging_controls(struct explanation *why);           /* explain_ept.c */
int explain_exit_controls(struct explanation *why);             /* explain_transitions.c */
int explain_entry_controls(struct explanation *why);
int explain_host_registers(struct explanation *why);            /* explain_host.c */
int explain_host_segments(struct explanation *why);
int explain_address_space(struct explanation *why);
int explain_guest_registers(struct explanation *why);           /* explain_guest.c */
int explain_guest_segments(struct explanation *why);            /* explain_segments.c */
int explain_guest_tables(struct explanation *why);              /* explain_guest.c */
int explain_guest_rip(struct explanation *why);                 /* explain_state.c */
int explain_guest_state(struct explanation *why);
int explain_guest_pdptes(struct explanation *why);
int explain_msr_loading(struct explanation *why);               /* explain_msrs.c */

#endif
