/* Part of a forgery: vmlaunch() and vmresume() are in thevmm.c, and in C. */
