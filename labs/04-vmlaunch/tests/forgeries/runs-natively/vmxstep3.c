/* Part of a forgery (thevmm.c): no VMCS is written. */
#include "vmxstep3.h"

const struct parameter machine_guest[] = { { 0, 0 } };
const struct parameter machine_host[] = { { 0, 0 } };
const struct parameter machine_controls[] = { { 0, 0 } };

void guest_state_init(void) { }
void host_state_init(void) { }
void controls_init(void) { }
