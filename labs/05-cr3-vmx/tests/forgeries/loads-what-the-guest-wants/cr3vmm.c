/* A forgery: no shadows. The monitor's own paging structures stay, with the guest's pages put
 * where the guest wants them, unchecked: it works for a guest that means no harm. */
#include "cr3vmm.h"

#include "x86/vmcs.h"

static uint32_t believed;

uint32_t guest_cr3(void)
{
        return believed ? believed : physical(shadows[0].directory);
}

int load_cr3(uint32_t wanted)
{
        const uint32_t *directory = (const uint32_t *)(guest_memory + wanted);
        const uint32_t *table = (const uint32_t *)(guest_memory + (directory[0] & 0xFFFFF000));

        believed = wanted;
        for (unsigned page = 0; page < GUEST_PAGES; page++)
                shadows[0].table[page] = physical(guest_memory) + table[page];
        vmcs_write(VMCS_GUEST_CR3, physical(shadows[0].directory));
        return 1;
}

void inject_gp(void) { }
void publish(unsigned n) { }

enum handled emulate_mov_cr3(uint32_t code)
{
        int destination = decode_mov_from_cr3(code);

        if (destination != NOT_MOV_CR3)
                set_guest(destination, guest_cr3());
        else
                load_cr3(get_guest(decode_mov_to_cr3(code)));
        advance(3);
        return HANDLED_RESUME;
}

enum handled emulate_cr_access(void)
{
        uint32_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);

        if (qualification & 0x10)
                set_guest(qualification >> 8 & 0xF, guest_cr3());
        else
                load_cr3(get_guest(qualification >> 8 & 0xF));
        return HANDLED_ADVANCE;
}
