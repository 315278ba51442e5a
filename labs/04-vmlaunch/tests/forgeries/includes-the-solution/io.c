/* The rest of it. */
#include <io.c>
