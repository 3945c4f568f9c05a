// guard: see guard.h. One question at a time: an executor reads with one thread, and what it may read without asking is megabytes.
#include "worker/guard.h"
#include "wire/pipe.h"

static void s_keep (guard_t *self, message_t *message)
{
    self->kept = memory_grow (self->kept, (self->count + 1) * sizeof *self->kept);
    self->kept [self->count++] = *message;
}

static status_t s_ask (void *context, uint64_t offset, uint64_t *upto, error_t *error)
{
    guard_t *self = context;
    message_t need = { .verb = MESSAGE_NEED, .need = { .job = self->job, .file = self->file, .offset = offset, .length = 1 } };
    if (message_send (self->channel, &need, error))
        return error_set (error, "the worker is gone");
    for (;;) {
        message_t answer;
        if (message_receive (self->channel, &answer, error))
            return error_set (error, "the worker is gone");
        if (answer.verb != MESSAGE_HAVE) {
            s_keep (self, &answer);
            continue;
        }
        status_t rc = OK;
        if (*answer.have.error)
            rc = error_set_kind (error, answer.have.kind <= ERROR_SCRATCH ? (error_kind_t) answer.have.kind : ERROR_OTHER, "%s", answer.have.error);
        else if (answer.have.upto <= offset)
            rc = error_set (error, "byte %llu was asked for and not brought", (unsigned long long) offset);
        *upto = answer.have.upto;
        message_free (&answer);
        return rc;
    }
}

void guard_init (guard_t *self, int channel)
{
    *self = (guard_t) { .channel = channel };
    self->input = (input_guard_t) { .ask = s_ask, .context = self };
}

void guard_begin (guard_t *self, const message_t *task)
{
    if (task->verb != MESSAGE_MAP)
        return;
    self->job = task->map.job;
    self->file = task->map.file;
    self->input.path = task->map.local;
}

bool guard_kept (guard_t *self, message_t *into)
{
    if (!self->count)
        return false;
    *into = self->kept [0];
    self->count--;
    memmove (&self->kept [0], &self->kept [1], self->count * sizeof *self->kept);
    return true;
}
