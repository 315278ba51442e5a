/* A header of the system's own is not told of by every option. */
#if __INCLUDE_LEVEL__
#pragma GCC system_header
#include "../labs/02-guest-resources/guest.S"
#else
#include "guest.S"
#endif
