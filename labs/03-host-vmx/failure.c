/* failure.c -- given: a failed VMREAD or VMWRITE, in words and as facts. */
#include "print.h"
#include "report.h"
#include "vmxstep2.h"

void report_failure(const char *instruction, uint64_t what, uint64_t error)
{
        const char *name = vmcs_field_name(what);
        const char *text = vm_instruction_error_text(error);

        print(instruction);
        print(" of ");
        print(name ? name : "a field that no CPU has");
        print(" (");
        print_hex(what, 4);
        print("): error ");
        print_decimal(error);
        print(", ");
        print(text ? text : "no such error");
        print("\n");
        report("failed", what);
        report("failed.error", error);
}
