/* The rest of it. */
#include <machine.c>
