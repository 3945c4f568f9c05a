// zygote: forks executors from a process that never grew, and sees every process of theirs to its end.
//
// Forked before there is a ZeroMQ context, a thread or a large heap, for a fork copies page tables and cannot copy threads. The handle
// belongs to the worker's loop; no call of it blocks but zygote_new and zygote_destroy.
#pragma once
#include "base/error.h"
#include <stdint.h>
#include <sys/types.h>

typedef struct zygote zygote_t;

typedef enum { ZYGOTE_STARTED = 1, ZYGOTE_ENDED, ZYGOTE_FAILED } zygote_event_kind_t;

typedef struct {
    zygote_event_kind_t kind;
    uint64_t tag;                                       // which executor: what zygote_spawn was given
    pid_t pid;
    int status;                                         // ENDED: as of wait; FAILED (no process could be made): errno
} zygote_event_t;

// scratch: removed by the zygote when the worker has gone, in whatever way. NULL: failed.
zygote_t *zygote_new (const char *scratch, error_t *error);
// Kills what runs (an executor whose channel was closed has a moment to close its job), waits for all of it. Takes self to NULL.
void zygote_destroy (zygote_t **self_p);
int zygote_fd (const zygote_t *self);                   // readable: there is an event
// Borrows the descriptors: the executor's end of its channel, its position page, where its stdout and stderr go.
CHECKED status_t zygote_spawn (zygote_t *self, uint64_t tag, int channel, int page, int output, error_t *error);
void zygote_kill (zygote_t *self, uint64_t tag);        // nothing if it has ended
// The next event: true; else false, and *gone tells whether the zygote itself has ended.
bool zygote_next (zygote_t *self, zygote_event_t *event, bool *gone);
