// hear: messages into events. Nothing that a peer sends is believed beyond its own part: who may say what is decided by the role of its
// key, numbers are looked up, epochs compared, and what does not fit changes nothing. A cluster without encryption has no keys and no roles: there,
// and for a private master, who says HELLO is a worker from then on, everybody else a client.
#include "master/builders.h"
#include "master/desk.h"
#include "base/log.h"

#include <stdio.h>

static void s_beat (shell_t *self, member_t *member, const message_beat_t *beat)
{
    work_t *work = shell_work (self, beat->job);
    roster_beat (member, beat);
    shell_outlive (self, member);
    if (!work || work->committing)
        return;
    if (beat->resident > work->resident)
        work->resident = beat->resident;
    if (!self->data || !beat->millicelsius)
        return;
    share_t *share = work_share (work, member->number, member->node);
    if (beat->millicelsius > share->millicelsius)
        share->millicelsius = beat->millicelsius;
    share->throttled |= beat->throttled;
}

static void s_declared (shell_t *self, const member_t *member, const message_declared_t *declared)
{
    work_t *work = shell_work (self, declared->job);
    if (!work || work->committing)
        return;
    error_t error = { 0 };
    uint64_t *bytes = NULL, *homes = NULL;
    const message_submit_t *submit = &work->asked.submit;
    bool failed = work_cut (work, declared, &bytes, &error);
    if (!failed && self->data)
        homes = homes_of (self->homes, work, &self->roster, self->plan);
    shell_step (self, (event_t) { .kind = EVENT_DECLARED, .worker = member->number, .job = declared->job, .declared = declared,
        .tasks = failed ? 0 : work->tasks, .bytes_of = bytes, .home_of = homes, .input_bytes = work->input_bytes,
        .shuffle_seed = submit->shuffle_seed, .partitions = submit->partitions, .max_rejects = submit->max_rejects,
        .error = failed ? error.text : NULL, .error_kind = (uint64_t) error.kind });
    free (bytes);
    free (homes);
}

// It is over: what it has made stays as it is.
static void s_withdraw (shell_t *self, const member_t *member, attempt_t attempt)
{
    dataserver_withdraw (self->data, &attempt, member->key);
}

static void s_done (shell_t *self, const member_t *member, const message_done_t *done)
{
    work_t *work = self->data ? shell_work (self, done->job) : NULL;
    if (work && !work->committing) {
        share_t *share = work_share (work, member->number, member->node);
        share->attempts++;
        share->bytes_in += done->stage ? 0 : done->bytes_in;
        share->time_us += done->time_us;
        share->moved += done->moved;
        share->carried += done->carried;
        if (!done->stage && done->task < work->tasks)
            homes_learn (self->homes, work, member, done);
    }
    if (work)
        s_withdraw (self, member, shell_attempt (work, done->stage, done->task, done->attempt));
    shell_step (self, (event_t) { .kind = EVENT_DONE, .worker = member->number, .done = done });
}

static void s_sealed (shell_t *self, const member_t *member, const message_sealed_t *sealed)
{
    work_t *work = shell_work (self, sealed->job);
    if (work && !work->committing) {
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
    if (work && !work->committing)
        work->faults++;
    if (work && self->data)
        s_withdraw (self, member, shell_attempt (work, fault->stage, fault->task, fault->attempt));
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
    case MESSAGE_LACK: return message->lack.epoch != self->epoch;
    case MESSAGE_BUILT: return message->built.epoch != self->epoch;
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
    case MESSAGE_DRAIN: shell_drain (self, member); break;
    case MESSAGE_GONE: member->gone = true; break;
    case MESSAGE_LOG: desk_log (self, &message->log); break;
    case MESSAGE_WANT: desk_want (self, &member->id, &message->want, true); break;
    case MESSAGE_LACK: builders_lack (self, member, &message->lack); break;
    case MESSAGE_BUILT: builders_built (self, member, &message->built); break;
    case MESSAGE_BLOB: builders_blob (self, member, &message->blob); break;
    case MESSAGE_DECLARED: s_declared (self, member, &message->declared); break;
    case MESSAGE_DONE: s_done (self, member, &message->done); break;
    case MESSAGE_SEALED: s_sealed (self, member, &message->sealed); break;
    case MESSAGE_FAULT: s_fault (self, member, &message->fault); break;
    default: log_rarely (&self->rate, "%s sent what only others send (%s)", member->node, message_name (message->verb));
    }
}

