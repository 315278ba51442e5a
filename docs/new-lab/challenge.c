/* challenge.c -- given: the challenge you see when you boot the lab yourself. The grader
 * overwrites it in the disk image with one of its own, of the same layout (struct
 * challenge in testbed.h).
 */
#include "testbed.h"

const struct challenge challenge __attribute__((section(".challenge"))) = {
        .id = 0,
        .descriptor = {
                0x00CF9A000000FFFF,     /* flat code: base 0 */
                0x00CF92000000FFFF,     /* flat data */
                0x00009A010000FFFF,     /* base 0x10000 */
                0x80008B0123450067,     /* a TSS at 0x80012345 */
        },
};
