// loop: the shell around the plan: sockets, signals and timers in, messages and renames out.
//
// One thread, one ROUTER for clients and workers: who says HELLO is a worker, who says SUBMIT a client. Everything becomes an event of
// the plan, and what the plan orders is carried out in its order before the next event. An action that fails for its receiver (a worker
// that cannot be reached) becomes an event of its own afterwards; plan_step is never entered from within.
//
// Silence: a worker that has not been heard of for ten seconds is lost. But if this process itself stood still (stopped, suspended,
// starved), all of them seem silent: after a pause everyone's clock starts anew.
#include "master/master.h"
#include "master/plan.h"
#include "master/roster.h"
#include "master/work.h"
#include "base/clock.h"

#include <racimo.h>
#include <czmq.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

enum {
    BEAT_MS = 1000, SILENCE_US = 10 * 1000 * 1000, STATE_US = 100 * 1000, PAUSE_US = 3 * 1000 * 1000,
    NO_WORKER_US = 10 * 1000 * 1000,                    // a private master without one gives up
    FAREWELL_US = 1000 * 1000,                          // for workers to end; they have nothing to do by then
};

typedef struct {
    const master_options_t *options;
    peer_t *peer;
    int signals;                                        // a signalfd
    plan_t *plan;
    action_list_t actions;
    roster_t roster;
    work_t *works;
    uint64_t epoch, jobs;                               // jobs: the last number given
    int64_t now, alone_since;                           // alone_since: without any worker
    bool ending;
} master_t;

static void s_log (const master_t *self, const char *text)
{
    if (!self->options->private)
        fprintf (stderr, "racimo master: %s\n", text);
}

static work_t *s_work (master_t *self, uint64_t number)
{
    for (work_t *work = self->works; work; work = work->next)
        if (work->number == number)
            return work;
    return NULL;
}

// ---- sending

// A worker that cannot be reached is lost, which the plan learns in s_settle.
static bool s_tell (master_t *self, member_t *member, const message_t *message)
{
    error_t error = { 0 };
    if (!member->gone && peer_send (self->peer, &member->id, message, 0, &error)) {
        member->gone = true;
        s_log (self, error.text);
    }
    return !member->gone;
}

static void s_tell_client (master_t *self, work_t *work, const message_t *message)
{
    if (!work->client_gone && peer_send (self->peer, &work->client, message, 0, NULL))
        work->client_gone = true;
}

static void s_send_finished (master_t *self, const peer_id_t *client, uint64_t job, uint64_t exit_code, const char *error,
    const char *compiler, const char *summary)
{
    message_t message = { .verb = MESSAGE_FINISHED, .finished = { job, exit_code, (char *) error, (char *) compiler, (char *) summary } };
    if (peer_send (self->peer, client, &message, 0, NULL) && summary && *summary) {
        message.finished.summary = (char *) "";         // too large for a message, or the client is gone; _job.json has it
        if (peer_send (self->peer, client, &message, 0, NULL))
            s_log (self, "a client has gone before its job ended");
    }
}

// ---- actions

// What a worker must know before its first message about a job.
static bool s_tell_job (master_t *self, member_t *member, const work_t *work)
{
    if (member->job_known == work->number)
        return true;
    member->job_known = work->number;
    message_t message = { .verb = MESSAGE_JOB, .job = { .epoch = self->epoch, .job = work->number,
        .submit = { work->encoded.data, (uint32_t) work->encoded.size },
        .first_line = { work->first_line.data, (uint32_t) work->first_line.size }, .folder = (char *) output_folder (work->output) } };
    return s_tell (self, member, &message);
}

static void s_fill_order (const master_t *self, const work_t *work, const action_t *action, message_t *message)
{
    switch (action->kind) {
    case ACTION_DECLARE:
        *message = (message_t) { .verb = MESSAGE_DECLARE, .declare = { self->epoch, action->job, action->slot } };
        break;
    case ACTION_MAP:
        *message = (message_t) { .verb = MESSAGE_MAP, .map = { .epoch = self->epoch, .job = action->job, .stage = action->stage,
            .task = action->task, .attempt = action->attempt, .slot = action->slot, .hold = action->hold, .parts = action->parts } };
        work_map_message (work, action->task, &message->map);
        break;
    case ACTION_SEAL:
        *message = (message_t) { .verb = MESSAGE_SEAL, .seal = { self->epoch, action->job, action->stage, action->slot, action->segment } };
        break;
    case ACTION_ABANDON:
        *message = (message_t) { .verb = MESSAGE_ABANDON, .abandon = { self->epoch, action->job, action->stage, action->task,
            action->attempt, action->slot } };
        break;
    default:
        *message = (message_t) { .verb = MESSAGE_REDUCE, .reduce = { .epoch = self->epoch, .job = action->job, .stage = action->stage,
            .task = action->task, .attempt = action->attempt, .slot = action->slot, .segments = *action->segments, .low = action->low,
            .high = action->high, .last = action->last } };
    }
}

