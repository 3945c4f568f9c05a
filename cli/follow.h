// follow: a client's part in one job, from its SUBMIT or ATTACH to its FINISHED: progress, Ctrl-C, a master that ends or is silent.
//
// Plain data of the command that follows. A private master is watched as a process; a cluster's by its word: it says how the job is at least
// once a second. When it is silent for some seconds, that is said, and ATTACH is sent until somebody answers: the job goes on without us.
#pragma once
#include "cli/interrupt.h"
#include "cli/local.h"
#include "cli/progress.h"
#include "cli/remote.h"

typedef struct {
    peer_t *peer;                                       // to the master, borrowed
    local_t *local;                                     // whose processes are watched; NULL: a cluster's
    remote_t *remote;                                   // NULL: a private master's
    bool detach;                                        // ACCEPTED is the end of the wait
    bool looking;                                       // at somebody's job: Ctrl-C leaves and does not cancel
    bool quiet;                                         // says nothing of a silent master
    interrupt_t interrupt;
    progress_t progress;
    uint64_t job;                                       // 0: not accepted yet
    int signals;                                        // Ctrl-C and the like so far
    bool left;                                          // by a signal that does not cancel
    bool silent;                                        // the master, and the user knows
    int64_t due_us;                                     // when the wait ends without FINISHED; 0: never
    int64_t heard_us, asked_us;                         // when the master was heard last; when it was called last
    error_t lost;                                       // why there will be no FINISHED, once that is known
    message_t finished;                                 // verb 0: not yet; the owner's to message_free
} follow_t;

void follow_wait (follow_t *self);
// FINISHED, or why there is none, as exit status and error. Prints the compiler's lines.
int follow_outcome (const follow_t *self, error_t *error);
