/* memory.S -- given: the guest's memory, as it is when the guest starts; with the programs
 * that you see when you boot the lab yourself. It lies right behind struct challenge.
 *
 * 16-bit code, virtual-8086 mode, ring 3. All segments are 0, so that an offset is a linear
 * address; labels are written as label - guest_memory.
 */
#include "paging.h"
#include "x86/exception.h"
#include "x86/uart.h"

/* What a page table of the guest's says: the guest's physical addresses. */
#define MAPS(frame)     ((frame) * PAGE_SIZE + PAGE_P + PAGE_RW + PAGE_US)

        .section .challenge, "aw"
        .balign PAGE_SIZE
        .globl  guest_memory
guest_memory:
/* Page 0: vectors, and code. Here all directories agree. */
        .org    guest_memory + VECTOR_GP * 4
        .word   on_gp - guest_memory, 0
        .code16
        .org    guest_memory + GUEST_ASKS
        jmp     asks
        .org    guest_memory + GUEST_WRITES
        jmp     writes
        .org    guest_memory + GUEST_OVERREACHES
        jmp     overreaches
        .org    guest_memory + GUEST_SWITCHES
        jmp     switches

/* Tells what CR0 and CR3 are. */
asks:   movw    $text_hello - guest_memory, %si
        call    put_string
        movl    %cr0, %ebx
        movw    $text_cr0 - guest_memory, %si
        call    put_string
        movl    %ebx, %eax
        call    put_hex
        movw    $text_cr3 - guest_memory, %si
        call    put_string
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
        call    put_string
        movw    $page_4 - guest_memory, %si
        call    put_string
        movw    $text_cr3 - guest_memory, %si
        call    put_string
        movl    %cr3, %eax
        call    put_hex_line
        ret

/* A directory outside the guest's memory; the guest's own #GP says so. Or CF, where there
 * is a kernel between guest and monitor. */
overreaches:
        movl    $GUEST_BYTES, %edi
        clc
        movl    %edi, %cr3
        jnc     1f
        movw    $text_refused - guest_memory, %si
        call    put_string
1:      movw    $text_cr3 + 1 - guest_memory, %si
        call    put_string
        movl    %cr3, %eax
        call    put_hex_line
        hlt

/* Writes CR3 again and again. */
switches:
        movl    $directory_a - guest_memory, %eax
        movl    $directory_b - guest_memory, %ebx
        movw    $SWITCHES, %cx
1:      movl    %eax, %cr3
        movl    %ebx, %cr3
        loop    1b
        call    show_page
        hlt

/* IRET is not allowed here: it would be another #GP. */
on_gp:  movw    $text_gp - guest_memory, %si
        call    put_string
        popw    %bx                             /* IP of what was refused */
        addw    $2 + 2, %sp                     /* CS, FLAGS */
        addw    $3, %bx
        jmp     *%bx

/* put_hex_line: sends EAX in hex, and a line's end. Changes EAX, CX. */
put_hex_line:
        call    put_hex
        movb    $'\n', %al
        jmp     put_byte

#include "put16.S"

text_hello:     .asciz  "Hello from Virtual-8086 mode, with paging\n"
text_cr0:       .asciz  "CR0="
text_page:      .asciz  "page 4 says: "
text_cr3:       .asciz  " CR3="
text_refused:   .asciz  "refused, says CF;"
text_gp:        .asciz  "#GP in the guest;"

/* Pages 1 to 3: a stack at the end of page 1, below GUEST_STACK. */
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
/* A page that is not the guest's any more. The grader's looks like a directory, and like a
 * table: a monitor that takes one page too many for the guest's will believe it. */
        .org    guest_memory + GUEST_BYTES + PAGE_SIZE

        .section .note.GNU-stack, "", @progbits
