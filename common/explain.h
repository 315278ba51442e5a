/* explain.h -- why the CPU refused a VM entry, in words.
 *
 * A CPU that refuses says little: a number of three (controls, host state, guest state).
 * Here the current VMCS is read back and held against the rules of the manual, one by
 * one and in its order: SDM Vol. 3C, chapter "VM Entries". The first rule that is broken
 * is the explanation. No emulator helps: it works the same on a real PC.
 *
 * 64-bit mode, CPL 0, VMX root operation, memory mapped one to one as long.S does.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stdint.h>

#include "vmx.h"

struct explanation {
        uint32_t field;                 /* encoding: x86/vmcs.h */
        uint64_t value;                 /* what it holds */
        const char *rule;               /* what it must be: "must have bit 1 set" */
        const char *section;            /* title in SDM Vol. 3C */
};

/* Would the next VM entry with the current VMCS be refused? 1: yes, see *why. Writes to
 * no field; but asking for fields that this CPU lacks changes VMCS_VM_INSTRUCTION_ERROR. */
int explain_entry(struct explanation *why);

/* After VMLAUNCH or VMRESUME ended with `result`, or, if that is VMX_OK, with an exit
 * whose reason is `exit_reason`: prints what was wrong. Facts: explained.field,
 * explained.value. */
void explain_refusal(enum vmx_result result, uint32_t exit_reason);

#endif
