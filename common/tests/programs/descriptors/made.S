/* made.S -- uint64_t made[], the table's descriptors as the macro makes them. */
#include "selector.h"
#include "x86/descriptor.h"

#define ROW(base, limit, attributes) DESCRIPTOR base, limit, attributes

        .section .rodata
        .balign 8
        .globl  made
made:
#include "table.h"

        .section .note.GNU-stack, "", @progbits
