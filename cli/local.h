// local: a private master and worker for one run on this machine, with a folder of their own, and their end.
//
// Belongs to the client, which starts it before it has any ZeroMQ context or thread. Both are processes in a process group of their
// own, so that Ctrl-C reaches the client only; both end by themselves when the client has died, and remove the folder.
#pragma once
#include "base/error.h"
#include <stdint.h>
#include <sys/types.h>

typedef struct local local_t;

typedef struct {
    uint64_t slots, memory;                             // memory: bytes for all slots
    const char *logs;                                   // folder that keeps what jobs print; NULL: it is dropped
} local_options_t;

// Returns when the master can be connected to. NULL: failed; the error is empty if one of the processes has said why.
local_t *local_start (const local_options_t *options, error_t *error);
const char *local_endpoint (const local_t *self);
const char *local_folder (const local_t *self);         // 0700; removed by local_stop
pid_t local_master (const local_t *self);               // also once it has ended
// After a SIGCHLD: OK while both are at work; else FAILED, the error names who ended and how.
CHECKED status_t local_check (local_t *self, error_t *error);
// Ends both and removes the folder. The master, if it was told to STOP, has `patience_ms` before it gets a SIGTERM; SIGKILL in the end.
// True: one of them had failed, and has said why on standard error: who says that it is lost says it a second time.
bool local_stop (local_t **self_p, int patience_ms);
