// clients: what clients ask for: jobs (intake.c), their end, word of them.
//
// A job of a cluster belongs to the key that submitted it, and to no connection: it goes on when its client leaves, anybody who may be a
// client may look at it (ATTACH), and only that key may end it (CANCEL). A private master's job ends with its only client.
#include "master/desk.h"
#include "master/intake.h"
#include "base/log.h"

void shell_answer (shell_t *self, const peer_id_t *to, const char *why)
{
    message_t end = { .verb = MESSAGE_END, .end = { (char *) why } };
    if (peer_send (self->peer, to, &end, 0, NULL))
        shell_log (self, "a client has gone before its answer");
}

// ---- cancel and attach

// Job 0: what this connection has submitted and is no job yet. If there is nothing, its ACCEPTED is on the way.
static void s_cancel (shell_t *self, const peer_id_t *from, uint64_t job)
{
    if (!job) {
        intake_cancel (self, from);
        return;
    }
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
    case MESSAGE_SUBMIT: intake_submit (self, from, message); break;
    case MESSAGE_CANCEL: s_cancel (self, from, message->cancel.job); break;
    case MESSAGE_ATTACH: s_attach (self, from, message->attach.job); break;
    case MESSAGE_QUERY: desk_query (self, from, &message->query); break;
    case MESSAGE_BLOB: intake_blob (self, from, &message->blob); break;
    case MESSAGE_WANT: desk_want (self, from, &message->want, false); break;
    case MESSAGE_STOP: self->ending |= self->options->private; break;
    default: log_rarely (&self->rate, "a client sent what only others send (%s)", message_name (message->verb));
    }
}
