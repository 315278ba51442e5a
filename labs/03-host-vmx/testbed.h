/* testbed.h -- the part of the lab that watches, and the challenge it works on. */
#ifndef TESTBED_H
#define TESTBED_H

#include <stdint.h>

#define CHALLENGE_PAIRS 224
#define HOST_STACK      4096            /* bytes, for traps from outer rings */
#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))

/* What attempts.c does with VMXON and VMXOFF. 0: nothing more. */
enum attempt {
        WRONG_REVISION = 1,             /* VMXON: the region bears another identifier */
        MISALIGNED,                     /* VMXON: its address is no multiple of 4 KB */
        VMXE_CLEAR,                     /* VMXON: CR4.VMXE is clear */
        A20_OFF,                        /* VMXON: the A20 line is off */
        VMXOFF_OUTSIDE,                 /* VMXOFF: outside VMX operation */
        IN_AND_OUT,                     /* VMXON, VMXOFF: nothing is wrong */
        TWICE,                          /* VMXON, a current VMCS, VMXON again; VMXOFF */
        ATTEMPTS = 8
};

/* What your code is confronted with. challenge.c holds one to read; the grader
 * overwrites it in the disk image with one that nobody has seen. */
struct challenge {
        uint32_t id;                    /* opens the log */
        uint32_t leaf1_ecx[5];          /* made-up values for dry runs of has_vmx(), */
        uint64_t feature_control[6];    /* of feature_control(), */
        uint8_t port92[4];              /* of a20_on(), */
        uint32_t revision_error;        /* (flips bits of the revision identifier) */
        struct { uint64_t value, fixed0, fixed1; } fixed[3];
        uint64_t vmx_basic[2];          /* of prepare_region() and capability_msr() */
        uint8_t attempts[ATTEMPTS];     /* enum attempt, in this order */
        uint16_t misalignment;          /* added to an address; below 4 KB */
        uint16_t selector;              /* outside host_gdt: raises #GP */
        uint32_t pair_count;            /* of machine[] and of results[] */
        uint64_t window_va, window_pa;
        uint64_t window_word;           /* to be seen through the window */
        struct { uint64_t capability; uint32_t wanted, reserved; } control[4];
        uint32_t wanted[5];             /* of the real CPU, by class of controls */
        uint32_t reserved;
        uint64_t poison;                /* in a cell before it is read into */
        struct { uint32_t what, reserved; uint64_t cell; } machine[CHALLENGE_PAIRS];
        uint32_t results[CHALLENGE_PAIRS];
};

_Static_assert(sizeof(struct challenge) == 4784, "the grader lays it out");

extern const struct challenge challenge;

/* testbed.c, one function for each exercise. 03-1 and 03-2 return 0 if there is
 * something in the way. */
int watch_cpuid(void);
int watch_feature_control(void);
void watch_control_registers(void);
void watch_paging(void);
void watch_structures(void);
void watch_controls(void);

/* attempts.c, fields.c */
void watch_a20(void);
void watch_vmxon(void);
int watch_machine(void);
void watch_way_back(void);

/* load.S */
uint64_t read_through_window(uint64_t va);
void provoke_gp(uint16_t selector);
void provoke_ud(void);

#endif
