/* print.h -- text on the serial line. */
#ifndef PRINT_H
#define PRINT_H

#include <stdint.h>

void print(const char *text);

/* Prints `value` in hex, 0x in front, with at least `digits` digits. */
void print_hex(uint64_t value, int digits);

void print_decimal(unsigned value);

#endif