// A message that is too large is the job's fault and not the worker's.
static bool s_fits (work_t *work, const message_t *message)
{
    buffer_t trial = { 0 };
    error_t error = { 0 };
    bool fits = !message_encode (message, &trial, &error);
    if (!fits && !work->doom)
        work->doom = memory_text (error.text);
    buffer_free (&trial);
    return fits;
}

static void s_order (master_t *self, work_t *work, const action_t *action)
{
    member_t *member = roster_find (&self->roster, action->worker);
    message_t message;
    if (!member)
        return;
    s_fill_order (self, work, action, &message);
    if (action->kind == ACTION_MAP || action->kind == ACTION_REDUCE)
        work->attempts++;
    if (action->kind == ACTION_REDUCE && !work->mapped_us)
        work->mapped_us = self->now;
    if ((action->kind != ACTION_REDUCE || s_fits (work, &message)) && s_tell_job (self, member, work))
        s_tell (self, member, &message);
}

static void s_compose_error (const work_t *work, const action_t *action, char *text, size_t room)
{
    char name [512];
    if (action->faults) {
        work_name_task (work, action->stage, action->task, name, sizeof name);
        snprintf (text, room, "%s failed %u times: %s", name, action->faults, action->error);
    }
    else
        snprintf (text, room, "%s", action->error);
}

static void s_finish (master_t *self, work_t *work, const action_t *action)
{
    char text [2048];
    buffer_t summary = { 0 };
    s_compose_error (work, action, text, sizeof text);
    if (!action->exit_code)
        work_summary (work, &summary);
    output_destroy (&work->output);                     // first: when the client hears of the end, nothing hidden is left
    s_send_finished (self, &work->client, work->number, action->exit_code, text, action->compiler, summary.data);
    for (uint32_t i = 0; i < self->roster.members; i++) {
        message_t forget = { .verb = MESSAGE_FORGET, .forget = { self->epoch, work->number } };
        if (self->roster.member [i].job_known == work->number)
            s_tell (self, &self->roster.member [i], &forget);
    }
    for (work_t **at = &self->works; *at; at = &(*at)->next)
        if (*at == work) {
            *at = work->next;
            break;
        }
    work_destroy (&work);
    buffer_free (&summary);
}

// Carries out what the plan ordered. Returns the work that is to be committed, if any.
static work_t *s_carry_out (master_t *self, const event_t *event)
{
    work_t *commit = NULL;
    for (uint32_t i = 0; i < self->actions.count; i++) {
        const action_t *action = &self->actions.item [i];
        work_t *work = s_work (self, action->job);
        if (!work)
            continue;
        if (action->kind == ACTION_KEEP)
            work_keep (work, event->done);
        else if (action->kind == ACTION_DROP)
            output_drop (work->output, action->part);
        else if (action->kind == ACTION_COMMIT)
            commit = work;
        else if (action->kind == ACTION_FINISH)
            s_finish (self, work, action);
        else
            s_order (self, work, action);
    }
    return commit;
}

static void s_step (master_t *self, event_t event)
{
    event.now_us = self->now;
    self->actions.count = 0;
    plan_step (self->plan, &event, &self->actions);
    work_t *work = s_carry_out (self, &event);
    if (!work)
        return;
    error_t error = { 0 };
    work->reduced_us = self->now;
    bool failed = work_commit (work, &error);
    event_t answer = { .kind = failed ? EVENT_COMMIT_FAILED : EVENT_COMMITTED, .job = work->number, .error = error.text,
        .error_kind = (uint64_t) error.kind };
    self->actions.count = 0;
    plan_step (self->plan, &answer, &self->actions);
    s_carry_out (self, &answer);
}

