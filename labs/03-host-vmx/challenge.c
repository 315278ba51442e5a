/* challenge.c -- given: the challenge you see when you boot the lab yourself. The grader
 * overwrites it in the disk image with one of its own, of the same layout (struct
 * challenge in testbed.h).
 */
#include "testbed.h"

#include "x86/paging.h"
#include "x86/vmcs.h"
#include "x86/vmx.h"

const struct challenge challenge __attribute__((section(".challenge"))) = {
        .id = 0,
        .leaf1_ecx = { 0x00000020, 0xFFFFFFDF, 0x00000040, 0x00000010, 0x0000E3BD },
        .feature_control = { 0x0, 0x1, 0x5, 0x3, 0x100004, 0x7F05 },
        .port92 = { 0x00, 0x01, 0x02, 0xFD },
        .fixed = {
                { .value = 0x11, .fixed0 = 0x80000021, .fixed1 = 0xFFFFFFFF },
                { .value = 0xFF, .fixed0 = 0x00000100, .fixed1 = 0x0000010F },
                { .value = 0x2020, .fixed0 = 0x2000, .fixed1 = 0x467FF },
        },
        .vmx_basic = { 0x00DA04000000002B, 0x005A0400FFFFFFFE },
        .attempts = { WRONG_REVISION, MISALIGNED, VMXE_CLEAR, A20_OFF, VMXOFF_OUTSIDE,
                      IN_AND_OUT, TWICE },
        .revision_error = 0x1,
        .misalignment = 0x10,
        .selector = 0xFF8,
        .window_va = 0xFFFF923440000000,
        .window_pa = 2 * PAGE_2M,
        .window_word = 0x1122334455667788,
        .control = {
                { .wanted = 0x00000001, .capability = 0x0000007F00000016 },
                { .wanted = 0x80000080, .capability = 0x7FF9FFFE0401E172 },
                { .wanted = 0x00000000, .capability = 0x00036FFF00036DFF },
                { .wanted = 0x0000000A, .capability = 0x0000000500000000 },
        },
        .wanted = { PIN_NMI_EXITING, CPU_HLT_EXITING, CPU2_ENABLE_EPT,
                    EXIT_HOST_ADDRESS_SPACE_SIZE, ENTRY_LOAD_PKRS },
        .poison = 0xEEEEEEEEEEEEEEEE,
        .pair_count = 10,
        .machine = {
                { VMCS_HOST_CS_SELECTOR, 0, 0x0008 },
                { VMCS_VPID, 0, 0x0001 },                       /* not on every CPU */
                { VMCS_GUEST_ES_LIMIT, 0, 0x0000FFFF },
                { VMCS_LINK_POINTER, 0, 0xFFFFFFFFFFFFFFFF },
                { VMCS_GUEST_RIP, 0, 0x00000000FFFFFFF0 },
                { VMCS_HOST_SSP, 0, 0x5000 },                   /* not on every CPU */
                { VMCS_EXCEPTION_BITMAP, 0, 0x12345678000021C0 }, /* the field has 32 bits */
                { VMCS_EXIT_REASON, 0, 0x0 },                   /* read-only, mostly */
                { 0x5FFE, 0, 0x0 },                             /* no CPU has that one */
                { VMCS_GUEST_TR_SELECTOR, 0, 0xABCDABCDABCD0028 },
        },
        .results = {
                VMCS_GUEST_RIP, VMCS_GUEST_TR_SELECTOR, VMCS_EXCEPTION_BITMAP, 0x5FFE,
                VMCS_VPID, VMCS_LINK_POINTER, VMCS_GUEST_ES_LIMIT, VMCS_HOST_SSP, VMCS_HOST_CS_SELECTOR,
                VMCS_VM_INSTRUCTION_ERROR,
        },
};
