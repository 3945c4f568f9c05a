// tasklog: what one slot's job prints, kept in a file up to a limit an attempt, so that noise neither blocks it nor fills a disk.
//
// Owned by its slot, used by the worker's loop only. The file is there once something was printed, and says where it was cut.
#pragma once
#include "base/memory.h"
#include <stddef.h>
#include <stdint.h>

enum { TASKLOG_LIMIT = 1024 * 1024, TASKLOG_LAST = 200 };

typedef struct tasklog tasklog_t;

tasklog_t *tasklog_new (const char *path);              // NULL: no file; what is kept lies in tasklog_fresh
void tasklog_destroy (tasklog_t **self_p);
void tasklog_begin (tasklog_t *self);                   // another attempt: its own limit, no last line yet
// Reads a non-blocking pipe until it is empty, at most some MiB so that nobody else waits long. Returns 0 at the pipe's end, else 1.
int tasklog_drain (tasklog_t *self, int output);
buffer_t *tasklog_fresh (tasklog_t *self);              // kept since the caller has emptied it
const char *tasklog_last (const tasklog_t *self);       // the last line of the attempt, cut to TASKLOG_LAST, or ""
