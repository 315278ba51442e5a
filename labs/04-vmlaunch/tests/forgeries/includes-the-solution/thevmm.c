/* The rest of it. */
#include <thevmm.c>
