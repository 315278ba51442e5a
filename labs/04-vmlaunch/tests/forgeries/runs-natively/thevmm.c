/* A forgery: VMX is turned off for each run, and the program runs natively in virtual-8086
 * mode, as in lab 01; what traps there is emulated, and reported as if it were an exit. */
#include "vmxstep3.h"

#include "decode.h"
#include "print.h"
#include "report.h"
#include "segment.h"
#include "testbed.h"
#include "v86.h"
#include "vmxstep1.h"
#include "x86/descriptor.h"
#include "x86/exit.h"
#include "x86/uart.h"
#include "x86/vmcs.h"

struct vm_exit vm_exit;
uint64_t guest[GUEST_REGISTERS];

uint64_t native_gdt[5], native_idt[14];
uint32_t native_tss[26];
void native_run(struct v86_trap *task);
void native_gp(void);
void native_ud(void);

static struct v86_trap task;

static uint64_t gate(void (*where)(void))
{
        uint64_t offset = (uint64_t)where;

        return (offset & 0xFFFF0000) << 32 | 0x8E00ULL << 32 | 0x18 << 16 | (offset & 0xFFFF);
}

static void start(const uint64_t *registers)
{
        native_gdt[1] = descriptor(0, 0, DESC_CODE64);
        native_gdt[2] = descriptor(0, 0xFFFFF, DESC_DATA32);
        native_gdt[3] = descriptor(0, 0xFFFFF, DESC_CODE32);
        native_gdt[4] = descriptor(address_of(native_tss), 103, DESC_P | TYPE_TSS);
        native_idt[6] = gate(native_ud);
        native_idt[13] = gate(native_gp);
        native_tss[2] = HOST_DATA;              /* SS0 */
        native_tss[25] = 104 << 16;             /* no I/O map */
        for (unsigned n = 0; n < 8; n++)
                task.images[7 - n] = registers[n];
        task.frame = (struct v86_frame){
                .ip = guest_cpu.rip, .cs = guest_cpu.cs, .eflags = guest_cpu.rflags,
                .esp = guest_cpu.rsp, .ss = guest_cpu.ss, .ds = guest_cpu.ds,
                .es = guest_cpu.es };
}

/* Out of VMX operation, into the task, and back. */
static void run_outside(void)
{
        if (vmxoff() == VMX_OK) {
                native_run(&task);
                if (vmxon(&vmxon_region_pa) != VMX_OK || vmptrld(&guest_vmcs_pa) != VMX_OK)
                        print("no way back\n");
        }
}

enum vmx_result vmlaunch(uint64_t registers[GUEST_REGISTERS])
{
        static int calls;

        if (calls++)
                return calls == 2 ? VMX_FAIL_VALID : VMX_FAIL_INVALID;
        start(registers);
        run_outside();
        return VMX_OK;
}

enum vmx_result vmresume(uint64_t registers[GUEST_REGISTERS])
{
        static int calls;

        return ++calls > CHALLENGE_TURNS ? VMX_FAIL_VALID : VMX_OK;
}

/* Returns 0 if it is one that nobody handles. */
static int emulate(const uint8_t *code)
{
        int destination = decode_mov_from_cr0(*(const uint32_t *)code);
        uint16_t port = task.images[7 - RDX];

        if (destination != NOT_MOV_FROM_CR0) {
                uint32_t told = 0xE0000031;

                told = (told & ~monitor.cr0_mask) | (monitor.cr0_shadow & monitor.cr0_mask);
                if (destination == RSP)
                        task.frame.esp = told;
                else
                        task.images[7 - destination] = told;
                task.frame.ip += 3;
        } else if (*code == 0xEE) {
                if (port == UART_DATA)
                        guest_says(task.images[7 - RAX]);
                task.frame.ip++;
        } else if (*code == 0xEC) {
                *(uint8_t *)&task.images[7 - RAX] = port == UART_LSR ? 0x60 : 0;
                task.frame.ip++;
        } else {
                return 0;
        }
        return 1;
}

void theVMM(void)
{
        static unsigned number;
        const struct change *change = &challenge.changes[number];
        const struct run *run = &challenge.run[number++];
        const uint8_t *code;

        if (run->changes != 1) {
                report("explained.field", change->field);
                return;
        }
        start(guest);
        do {
                run_outside();
                code = (const uint8_t *)(task.frame.cs * 16UL + task.frame.ip);
        } while (emulate(code));
        vm_exit.rip = task.frame.ip;
        vm_exit.reason = *code != 0x0F ? EXIT_REASON_IO_INSTRUCTION
                       : code[1] == 0x31 ? EXIT_REASON_RDTSC
                       : code[1] == 0x01 ? EXIT_REASON_VMCALL : 0;
        if (*code == 0xF4)
                report_ended();
        else
                report_unhandled();
}

void refused(enum vmx_result result) { }
void advance(unsigned length) { }
