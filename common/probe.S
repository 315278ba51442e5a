/* probe.S -- a boot sector that says what the CPU it runs on has of VMX.
 *
 * grading/emulators/kvm.py boots it with KVM before it promises VT-x to a program. The
 * BIOS enters it at 0000:7C00 in real mode; it never returns. On the serial line, in hex:
 *
 *      vendor 756e6547 49656e69 6c65746e       CPUID.0: EBX, EDX, ECX
 *      ecx 80202221                            CPUID.1:ECX; bit 5 is VMX
 *      feature-control 00000000 00000005       IA32_FEATURE_CONTROL: EDX, EAX
 *      basic 00d81000 0000002b                 IA32_VMX_BASIC
 *      end
 *
 * The MSRs exist only where bit 5 is set: elsewhere RDMSR is a #GP, and is not tried.
 */
#include "x86/control.h"
#include "x86/power.h"
#include "x86/uart.h"
#include "x86/vmx.h"

        .code16
        .globl  _start
_start: ljmp    $0, $1f
1:      cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0x7C00, %sp
        cld
        call    serial_init

        xorl    %eax, %eax
        cpuid
        movw    $text_vendor, %si
        call    put_string
        pushl   %ecx
        pushl   %edx
        movl    %ebx, %eax
        call    hex
        popl    %eax
        call    hex
        popl    %eax
        call    hex

        movl    $1, %eax
        cpuid
        movl    %ecx, %ebp
        movw    $text_ecx, %si
        call    put_string
        movl    %ebp, %eax
        call    hex
        testl   $CPUID_1_ECX_VMX, %ebp
        jz      1f
        movw    $text_control, %si
        movl    $MSR_FEATURE_CONTROL, %ecx
        call    msr
        movw    $text_basic, %si
        movl    $MSR_VMX_BASIC, %ecx
        call    msr
1:      movw    $text_end, %si
        call    put_string

        /* Until the last byte has left; then off. */
        movw    $UART_LSR, %dx
1:      inb     %dx, %al
        testb   $UART_LSR_TEMT, %al
        jz      1b
        xorb    %al, %al
        outb    %al, $POWER_QEMU_PORT
        movw    $text_off, %si
        movw    $POWER_BOCHS_PORT, %dx
        movw    $8, %cx
        rep outsb
1:      hlt
        jmp     1b

/* msr -- prints the text at DS:SI, then the MSR that ECX names. */
msr:    call    put_string
        rdmsr
        pushl   %eax
        movl    %edx, %eax
        call    hex
        popl    %eax                    /* falls through */

/* hex -- prints a blank and EAX. Changes EAX, CX. */
hex:    pushl   %eax
        movb    $' ', %al
        call    put_byte
        popl    %eax
        jmp     put_hex

#include "line16.S"
#include "put16.S"

text_vendor:    .asciz  "vendor"
text_ecx:       .asciz  "\necx"
text_control:   .asciz  "\nfeature-control"
text_basic:     .asciz  "\nbasic"
text_end:       .asciz  "\nend\n"
text_off:       .ascii  "Shutdown"

        .org    510
        .word   0xAA55
