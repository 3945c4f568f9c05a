// client: the library racimo-client; see api/racimo-client.h.
//
// What `racimo run --master` does, without a terminal: the same connection (remote.c), the same sources (sources.c). A message that comes while
// another one is waited for is kept if it is a job's end; of the rest a newer one will come.
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/home.h"
#include "cli/remote.h"
#include "cli/sides.h"
#include "cli/sources.h"

#include <czmq.h>
#include <racimo-client.h>
#include <racimo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { USUAL_PRIORITY = 100, SILENCE_US = 5000000, STEP_MS = 1000, ACCEPT_WAITS = 6 };

struct rac_client {
    remote_t *remote;
    uint64_t *job; size_t jobs;                         // that are followed
    message_t *end; size_t ends;                        // FINISHED that nobody has seen yet
    message_t last;                                     // what the last news point to
    int64_t heard_us;
    error_t error;
};

rac_client *rac_client_open (const char *master, char *why, size_t room)
{
    rac_client *self = memory_new (sizeof *self);
    self->remote = remote_new (master, &self->error);
    self->heard_us = clock_us ();
    if (!self->remote && why && room)
        snprintf (why, room, "%s", self->error.text);
    if (!self->remote)
        rac_client_close (&self);
    return self;
}

void rac_client_close (rac_client **self_p)
{
    rac_client *self = *self_p;
    if (!self)
        return;
    remote_destroy (&self->remote);
    while (self->ends)
        message_free (&self->end [--self->ends]);
    message_free (&self->last);
    free (self->end);
    free (self->job);
    free (self);
    *self_p = NULL;
}

const char *rac_client_error (const rac_client *self)
{
    return self->error.text;
}

// ---- jobs that are followed

static void s_follow (rac_client *self, uint64_t job)
{
    for (size_t i = 0; i < self->jobs; i++)
        if (self->job [i] == job)
            return;
    self->job = memory_grow (self->job, (self->jobs + 1) * sizeof *self->job);
    self->job [self->jobs++] = job;
}

static void s_leave (rac_client *self, uint64_t job)
{
    for (size_t i = 0; i < self->jobs; i++)
        if (self->job [i] == job)
            self->job [i--] = self->job [--self->jobs];
}

// Takes the message if it is to be kept.
static void s_keep_end (rac_client *self, message_t *message)
{
    if (message->verb == MESSAGE_FINISHED && message->finished.job) {
        self->end = memory_grow (self->end, (self->ends + 1) * sizeof *self->end);
        self->end [self->ends++] = *message;
        *message = (message_t) { 0 };
    }
    message_free (message);
}

// ---- launch

static status_t s_choice (const char *text, const char *what, const char *const *names, size_t count, uint64_t first, uint64_t *into, error_t *error)
{
    for (size_t i = 0; text && i < count; i++)
        if (!strcmp (text, names [i])) {
            *into = first + i;
            return OK;
        }
    return text ? error_set_kind (error, ERROR_USAGE, "%s: there is no %s of that name", text, what) : OK;
}

// Lists that end with NULL, as those of a message; borrowed.
static wire_texts_t s_texts (const char *const *list)
{
    wire_texts_t texts = { (char **) list, 0 };
    while (list && list [texts.count])
        texts.count++;
    return texts;
}

static status_t s_compose (const rac_launch *launch, message_submit_t *submit, error_t *error)
{
    static const char *const formats [] = { "lines", "csv", "tsv" };
    if (launch->size != sizeof *launch)
        return error_set_kind (error, ERROR_USAGE, "rac_launch: its size is not that of this release");
    if (!launch->job || !launch->output || !*launch->output)
        return error_set_kind (error, ERROR_USAGE, "rac_launch: job and output are needed");
    TRY (s_choice (launch->format, "format", formats, 3, RAC_LINES, &submit->format, error));
    TRY (s_choice (launch->output_format, "output format", formats + 1, 2, RAC_CSV, &submit->output_format, error));
    submit->options = s_texts (launch->options);
    submit->inputs = s_texts (launch->inputs);
    submit->output_kind = cli_is_folder_name (launch->output) ? OUTPUT_FOLDER : OUTPUT_FILE;
    submit->max_rejects = launch->max_rejects;
    submit->overwrite = launch->overwrite != 0;
    submit->priority = launch->priority > 0 ? (uint64_t) launch->priority : USUAL_PRIORITY;
    submit->detached = 1;
    return OK;
}

