/* What was built of other files, as bytes. */
        .section .v86, "awx"
        .globl  guest_task, guest_isrGPF, guest_stack3, guest_stack0, guest_code
guest_task:
guest_isrGPF:
guest_stack3:
guest_stack0:
guest_code:
        .incbin "../../build/common32/report.c.o"
