/* @SLUG@.h -- what the files of this lab share. */
#ifndef @GUARD@_H
#define @GUARD@_H

#include <stdint.h>

/* ---- You write these. ------------------------------------------------- */

/* @SLUG@.c */
uint32_t descriptor_base(uint64_t descriptor);

#endif
