// hear: messages into events. One ROUTER for all: who says HELLO is a worker from then on, everybody else a client. Nothing that a peer
// sends is believed beyond its own job: numbers are looked up, epochs compared, and what does not fit changes nothing.
#include "master/desk.h"

#include <racimo.h>

// ---- messages of clients

static void s_submit (shell_t *self, const peer_id_t *from, message_t *message)
{
    error_t error = { 0 };
    if (desk_awaits (self, from, message))
        return;
    work_t *work = work_new (++self->jobs, message, from, &error);
    if (!work) {
        shell_send_finished (self, from, 0, (uint64_t) master_exit_of (error.kind), error.text, "", "");
        return;
    }
    if (self->data && dataserver_add (self->data, work->number, FETCH_INPUT, &work->inputs, output_folder (work->output), "", &error)) {
        shell_send_finished (self, from, 0, (uint64_t) master_exit_of (error.kind), error.text, "", "");
        work_destroy (&work);
        return;
    }
    work_t **at = &self->works;
    while (*at)
        at = &(*at)->next;
    *at = work;
    work->told_us = self->now;
    message_t accepted = { .verb = MESSAGE_ACCEPTED, .accepted = { work->number, self->epoch } };
    shell_tell_client (self, work, &accepted);
    desk_begin (self, work);
    shell_step (self, (event_t) { .kind = EVENT_SUBMITTED, .job = work->number });
}

static void s_attach (shell_t *self, const peer_id_t *from, uint64_t job)
{
    work_t *work = shell_work (self, job);
    if (!work) {
        desk_recall (self, from, job);
        return;
    }
    work->client = *from;
    work->client_gone = false;
}

// ---- messages of workers

static void s_hello (shell_t *self, const peer_id_t *from, const message_hello_t *hello)
{
    member_t *member = roster_of (&self->roster, from);
    if (hello->abi != RAC_ABI || !hello->slots || hello->slots > ROSTER_SLOTS) {
        char text [256];
        snprintf (text, sizeof text, "%.100s: refused: it has ABI %llu and %llu slots", hello->node, (unsigned long long) hello->abi,
            (unsigned long long) hello->slots);
        shell_log (self, text);
        message_t stop = { .verb = MESSAGE_STOP, .stop = { self->epoch } };
        if (peer_send (self->peer, from, &stop, 0, NULL))
            shell_log (self, "it is gone already");
        return;
    }
    bool again = member && member->nonce == hello->nonce;           // said twice; it lost our answer
    if (member && !again) {
        member->gone = true;
        shell_settle (self);
    }
    if (!again)
        member = roster_add (&self->roster, from, hello);
    snprintf (member->key, sizeof member->key, "%s", peer_user (self->peer)->key);
    member->seen_us = self->now;
    message_t welcome = { .verb = MESSAGE_WELCOME, .welcome = { self->epoch, member->number, BEAT_MS,
        self->data ? (uint64_t) dataserver_port (self->data) : 0 } };
    if (shell_tell (self, member, &welcome) && !again)
        shell_step (self, (event_t) { .kind = EVENT_WORKER_JOINED, .worker = member->number, .slots = hello->slots });
}

static void s_beat (shell_t *self, member_t *member, const message_beat_t *beat)
{
    work_t *work = shell_work (self, beat->job);
    roster_beat (member, beat);
    if (work && beat->resident > work->resident)
        work->resident = beat->resident;
}

static void s_declared (shell_t *self, const member_t *member, const message_declared_t *declared)
{
    work_t *work = shell_work (self, declared->job);
    if (!work)
        return;
    error_t error = { 0 };
    uint64_t *bytes = NULL;
    const message_submit_t *submit = &work->asked.submit;
    bool failed = work_cut (work, declared, &bytes, &error);
    shell_step (self, (event_t) { .kind = EVENT_DECLARED, .worker = member->number, .job = declared->job, .declared = declared,
        .tasks = failed ? 0 : work->tasks, .bytes_of = bytes, .input_bytes = work->input_bytes, .shuffle_seed = submit->shuffle_seed,
        .partitions = submit->partitions, .max_rejects = submit->max_rejects, .error = failed ? error.text : NULL,
        .error_kind = (uint64_t) error.kind });
    free (bytes);
}

