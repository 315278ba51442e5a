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
        movw    $UART_LCR, %dx
        movb    $UART_LCR_DLAB, %al
        outb    %al, %dx
        movw    $UART_DATA, %dx
        movb    $1, %al                 /* divisor 1: 115200 baud */
        outb    %al, %dx
        incw    %dx
        decw    %ax
        outb    %al, %dx
        movw    $UART_LCR, %dx
        movb    $UART_LCR_8N1, %al
        outb    %al, %dx

        xorl    %eax, %eax
        cpuid
        movw    $text_vendor, %si
        call    text
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
        call    text
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
        call    text

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
msr:    call    text
        rdmsr
        pushl   %eax
        movl    %edx, %eax
        call    hex
        popl    %eax                    /* falls through */

/* hex -- prints a blank and EAX. Changes EAX, BX, CX, DX. */
hex:    movl    %eax, %ebx
        movb    $' ', %al
        call    put
        movw    $8, %cx
1:      roll    $4, %ebx
        movb    %bl, %al
        andb    $15, %al
        addb    $'0', %al
        cmpb    $'9', %al
        jbe     2f
        addb    $'a' - '9' - 1, %al
2:      call    put
        loop    1b
        ret

/* text -- prints the string at DS:SI. Changes AL, SI. */
text:   lodsb
        testb   %al, %al
        jz      1f
        call    put
        jmp     text
1:      ret

/* put -- sends AL. Changes nothing. */
put:    pushw   %dx
        pushw   %ax
        movw    $UART_LSR, %dx
1:      inb     %dx, %al
        testb   $UART_LSR_THRE, %al
        jz      1b
        popw    %ax
        movw    $UART_DATA, %dx
        outb    %al, %dx
        popw    %dx
        ret

text_vendor:    .asciz  "vendor"
text_ecx:       .asciz  "\necx"
text_control:   .asciz  "\nfeature-control"
text_basic:     .asciz  "\nbasic"
text_end:       .asciz  "\nend\n"
text_off:       .ascii  "Shutdown"

        .org    510
        .word   0xAA55