static void s_cancel (master_t *self, uint64_t job, uint64_t exit_code, const char *why)
{
    s_step (self, (event_t) { .kind = EVENT_CANCELLED, .job = job, .exit_code = exit_code, .error = why });
}

// What came up while actions were carried out: workers and clients that are gone, jobs that cannot be told to a worker.
static void s_settle (master_t *self)
{
    for (uint32_t i = 0; i < self->roster.members; )
        if (self->roster.member [i].gone) {
            uint64_t number = self->roster.member [i].number;
            roster_remove (&self->roster, i);
            s_step (self, (event_t) { .kind = EVENT_WORKER_LOST, .worker = number });
            i = 0;                                      // the step may have lost more
        }
        else
            i++;
    for (work_t *work = self->works, *next; work; work = next) {
        next = work->next;
        if (work->doom)
            s_cancel (self, work->number, EXIT_OTHER, work->doom);
        else if (work->client_gone)
            s_cancel (self, work->number, EXIT_CANCELLED, "cancelled: the client is gone");
    }
}

// ---- messages of clients

static void s_submit (master_t *self, const peer_id_t *from, message_t *message)
{
    error_t error = { 0 };
    work_t *work = work_new (++self->jobs, message, from, &error);
    if (!work) {
        s_send_finished (self, from, 0, (uint64_t) master_exit_of (error.kind), error.text, "", "");
        return;
    }
    work_t **at = &self->works;
    while (*at)
        at = &(*at)->next;
    *at = work;
    work->told_us = self->now;
    message_t accepted = { .verb = MESSAGE_ACCEPTED, .accepted = { work->number, self->epoch } };
    s_tell_client (self, work, &accepted);
    s_step (self, (event_t) { .kind = EVENT_SUBMITTED, .job = work->number });
}

static void s_tell_state (master_t *self, work_t *work)
{
    message_t message = { .verb = MESSAGE_STATE };
    message_state_t *state = &message.state;
    plan_state (self->plan, work->number, state);
    state->rows = work_rows (work);
    for (uint32_t i = 0; i < self->roster.members && state->phase == 1; i++)
        if (self->roster.member [i].beat_job == work->number) {
            state->bytes_done += self->roster.member [i].beat_bytes;
            state->rows += self->roster.member [i].beat_rows;
        }
    if (state->bytes_done > state->bytes_all)
        state->bytes_done = state->bytes_all;
    work->told_us = self->now;
    s_tell_client (self, work, &message);
}

// ---- messages of workers

static void s_hello (master_t *self, const peer_id_t *from, const message_hello_t *hello)
{
    member_t *member = roster_of (&self->roster, from);
    if (hello->abi != RAC_ABI || !hello->slots || hello->slots > ROSTER_SLOTS) {
        char text [256];
        snprintf (text, sizeof text, "%.100s: refused: it has ABI %llu and %llu slots", hello->node, (unsigned long long) hello->abi,
            (unsigned long long) hello->slots);
        s_log (self, text);
        message_t stop = { .verb = MESSAGE_STOP, .stop = { self->epoch } };
        if (peer_send (self->peer, from, &stop, 0, NULL))
            s_log (self, "it is gone already");
        return;
    }
    bool again = member && member->nonce == hello->nonce;           // said twice; it lost our answer
    if (member && !again) {
        member->gone = true;
        s_settle (self);
    }
    if (!again)
        member = roster_add (&self->roster, from, hello);
    member->seen_us = self->now;
    message_t welcome = { .verb = MESSAGE_WELCOME, .welcome = { self->epoch, member->number, BEAT_MS } };
    if (s_tell (self, member, &welcome) && !again)
        s_step (self, (event_t) { .kind = EVENT_WORKER_JOINED, .worker = member->number, .slots = hello->slots });
}

static void s_beat (master_t *self, member_t *member, const message_beat_t *beat)
{
    work_t *work = s_work (self, beat->job);
    member->beat_job = beat->job;
    member->beat_bytes = beat->bytes;
    member->beat_rows = beat->rows;
    if (work && beat->resident > work->resident)
        work->resident = beat->resident;
}