// ACCEPTED, or why not.
static uint64_t s_await_number (rac_client *self, error_t *error)
{
    for (int waits = 0; waits < ACCEPT_WAITS;) {
        message_t message = { 0 };
        error_t why = { 0 };
        if (remote_next (self->remote, &message, &why)) {
            waits = remote_refused (self->remote, error) ? ACCEPT_WAITS : waits + 1;
            continue;
        }
        self->heard_us = clock_us ();
        uint64_t job = message.verb == MESSAGE_ACCEPTED ? message.accepted.job : 0;
        bool refused = message.verb == MESSAGE_FINISHED && !message.finished.job;
        if (message.verb == MESSAGE_WANT)
            remote_answer (self->remote, &message.want);
        if (refused)
            (void) error_set_kind (error, ERROR_USAGE, "%s", message.finished.error);
        s_keep_end (self, &message);
        if (job || refused)
            return job;
    }
    (void) error_set (error, "%s does not answer", remote_name (self->remote));
    return 0;
}

static uint64_t s_submit (rac_client *self, const rac_launch *launch, error_t *error)
{
    message_t message = { .verb = MESSAGE_SUBMIT };
    message_submit_t *submit = &message.submit;
    char *name = NULL, *source = NULL, *here = getcwd (NULL, 0), *output = launch->output ? memory_text (launch->output) : NULL;
    buffer_t bundle = { 0 };
    status_t rc = s_compose (launch, submit, error);
    if (!rc)
        rc = home_job (launch->job, &name, &source, error);
    if (!rc)
        rc = sources_bundle (source, &bundle, error);
    for (size_t size = output ? strlen (output) : 0; size > 1 && output [size - 1] == '/'; size--)
        output [size - 1] = '\0';
    submit->name = name;
    submit->source = source;
    submit->output = output;
    submit->folder = here;
    if (!rc)
        submit->bundle = (char *) remote_offer (self->remote, &bundle);
    if (!rc)
        rc = sides_offer_options (self->remote, submit, error);
    if (!rc)
        rc = remote_offer_inputs (self->remote, submit, error);
    if (!rc)
        rc = remote_send (self->remote, &message, error);
    uint64_t job = rc ? 0 : s_await_number (self, error);
    remote_offer_nothing (self->remote);
    sides_offer_end (submit);
    free (name);
    free (source);
    free (here);
    free (output);
    buffer_free (&bundle);
    return job;
}

uint64_t rac_client_launch (rac_client *self, const rac_launch *launch)
{
    self->error = (error_t) { 0 };
    uint64_t job = s_submit (self, launch, &self->error);
    if (job)
        s_follow (self, job);
    return job;
}

// ---- news

int rac_client_follow (rac_client *self, uint64_t job)
{
    message_t attach = { .verb = MESSAGE_ATTACH, .attach = { job } };
    self->error = (error_t) { 0 };
    if (remote_send (self->remote, &attach, &self->error))
        return -1;
    s_follow (self, job);
    return 0;
}

int rac_client_cancel (rac_client *self, uint64_t job)
{
    message_t cancel = { .verb = MESSAGE_CANCEL, .cancel = { job } };
    return rac_client_follow (self, job) || remote_send (self->remote, &cancel, &self->error) ? -1 : 0;
}

static void s_tell_end (rac_client *self, message_t *finished, rac_news *into)
{
    message_free (&self->last);
    self->last = *finished;
    *finished = (message_t) { 0 };
    const message_finished_t *end = &self->last.finished;
    *into = (rac_news) { .job = end->job, .phase = RAC_ENDED, .exit_code = (int) end->exit_code, .error = end->error, .summary = end->summary };
    s_leave (self, end->job);
}

