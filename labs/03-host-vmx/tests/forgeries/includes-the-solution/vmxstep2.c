/* The rest of it. */
#include <vmxstep2.c>