static void s_declared (master_t *self, const member_t *member, const message_declared_t *declared)
{
    work_t *work = s_work (self, declared->job);
    if (!work)
        return;
    error_t error = { 0 };
    uint64_t *bytes = NULL;
    const message_submit_t *submit = &work->asked.submit;
    bool failed = work_cut (work, declared, &bytes, &error);
    s_step (self, (event_t) { .kind = EVENT_DECLARED, .worker = member->number, .job = declared->job, .declared = declared,
        .tasks = failed ? 0 : work->tasks, .bytes_of = bytes, .input_bytes = work->input_bytes, .shuffle_seed = submit->shuffle_seed,
        .partitions = submit->partitions, .max_rejects = submit->max_rejects, .error = failed ? error.text : NULL,
        .error_kind = (uint64_t) error.kind });
    free (bytes);
}

static void s_sealed (master_t *self, const member_t *member, const message_sealed_t *sealed)
{
    work_t *work = s_work (self, sealed->job);
    if (work) {
        work->segments++;
        work->segment_bytes += sealed->bytes;
        work->segment_rows += sealed->rows;
        work->seal_us += sealed->time_us;
    }
    s_step (self, (event_t) { .kind = EVENT_SEALED, .worker = member->number, .sealed = sealed });
}

static void s_fault (master_t *self, const member_t *member, const message_fault_t *fault)
{
    work_t *work = s_work (self, fault->job);
    if (work)
        work->faults++;
    s_step (self, (event_t) { .kind = EVENT_FAULT, .worker = member->number, .fault = fault });
}

// Of another life of the master: not about a job that we know.
static bool s_foreign (const master_t *self, const message_t *message)
{
    switch (message->verb) {
    case MESSAGE_DECLARED: return message->declared.epoch != self->epoch;
    case MESSAGE_DONE: return message->done.epoch != self->epoch;
    case MESSAGE_SEALED: return message->sealed.epoch != self->epoch;
    case MESSAGE_FAULT: return message->fault.epoch != self->epoch;
    default: return false;
    }
}

static void s_hear_member (master_t *self, member_t *member, const message_t *message)
{
    member->seen_us = self->now;
    if (s_foreign (self, message))
        return;
    switch (message->verb) {
    case MESSAGE_BEAT: s_beat (self, member, &message->beat); break;
    case MESSAGE_GONE: member->gone = true; break;
    case MESSAGE_DECLARED: s_declared (self, member, &message->declared); break;
    case MESSAGE_DONE: s_step (self, (event_t) { .kind = EVENT_DONE, .worker = member->number, .done = &message->done }); break;
    case MESSAGE_SEALED: s_sealed (self, member, &message->sealed); break;
    case MESSAGE_FAULT: s_fault (self, member, &message->fault); break;
    default: s_log (self, "a worker sent what only others send");
    }
}

static void s_hear_client (master_t *self, const peer_id_t *from, message_t *message)
{
    if (message->verb == MESSAGE_SUBMIT)
        s_submit (self, from, message);
    else if (message->verb == MESSAGE_CANCEL && s_work (self, message->cancel.job))
        s_cancel (self, message->cancel.job, EXIT_CANCELLED, "cancelled");
    else if (message->verb == MESSAGE_STOP)
        self->ending |= self->options->private;
    else if (message->verb == MESSAGE_BEAT) {           // counts as lost, and does not know it
        message_t welcome = { .verb = MESSAGE_WELCOME, .welcome = { self->epoch, 0, BEAT_MS } };
        if (peer_send (self->peer, from, &welcome, 0, NULL))
            s_log (self, "a lost worker was heard and is gone again");
    }
}

static void s_hear (master_t *self)
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
            s_log (self, error.text);
        else if (message.verb == MESSAGE_HELLO)
            s_hello (self, &from, &message.hello);
        else if (member)
            s_hear_member (self, member, &message);
        else
            s_hear_client (self, &from, &message);
        message_free (&message);
        s_settle (self);
    }
}

// ---- time

static void s_watch_workers (master_t *self)
{
    for (uint32_t i = 0; i < self->roster.members; i++)
        self->roster.member [i].gone |= self->now - self->roster.member [i].seen_us > SILENCE_US;
    s_settle (self);
    if (self->roster.members)
        self->alone_since = self->now;
    bool lost = self->roster.last && !self->roster.members;         // there was one
    if (self->options->private && self->works && (lost || self->now - self->alone_since > NO_WORKER_US))
        s_cancel (self, self->works->number, EXIT_CLUSTER, lost ? "the worker process is lost" : "no worker process has come up");
}

