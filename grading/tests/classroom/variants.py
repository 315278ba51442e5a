"""What independent students write, and what copiers do: for the tests of what is alike.

VARIANTS: file → one dict for each student: text of the starter → what is in its place. The
key "01-3" is that step: its comment, and lab_todo() behind it; in launch.S the labels, too.
They were written by hand, each in another way, and are meant to be right. DISGUISES: file →
names that a copier changes, and the function that is moved to the front.
"""

import re

VM86TRAP = "labs/01-vm86trap/vm86trap.c"
THEVMM = "labs/04-vmlaunch/thevmm.c"
LAUNCH = "labs/04-vmlaunch/launch.S"

VARIANTS = {VM86TRAP: [{
    "01-1": """\
        frame.gs = task->gs;
        frame.fs = task->fs;
        frame.ds = task->ds;
        frame.es = task->es;
        frame.ss = task->ss;
        frame.esp = task->sp;
        frame.eflags = EFLAGS_VM | EFLAGS_FIXED;
        frame.cs = task->cs;
        frame.ip = task->ip;

        enter_v86(&frame);""",
    "01-3": "        return (trap->frame.cs << 4) + trap->frame.ip;",
    "01-5": """\
        if (number == 4) {
                trap->frame.esp = value;
                return;
        }
        trap->images[7 - number] = value;""",
    "01-8": "        return read_cr0() & ~CR0_PE & ~CR0_PG;",
    "01-7": """\
        if ((uint8_t)code == OPCODE_HLT)
                task_halted();
        else
                task_refused(trap->frame.cs, trap->frame.ip, code);"""}, {
    "01-1": """\
        struct v86_frame wanted = {
                .ip = task->ip, .cs = task->cs,
                .eflags = EFLAGS_FIXED | EFLAGS_VM,
                .esp = task->sp, .ss = task->ss,
                .es = task->es, .ds = task->ds, .fs = task->fs, .gs = task->gs,
        };
        frame = wanted;
        enter_v86(&frame);""",
    "01-3": """\
        uint32_t segment = trap->frame.cs & 0xffff;
        uint32_t offset = trap->frame.ip & 0xffff;

        return segment * 16 + offset;""",
    "01-5": """\
        switch (number) {
        case 0: trap->images[7] = value; break;
        case 1: trap->images[6] = value; break;
        case 2: trap->images[5] = value; break;
        case 3: trap->images[4] = value; break;
        case 4: trap->frame.esp = value; break;
        case 5: trap->images[2] = value; break;
        case 6: trap->images[1] = value; break;
        case 7: trap->images[0] = value; break;
        }""",
    "01-8": """\
        uint32_t cr0 = read_cr0();

        cr0 &= ~CR0_PE;
        cr0 &= ~CR0_PG;
        return cr0;""",
    "01-7": """\
        uint8_t opcode = code & 0xff;

        switch (opcode) {
        case OPCODE_HLT:
                task_halted();
        default:
                task_refused(trap->frame.cs, trap->frame.ip, code);
        }"""}, {
    "01-1": """\
        frame.cs = task->cs;
        frame.ip = task->ip;
        frame.ss = task->ss;
        frame.esp = task->sp;
        frame.ds = task->ds;
        frame.es = task->es;
        frame.fs = task->fs;
        frame.gs = task->gs;
        /* VM = 1, IOPL = 0, IF = 0 */
        frame.eflags |= EFLAGS_FIXED;
        frame.eflags |= EFLAGS_VM;
        enter_v86(&frame);""",
    "01-3": """\
        uint32_t base = (uint32_t)trap->frame.cs << 4;
        return base + (uint16_t)trap->frame.ip;""",
    "01-5": """\
        /* POPAL skips ESP, so it has to go into the frame of IRETL */
        static const int place[8] = { 7, 6, 5, 4, -1, 2, 1, 0 };

        if (place[number] < 0)
                trap->frame.esp = value;
        else
                trap->images[place[number]] = value;""",
    "01-8": """\
        uint32_t real = read_cr0();
        return real & ~(CR0_PG | CR0_PE);""",
    "01-7": """\
        const uint8_t first_byte = code & 0xFF;
        if (first_byte != OPCODE_HLT)
                task_refused(trap->frame.cs, trap->frame.ip, code);
        task_halted();"""}],
    THEVMM: [{
        "\n}\n\n/* The guest was": """\
        uint64_t rip = vmcs_read(VMCS_GUEST_RIP);

        vmcs_write(VMCS_GUEST_RIP, rip + length);
}

static const struct parameter results[] = {
        { VMCS_EXIT_REASON, &vm_exit.reason },
        { VMCS_GUEST_RIP, &vm_exit.rip },
        { VMCS_EXIT_QUALIFICATION, &vm_exit.qualification },
        { 0, 0 },
};

/* The guest was""",
        "04-10": "        explain_refusal(result, vm_exit.reason);",
        "04-5": """\
        enum vmx_result r = vmlaunch(guest);

        for (;;) {
                enum handled h;

                if (r != VMX_OK) {
                        refused(r);
                        return;
                }
                vm_exit.reason = vmcs_read(VMCS_EXIT_REASON);
                if (vm_exit.reason & EXIT_REASON_ENTRY_FAILURE) {
                        refused(r);
                        return;
                }
                count_exit(vm_exit.reason);
                switch (vm_exit.reason & 0xffff) {
                case EXIT_REASON_EXCEPTION_OR_NMI:
                        h = emulate_exception();
                        break;
                case EXIT_REASON_CPUID:
                        h = emulate_cpuid();
                        break;
                case EXIT_REASON_IO_INSTRUCTION:
                        h = emulate_io();
                        break;
                case EXIT_REASON_VMCALL:
                        h = emulate_vmcall();
                        break;
                case EXIT_REASON_CONTROL_REGISTER_ACCESS:
                        h = emulate_cr_access();
                        break;
                default:
                        h = UNHANDLED;
                }
                if (h == HANDLED_END) {
                        report_ended();
                        return;
                }
                if (h == UNHANDLED) {
                        read_results(results);
                        report_unhandled();
                        return;
                }
                if (h == HANDLED_ADVANCE)
                        advance(vmcs_read(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
                r = vmresume(guest);
        }"""}, {
        "\n}\n\n/* The guest was": """\
        vmcs_write(VMCS_GUEST_RIP, vmcs_read(VMCS_GUEST_RIP) + length);
}

static const struct parameter what_happened[] = {
        { VMCS_EXIT_REASON, &vm_exit.reason },
        { VMCS_EXIT_QUALIFICATION, &vm_exit.qualification },
        { VMCS_GUEST_RIP, &vm_exit.rip },
        { 0 }
};

static enum handled unhandled(void)
{
        return UNHANDLED;
}

struct handler {
        unsigned reason;
        enum handled (*call)(void);
};

static const struct handler handlers[] = {
        { EXIT_REASON_CPUID, emulate_cpuid },
        { EXIT_REASON_EXCEPTION_OR_NMI, emulate_exception },
        { EXIT_REASON_VMCALL, emulate_vmcall },
        { EXIT_REASON_IO_INSTRUCTION, emulate_io },
        { EXIT_REASON_CONTROL_REGISTER_ACCESS, emulate_cr_access },
};

static enum handled call_handler(unsigned reason)
{
        for (unsigned i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
                if (handlers[i].reason == reason)
                        return handlers[i].call();
        return unhandled();
}

/* The guest was""",
        "04-10": """\
        if (result == VMX_OK)
                explain_refusal(VMX_OK, vm_exit.reason);
        else
                explain_refusal(result, 0);""",
        "04-5": """\
        enum vmx_result result;
        int launched = 0;

        do {
                result = launched ? vmresume(guest) : vmlaunch(guest);
                launched = 1;
                if (result == VMX_OK)
                        vm_exit.reason = vmcs_read(VMCS_EXIT_REASON);
                if (result != VMX_OK || vm_exit.reason >> 31) {
                        refused(result);
                        return;
                }
                count_exit(vm_exit.reason);
                enum handled done = call_handler(vm_exit.reason & 0xFFFF);
                if (done == HANDLED_ADVANCE) {
                        advance(vmcs_read(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
                } else if (done == HANDLED_END) {
                        report_ended();
                        return;
                } else if (done != HANDLED_RESUME) {
                        read_results(what_happened);
                        report_unhandled();
                        return;
                }
        } while (1);"""}],
    LAUNCH: [{"04-4": """\
vmlaunch:
        movl    $1, %esi
        jmp     enter
vmresume:
        xorl    %esi, %esi
enter:
        pushq   %r15
        pushq   %r14
        pushq   %r13
        pushq   %r12
        pushq   %rbx
        pushq   %rbp
        pushq   %rdi
        movq    $VMCS_HOST_RSP, %rdx
        vmwrite %rsp, %rdx
        cmpl    $0, %esi                # launch or resume? LEA, MOV keep ZF
        movq    RAX*8(%rdi), %rax
        movq    RBX*8(%rdi), %rbx
        movq    RCX*8(%rdi), %rcx
        movq    RDX*8(%rdi), %rdx
        movq    RBP*8(%rdi), %rbp
        movq    RSI*8(%rdi), %rsi
        .irp    n, 8, 9, 10, 11, 12, 13, 14, 15
        movq    \\n*8(%rdi), %r\\n
        .endr
        movq    RDI*8(%rdi), %rdi
        je      again
        vmlaunch
        jmp     failed
again:
        vmresume
failed:
        movl    $VMX_FAIL_VALID, %eax
        movl    $VMX_FAIL_INVALID, %ecx
        cmovc   %ecx, %eax
        popq    %rdi
        jmp     finish
host_entry:
        pushq   %rax
        movq    8(%rsp), %rax
        movq    %rdi, RDI*8(%rax)
        movq    %rbx, RBX*8(%rax)
        movq    %rcx, RCX*8(%rax)
        movq    %rdx, RDX*8(%rax)
        movq    %rbp, RBP*8(%rax)
        movq    %rsi, RSI*8(%rax)
        .irp    n, 8, 9, 10, 11, 12, 13, 14, 15
        movq    %r\\n, \\n*8(%rax)
        .endr
        popq    %rdi
        movq    %rdi, RAX*8(%rax)
        popq    %rdi
        movl    $VMX_OK, %eax
finish:
        popq    %rbp
        popq    %rbx
        popq    %r12
        popq    %r13
        popq    %r14
        popq    %r15
        ret"""}]}

