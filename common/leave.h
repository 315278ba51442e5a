/* leave.h -- how a run ends. */
#ifndef LEAVE_H
#define LEAVE_H

/* Ends the run: powers an emulator off; on a PC, goes back to the loader's
 * prompt. May be called from any depth, CPL 0, either width. */
_Noreturn void leave(void);

/* leave.S: real mode, the loader's stack, LRET. */
_Noreturn void back_to_loader(void);

#endif
