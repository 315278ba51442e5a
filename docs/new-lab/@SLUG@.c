/* @SLUG@.c -- takes segment descriptors apart.
 *
 * Called by main(). @BITS@-bit code, ring 0.
 */
#include "@SLUG@.h"

#include "todo.h"

/* The address at which the segment of a descriptor begins. */
uint32_t descriptor_base(uint64_t descriptor)
{
#if SOLVED >= 1
        uint32_t low = descriptor >> 16 & 0x00FFFFFF;   /* bits 23:0 */
        uint32_t high = descriptor >> 56;               /* bits 31:24 */

        return high << 24 | low;
#else
        /* TODO(@NUMBER@-1) Find the base.
         * Given:   the eight bytes of a descriptor, lowest first, as one number.
         * Do:      put the two pieces of the base together.
         * Read:    README, "Two pieces"; SDM Vol. 3A, "Segment Descriptors".
         * Seen:    lines "@ base.n", then the end. */
        lab_todo("@NUMBER@-1");
#endif
}
