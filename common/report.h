/* report.h -- the serial log: lines for people, and facts for the grader.
 *
 *      [01-vm86trap] begin 0x1f2e3d4c          the challenge's id
 *      @ trap.cs 0x1000                        a fact: name and value
 *      [01-vm86trap] TODO(01-3)                a step that is not written yet
 *      [01-vm86trap] end
 *
 * A program states facts, never verdicts: the host decides whether they are right.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

void report_begin(const char *lab, uint32_t challenge_id);
void report(const char *name, uint64_t value);

/* The fact `name.index`, index in decimal. */
void report_nth(const char *name, unsigned index, uint64_t value);

void report_end(void);

/* Says which exercise is not written yet, and ends the run. */
_Noreturn void lab_todo(const char *exercise);

#endif