static void s_tell_states (master_t *self)
{
    for (work_t *work = self->works; work; work = work->next)
        if (self->now - work->told_us >= STATE_US)
            s_tell_state (self, work);
    s_settle (self);
}

static void s_after_pause (master_t *self)
{
    for (uint32_t i = 0; i < self->roster.members; i++)
        self->roster.member [i].seen_us = self->now;
    self->alone_since = self->now;
}

static void s_read_signal (master_t *self)
{
    struct signalfd_siginfo info;
    if (read (self->signals, &info, sizeof info) != sizeof info)
        return;
    bool keyboard = info.ssi_signo == SIGINT || info.ssi_signo == SIGHUP;
    if (!keyboard || !self->options->private)           // a private master leaves Ctrl-C to its client
        self->ending = true;
}

static void s_run (master_t *self)
{
    zmq_pollitem_t item [] = { { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN }, { .fd = self->signals, .events = ZMQ_POLLIN } };
    while (!self->ending) {
        int64_t before = clock_us ();
        int wait_ms = self->works ? (int) (STATE_US / 1000) : BEAT_MS;
        if (zmq_poll (item, 2, wait_ms) < 0 && zmq_errno () != EINTR)
            return;
        self->now = clock_us ();
        if (self->now - before > wait_ms * 1000 + PAUSE_US)
            s_after_pause (self);
        if (item [1].revents)
            s_read_signal (self);
        s_hear (self);
        s_watch_workers (self);
        s_tell_states (self);
        if (self->options->parent && getppid () != self->options->parent)
            self->ending = true;
    }
}

// ---- beginning and end

static int s_open_signals (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    pthread_sigmask (SIG_BLOCK, &set, NULL);            // before ZeroMQ's threads, which inherit it
    signal (SIGPIPE, SIG_IGN);
    return signalfd (-1, &set, SFD_CLOEXEC);
}

static status_t s_open (master_t *self, error_t *error)
{
    zsys_handler_set (NULL);
    if (self->options->parent)
        prctl (PR_SET_PDEATHSIG, SIGTERM);
    if (self->options->parent && getppid () != self->options->parent)
        return error_set (error, "the parent has died");
    self->signals = s_open_signals ();
    if (self->signals < 0)
        return error_errno (error, "signalfd");
    self->peer = peer_bind (self->options->endpoint, error);
    if (!self->peer)
        return FAILED;
    if (self->options->ready_fd >= 0) {
        if (write (self->options->ready_fd, "r", 1) != 1)
            return error_errno (error, "nobody waits for the master");
        close (self->options->ready_fd);
    }
    return OK;
}

// With IMMEDIATE, libzmq drops what was delivered but not read when the other end closes: so a STOP counts only once GONE has come.
static void s_stop_workers (master_t *self)
{
    message_t stop = { .verb = MESSAGE_STOP, .stop = { self->epoch } };
    for (uint32_t i = 0; i < self->roster.members; i++)
        s_tell (self, &self->roster.member [i], &stop);
    s_settle (self);
    zmq_pollitem_t item = { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN };
    int64_t due = clock_us () + FAREWELL_US;
    for (int64_t left; self->roster.members && (left = due - clock_us ()) > 0; s_hear (self))
        (void) zmq_poll (&item, 1, (long) (left / 1000 + 1));
}

static void s_close (master_t *self)
{
    while (self->works)                                 // removes hidden folders and tells the clients
        s_cancel (self, self->works->number, EXIT_CANCELLED, "cancelled: the master ends");
    if (self->peer)
        s_stop_workers (self);
    peer_destroy (&self->peer);
    plan_destroy (&self->plan);
    roster_free (&self->roster);
    free (self->actions.item);
    if (self->signals >= 0)
        close (self->signals);
}

int master_main (const master_options_t *options)
{
    error_t error = { 0 };
    master_t self = { .options = options, .signals = -1, .plan = plan_new (), .now = clock_us (), .alone_since = clock_us () };
    self.epoch = (uint64_t) time (NULL) << 20 | ((uint64_t) getpid () & 0xfffff);
    status_t rc = s_open (&self, &error);
    if (!rc)
        s_run (&self);
    else
        fprintf (stderr, "racimo: %s\n", error.text);
    s_close (&self);
    return rc ? EXIT_OTHER : EXIT_FINE;
}
