/* decode.h -- what an instruction is. You write decode.c. */
#ifndef DECODE_H
#define DECODE_H

#include <stdint.h>

#define NOT_MOV_FROM_CR0 (-1)
int decode_mov_from_cr0(uint32_t code);

#endif