// ---- who may say what

static bool s_is_of_workers (message_verb_t verb)
{
    switch (verb) {
    case MESSAGE_HELLO: case MESSAGE_BEAT: case MESSAGE_DRAIN: case MESSAGE_GONE: case MESSAGE_LOG: case MESSAGE_LACK: case MESSAGE_BUILT:
    case MESSAGE_DECLARED: case MESSAGE_DONE: case MESSAGE_SEALED: case MESSAGE_FAULT:
        return true;
    default:
        return false;
    }
}

// A key speaks for one role. A client that acts as a worker, or the reverse, is told so in the words of what it tried.
static bool s_may (shell_t *self, const peer_id_t *from, message_verb_t verb)
{
    const user_t *user = peer_user (self->peer);
    role_t wanted = s_is_of_workers (verb) ? ROLE_WORKER : ROLE_CLIENT;
    if (!self->gate || user->role == wanted || ((verb == MESSAGE_WANT || verb == MESSAGE_BLOB) && user->role == ROLE_WORKER))
        return true;
    char text [200];
    snprintf (text, sizeof text, "%.63s is a %s here, and a %s may not say %s: each needs a key of its own (racimo cluster join)", user->name,
        role_name (user->role), role_name (user->role), message_name (verb));
    if (wanted == ROLE_WORKER) {
        shell_refuse (self, from, user->name, text);
        return false;
    }
    log_rarely (&self->rate, "%s", text);
    if (verb == MESSAGE_SUBMIT || verb == MESSAGE_ATTACH)
        shell_send_finished (self, from, 0, EXIT_USAGE, text, "", "");
    else
        shell_answer (self, from, text);
    return false;
}

// The connection's worker: a routing id that somebody else has used before proves nothing.
static member_t *s_member (shell_t *self, const peer_id_t *from)
{
    member_t *member = roster_of (&self->roster, from);
    return member && self->gate && strcmp (member->key, peer_user (self->peer)->key) ? NULL : member;
}

static void s_hear_stranger (shell_t *self, const peer_id_t *from, message_t *message)
{
    if (message->verb == MESSAGE_BEAT) {                // counts as lost, and does not know it
        message_t welcome = { .verb = MESSAGE_WELCOME, .welcome = { .epoch = self->epoch, .beat_ms = BEAT_MS } };
        if (peer_send (self->peer, from, &welcome, 0, NULL))
            shell_log (self, "a lost worker was heard and is gone again");
    }
    else if (!s_is_of_workers (message->verb))
        shell_hear_client (self, from, message);
}

// What cannot be read may be of another release: its own decoder will name both when it reads the answer.
static void s_hear_bad (shell_t *self, const peer_id_t *from, const char *why)
{
    log_rarely (&self->rate, "%s%s", *peer_address (self->peer) ? "" : "a peer: ", why);       // with an address, `why` begins with it
    char text [400];
    snprintf (text, sizeof text, "%.300s (the head has racimo " PACKAGE_VERSION ": is the same release installed here?)", why);
    message_t stop = { .verb = MESSAGE_STOP, .stop = { self->epoch, text } };
    if (!self->options->private && !s_member (self, from) && peer_send (self->peer, from, &stop, 0, NULL)) { }  // gone already
}

// At most so many a turn of the loop: a flood must not keep it from everything else.
void shell_hear (shell_t *self)
{
    enum { A_TURN = 10000 };
    for (int heard = 0; heard < A_TURN; heard++) {
        peer_id_t from;
        message_t message;
        error_t error = { 0 };
        peer_news_t news = peer_receive (self->peer, &from, &message, &error);
        if (news == PEER_NOTHING)
            return;
        member_t *member = news == PEER_BAD ? NULL : s_member (self, &from);
        if (news == PEER_BAD)
            s_hear_bad (self, &from, error.text);
        else if (!s_may (self, &from, message.verb)) { }
        else if (message.verb == MESSAGE_HELLO)
            shell_hello (self, &from, &message.hello);
        else if (member)
            s_hear_member (self, member, &message);
        else
            s_hear_stranger (self, &from, &message);
        message_free (&message);
        shell_settle (self);
    }
}
