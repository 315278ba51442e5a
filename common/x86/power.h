/* x86/power.h -- ports at which an emulator can be told that the run is over.
 * Literals only, safe in .S files. A PC has nothing there.
 */
#ifndef X86_POWER_H
#define X86_POWER_H

#define POWER_BOCHS_PORT        0x8900  /* Bochs: the 8 bytes "Shutdown", one by one */
#define POWER_QEMU_PORT         0xF4    /* QEMU, -device isa-debug-exit,iobase=0xf4 */

#endif
