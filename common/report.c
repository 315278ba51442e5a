/* report.c -- writes the serial log that report.h describes. */
#include "report.h"

#include "leave.h"
#include "print.h"

static const char *lab_name = "?";

static void banner(const char *what)
{
        print("[");
        print(lab_name);
        print("] ");
        print(what);
}

void report_begin(const char *lab, uint32_t challenge_id)
{
        lab_name = lab;
        banner("begin ");
        print_hex(challenge_id, 8);
        print("\n");
}

static void print_value(uint64_t value)
{
        print(" ");
        print_hex(value, 1);
        print("\n");
}

void report(const char *name, uint64_t value)
{
        print("@ ");
        print(name);
        print_value(value);
}

void report_nth(const char *name, unsigned index, uint64_t value)
{
        print("@ ");
        print(name);
        print(".");
        print_decimal(index);
        print_value(value);
}

void report_end(void)
{
        banner("end\n");
}

void lab_todo(const char *exercise)
{
        banner("TODO(");
        print(exercise);
        print(")\n");
        leave();
}
