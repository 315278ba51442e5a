/* mem.c -- the functions that the compiler may call on its own. Any mode. */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t bytes)
{
        char *t = to;
        const char *f = from;

        while (bytes--)
                *t++ = *f++;
        return to;
}

void *memset(void *to, int value, size_t bytes)
{
        char *t = to;

        while (bytes--)
                *t++ = value;
        return to;
}