static void s_sealed (shell_t *self, const member_t *member, const message_sealed_t *sealed)
{
    work_t *work = shell_work (self, sealed->job);
    if (work) {
        work->segments++;
        work->segment_bytes += sealed->bytes;
        work->segment_rows += sealed->rows;
        work->seal_us += sealed->time_us;
    }
    shell_step (self, (event_t) { .kind = EVENT_SEALED, .worker = member->number, .sealed = sealed });
}

static void s_fault (shell_t *self, const member_t *member, const message_fault_t *fault)
{
    work_t *work = shell_work (self, fault->job);
    if (work)
        work->faults++;
    shell_step (self, (event_t) { .kind = EVENT_FAULT, .worker = member->number, .fault = fault });
}

// Of another life of the master: not about a job that we know.
static bool s_foreign (const shell_t *self, const message_t *message)
{
    switch (message->verb) {
    case MESSAGE_DECLARED: return message->declared.epoch != self->epoch;
    case MESSAGE_DONE: return message->done.epoch != self->epoch;
    case MESSAGE_SEALED: return message->sealed.epoch != self->epoch;
    case MESSAGE_FAULT: return message->fault.epoch != self->epoch;
    default: return false;
    }
}

static void s_hear_member (shell_t *self, member_t *member, const message_t *message)
{
    member->seen_us = self->now;
    if (s_foreign (self, message))
        return;
    switch (message->verb) {
    case MESSAGE_BEAT: s_beat (self, member, &message->beat); break;
    case MESSAGE_GONE: member->gone = true; break;
    case MESSAGE_DECLARED: s_declared (self, member, &message->declared); break;
    case MESSAGE_DONE: shell_step (self, (event_t) { .kind = EVENT_DONE, .worker = member->number, .done = &message->done }); break;
    case MESSAGE_SEALED: s_sealed (self, member, &message->sealed); break;
    case MESSAGE_FAULT: s_fault (self, member, &message->fault); break;
    case MESSAGE_LOG: desk_log (self, &message->log); break;
    case MESSAGE_WANT: desk_want (self, &member->id, &message->want); break;
    default: shell_log (self, "a worker sent what only others send");
    }
}

static void s_hear_client (shell_t *self, const peer_id_t *from, message_t *message)
{
    if (message->verb == MESSAGE_SUBMIT)
        s_submit (self, from, message);
    else if (message->verb == MESSAGE_CANCEL && shell_work (self, message->cancel.job))
        shell_cancel (self, message->cancel.job, EXIT_CANCELLED, "cancelled");
    else if (message->verb == MESSAGE_ATTACH)
        s_attach (self, from, message->attach.job);
    else if (message->verb == MESSAGE_QUERY)
        desk_query (self, from, &message->query);
    else if (message->verb == MESSAGE_BLOB)
        desk_blob (self, from, &message->blob, s_submit);
    else if (message->verb == MESSAGE_STOP)
        self->ending |= self->options->private;
    else if (message->verb == MESSAGE_BEAT) {           // counts as lost, and does not know it
        message_t welcome = { .verb = MESSAGE_WELCOME, .welcome = { self->epoch, 0, BEAT_MS } };
        if (peer_send (self->peer, from, &welcome, 0, NULL))
            shell_log (self, "a lost worker was heard and is gone again");
    }
}

void shell_hear (shell_t *self)
{
    for (;;) {
        peer_id_t from;
        message_t message;
        error_t error = { 0 };
        peer_news_t news = peer_receive (self->peer, &from, &message, &error);
        if (news == PEER_NOTHING)
            return;
        member_t *member = roster_of (&self->roster, &from);
        if (news == PEER_BAD)
            shell_log (self, error.text);
        else if (message.verb == MESSAGE_HELLO)
            s_hello (self, &from, &message.hello);
        else if (member)
            s_hear_member (self, member, &message);
        else
            s_hear_client (self, &from, &message);
        message_free (&message);
        shell_settle (self);
    }
}
