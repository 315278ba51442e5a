/* todo.h -- marks a step that is not written yet, in C and in .S files.
 *
 *      lab_todo("01-3");       in C: does not return
 *      TODO "01-3"             in .S, 32-bit code, CPL 0, a stack; data segments
 *                              may hold anything
 */
#ifndef TODO_H
#define TODO_H

#ifdef __ASSEMBLER__
#include "selector.h"

        .macro  TODO exercise
        .pushsection .rodata
9998:   .asciz  "\exercise"
        .popsection
        movl    $SEL_DATA, %eax
        movw    %ax, %ds
        movw    %ax, %es
        cld
        pushl   $9998b
        call    lab_todo
        .endm
#else
#include "report.h"
#endif

#endif
