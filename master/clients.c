// clients: what clients ask for: jobs, their end, word of them.
//
// A job of a cluster belongs to the key that submitted it, and to no connection: it goes on when its client leaves, anybody who may be a
// client may look at it (ATTACH), and only that key may end it (CANCEL). A private master's job ends with its only client.
#include "master/desk.h"
#include "base/file.h"
#include "base/log.h"

#include <stdio.h>

enum { JOBS = 10000 };                                  // under way at a time: each costs memory before it costs time

static void s_refuse (shell_t *self, const peer_id_t *from, error_kind_t kind, const char *why)
{
    shell_send_finished (self, from, 0, (uint64_t) master_exit_of (kind), why, "", "");
}

void shell_answer (shell_t *self, const peer_id_t *to, const char *why)
{
    message_t end = { .verb = MESSAGE_END, .end = { (char *) why } };
    if (peer_send (self->peer, to, &end, 0, NULL))
        shell_log (self, "a client has gone before its answer");
}

// ---- what its names mean

static char *s_keep (message_t *message, char *text)
{
    size_t size = strlen (text) + 1;
    if (!message->memory)
        message->memory = arena_new (4096);
    char *kept = memcpy (arena_take (message->memory, size), text, size);
    free (text);
    return kept;
}

static status_t s_resolve_output (shell_t *self, message_t *message, uint64_t job, error_t *error)
{
    message_submit_t *submit = &message->submit;
    char *output;
    if (submit->output && *submit->output)
        output = roots_place (self->roots, submit->output, submit->folder, error);
    else if (!self->results)
        return error_set_kind (error, ERROR_USAGE, "this master keeps no results: name an output on the head (-o)");
    else {                                              // the client fetches it
        output = results_path (self->results, job);
        submit->output_kind = OUTPUT_FILE;
        submit->overwrite = 1;
    }
    if (output)
        submit->output = s_keep (message, output);
    return output ? OK : FAILED;
}

// A cluster's client names what lies on the head. What it cannot have is its own choice: who it is, and whether results are on the disk
// before they are told.
static status_t s_resolve (shell_t *self, message_t *message, uint64_t job, error_t *error)
{
    message_submit_t *submit = &message->submit;
    const user_t *user = peer_user (self->peer);
    submit->sync = 1;
    if (self->gate)
        submit->user = s_keep (message, memory_text (user->name));
    if (submit->input_list && *submit->input_list)
        return error_set_kind (error, ERROR_USAGE, "too many inputs for a cluster: name their folder, or a pattern in quotes");
    for (uint32_t i = 0; i < submit->inputs.count; i++) {
        char *path = roots_find (self->roots, submit->inputs.item [i], submit->folder, error);
        if (!path)
            return FAILED;
        submit->inputs.item [i] = s_keep (message, path);
    }
    if (!submit->bundle || !*submit->bundle) {
        char *source = roots_find (self->roots, submit->source, submit->folder, error);
        if (!source)
            return FAILED;
        submit->source = s_keep (message, source);
    }
    return s_resolve_output (self, message, job, error);
}

// ---- submit

static status_t s_begin (shell_t *self, work_t *work, error_t *error)
{
    if (!self->data)
        return OK;
    bool kept = self->results && results_is (self->results, work->asked.submit.output);
    TRY (output_share (work->output, self->epoch, work->number, kept ? NULL : self->roots, error));
    return dataserver_add (self->data, work->number, FETCH_INPUT, &work->inputs, output_folder (work->output), "", error);
}

static status_t s_accept (shell_t *self, const peer_id_t *from, message_t *message, error_t *error)
{
    uint64_t number = self->jobs + 1;
    input_fence_t fence = { 0 };
    uint32_t jobs = 0;
    for (const work_t *work = self->works; work; work = work->next)
        jobs++;
    if (self->leaving)
        return error_set (error, "the master ends, and takes no more jobs");
    if (jobs >= JOBS)
        return error_set (error, "the master has %u jobs under way and takes no more now", jobs);
    if (self->roots) {
        TRY (s_resolve (self, message, number, error));
        fence = roots_fence (self->roots);
    }
    work_t *work = work_new (number, message, self->roots ? &fence : NULL, error);
    if (!work)
        return FAILED;
    if (s_begin (self, work, error)) {
        work_destroy (&work);
        return FAILED;
    }
    self->jobs = number;
    work_watch (work, from);
    snprintf (work->owner, sizeof work->owner, "%s", self->gate ? peer_user (self->peer)->key : "");
    work_t **at = &self->works;
    while (*at)
        at = &(*at)->next;
    *at = work;
    return OK;
}

void shell_submit (shell_t *self, const peer_id_t *from, message_t *message)
{
    error_t error = { 0 };
    if (desk_awaits (self, from, message))
        return;
    if (s_accept (self, from, message, &error)) {
        s_refuse (self, from, error.kind, error.text);
        return;
    }
    work_t *work = shell_work (self, self->jobs);
    const message_submit_t *submit = &work->asked.submit;
    message_t accepted = { .verb = MESSAGE_ACCEPTED, .accepted = { work->number, self->epoch,
        self->data ? (uint64_t) dataserver_port (self->data) : 0 } };
    desk_begin (self, work);                            // first: what was accepted is known to the next master
    shell_tell_watchers (self, work, &accepted);
    shell_step (self, (event_t) { .kind = EVENT_SUBMITTED, .job = work->number, .user = self->data ? submit->user : NULL,
        .priority = self->data ? submit->priority : PLAN_PRIORITY });
}

// ---- cancel and attach

static void s_cancel (shell_t *self, const peer_id_t *from, uint64_t job)
{
    work_t *work = shell_work (self, job);
    const user_t *user = peer_user (self->peer);
    bool own = !self->gate || (work ? !strcmp (work->owner, user->key) : results_drop (self->results, job, user->key));
    if (work && !own)
        shell_answer (self, from, "that job is another client's: only the key that submitted it may end it");
    else if (shell_ended (self, job) || (work && work->committing))
        shell_answer (self, from, "that job is being put in place: it ends by itself");
    else if (work) {
        bool watches = work_watches (work, from);
        shell_cancel (self, job, EXIT_CANCELLED, "cancelled");
        if (!watches)
            shell_answer (self, from, "");
    }
    else if (self->data)
        shell_answer (self, from, own ? "" : "there is no such job under way");
}

static void s_attach (shell_t *self, const peer_id_t *from, uint64_t job)
{
    work_t *work = shell_work (self, job);
    if (!work)
        work = shell_ended (self, job);
    if (!work) {
        desk_recall (self, from, job);
        return;
    }
    work_watch (work, from);
    work->told_us = 0;                                  // all get a STATE at once
}

void shell_hear_client (shell_t *self, const peer_id_t *from, message_t *message)
{
    switch (message->verb) {
    case MESSAGE_SUBMIT: shell_submit (self, from, message); break;
    case MESSAGE_CANCEL: s_cancel (self, from, message->cancel.job); break;
    case MESSAGE_ATTACH: s_attach (self, from, message->attach.job); break;
    case MESSAGE_QUERY: desk_query (self, from, &message->query); break;
    case MESSAGE_BLOB: desk_blob (self, from, &message->blob, shell_submit); break;
    case MESSAGE_WANT: desk_want (self, from, &message->want); break;
    case MESSAGE_STOP: self->ending |= self->options->private; break;
    default: log_rarely (&self->rate, "a client sent what only others send (%s)", message_name (message->verb));
    }
}
