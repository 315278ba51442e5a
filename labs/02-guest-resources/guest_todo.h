/* guest_todo.h -- marks a step that is not written yet in the guest's own ring 0,
 * where neither the program's segments nor its stack are loaded.
 *
 *      GUEST_TODO "02-8"       32-bit code, any segments
 */
#ifndef GUEST_TODO_H
#define GUEST_TODO_H

        .macro  GUEST_TODO exercise
        .pushsection .rodata
9998:   .asciz  "\exercise"
        .popsection
        movl    $9998b, %eax
        jmp     guest_todo              /* enter.S */
        .endm

#endif
