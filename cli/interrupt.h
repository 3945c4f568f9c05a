// interrupt: Ctrl-C and its kin (SIGINT, SIGTERM, SIGHUP) as something to poll for, while an interrupt_t lives.
#pragma once
#include <signal.h>

typedef struct {
    int fd;                                             // readable: a signal came; a signalfd
    sigset_t before;                                    // the mask to go back to
} interrupt_t;

interrupt_t interrupt_new (void);                       // also SIGCHLD comes this way
void interrupt_free (interrupt_t *self);                // signals that came and were not read act now
int interrupt_next (interrupt_t *self);                 // the next signal, or 0; never waits
