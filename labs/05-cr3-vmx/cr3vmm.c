/* cr3vmm.c -- CR3 for a guest under VMX: straight from its task, by way of its kernel, and
 * without an exit.
 *
 * theVMM() of lab 04 calls emulate_cr_access(), and, by way of emulate_exception(),
 * emulate_mov_cr3(). 64-bit mode, ring 0, VMX root operation.
 */
#include "cr3vmm.h"

#include "todo.h"
#include "x86/exception.h"
#include "x86/vmcs.h"

#define MOV_CR_LENGTH           3

/* VM-entry interruption information: SDM Vol. 3C, "VM-Entry Controls for Event
 * Injection". */
#define INJECT_VALID            0x80000000
#define INJECT_ERROR_CODE       0x00000800
#define INJECT_EXCEPTION        0x00000300      /* a hardware exception */

/* Exit qualification: SDM Vol. 3C, table "Exit Qualification for Control-Register
 * Accesses". */
#define CR_NUMBER               0x00F
#define CR_ACCESS               0x030
#define CR_MOV_TO               0x000
#define CR_MOV_FROM             0x010
#define CR_REGISTER_SHIFT       8
#define CR_REGISTER             0xF

/* What the guest shall find in CR3, now. */
uint32_t guest_cr3(void)
{
#if SOLVED >= 1
        for (unsigned n = 0; n < SHADOWS; n++)
                if (vmcs_read(VMCS_GUEST_CR3) == physical(shadows[n].directory))
                        return shadow_of[n];
        return NO_SHADOW;
#else
        /* TODO(05-4) The guest's CR3 in the VMCS is the address of a shadow of ours. The
         * guest has a value of its own: that for which the shadow is.
         * Use:     vmcs_read(), VMCS_GUEST_CR3, shadows[], physical(), shadow_of[].
         * Read:    README, "Under VMX". */
        lab_todo("05-4");
#endif
}

/* The guest's kernel may load shadow n without an exit from now on. */
void publish(unsigned n)
{
#if SOLVED >= 3
        for (unsigned k = 0; k <= n; k++)
                vmcs_write(VMCS_CR3_TARGET_VALUE_0 + 2 * k, physical(shadows[k].directory));
        if (vmcs_read(VMCS_CR3_TARGET_COUNT) <= n)
                vmcs_write(VMCS_CR3_TARGET_COUNT, n + 1);
        cr3_pairs[n] = (struct cr3_pair){ shadow_of[n], physical(shadows[n].directory) };
#else
        /* TODO(05-6) Make exits unnecessary.
         * Given:   a `mov` to CR3 of one of the CR3-target values makes no exit. The first
         *          CR3-target-count of them count. cr3_pairs[], into which the guest's
         *          kernel looks before it writes CR3.
         * Do:      pair n: the guest's value, and the shadow's address. CR3-target values 0
         *          to n: the addresses of the shadows. Leave none out: what would a guest
         *          get that writes 0 to CR3, if one that counts were still 0? The count
         *          must reach n; it never shrinks.
         * Use:     shadow_of[], VMCS_CR3_TARGET_VALUE_0 (the others follow, 2 apart),
         *          VMCS_CR3_TARGET_COUNT.
         * Read:    README, "No exit at all"; SDM Vol. 3C, "CR3-Target Controls".
         * Seen:    run 6: far fewer control-register accesses than run 5; the end. */
        lab_todo("05-6");
#endif
}

/* The guest wants this in its CR3. Returns 0 if that may not be; nothing has changed then. */
int load_cr3(uint32_t wanted)
{
#if SOLVED >= 1
        unsigned n;

        if (!cr3_allowed(wanted))
                return 0;
        n = shadow_for(wanted);
        build_paging(shadows[n].directory, shadows[n].table);
        shadow(shadows[n].table, wanted);
        shadow_of[n] = wanted;
        vmcs_write(VMCS_GUEST_CR3, physical(shadows[n].directory));
        if (use_targets)
                publish(n);
        return 1;
#else
        /* Still TODO(05-4): cr3_allowed(), build_paging() and shadow() are yours.
         * Do:      check. Then ask shadow_for() for a shadow, before you change
         *          shadow_of[]: build it, fill it in, remember for what it is; the guest's
         *          CR3 in the VMCS is its address. At last, if use_targets says so:
         *          publish() it.
         * Use:     shadow_for(), shadows[], shadow_of[], vmcs_write(). */
        lab_todo("05-4");
#endif
}

