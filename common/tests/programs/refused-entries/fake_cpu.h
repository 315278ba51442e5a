/* fake_cpu.h -- stands in for cpu.h where explain*.c run in a test, on the host: a CPU that
 * is made up of tables. `-include` it, and -DCPU_H keeps the real one out.
 */
#ifndef FAKE_CPU_H
#define FAKE_CPU_H

#include <stdint.h>

struct cpuid {
        uint32_t eax, ebx, ecx, edx;
};

uint64_t rdmsr(uint32_t msr);
struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);

#endif
