/* x86/control.h -- control registers and EFLAGS: literals only, safe in .S files.
 *
 * SDM Vol. 3A, "Control Registers" and "System Flags and Fields in the EFLAGS
 * Register".
 */
#ifndef X86_CONTROL_H
#define X86_CONTROL_H

/* CR0 */
#define CR0_PE          0x00000001      /* protection enable */
#define CR0_MP          0x00000002      /* monitor coprocessor */
#define CR0_EM          0x00000004      /* emulation: no FPU */
#define CR0_TS          0x00000008      /* task switched */
#define CR0_ET          0x00000010      /* extension type: always 1 */
#define CR0_NE          0x00000020      /* numeric error */
#define CR0_WP          0x00010000      /* write protect */
#define CR0_AM          0x00040000      /* alignment mask */
#define CR0_NW          0x20000000      /* not write-through */
#define CR0_CD          0x40000000      /* cache disable */
#define CR0_PG          0x80000000      /* paging */

/* CR4 */
#define CR4_VME         0x00000001      /* virtual-8086 mode extensions */
#define CR4_PSE         0x00000010      /* page size extensions: 4-MB pages */
#define CR4_PAE         0x00000020      /* physical address extension */
#define CR4_UMIP        0x00000800      /* user-mode instruction prevention */
#define CR4_VMXE        0x00002000      /* VMX enable */

/* EFLAGS */
#define EFLAGS_CF       0x00000001      /* carry */
#define EFLAGS_FIXED    0x00000002      /* reads as 1 always */
#define EFLAGS_PF       0x00000004      /* parity */
#define EFLAGS_AF       0x00000010      /* auxiliary carry */
#define EFLAGS_ZF       0x00000040      /* zero */
#define EFLAGS_SF       0x00000080      /* sign */
#define EFLAGS_TF       0x00000100      /* trap: single-step */
#define EFLAGS_IF       0x00000200      /* interrupts on */
#define EFLAGS_DF       0x00000400      /* direction */
#define EFLAGS_OF       0x00000800      /* overflow */
#define EFLAGS_IOPL     0x00003000      /* I/O privilege level */
#define EFLAGS_NT       0x00004000      /* nested task */
#define EFLAGS_RF       0x00010000      /* resume */
#define EFLAGS_VM       0x00020000      /* virtual-8086 mode */
#define EFLAGS_VM_BIT   17

/* IA32_EFER, an MSR: SDM Vol. 3A, "Extended Feature Enable Register". */
#define MSR_EFER        0xC0000080
#define EFER_LME        0x00000100      /* long mode enable */
#define EFER_LMA        0x00000400      /* long mode is active: the CPU sets it */

#endif
