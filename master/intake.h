// intake: what a SUBMIT goes through before it is a job. A part of the shell, in the loop's thread.
//
//     intake.c     its turn, what its client brings, the answer
//     look.c       what its names mean, beside the loop
#pragma once
#include "master/shell.h"
#include "master/spool.h"
#include <stdatomic.h>

typedef enum { ARRIVAL_WAITS, ARRIVAL_BRINGS, ARRIVAL_LOOKS } arrival_state_t;

struct arrival {
    struct arrival *next;
    shell_t *shell;
    peer_id_t from;
    user_t user;                                        // who sent it; empty without encryption
    message_t submit;
    size_t weight;                                      // bytes that it holds
    arrival_state_t state;
    bool first;                                         // of its connection: those behind it wait
    int64_t heard_us, told_us;                          // of its client; by its client
    // what its client brings
    spool_t *spool;
    bool brings_list;                                   // else sources, or a side file
    char *list;                                         // a file of more inputs, ours to remove; or NULL
    // while it is looked at; then the errand's but for given_up
    uint64_t number;
    sides_t sides;                                      // the work's, once it is accepted
    atomic_bool given_up;                               // nobody wants it any more
    work_t *work;                                       // NULL: refused
    error_t error;
};

// From a client; what waits is answered by ACCEPTED or FINISHED. Takes the message.
void intake_submit (shell_t *self, const peer_id_t *from, message_t *submit);
void intake_blob (shell_t *self, const peer_id_t *from, const message_blob_t *blob);
void intake_cancel (shell_t *self, const peer_id_t *from);         // all that is no job yet; from: NULL: anybody's
void intake_turn (shell_t *self);                                  // once a turn of the loop

// Looks at output and inputs: an errand. Makes the work, with all that is on the disk for it, or the error.
void look_run (void *arrival);
// Of a work that nobody wants after all: what is on the disk for it goes, beside the loop.
void look_undo (shell_t *self, work_t *work);
