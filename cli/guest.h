// guest: a worker that somebody else's `racimo up` has started here: it gets settings and key on standard input, keeps nothing, and ends
// when that input does.
#pragma once
#include "base/memory.h"
#include "wire/keys.h"

#define GUEST_WORD "--from-stdin"                       // racimo worker --from-stdin
#define GUEST_NAME "racimo worker"                      // how its log's lines begin
#define GUEST_JOINED ": is worker "                     // in the line that a worker logs when a master has taken it in

// What its standard input has to begin with.
void guest_write (const buffer_t *settings, const keys_t *keys, buffer_t *into);
// Returns the exit status. The process has no thread and no ZeroMQ context yet.
int guest_run (void);
