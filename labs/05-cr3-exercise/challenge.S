/* challenge.S -- given: the challenge you see when you boot the lab yourself, and the
 * guest's memory. The grader overwrites both in the disk image with others, of the same
 * layout (struct challenge in testbed.h), that nobody has seen.
 *
 * The tasks run in virtual-8086 mode: 16-bit code, ring 3. Their segments are all 0, so that
 * an offset is a linear address; labels are written as label - guest_memory.
 */
#include "testbed.h"
#include "vm86trap.h"
#include "x86/exception.h"
#include "x86/uart.h"

/* What a page table of the guest's says: the guest's physical addresses. */
#define MAPS(frame)     ((frame) * PAGE_SIZE + PAGE_P + PAGE_RW + PAGE_US)

        .macro  TASK entry, directory, table
        .word   0, \entry - guest_memory        /* CS:IP */
        .word   0, stack - guest_memory         /* SS:SP */
        .word   0, 0, 0, 0                      /* DS, ES, FS, GS */
        .long   HONEST
        .word   \directory, \table              /* pages of the pool */
        .endm

        .section .challenge, "aw"
        .balign PAGE_SIZE
        .globl  challenge, guest_memory
challenge:
        .long   0                               /* id */
        .long   4                               /* code_count */
codes:
        .long   0x00D8200F, 0x90DB200F          /* mov %cr3, %eax and %ebx */
        .long   0x00D8220F, 0x00C0200F          /* mov %eax, %cr3; mov %cr0, %eax */
        .org    codes + 4 * CHALLENGE_CODES
        .long   3                               /* task_count */
        TASK    asks, 0, 1
        TASK    writes, 5, 2
        TASK    overreaches, 3, 4
        .org    challenge + CHALLENGE_HEADER

guest_memory:
/* Page 0: vectors, and code. Here all directories agree. */
        .org    guest_memory + VECTOR_GP * 4
        .word   on_gp - guest_memory, 0
        .org    guest_memory + 0x400
        .code16
asks:   movw    $text_hello - guest_memory, %si
        call    put
        movl    %cr0, %ebx
        movw    $text_cr0 - guest_memory, %si
        call    put
        movl    %ebx, %eax
        call    put_hex
        movw    $text_cr3 - guest_memory, %si
        call    put
        movl    %cr3, %eax
        call    put_hex_line
        hlt

/* One address, three texts. */
writes: call    show_page
        movl    $directory_a - guest_memory, %ebx
        movl    %ebx, %cr3
        call    show_page
        movl    $directory_b - guest_memory, %ebx
        movl    %ebx, %cr3
        call    show_page
        hlt

show_page:
        movw    $text_page - guest_memory, %si
        call    put
        movw    $page_4 - guest_memory, %si
        call    put
        movw    $text_cr3 - guest_memory, %si
        call    put
        movl    %cr3, %eax
        call    put_hex_line
        ret

/* A directory outside the guest's memory; the guest's own #GP says so. */
overreaches:
        movl    $GUEST_BYTES, %edi
        movl    %edi, %cr3
        movw    $text_cr3 + 1 - guest_memory, %si
        call    put
        movl    %cr3, %eax
        call    put_hex_line
        hlt

/* IRET is not allowed here: it would be another #GP. */
on_gp:  movw    $text_gp - guest_memory, %si
        call    put
        popw    %bx                             /* IP of what was refused */
        addw    $2 + 2, %sp                     /* CS, FLAGS */
        addw    $3, %bx
        jmp     *%bx

/* put: sends the string at DS:SI. Changes AL, DX, SI. */
put:    lodsb
        testb   %al, %al
        jz      1f
        call    put_byte
        jmp     put
1:      ret

/* put_hex: sends EAX in hex. Changes EAX, CX, DX; put_hex_line: a line's end behind it. */
put_hex_line:
        call    put_hex
        movb    $'\n', %al
        jmp     put_byte

put_hex:
        movw    $8, %cx
1:      roll    $4, %eax
        pushl   %eax
        andb    $15, %al
        addb    $'0', %al
        cmpb    $'9', %al
        jbe     2f
        addb    $'a' - '9' - 1, %al
2:      call    put_byte
        popl    %eax
        loop    1b
        ret

put_byte:
        pushw   %ax
        movw    $UART_LSR, %dx
1:      inb     %dx, %al
        testb   $UART_LSR_THRE, %al
        jz      1b
        movw    $UART_DATA, %dx
        popw    %ax
        outb    %al, %dx
        ret

text_hello:     .asciz  "Hello from Virtual-8086 mode, with paging\n"
text_cr0:       .asciz  "CR0="
text_page:      .asciz  "page 4 says: "
text_cr3:       .asciz  " CR3="
text_gp:        .asciz  "#GP in the guest;"

/* Pages 1 to 3: a stack at the end of page 1. */
        .org    guest_memory + 2 * PAGE_SIZE
stack:

        .org    guest_memory + 4 * PAGE_SIZE
page_4: .asciz  "the fourth page"
        .org    guest_memory + 5 * PAGE_SIZE
        .asciz  "the fifth page"
        .org    guest_memory + 6 * PAGE_SIZE
        .asciz  "the sixth page"

/* Two directories and their tables, which differ in page 4. */
        .org    guest_memory + 8 * PAGE_SIZE
directory_a:
        .long   MAPS(9)
        .org    guest_memory + 9 * PAGE_SIZE
        .long   MAPS(0), MAPS(1), MAPS(2), MAPS(3), MAPS(5)
        .org    guest_memory + 10 * PAGE_SIZE
directory_b:
        .long   MAPS(11)
        .org    guest_memory + 11 * PAGE_SIZE
        .long   MAPS(0), MAPS(1), MAPS(2), MAPS(3), MAPS(6)
        .org    guest_memory + GUEST_BYTES

        .section .note.GNU-stack, "", @progbits
