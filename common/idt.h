/* idt.h -- the interrupt descriptor table of the program. */
#ifndef IDT_H
#define IDT_H

/* Points every vector at trap(), and loads IDTR. */
void idt_init(void);

/* Loads IDTR again, after another table was in use. */
void idt_load(void);

/* Points one vector at another entry, an assembly routine. Interrupt gate, DPL 0. */
void idt_set(unsigned vector, void (*entry)(void));

#endif
