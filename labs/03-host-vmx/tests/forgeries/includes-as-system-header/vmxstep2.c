/* A header of the system's own is not told of by every option. */
#if __INCLUDE_LEVEL__
#pragma GCC system_header
#include "../labs/03-host-vmx/vmxstep2.c"
#else
#include "vmxstep2.c"
#endif
