/* main.c -- given: shows the challenge to your code, and reports what it answers.
 *
 * Called by start.S in @BITS@-bit mode, ring 0, flat segments, interrupts off.
 */
#include "idt.h"
#include "report.h"
#include "serial.h"
#include "@SLUG@.h"
#include "testbed.h"

uint32_t answers[CHALLENGE_COUNT];

void main(void)
{
        serial_init();
        report_begin(LAB_NAME, challenge.id);
        idt_init();
        for (unsigned number = 0; number < CHALLENGE_COUNT; number++) {
                answers[number] = descriptor_base(challenge.descriptor[number]);
                report_nth("base", number, answers[number]);
        }
        report_end();
}
