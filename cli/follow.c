// follow: see follow.h.
//
// One loop waits for the master's messages and for signals. Ctrl-C asks the master to cancel and waits for its FINISHED, which comes when
// nothing of the job is left; a second Ctrl-C does not wait. A terminal that is closed (SIGHUP) ends a private run, but only the following
// of a cluster's job. That a private master has ended may be seen before the message that it sent last, so there is a moment's grace before
// that counts as a failure.
#include "cli/follow.h"
#include "base/clock.h"
#include "master/master.h"

#include <czmq.h>
#include <stdio.h>
#include <string.h>

enum {
    CANCEL_MS = 10000, GRACE_MS = 1000,
    SILENCE_MS = 5000,                                  // of a cluster's master, before it is called again
    ACCEPT_MS = 60000,                                  // for its first word: a slow disk may hold it up
};

static void s_set_due (follow_t *self, int ms)
{
    int64_t due = clock_us () + (int64_t) ms * 1000;
    if (!self->due_us || due < self->due_us)
        self->due_us = due;
}

static void s_say (follow_t *self, const char *text)
{
    progress_clear (&self->progress);
    if (!self->quiet)
        fprintf (stderr, "racimo: %s: %s\n", remote_name (self->remote), text);
}

// ---- messages

// Before a cluster's master has given it a number (it may look at its inputs for long) the job is 0: what this connection has submitted.
static void s_cancel (follow_t *self)
{
    message_t cancel = { .verb = MESSAGE_CANCEL, .cancel = { .job = self->job } };
    if ((self->job || self->remote) && self->signals && !self->left && peer_send (self->peer, NULL, &cancel, 0, NULL))
        s_set_due (self, 0);
}

static void s_on_message (follow_t *self, message_t *message)
{
    switch (message->verb) {
    case MESSAGE_ACCEPTED:
        self->job = message->accepted.job;
        if (self->remote)
            remote_note_data (self->remote, message->accepted.data);
        s_cancel (self);
        break;
    case MESSAGE_STATE:
        if (!self->signals)
            progress_show (&self->progress, &message->state);
        break;
    case MESSAGE_WANT:
        if (self->remote)
            remote_answer (self->remote, &message->want);
        break;
    case MESSAGE_FINISHED:
        message_free (&self->finished);
        self->finished = *message;
        *message = (message_t) { 0 };
        break;
    default:
        break;                                          // of a newer master; nothing that a client must know
    }
    message_free (message);
}

static void s_on_messages (follow_t *self)
{
    message_t message = { 0 };
    peer_news_t news;
    while ((news = peer_receive (self->peer, NULL, &message, NULL)) != PEER_NOTHING) {
        self->heard_us = clock_us ();
        if (self->silent)
            s_say (self, "answers again");
        self->silent = false;
        if (news == PEER_MESSAGE)
            s_on_message (self, &message);
    }
}

// ---- signals

static void s_on_signal (follow_t *self, int number)
{
    if (number == SIGCHLD) {
        if (self->local && local_check (self->local, &self->lost))
            s_set_due (self, GRACE_MS);
        return;
    }
    self->signals++;
    self->left |= self->looking || (self->remote && number == SIGHUP);
    progress_clear (&self->progress);
    s_set_due (self, self->signals > 1 || self->left || self->silent ? 0 : CANCEL_MS);
    if (self->signals == 1)
        s_cancel (self);
}

// ---- a cluster's master that says nothing

static void s_call (follow_t *self)
{
    message_t attach = { .verb = MESSAGE_ATTACH, .attach = { .job = self->job } };
    if (self->job && peer_send (self->peer, NULL, &attach, 0, NULL))
        return;                                         // not connected: the next call, then
}

static void s_watch (follow_t *self)
{
    int64_t now = clock_us (), heard = self->heard_us, last = self->asked_us > heard ? self->asked_us : heard;
    if (!self->lost.text [0] && remote_refused (self->remote, &self->lost))
        s_set_due (self, 0);
    if (!self->job && now - heard >= (int64_t) ACCEPT_MS * 1000) {
        (void) error_set (&self->lost, "%s does not answer", remote_name (self->remote));
        s_set_due (self, 0);
    }
    if (!self->job || now - last < (int64_t) SILENCE_MS * 1000)
        return;
    if (!self->silent)
        s_say (self, "no word; the job goes on there. Trying again until Ctrl-C");
    self->silent = true;
    self->asked_us = now;
    s_call (self);
}

// ---- the wait

static long s_patience_ms (const follow_t *self)
{
    if (!self->due_us)
        return self->remote ? 1000 : -1;
    int64_t left = self->due_us - clock_us ();
    return left > 0 ? (long) (left / 1000 + 1) : 0;
}

static bool s_done (const follow_t *self)
{
    return self->finished.verb || (self->detach && self->job);
}

void follow_wait (follow_t *self)
{
    zmq_pollitem_t items [2] = { { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN }, { .fd = self->interrupt.fd, .events = ZMQ_POLLIN } };
    self->heard_us = clock_us ();
    while (!s_done (self)) {
        long patience = s_patience_ms (self);
        int ready = zmq_poll (items, 2, patience);
        s_on_messages (self);
        for (int number; (number = interrupt_next (&self->interrupt));)
            s_on_signal (self, number);
        if (ready <= 0 && patience == 0)
            break;
        if (self->remote)
            s_watch (self);
    }
    progress_clear (&self->progress);
}

// ---- the end

static int s_without_end (const follow_t *self, error_t *error)
{
    unsigned long long job = self->job;
    if (self->left)
        (void) error_set (error, "left: job %llu goes on (racimo attach %llu, racimo cancel %llu)", job, job, job);
    else if (self->signals && self->remote && job)
        (void) error_set (error, "left before job %llu has ended (racimo jobs shows it)", job);
    else if (self->signals)
        (void) error_set (error, "cancelled");
    else if (self->lost.text [0])
        *error = self->lost;
    else
        (void) error_set (error, "the master does not answer");
    return self->signals ? EXIT_CANCELLED : EXIT_CLUSTER;
}

int follow_outcome (const follow_t *self, error_t *error)
{
    const message_finished_t *finished = &self->finished.finished;
    if (!self->finished.verb)
        return s_without_end (self, error);
    if (finished->compiler && *finished->compiler)
        fputs (finished->compiler, stderr);
    if (finished->error && *finished->error)
        (void) error_set (error, "%s", finished->error);
    return (int) finished->exit_code;
}
