/* main.c -- into VMX operation if INSIDE, and back to the loader as on a PC, without powering
 * off first. Paging cannot be turned off there. */
#include "cpu.h"
#include "idt.h"
#include "leave.h"
#include "report.h"
#include "serial.h"
#include "x86/control.h"
#include "x86/vmx.h"

static uint32_t region[1024] __attribute__((aligned(4096)));

static void vmxon(void)
{
        uint64_t pa = (uint64_t)region;
        uint8_t failed;

        if (!(rdmsr(MSR_FEATURE_CONTROL) & FEATURE_CONTROL_LOCK))
                wrmsr(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
        region[0] = rdmsr(MSR_VMX_BASIC) & VMX_BASIC_REVISION;
        write_cr0(read_cr0() | rdmsr(MSR_VMX_CR0_FIXED0));
        asm volatile("vmxon %1; setbe %0" : "=q"(failed) : "m"(pa) : "cc", "memory");
        report("failed", failed);
}

void main(void)
{
        serial_init();
        report_begin(LAB_NAME, 0);
        idt_init();
        write_cr4(read_cr4() | CR4_VMXE);
        if (INSIDE)
                vmxon();
        report_end();
        serial_drain();
        back_to_loader();
}
