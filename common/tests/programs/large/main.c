/* main.c -- 300 KB of data, each word with its own value; then back to the loader
 * as on a PC, without powering off first. Either width; what the way back has to
 * undo (paging, the IDT) is done before. */
#include "idt.h"
#include "leave.h"
#ifndef __x86_64__
#include "paging32.h"
#endif
#include "report.h"
#include "serial.h"

#define W(n)    n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
#define W8(n)   W(n), W(n + 8), W(n + 16), W(n + 24), W(n + 32), W(n + 40), W(n + 48), W(n + 56)
#define W64(n)  W8(n), W8(n + 64), W8(n + 128), W8(n + 192), W8(n + 256), W8(n + 320), \
                W8(n + 384), W8(n + 448)
#define W512(n) W64(n), W64(n + 512), W64(n + 1024), W64(n + 1536), W64(n + 2048), \
                W64(n + 2560), W64(n + 3072), W64(n + 3584)

static const uint32_t words[] = {
        W512(0), W512(4096), W512(8192), W512(12288), W512(16384), W512(20480), W512(24576),
        W512(28672), W512(32768), W512(36864), W512(40960), W512(45056), W512(49152),
        W512(53248), W512(57344), W512(61440), W512(65536), W512(69632), W512(73728),
};

static unsigned runs;           /* in .bss: 0 at the start, in a second run too */

void main(void)
{
        const volatile uint32_t *word = words;
        unsigned wrong = 0;

        serial_init();
        report_begin(LAB_NAME, 0);
        idt_init();
#ifndef __x86_64__
        paging_on();
#endif
        report("runs", ++runs);
        for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                wrong += word[i] != i;
        report("words", sizeof(words) / sizeof(words[0]));
        report("wrong", wrong);
        report_end();
        serial_drain();
        back_to_loader();
}
