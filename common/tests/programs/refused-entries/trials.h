/* trials.h -- what this program is told to try, and what its files share. */
#ifndef TRIALS_H
#define TRIALS_H

#include <stdint.h>

#include "vmx.h"
#include "x86/paging.h"

#define MAX_CHANGES     6144

/* Who is entered: the two VMCS of machine.c. */
enum guest { V86_GUEST, PROTECTED_GUEST };

/* One field of a VMCS that is good otherwise: it becomes (old & keep) ^ flip. A trial is
 * some of these, up to one that has LAST. */
#define LAST            1               /* then the entry is tried */
#define NO_ENTRY        2               /* or is not: it is only explained */

struct change {
        uint32_t field;
        uint8_t guest;                  /* enum guest; the same in all of a trial */
        uint8_t flags;
        uint16_t reserved;
        uint64_t keep, flip;
};

struct challenge {
        uint32_t id;
        uint32_t count;                 /* of changes */
        struct change changes[MAX_CHANGES];
};

_Static_assert(sizeof(struct change) == 24, "the test lays it out");

extern const struct challenge challenge;

/* machine.c: fills in the current VMCS. Ends the run if a field cannot be written. */
void write_good_vmcs(enum guest guest);
void write_field(uint32_t field, uint64_t value);

/* launch.S */
enum vmx_result vmxon(const uint64_t *pa) CHECKED;
enum vmx_result launch(void) CHECKED;
void host_entry(void);
extern const uint8_t guest_code[];      /* one instruction, at a paragraph */
extern uint8_t page[PAGE_SIZE];         /* of zeros, for whatever needs one */
extern uint8_t tpr_5[PAGE_SIZE];        /* a virtual-APIC page whose TPR is 5 */
extern uint8_t host_tss[104], guest_tss[104];
extern uint32_t directory[PAGE_SIZE / 4];       /* the guests' */

#endif