/* At the next VM entry the guest finds itself in its #GP handler. */
void inject_gp(void)
{
#if SOLVED >= 1
        vmcs_write(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, 0);
        vmcs_write(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
                   INJECT_VALID | INJECT_ERROR_CODE | INJECT_EXCEPTION | VECTOR_GP);
#else
        /* Still TODO(05-4): what reflect_gp() did by hand, the CPU does here.
         * Do:      two fields: the error code, and what is to be injected: vector 13, a
         *          hardware exception with an error code, valid.
         * Use:     VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, INJECT_...,
         *          VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE. */
        lab_todo("05-4");
#endif
}

/* A #GP exit at an instruction other than `mov %cr0, reg`; `code`: its first four bytes. */
enum handled emulate_mov_cr3(uint32_t code)
{
#if SOLVED >= 1
        int destination = decode_mov_from_cr3(code);
        int source = decode_mov_to_cr3(code);

        if (destination == NOT_MOV_CR3 && source == NOT_MOV_CR3)
                return UNHANDLED;
        if (destination != NOT_MOV_CR3) {
                set_guest(destination, guest_cr3());
        } else if (!load_cr3(get_guest(source))) {
                inject_gp();
                return HANDLED_RESUME;
        }
        advance(MOV_CR_LENGTH);
        return HANDLED_RESUME;
#else
        /* TODO(05-4) Straight from the task: the #GP is the exit.
         * Given:   decode_mov_from_cr3(), decode_mov_to_cr3(): yours.
         * Do:      from CR3: the register gets guest_cr3(). To CR3: load_cr3(); if it says
         *          no, inject_gp(), and RIP stays. Or else past the instruction, with
         *          advance(), as in emulate_exception(). Any other code: UNHANDLED.
         * Use:     get_guest(), set_guest(), MOV_CR_LENGTH.
         * Read:    README, "Under VMX". If the run never gets here: what does your
         *          emulate_exception() of lab 04 answer to a mov that is not from CR0?
         * Seen:    run 0: one address, three texts; run 1 stops at TODO(05-5). */
        lab_todo("05-4");
#endif
}

/* The guest's ring 0 has touched a control register: exit reason 28. */
enum handled emulate_cr_access(void)
{
#if SOLVED >= 2
        uint32_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
        unsigned number = qualification >> CR_REGISTER_SHIFT & CR_REGISTER;

        if ((qualification & CR_NUMBER) != 3)
                return UNHANDLED;
        switch (qualification & CR_ACCESS) {
        case CR_MOV_FROM:
                set_guest(number, guest_cr3());
                return HANDLED_ADVANCE;
        case CR_MOV_TO:
                if (load_cr3(get_guest(number)))
                        return HANDLED_ADVANCE;
                inject_gp();
                return HANDLED_RESUME;
        default:
                return UNHANDLED;
        }
#else
        /* TODO(05-5) By way of the guest's kernel: no #GP exit, but the kernel's own mov.
         * Given:   the exit qualification says which control register, which direction,
         *          which general register. There is nothing to decode.
         * Do:      the same as in emulate_mov_cr3(). The CPU tells the length of this one.
         *          Another control register, another kind of access: UNHANDLED.
         * Use:     VMCS_EXIT_QUALIFICATION, CR_NUMBER, CR_ACCESS, ..., HANDLED_ADVANCE.
         * Read:    README, "Through the kernel". If the log says "unhandled:
         *          control-register access": does dispatch(), in your thevmm.c of lab 04,
         *          call this?
         * Seen:    runs 1 to 5; then TODO(05-6). */
        lab_todo("05-5");
#endif
}
