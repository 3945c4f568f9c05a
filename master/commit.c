// commit: the end of a job: its result is put in place, then what was hidden is put away, then its clients hear of it.
//
// That is renames, and for a file as the result the joining of its parts; under a cluster's master all of it is on the disk before success is told,
// which on an SD card takes seconds a gigabyte, and an attempt's files go one by one. So there it is an errand, and other jobs go on. While a
// job commits the plan hands out nothing of it, and the loop touches neither its output nor its results; once it has ended the plan has forgotten
// it, and it stands among `ended` until nothing of it is hidden any more.
#include "master/builders.h"
#include "master/desk.h"
#include "master/prints.h"

#include <czmq.h>

void shell_errand (shell_t *self, uint64_t lane, errand_fn *run, errand_fn *done, void *context)
{
    if (self->errands) {
        errands_send (self->errands, lane, run, done, context);
        return;
    }
    run (context);
    done (context);
}

void shell_await_errands (shell_t *self)
{
    while (self->errands && !errands_idle (self->errands)) {
        zmq_pollitem_t item = { .fd = errands_fd (self->errands), .events = ZMQ_POLLIN };
        (void) zmq_poll (&item, 1, -1);
        errands_hear (self->errands);
        shell_settle (self);
    }
}

// ---- a part that is not wanted

typedef struct { const work_t *work; char *name; } drop_t;

static void s_drop (void *context)
{
    const drop_t *self = context;
    output_drop (self->work->output, self->name);
}

static void s_dropped (void *context)
{
    drop_t *self = context;
    free (self->name);
    free (self);
}

void shell_drop (shell_t *self, const work_t *work, const char *name)
{
    drop_t *drop = memory_new (sizeof *drop);
    *drop = (drop_t) { work, memory_text (name) };
    shell_errand (self, work->number, s_drop, s_dropped, drop);
}

// ---- a result is put in place

typedef struct { shell_t *shell; work_t *work; bool failed; error_t error; } commit_t;

static void s_commit (void *context)
{
    commit_t *self = context;
    self->failed = work_commit (self->work, &self->error) != OK;
}

static void s_committed (void *context)
{
    commit_t *self = context;
    work_t *work = self->work;
    work->committing = false;
    if (!work->ended)                                   // given up meanwhile: what it has done is undone, or too late
        shell_step (self->shell, (event_t) { .kind = self->failed ? EVENT_COMMIT_FAILED : EVENT_COMMITTED, .job = work->number,
            .error = self->error.text, .error_kind = (uint64_t) self->error.kind });
    free (self);
}

void shell_commit (shell_t *self, work_t *work)
{
    work->reduced_us = self->now;
    if (self->data)
        work->codecs = dataserver_served (self->data, work->number).codecs;
    commit_t *commit = memory_new (sizeof *commit);
    *commit = (commit_t) { .shell = self, .work = work };
    work->committing = true;
    shell_errand (self, work->number, s_commit, s_committed, commit);
}

// ---- the end

// A result that its client fetches is offered before it is told of.
static void s_keep_result (shell_t *self, work_t *work)
{
    error_t error = { 0 };
    if (self->results && !work->exit_code && results_is (self->results, work->asked.submit.output)
        && results_keep (self->results, work->number, work->owner, self->now, &error))
        shell_log (self, error.text);
}

typedef struct { shell_t *shell; work_t *work; } ending_t;

static void s_put_away (void *context)
{
    ending_t *self = context;
    output_destroy (&self->work->output);
}

void shell_unlink (work_t **list, work_t *work)
{
    while (*list != work)
        list = &(*list)->next;
    *list = work->next;
}

static void s_tell (void *context)
{
    ending_t *self = context;
    shell_t *shell = self->shell;
    work_t *work = self->work;
    const message_finished_t finished = { work->number, work->exit_code, work->end, work->compiler, work->summary.data };
    s_keep_result (shell, work);
    desk_end (shell, work, &finished);
    for (uint32_t i = 0; i < work->watchers; i++)
        shell_send_finished (shell, &work->watcher [i], work->number, finished.exit_code, finished.error, finished.compiler, finished.summary);
    shell_unlink (&shell->ended, work);
    work_destroy (&work);
    free (self);
}

void shell_end (shell_t *self, work_t *work, uint64_t exit_code, const char *error, const char *compiler)
{
    work->exit_code = exit_code;
    work->end = memory_text (error);
    work->compiler = memory_text (compiler);
    if (!exit_code)
        work_summary (work, &work->summary);
    for (uint32_t i = 0; i < self->roster.members; i++) {
        message_t forget = { .verb = MESSAGE_FORGET, .forget = { self->epoch, work->number } };
        if (work_told (work, self->roster.member [i].number))
            shell_tell (self, &self->roster.member [i], &forget);
    }
    if (self->data)
        dataserver_forget (self->data, work->number, FETCH_INPUT, &work->inputs);
    desk_sides_end (self, work->number, &work->sides);
    builders_forget (self, work->number);
    shell_unlink (&self->works, work);
    prints_forget (self, work->number);
    work->next = self->ended;
    work->ended = true;
    self->ended = work;
    ending_t *ending = memory_new (sizeof *ending);
    *ending = (ending_t) { self, work };
    shell_errand (self, work->number, s_put_away, s_tell, ending);
}
