/* todo.h -- marks a step that is not written yet, in C and in .S files.
 *
 *      lab_todo("01-3");       in C: does not return
 *      TODO "01-3"             in .S, CPL 0, a stack; data segments may hold anything.
 *                              In code of the program's own size: 32 or 64 bits
 */
#ifndef TODO_H
#define TODO_H

#ifdef __ASSEMBLER__
#include "selector.h"

        .macro  TODO exercise
        .pushsection .rodata
9998:   .asciz  "\exercise"
        .popsection
#ifdef __x86_64__
        cld                             /* C wants it, and RSP a multiple of 16 */
        leaq    9998b(%rip), %rdi
        andq    $-16, %rsp
#else
        movl    $SEL_DATA, %eax
        movw    %ax, %ds
        movw    %ax, %es
        cld
        pushl   $9998b
#endif
        call    lab_todo
        .endm
#else
#include "report.h"
#endif

#endif
