/* report.c -- given: the monitor's log, and the guest's lane of it. 64-bit mode, ring 0. */
#include "testbed.h"

#include "print.h"
#include "report.h"
#include "serial.h"
#include "vmx_names.h"
#include "x86/exit.h"
#include "x86/vmcs.h"

uint8_t io_bitmap_a[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
uint8_t io_bitmap_b[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

#define REASONS         128             /* basic exit reasons that are counted */

static unsigned exits[REASONS];         /* of this run */
static int in_lane;                     /* the guest's line has no end yet */

void guest_says(char byte)
{
        if (!in_lane)
                print("guest| ");
        in_lane = byte != '\n';
        serial_put(byte);
}

/* Lines of ours start at the left. */
static void leave_lane(void)
{
        if (in_lane)
                guest_says('\n');
}

static void print_reason(unsigned reason)
{
        const char *name = exit_reason_name(reason);

        print(name ? name : "an exit reason that has no name");
}

void count_exit(uint32_t reason)
{
        exits[(reason & EXIT_REASON_BASIC) % REASONS]++;
}

void report_exits(void)
{
        for (unsigned reason = 0; reason < REASONS; reason++) {
                if (!exits[reason])
                        continue;
                print("exits: ");
                print_decimal(exits[reason]);
                print(" ");
                print_reason(reason);
                print("\n");
                exits[reason] = 0;
        }
}

void report_ended(void)
{
        leave_lane();
        print("the guest is done\n");
        report("ended", vmcs_read(VMCS_GUEST_RIP));
}

void report_unhandled(void)
{
        leave_lane();
        print("unhandled: ");
        print_reason(vm_exit.reason & EXIT_REASON_BASIC);
        print("\n");
        report("unhandled.reason", vm_exit.reason);
        report("unhandled.qualification", vm_exit.qualification);
        report("unhandled.rip", vm_exit.rip);
}