DISGUISES = {
    VM86TRAP: ({"task": "job", "trap": "what", "number": "reg", "value": "v", "code": "bytes",
                "frame": "image", "destination": "to"}, "set_register"),
    THEVMM: ({"results": "exit_info", "dispatch": "find_handler", "handle_exit": "one_exit",
              "result": "outcome", "length": "bytes"}, "refused"),
    LAUNCH: ({"ENTER_WORLD": "SWITCH", "refused": "no", "leave_world": "back", "number": "n",
              "register": "r"}, None),
}
COMMENT = re.compile(r"/\*(?s:.*?)\*/|[ \t]#.*")


def variant(starter, changes):
    """The starter with these steps in it."""
    text = starter
    for key, body in changes.items():
        if key.startswith("\n"):
            before, text = text, text.replace(key, f"\n{body}", 1)
        else:
            before, text = text, step(key, text.endswith("progbits\n")).sub(
                lambda _, body=body: body, text, count=1)
        assert text != before, key
    return text


def step(number, assembly):
    """Where a step is in a starter: from its comment to the end of what stops there."""
    todo = rf"[ ]*/\* TODO\({number}\)(?:(?!/\*).)*?"
    stop = rf'"{number}"' if assembly else rf'lab_todo\("{number}"\);'
    return re.compile(todo + stop, re.DOTALL)


def disguise(text, file):
    """A copy that shall not look like one: other names, other comments, another order."""
    names, first = DISGUISES[file]
    text = COMMENT.sub("/* my own work */" if file.endswith(".c") else "", text)
    for old, new in names.items():
        text = re.sub(rf"\b(?<!->){old}\b(?!\.h)", new, text)
    if first:
        parts = re.split(r"(?<=\n}\n)", text)
        head, parts[0] = re.split(r"(?=\n[^\n#;]*\)\n\{)", parts[0], maxsplit=1)
        at = next(number for number, part in enumerate(parts)
                  if re.search(rf"\b{first}\([^;]*\)\n", part))
        text = head + parts[at] + "".join(parts[:at] + parts[at + 1:])
    return text
