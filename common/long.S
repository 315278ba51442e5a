/* long.S -- from 32-bit protected mode to 64-bit mode; 64-bit programs only.
 *
 * start.S jumps to long_enter: 32-bit code, flat segments, no paging, ESP at the
 * stack's top. The first gigabyte is mapped one to one with 2-MB pages.
 * SDM Vol. 3A, "Initializing IA-32e Mode".
 */
#include "selector.h"
#include "x86/control.h"
#include "x86/paging.h"

#define ENTRIES         512             /* of 8 bytes, in one paging structure */

        .text
        .code32
        .globl  long_enter
long_enter:
        movl    $pdpt + PAGE_P + PAGE_RW, pml4
        movl    $directory + PAGE_P + PAGE_RW, pdpt
        movl    $directory, %edi
        movl    $PAGE_P + PAGE_RW + PAGE_PS, %eax
        movl    $ENTRIES, %ecx
1:      movl    %eax, (%edi)            /* the upper half is zero: .bss */
        addl    $PAGE_2M, %eax
        addl    $8, %edi
        loop    1b

        movl    $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $pml4, %eax
        movl    %eax, %cr3
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $EFER_LME, %eax
        wrmsr
        movl    %cr0, %eax
        orl     $CR0_PG, %eax
        movl    %eax, %cr0              /* compatibility mode from here on */
        ljmp    $SEL_CODE64, $long_start

        .code64
long_start:
        movl    $stack_top, %esp        /* bits 63:32 of RSP were undefined */
        call    main
        call    leave

        .bss
        .balign PAGE_SIZE
pml4:           .skip   PAGE_SIZE
pdpt:           .skip   PAGE_SIZE
directory:      .skip   PAGE_SIZE

        .section .note.GNU-stack, "", @progbits
