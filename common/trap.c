/* trap.c -- turns an exception into something to read. CPL 0, interrupts off. */
#include "trap.h"

#include "cpu.h"
#include "leave.h"
#include "print.h"
#include "report.h"
#include "x86/control.h"

struct trap_expected trap_expected;

static const char *const vector_name[VECTORS] = {
        [VECTOR_DE] = "#DE divide error",
        [VECTOR_DB] = "#DB debug",
        [VECTOR_NMI] = "NMI",
        [VECTOR_BP] = "#BP breakpoint",
        [VECTOR_OF] = "#OF overflow",
        [VECTOR_BR] = "#BR BOUND range exceeded",
        [VECTOR_UD] = "#UD invalid opcode",
        [VECTOR_NM] = "#NM device not available",
        [VECTOR_DF] = "#DF double fault",
        [VECTOR_TS] = "#TS invalid TSS",
        [VECTOR_NP] = "#NP segment not present",
        [VECTOR_SS] = "#SS stack-segment fault",
        [VECTOR_GP] = "#GP general protection",
        [VECTOR_PF] = "#PF page fault",
        [VECTOR_MF] = "#MF x87 floating-point error",
        [VECTOR_AC] = "#AC alignment check",
        [VECTOR_MC] = "#MC machine check",
        [VECTOR_XM] = "#XM SIMD floating-point error",
};

static const char *where(const struct trap *frame)
{
        if (frame->flags & EFLAGS_VM)
                return " in virtual-8086 mode";
        return frame->cs & 3 ? " in ring 3" : " in ring 0";
}

static void describe(const struct trap *frame)
{
        const char *name = frame->vector < VECTORS ? vector_name[frame->vector] : 0;

        print("unexpected exception: ");
        print(name ? name : "(reserved vector)");
        print(where(frame));
        print("\n");
        report("exception.vector", frame->vector);
        report("exception.error", frame->error);
        report("exception.cs", frame->cs & 0xFFFF);
        report("exception.ip", frame->ip);
        report("exception.flags", frame->flags);
        if (frame->vector == VECTOR_PF)
                report("exception.cr2", read_cr2());
        report("exception.ax", frame->ax);
        report("exception.bx", frame->bx);
        report("exception.cx", frame->cx);
        report("exception.dx", frame->dx);
        report("exception.si", frame->si);
        report("exception.di", frame->di);
        report("exception.bp", frame->bp);
}

void trap(struct trap *frame)
{
        if (trap_expected.resume) {
                trap_expected.vector = frame->vector;
                trap_expected.error = frame->error;
                frame->ip = trap_expected.resume;
                trap_expected.resume = 0;
                return;
        }
        describe(frame);
        leave();
}
