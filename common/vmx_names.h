/* vmx_names.h -- VMX in words: names for what a VMCS, an exit and a failure show as
 * numbers. Each function answers 0 for a number that has no name.
 */
#ifndef VMX_NAMES_H
#define VMX_NAMES_H

#include <stdint.h>

/* Every VMCS field, in the order of x86/vmcs.h. vmcs_names.c */
struct vmcs_field {
        uint32_t encoding;
        const char *name;
};

extern const struct vmcs_field vmcs_fields[];
extern const unsigned vmcs_field_count;

/* "guest ES selector". The upper half of a 64-bit field has no name of its own. */
const char *vmcs_field_name(uint32_t encoding);

/* The controls of x86/vmx.h: PIN_, CPU_, CPU2_, EXIT_, ENTRY_ */
enum vmx_controls {
        PIN_CONTROLS,
        CPU_CONTROLS,
        CPU2_CONTROLS,
        EXIT_CONTROLS,
        ENTRY_CONTROLS,
};

/* "use I/O bitmaps", for a bit number; 0 for a reserved bit. */
const char *control_name(enum vmx_controls which, unsigned bit);

/* "exception or NMI". Mask the exit reason with EXIT_REASON_BASIC first. */
const char *exit_reason_name(uint32_t basic_reason);

/* What went wrong, for a number from VMCS_VM_INSTRUCTION_ERROR. */
const char *vm_instruction_error_text(uint32_t number);

#endif
