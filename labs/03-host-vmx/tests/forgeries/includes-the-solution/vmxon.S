/* The rest of it. */
#include <vmxon.S>
