/* enable.c -- what stands between a CPU and its first VMX instruction: CPUID,
 * IA32_FEATURE_CONTROL, the A20 line, CR0 and CR4.
 *
 * Called by initialise.c, and by testbed.c, in 64-bit mode, ring 0, interrupts off. Most of
 * it only computes: initialise.c reads and writes the registers.
 */
#include "vmxstep2.h"

#include "cpu.h"
#include "todo.h"
#include "x86/vmx.h"

#define PORT92          0x92            /* "system control port A" */
#define PORT92_RESET    0x01            /* 1: resets the CPU, at once */
#define PORT92_A20      0x02            /* 1: address bit 20 reaches the memory */

uint64_t old_cr0, old_cr4;

/* Does this CPU have VMX? `leaf1_ecx` is what CPUID leaf 1 returned in ECX. */
int has_vmx(uint32_t leaf1_ecx)
{
#if SOLVED >= 1
        return (leaf1_ecx & CPUID_1_ECX_VMX) != 0;
#else
        /* TODO(03-1) Find VMX in the CPU's list of features.
         * Given:   ECX of CPUID leaf 1.
         * Do:      return 1 if bit 5 is set, else 0.
         * Use:     CPUID_1_ECX_VMX.
         * Read:    SDM Vol. 3C, "Discovering Support for VMX".
         * Seen:    "@ dry.cpuid..." and "@ vmx 0x1", then TODO(03-2). */
        lab_todo("03-1");
#endif
}

/* May VMXON be executed outside SMX? `value` is what IA32_FEATURE_CONTROL holds,
 * *shall_be becomes what it shall hold: the same, unless it can still be changed. */
enum feature_control feature_control(uint64_t value, uint64_t *shall_be)
{
#if SOLVED >= 2
        *shall_be = value;
        if (value & FEATURE_CONTROL_LOCK)
                return value & FEATURE_CONTROL_VMX ? LOCKED_ON : LOCKED_OFF;
        *shall_be |= FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCK;
        return UNLOCKED;
#else
        /* TODO(03-2) Tell the three states of this MSR apart.
         * Given:   its value. Firmware has mostly locked it, one way or the other; Bochs' has not.
         * Do:      locked: on or off, and nothing can be done about it. Unlocked: turn
         *          VMXON on and lock, for VMXON wants both; keep all other bits.
         * Use:     FEATURE_CONTROL_LOCK, FEATURE_CONTROL_VMX.
         * Read:    SDM Vol. 3C, "Enabling and Entering VMX Operation".
         * Seen:    "@ dry.feature_control...", "@ feature_control 0x5", TODO(03-3). */
        lab_todo("03-2");
#endif
}

/* What to write to port 0x92 to turn A20 on, if `port92` was read from it. */
uint8_t a20_on(uint8_t port92)
{
#if SOLVED >= 3
        return (port92 | PORT92_A20) & ~PORT92_RESET;
#else
        /* TODO(03-3) Turn A20 on, and touch nothing else.
         * Given:   what the port holds. Its other bits have uses of their own.
         * Do:      set bit 1; never write bit 0 as 1, whatever was read; keep the rest.
         *          Then write enable_a20().
         * Use:     PORT92_A20, PORT92_RESET, inb(), outb().
         * Read:    README, "The A20 line".
         * Seen:    "@ dry.a20..."; with enable_a20() "@ a20.after 0x1", then TODO(03-4). */
        lab_todo("03-3");
#endif
}

void enable_a20(void)
{
#if SOLVED >= 3
        outb(PORT92, a20_on(inb(PORT92)));
#else
        lab_todo("03-3");
#endif
}

/* `value` with the bits set that VMX operation wants set (1 in fixed0), and those clear
 * that it wants clear (0 in fixed1). */
uint64_t fixed(uint64_t value, uint64_t fixed0, uint64_t fixed1)
{
#if SOLVED >= 4
        return (value | fixed0) & fixed1;
#else
        /* TODO(03-4) Make CR0 and CR4 fit for VMX operation.
         * Given:   the two MSRs of a control register.
         * Do:      compute the value; then write fix_control_registers().
         * Read:    SDM Vol. 3C, "Restrictions on VMX Operation"; Vol. 3D, "VMX-Fixed
         *          Bits in CR0".
         * Seen:    "@ dry.fixed..."; with the other one "@ cr4 ...", then TODO(03-5). */
        lab_todo("03-4");
#endif
}

/* Gives CR0 and CR4 the values that VMXON wants to find, and remembers the old ones. */
void fix_control_registers(void)
{
#if SOLVED >= 4
        old_cr0 = read_cr0();
        old_cr4 = read_cr4();
        write_cr0(fixed(old_cr0, rdmsr(MSR_VMX_CR0_FIXED0), rdmsr(MSR_VMX_CR0_FIXED1)));
        write_cr4(fixed(old_cr4, rdmsr(MSR_VMX_CR4_FIXED0), rdmsr(MSR_VMX_CR4_FIXED1)));
#else
        /* Still TODO(03-4).
         * Given:   CR0 and CR4 as the BIOS and long.S left them.
         * Do:      store them in old_cr0 and old_cr4, for the way back (03-10); then
         *          write what fixed() makes of each.
         * Use:     read_cr0(), write_cr0(), the same for CR4; rdmsr(),
         *          MSR_VMX_CR0_FIXED0 and its three neighbours. */
        lab_todo("03-4");
#endif
}
