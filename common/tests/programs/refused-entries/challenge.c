/* challenge.c -- what is tried if nobody says otherwise: one entry that is good, and one
 * that is not. The test overwrites it in the image.
 */
#include "trials.h"

#include "x86/vmcs.h"

const struct challenge challenge __attribute__((section(".challenge"))) = {
        .count = 2,
        .changes = {
                { VMCS_GUEST_SS_ACCESS_RIGHTS, V86_GUEST, LAST, 0, ~0ULL, 0 },
                { VMCS_GUEST_SS_ACCESS_RIGHTS, V86_GUEST, LAST, 0, 0, 0x93 },
        },
};
