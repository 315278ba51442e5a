/* leave.c -- ends the run. Protected or 64-bit mode, CPL 0. */
#include "leave.h"

#include "cpu.h"
#include "serial.h"
#include "x86/power.h"

/* An emulator stops here. A PC has nothing at these ports and goes on. */
static void power_off(void)
{
        const char *text = "Shutdown";

        outb(POWER_QEMU_PORT, 0);
        while (*text)
                outb(POWER_BOCHS_PORT, *text++);
}

void leave(void)
{
        serial_drain();
        power_off();
        back_to_loader();
}
