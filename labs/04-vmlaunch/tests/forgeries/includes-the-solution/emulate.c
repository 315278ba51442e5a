/* The rest of it. */
#include <emulate.c>
