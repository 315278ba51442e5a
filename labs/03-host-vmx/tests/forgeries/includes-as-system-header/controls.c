/* A header of the system's own is not told of by every option. */
#if __INCLUDE_LEVEL__
#pragma GCC system_header
#include "../labs/03-host-vmx/controls.c"
#else
#include "controls.c"
#endif
