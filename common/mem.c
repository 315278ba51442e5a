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

void *memmove(void *to, const void *from, size_t bytes)
{
        char *t = to;
        const char *f = from;

        if (t < f)
                return memcpy(to, from, bytes);
        while (bytes--)
                t[bytes] = f[bytes];
        return to;
}

int memcmp(const void *one, const void *other, size_t bytes)
{
        const unsigned char *a = one, *b = other;

        for (; bytes--; a++, b++)
                if (*a != *b)
                        return *a - *b;
        return 0;
}
