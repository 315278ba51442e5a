/* v86.h -- virtual-8086 mode: what the CPU takes from the stack and leaves there. */
#ifndef V86_H
#define V86_H

/* Offsets in struct v86_trap, in bytes, for .S files. */
#define TRAP_ERROR      32
#define TRAP_IP         36
#define TRAP_CS         40
#define TRAP_EFLAGS     44

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* What IRETL takes from the ring-0 stack when it goes to virtual-8086 mode, and
 * what the CPU pushes there when the task traps: lowest address first, a dword
 * each. SDM Vol. 3B, "Entering Virtual-8086 Mode". */
struct v86_frame {
        uint32_t ip;                    /* the upper half is zero */
        uint16_t cs, cs_reserved;
        uint32_t eflags;
        uint32_t esp;
        uint16_t ss, ss_reserved;
        uint16_t es, es_reserved;
        uint16_t ds, ds_reserved;
        uint16_t fs, fs_reserved;
        uint16_t gs, gs_reserved;
};

/* The whole picture that a handler of #GP leaves on the stack with PUSHAL, which
 * pushes EAX first; the stack grows down. */
struct v86_trap {
        uint32_t images[8];             /* EDI ESI EBP ESP EBX EDX ECX EAX */
        uint32_t error;
        struct v86_frame frame;
};

_Static_assert(sizeof(struct v86_frame) == 36, "IRETL to virtual-8086 mode");
_Static_assert(offsetof(struct v86_trap, error) == TRAP_ERROR, "TRAP_ERROR");
_Static_assert(offsetof(struct v86_trap, frame.ip) == TRAP_IP, "TRAP_IP");
_Static_assert(offsetof(struct v86_trap, frame.cs) == TRAP_CS, "TRAP_CS");
_Static_assert(offsetof(struct v86_trap, frame.eflags) == TRAP_EFLAGS, "TRAP_EFLAGS");
#endif

#endif
