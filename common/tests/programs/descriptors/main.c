/* main.c -- states each row of the table, and the descriptors that C and assembly
 * make of it. 32-bit protected mode.
 */
#include "report.h"
#include "segment.h"
#include "selector.h"
#include "serial.h"

#define ROW(base, limit, attributes) { base, limit, attributes },

/* Volatile: the function is to compute, not the compiler. */
static const volatile struct {
        uint32_t base, limit, attributes;
} table[] = {
#include "table.h"
};

extern const uint64_t made[];           /* made.S */

void main(void)
{
        serial_init();
        report_begin(LAB_NAME, 0);
        for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                uint32_t base = table[i].base;
                uint32_t limit = table[i].limit;
                uint32_t attributes = table[i].attributes;

                report_nth("base", i, base);
                report_nth("limit", i, limit);
                report_nth("attributes", i, attributes);
                report_nth("c", i, descriptor(base, limit, attributes));
                report_nth("assembly", i, made[i]);
        }
        report_end();
}
