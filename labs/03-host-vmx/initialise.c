/* initialise.c -- given: what enable.c decides, done on the real CPU. 64-bit mode, ring 0. */
#include "cpu.h"
#include "print.h"
#include "vmxstep2.h"
#include "x86/vmx.h"

/* CPUID leaves: SDM Vol. 2, "CPUID--CPU Identification". */
#define LEAF_VENDOR             0
#define LEAF_FEATURES           1
#define LEAF_EXTENDED           0x80000000
#define LEAF_BRAND              0x80000002      /* three leaves of 16 characters */
#define LEAF_BRAND_END          0x80000005

static void print_brand(void)
{
        char text[49] = { 0 };
        struct cpuid *part = (struct cpuid *)text;
        const char *start = text;

        if (cpuid(LEAF_EXTENDED, 0).eax >= LEAF_BRAND_END - 1) {
                for (uint32_t leaf = LEAF_BRAND; leaf < LEAF_BRAND_END; leaf++)
                        *part++ = cpuid(leaf, 0);
        } else {
                struct cpuid vendor = cpuid(LEAF_VENDOR, 0);

                *part = (struct cpuid){ vendor.ebx, vendor.edx, vendor.ecx, 0 };
        }
        while (*start == ' ')
                start++;
        print(start);
}

int cpu_offers_vmx(void)
{
        if (has_vmx(cpuid(LEAF_FEATURES, 0).ecx))
                return 1;
        print("This CPU has no VMX: CPUID says so, and calls it ");
        print_brand();
        print(". `make bochs` boots one that has it.\n");
        return 0;
}

int firmware_allows_vmx(void)
{
        uint64_t value = rdmsr(MSR_FEATURE_CONTROL), shall_be = value;
        enum feature_control state = feature_control(value, &shall_be);

        if (shall_be != value)
                wrmsr(MSR_FEATURE_CONTROL, shall_be);
        if (state == LOCKED_OFF)
                print("The firmware has turned VMX off and locked that: look for \"Virtualization"
                      " Technology\" in its setup.\n");
        return state != LOCKED_OFF;
}
