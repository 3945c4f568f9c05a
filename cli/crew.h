// crew: workers on other machines, each started by a command here (ssh, srun) that stands for it: its standard input is the worker's.
//
// Belongs to one thread. The worker gets its settings and its key there, never on a command line, where others can read them; and
// ends when that input does, for a killed ssh does not end what it has started. So whatever becomes of us, no worker is left.
#pragma once
#include "base/memory.h"
#include "wire/keys.h"

typedef struct crew crew_t;

// via: the command that runs another one on HOST, with {} for the host; program: racimo there.
crew_t *crew_new (const char *via, const char *program);
// settings: a configuration file's text; both are sent at once. A host may be there more than once.
CHECKED status_t crew_add (crew_t *self, const char *host, const buffer_t *settings, const keys_t *keys, error_t *error);
// Waits at most wait_ms for news of workers, or for `other` to be readable, and takes in all there is. Says on standard error who has ended.
void crew_wait (crew_t *self, int other, int wait_ms);
size_t crew_size (const crew_t *self);
size_t crew_working (const crew_t *self);               // those that a master has taken in and that have not ended
size_t crew_ended (const crew_t *self);
bool crew_reap (crew_t *self, int pid, int status);     // a child of this process has ended; true: it was one of ours
// Closes all inputs and waits for the ends, at most wait_ms; the commands that are left then are killed.
void crew_destroy (crew_t **self_p, int wait_ms);
