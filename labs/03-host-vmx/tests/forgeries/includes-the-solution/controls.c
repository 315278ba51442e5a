/* The rest of it. */
#include <controls.c>
