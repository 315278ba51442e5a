/* emulate.c -- does for the guest what it may not do itself: CR0, CPUID, VMCALL.
 *
 * theVMM() calls these, one exit each. guest[] has the general registers, the VMCS the rest.
 */
#include "vmxstep3.h"

#include "cpu.h"
#include "decode.h"
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

#if SOLVED >= 6
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

#endif
/* The guest stands at a hlt, on either way to us. */
enum handled guest_halted(void)
{
#if SOLVED >= 9
        return HANDLED_END;
#else
        /* TODO(04-9) The guest's own end.
         * Given:   the guest has nothing more to do.
         * Do:      say so, with the right value of enum handled.
         * Seen:    "the guest is done", with the exits of the run counted, twice; then
         *          TODO(04-10). */
        lab_todo("04-9");
#endif
}

/* An exception: a #GP at an instruction that virtual-8086 mode does not allow. For a fault
 * like this the manual promises no instruction length. */
enum handled emulate_exception(void)
{
#if SOLVED >= 6
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
#else
        /* TODO(04-6) Emulate `mov %cr0, reg`, as in lab 01; your decoder is linked in.
         * Given:   CS base and RIP in the VMCS; guest_at(), which finds the code there.
         * Do:      a #GP at `mov %cr0, reg`: put into the register what the guest is to
         *          believe: bits of CR0 that are set in monitor.cr0_mask come from
         *          monitor.cr0_shadow, the others from the guest's CR0 in the VMCS. RSP
         *          is a field of the VMCS too. Then advance(): you know the length; the CPU
         *          need not tell it here. HANDLED_RESUME. A hlt: guest_halted(). Another
         *          instruction: emulate_mov_cr3(). Another vector: UNHANDLED.
         * Use:     decode_mov_from_cr0(), OPCODE_HLT, vmcs_read(), vmcs_write(), guest[],
         *          VECTOR_GP.
         * Read:    README, "Mask and shadow"; SDM Vol. 3C, "Information for VM Exits Due
         *          to Vectored Events".
         * Seen:    "unhandled: exception or NMI" at the end of run 1, then TODO(04-7). */
        lab_todo("04-6");
#endif
}

/* CPUID always makes an exit. The guest gets the CPU's answers, but for what tells of
 * VMX, and of us. */
enum handled emulate_cpuid(void)
{
#if SOLVED >= 7
        uint32_t leaf = guest[RAX];
        struct cpuid said = cpuid(leaf, guest[RCX]);

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
#else
        /* TODO(04-7) Answer CPUID.
         * Given:   the leaf in the guest's EAX, the subleaf in its ECX; cpuid(), which asks
         *          the CPU.
         * Do:      give the guest what the CPU says, with two exceptions. Leaf 1, ECX: the
         *          VMX bit hidden, ECX_HYPERVISOR set. LEAF_HYPERVISOR: EAX the highest
         *          such leaf, that one; EBX, ECX, EDX the signature.
         * Use:     cpuid(), CPUID_1_ECX_VMX, SIGNATURE_...
         * Seen:    the stop in emulate_vmcall(): the same line. Bochs' log says which exit
         *          was the last: CPUID, or VMCALL. */
        lab_todo("04-7");
#endif
}

/* The guest's own #GP handler hands over what it could not do: monitor_call, in seam.S.
 * Its stack holds the return address (4 bytes), then struct v86_trap. */
enum handled emulate_vmcall(void)
{
#if SOLVED >= 7
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
#else
        /* Still TODO(04-7): the same `mov %cr0, reg`, on its other way to us.
         * Given:   with bit 13 of the exception bitmap clear, a #GP makes no exit. The
         *          guest's handler of lab 02 gets it, and calls us. RIP stands at its
         *          vmcall; the task that trapped is described by struct v86_trap.
         * Do:      read the code at the task's CS:IP. Change the image from which the
         *          handler restores the register, and the image of IP. Then the handler
         *          goes on behind its vmcall. A hlt: guest_halted(). A vmcall from
         *          virtual-8086 mode itself is none of ours: UNHANDLED, before you look at
         *          a stack on which there is no struct v86_trap.
         * Use:     VMCS_GUEST_SS_BASE, VMCS_GUEST_RSP, struct v86_trap; EFLAGS_VM.
         * Read:    README, "Two ways"; lab 01, "The picture on the stack".
         * Seen:    run 2 ends at its rdtsc, then TODO(04-8). */
        lab_todo("04-7");
#endif
}
