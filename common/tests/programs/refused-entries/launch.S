/* launch.S -- into the guest and out of it, once; and the guest.
 *
 * Called from C in 64-bit mode, CPL 0. Returns enum vmx_result in EAX.
 */
#include "vmx.h"
#include "x86/paging.h"
#include "x86/vmcs.h"

        .text
        .code64

/* enum vmx_result vmxon(const uint64_t *pa) */
        .globl  vmxon
vmxon:  vmxon   (%rdi)
        movl    $VMX_FAIL_INVALID, %eax
        jc      1f
        movl    $VMX_FAIL_VALID, %eax
        jz      1f
        movl    $VMX_OK, %eax
1:      ret

/* enum vmx_result launch(void): VMX_OK once there was an exit, be it that of an entry
 * that failed late. No guest here changes a general register, but none is relied on. */
        .globl  launch
launch: .irp    register, rbx, rbp, r12, r13, r14, r15
        pushq   %\register
        .endr
        movl    $VMCS_HOST_RSP, %eax
        vmwrite %rsp, %rax
        vmlaunch
        movl    $VMX_FAIL_INVALID, %eax
        jc      1f
        movl    $VMX_FAIL_VALID, %eax
        jmp     1f

/* HOST_RIP */
        .globl  host_entry
host_entry:
        movl    $VMX_OK, %eax
1:      .irp    register, r15, r14, r13, r12, rbp, rbx
        popq    %\register
        .endr
        ret

/* The guest, of whatever width: CPUID always exits. */
        .globl  guest_code
        .balign 16
guest_code:
        cpuid
        hlt

/* MSR areas of one entry each: number, value. A good one, and those that no CPU loads. */
        .data
        .macro  MSR_AREA name, number, reserved
        .globl  \name
        .balign 16
\name:  .long   \number, \reserved
        .quad   0
        .endm
        MSR_AREA msr_good, 0x174, 0             /* IA32_SYSENTER_CS */
        MSR_AREA msr_reserved, 0x174, 1
        MSR_AREA msr_fs_base, 0xC0000100, 0
        MSR_AREA msr_gs_base, 0xC0000101, 0
        MSR_AREA msr_update, 0x79, 0            /* IA32_BIOS_UPDT_TRIG */
        MSR_AREA msr_signature, 0x8B, 0         /* IA32_BIOS_SIGN_ID */
        MSR_AREA msr_smm, 0x9B, 0               /* IA32_SMM_MONITOR_CTL */

        .bss
        .balign PAGE_SIZE
        .globl  page, tpr_5, directory, host_tss, guest_tss
page:           .skip   PAGE_SIZE
tpr_5:          .skip   PAGE_SIZE
directory:      .skip   PAGE_SIZE
host_tss:       .skip   104
guest_tss:      .skip   104

        .section .note.GNU-stack, "", @progbits
