/* io.c -- the guest's serial port, which it believes to own. Two masters, one line: what
 * the guest sends goes to its own lane of the log.
 *
 * Called by theVMM() for IN and OUT at a port whose bit is set in the I/O bitmaps. The
 * guest's TSS was asked before: a port that it denies is a #GP, and no exit of this kind.
 */
#include "vmxstep3.h"

#include "todo.h"
#include "x86/uart.h"
#include "x86/vmcs.h"

/* Exit qualification: SDM Vol. 3C, table "Exit Qualification for I/O Instructions". */
#define IO_SIZE                 0x07            /* bytes, minus one */
#define IO_IN                   0x08
#define IO_STRING               0x10            /* INS, OUTS */
#define IO_PORT_SHIFT           16

enum handled emulate_io(void)
{
#if SOLVED >= 8
        uint32_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
        uint16_t port = qualification >> IO_PORT_SHIFT;

        if (qualification & (IO_STRING | IO_SIZE))
                return UNHANDLED;
        if (qualification & IO_IN) {
                uint8_t status = port == UART_LSR ? UART_LSR_THRE | UART_LSR_TEMT : 0;

                guest[RAX] = (guest[RAX] & ~0xFFUL) | status;
        } else if (port == UART_DATA) {
                guest_says(guest[RAX]);
        }
        return HANDLED_ADVANCE;
#else
        /* TODO(04-8) Be the guest's UART.
         * Given:   the exit qualification: size, direction, port.
         * Do:      OUT of a byte at UART_DATA: guest_says(). IN of a byte at UART_LSR:
         *          ready for more, and empty; at the others 0. AL alone changes. OUT at
         *          the others sets up a line that is set up already: nothing. Words,
         *          doublewords, INS and OUTS: UNHANDLED.
         * Use:     IO_IN, IO_PORT_SHIFT, ..., UART_LSR_THRE, UART_LSR_TEMT.
         * Read:    SDM Vol. 3C, "Exit Qualification for I/O Instructions".
         * Seen:    "guest| ...", then TODO(04-9). */
        lab_todo("04-8");
#endif
}
