// commit: a result is put in place.
//
// That is renames, and for a file as the result the joining of its parts; under a cluster's master all of it is on the disk before success is told,
// which on an SD card takes seconds a gigabyte. So there it is done by a thread of its own, and other jobs go on. Meanwhile the plan hands
// out nothing of this job, and the loop touches neither its output nor its results; an eventfd tells of the end.
#include "master/shell.h"

#include <czmq.h>
#include <errno.h>
#include <sys/eventfd.h>

typedef struct { work_t *work; int committed; } order_t;

static void s_ended (shell_t *self, const work_t *work, bool failed, const error_t *error)
{
    shell_step (self, (event_t) { .kind = failed ? EVENT_COMMIT_FAILED : EVENT_COMMITTED, .job = work->number, .error = error->text,
        .error_kind = (uint64_t) error->kind });
}

static void *s_run (void *context)
{
    order_t order = *(order_t *) context;
    free (context);
    work_t *work = order.work;
    work->commit_failed = work_commit (work, &work->commit_error) != OK;
    atomic_store (&work->commit_ended, true);
    if (write (order.committed, &(uint64_t) { 1 }, 8) != 8) { }     // full: the loop is awake
    return NULL;
}

static void s_at_once (shell_t *self, work_t *work)
{
    error_t error = { 0 };
    bool failed = work_commit (work, &error) != OK;
    s_ended (self, work, failed, &error);
}

void shell_commit (shell_t *self, work_t *work)
{
    work->reduced_us = self->now;
    if (!self->data) {
        s_at_once (self, work);
        return;
    }
    work->codecs = dataserver_served (self->data, work->number).codecs;
    order_t *order = memory_new (sizeof *order);
    *order = (order_t) { work, self->committed };
    work->committing = true;
    if (!pthread_create (&work->committer, NULL, s_run, order))
        return;
    free (order);
    work->committing = false;
    s_at_once (self, work);
}

void shell_committed (shell_t *self)
{
    uint64_t count;
    if (read (self->committed, &count, sizeof count) != sizeof count)
        return;
    for (work_t *work = self->works, *next; work; work = next) {
        next = work->next;
        if (!work->committing || !atomic_load (&work->commit_ended))
            continue;
        pthread_join (work->committer, NULL);
        work->committing = false;
        error_t error = work->commit_error;
        s_ended (self, work, work->commit_failed, &error);
        next = self->works;                             // whatever that has ended
    }
    shell_settle (self);
}

void shell_await_commits (shell_t *self)
{
    for (;;) {
        work_t *work = self->works;
        while (work && !work->committing)
            work = work->next;
        if (!work)
            return;
        zmq_pollitem_t item = { .fd = self->committed, .events = ZMQ_POLLIN };
        (void) zmq_poll (&item, 1, -1);
        shell_committed (self);
    }
}