static bool s_tell_kept (rac_client *self, uint64_t job, rac_news *into)
{
    for (size_t i = 0; i < self->ends; i++)
        if (!job || self->end [i].finished.job == job) {
            message_t end = self->end [i];
            memmove (&self->end [i], &self->end [i + 1], (--self->ends - i) * sizeof end);
            s_tell_end (self, &end, into);
            return true;
        }
    return false;
}

static void s_call_again (rac_client *self)
{
    for (size_t i = 0; i < self->jobs; i++) {
        message_t attach = { .verb = MESSAGE_ATTACH, .attach = { self->job [i] } };
        if (peer_send (remote_peer (self->remote), NULL, &attach, 0, NULL))
            break;                                      // not connected: the next time, then
    }
    self->heard_us = clock_us ();
}

// 1: a message that is news; 0: none, or one that is none; -1: a job that is followed has never been.
static int s_listen (rac_client *self, rac_news *into, int wait_ms)
{
    peer_t *peer = remote_peer (self->remote);
    zmq_pollitem_t item = { .socket = peer_socket (peer), .events = ZMQ_POLLIN };
    message_t message = { 0 };
    (void) zmq_poll (&item, 1, wait_ms);
    if (peer_receive (peer, NULL, &message, NULL) != PEER_MESSAGE)
        return 0;
    self->heard_us = clock_us ();
    if (message.verb == MESSAGE_FINISHED && message.finished.job) {
        s_tell_end (self, &message, into);
        return 1;
    }
    if (message.verb == MESSAGE_FINISHED || (message.verb == MESSAGE_END && *message.end.error)) {
        (void) error_set (&self->error, "%s", message.verb == MESSAGE_FINISHED ? message.finished.error : message.end.error);
        message_free (&message);
        return -1;
    }
    const message_state_t *state = &message.state;
    bool news = message.verb == MESSAGE_STATE;
    if (news)
        *into = (rac_news) { .job = state->job, .phase = (rac_phase) (state->phase < STATE_ENDED ? state->phase : 0), .bytes_done = state->bytes_done,
            .bytes_all = state->bytes_all, .rows = state->rows, .tasks_done = state->tasks_done, .tasks_all = state->tasks_all, .error = "",
            .summary = "" };
    message_free (&message);
    return news;
}

int rac_client_next (rac_client *self, rac_news *into, int wait_ms)
{
    int64_t due = clock_us () + (int64_t) wait_ms * 1000;
    self->error = (error_t) { 0 };
    if (s_tell_kept (self, 0, into))
        return 1;
    for (;;) {
        int64_t left_ms = wait_ms < 0 ? STEP_MS : (due - clock_us ()) / 1000;
        int heard = s_listen (self, into, left_ms < 0 ? 0 : left_ms < STEP_MS ? (int) left_ms : STEP_MS);
        if (heard)
            return heard;
        if (remote_refused (self->remote, &self->error))
            return -1;
        if (clock_us () - self->heard_us > SILENCE_US)
            s_call_again (self);
        if (wait_ms >= 0 && clock_us () >= due)
            return 0;
    }
}

int rac_client_wait (rac_client *self, uint64_t job, rac_news *into)
{
    self->error = (error_t) { 0 };
    while (!s_tell_kept (self, job, into)) {
        rac_news news;
        int heard = s_listen (self, &news, STEP_MS);
        if (heard < 0)
            return -1;
        if (!heard) {
            if (remote_refused (self->remote, &self->error))
                return -1;
            if (clock_us () - self->heard_us > SILENCE_US)
                s_call_again (self);
            continue;
        }
        if (news.phase == RAC_ENDED) {                  // kept, be it this one's or another's
            s_keep_end (self, &self->last);
            self->last = (message_t) { 0 };
        }
    }
    return into->exit_code;
}
