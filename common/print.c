/* print.c -- text and numbers, one byte at a time to serial.c. */
#include "print.h"

#include "serial.h"

void print(const char *text)
{
        while (*text)
                serial_put(*text++);
}

void print_hex(uint64_t value, int digits)
{
        int shift = 60;

        while (shift > 4 * (digits - 1) && !(value >> shift))
                shift -= 4;
        print("0x");
        for (; shift >= 0; shift -= 4)
                serial_put("0123456789abcdef"[value >> shift & 15]);
}

void print_decimal(unsigned value)
{
        if (value >= 10)
                print_decimal(value / 10);
        serial_put('0' + value % 10);
}
