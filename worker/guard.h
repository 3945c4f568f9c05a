// guard: an executor's side of an input that is brought to its node while it is read: NEED before it reads on, HAVE when it may.
//
// Plain data of its executor. Messages that come while it waits (a FORGET, the LOAD of another job) are kept for after.
#pragma once
#include "store/input.h"
#include "wire/message.h"

typedef struct {
    input_guard_t input;                                // for the engine; its path is the task's
    int channel;
    uint64_t job, file;                                 // of the task
    message_t *kept;
    uint32_t count;
} guard_t;

void guard_init (guard_t *self, int channel);
void guard_begin (guard_t *self, const message_t *task);           // borrows until the next
bool guard_kept (guard_t *self, message_t *into);                   // the oldest message kept; false: none
