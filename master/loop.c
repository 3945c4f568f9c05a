// loop: the shell's one thread: waits for messages, signals and time.
//
// Silence: a worker that has not been heard of for ten seconds is lost. But if this process itself stood still (stopped, suspended,
// starved), all of them seem silent: after a pause everyone's clock starts anew.
#include "master/desk.h"
#include "master/intake.h"
#include "base/clock.h"

#include <czmq.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

enum {
    SILENCE_US = 10 * 1000 * 1000, PAUSE_US = 3 * 1000 * 1000,
    STATE_US = 100 * 1000, QUIET_US = 1000 * 1000,      // between STATEs: at least; and if nothing changes
    NO_WORKER_US = 10 * 1000 * 1000,                    // a private master without one gives up
    BEACON_REST_MS = 20,
    FAREWELL_US = 1000 * 1000,                          // for workers to end; they have nothing to do by then
};

static void s_tell_state (shell_t *self, work_t *work)
{
    message_t message = { .verb = MESSAGE_STATE };
    message_state_t *state = &message.state;
    plan_state (self->plan, work->number, state);
    state->rows = work_rows (work);
    for (uint32_t i = 0; i < self->roster.members && state->phase == STATE_MAP; i++)
        if (self->roster.member [i].beat_job == work->number) {
            state->bytes_done += self->roster.member [i].beat_bytes;
            state->rows += self->roster.member [i].beat_rows;
        }
    if (state->bytes_done > state->bytes_all)
        state->bytes_done = state->bytes_all;
    if (work->told_us && self->now - work->told_us < QUIET_US && !memcmp (state, &work->told_state, sizeof *state))
        return;
    work->told_us = self->now;
    work->told_state = *state;
    shell_tell_watchers (self, work, &message);
}

static void s_watch_workers (shell_t *self)
{
    shell_watch_rivals (self);
    for (uint32_t i = 0; i < self->roster.members; i++)
        self->roster.member [i].gone |= self->now - self->roster.member [i].seen_us > SILENCE_US;
    shell_settle (self);
    if (self->roster.members)
        self->alone_since = self->now;
    bool lost = self->roster.last && !self->roster.members;         // there was one
    if (self->options->private && self->works && (lost || self->now - self->alone_since > NO_WORKER_US))
        shell_cancel (self, self->works->number, EXIT_CLUSTER, lost ? "the worker process is lost" : "no worker process has come up");
}

static void s_tell_states (shell_t *self)
{
    for (work_t *work = self->works; work; work = work->next)
        if (work->watchers && self->now - work->told_us >= STATE_US)
            s_tell_state (self, work);
    shell_settle (self);
}

static void s_after_pause (shell_t *self)
{
    for (uint32_t i = 0; i < self->roster.members; i++) {
        member_t *member = &self->roster.member [i];
        member->seen_us = self->now;
        member->rival_us = member->rival_us ? self->now : 0;
    }
    self->alone_since = self->now;
}

static void s_read_signal (shell_t *self)
{
    struct signalfd_siginfo info;
    if (read (self->signals, &info, sizeof info) != sizeof info)
        return;
    bool keyboard = info.ssi_signo == SIGINT || info.ssi_signo == SIGHUP;
    if (self->options->private) {                       // it leaves Ctrl-C to its client
        self->ending |= !keyboard;
        return;
    }
    self->ending |= self->leaving;                      // the second one does not wait
    self->leaving = true;
    if (self->works && !self->ending)
        log_line (LOG_SAY, "ends after the jobs that are under way; a second signal ends them");
}

// Not at once again: who floods it must not have the loop turn for nothing else.
static int s_hear_beacon (shell_t *self, zmq_pollitem_t *item, int64_t *heard, int wait_ms)
{
    if (self->beacon && item->revents) {
        beacon_answer (self->beacon);
        *heard = self->now;
    }
    bool rests = self->now - *heard < BEACON_REST_MS * 1000;
    item->events = rests ? 0 : ZMQ_POLLIN;
    return rests && wait_ms > BEACON_REST_MS ? BEACON_REST_MS : wait_ms;
}

static void s_run (shell_t *self)
{
    int64_t heard = 0;
    zmq_pollitem_t item [6] = { { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN }, { .fd = self->signals, .events = ZMQ_POLLIN } };
    int items = 2;
    if (self->data)
        item [items++] = (zmq_pollitem_t) { .fd = errands_fd (self->errands), .events = ZMQ_POLLIN };
    if (self->door) {
        item [items++] = (zmq_pollitem_t) { .socket = door_socket (self->door), .events = ZMQ_POLLIN };
        item [items++] = (zmq_pollitem_t) { .fd = door_watch (self->door), .events = ZMQ_POLLIN };
    }
    zmq_pollitem_t *beacon = &item [items];
    if (self->beacon)
        item [items++] = (zmq_pollitem_t) { .fd = beacon_fd (self->beacon), .events = ZMQ_POLLIN };
    while (!self->ending) {
        int64_t before = clock_us ();
        int wait_ms = s_hear_beacon (self, beacon, &heard, self->works ? (int) (STATE_US / 1000) : BEAT_MS);
        if (zmq_poll (item, items, wait_ms) < 0 && zmq_errno () != EINTR)
            return;
        self->now = clock_us ();
        if (self->now - before > wait_ms * 1000 + PAUSE_US)
            s_after_pause (self);
        if (item [1].revents)
            s_read_signal (self);
        if (self->door)                                 // also when nobody knocks: it closes by time
            door_hear (self->door, self->now);
        if (self->data && item [2].revents)
            errands_hear (self->errands);
        shell_hear (self);
        intake_turn (self);
        s_watch_workers (self);
        shell_tell_nodes (self);
        s_tell_states (self);
        results_sweep (self->results, self->now);
        self->ending |= self->leaving && !self->works && !self->ended;
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

static status_t s_open_door (shell_t *self, error_t *error)
{
    const master_options_t *options = self->options;
    self->door = door_new (&(door_options_t) { .endpoint = options->door, .state = options->state, .cluster = options->cluster, .keys = options->keys,
        .gate = self->gate, .control = options->control_port, .data = options->data_port, .put_out = shell_put_out, .context = self }, error);
    return self->door ? OK : FAILED;
}

// A convenience: without it the head works as well.
static void s_open_beacon (shell_t *self)
{
    const master_options_t *options = self->options;
    error_t error = { 0 };
    beacon_facts_t facts = { .control = options->control_port, .door = options->door_port };
    snprintf (facts.cluster, sizeof facts.cluster, "%s", options->cluster);
    snprintf (facts.host, sizeof facts.host, "%s", options->host);
    snprintf (facts.key, sizeof facts.key, "%s", options->keys ? options->keys->public_key : "");
    self->beacon = beacon_new (options->beacon_port, options->listen, &facts, &error);
    if (!self->beacon)
        log_line (LOG_WARN, "%s", error.text);
}

// ZeroMQ's threads encrypt what is sent: one does some 60 MB/s on a Raspberry Pi 4, half of what its link takes. Before the first socket.
static void s_set_threads (void)
{
    long cpus = sysconf (_SC_NPROCESSORS_ONLN);
    zsys_set_io_threads (cpus < 2 ? 2 : cpus > 4 ? 4 : (size_t) cpus);
}

// The gate first, and the list behind it: a secured socket without a gate would let in any key, and one without the list none; whoever came
// between would be refused, and nodes believe that.
static status_t s_bind (shell_t *self, error_t *error)
{
    const master_options_t *options = self->options;
    const peer_options_t control = { .own = options->keys, .domain = "control" }, data = { .own = options->keys, .domain = "data" };
    if (options->data)
        s_set_threads ();
    if (options->keys && !(self->gate = gate_new (error)))
        return FAILED;
    if (options->door)
        TRY (s_open_door (self, error));
    self->peer = peer_bind (options->endpoint, options->keys ? &control : NULL, error);
    if (!self->peer)
        return FAILED;
    if (!options->data)
        return OK;
    self->data = dataserver_new (options->data, options->keys ? &data : NULL, error);
    return self->data ? OK : FAILED;
}

// What a master that was killed had in hiding beside the outputs of jobs that never ended.
static void s_sweep (const shell_t *self)
{
    const history_t *history = self->desk ? self->desk->history : NULL;
    for (size_t i = 0; history && i < history_count (history); i++) {
        const buffer_t *info = history_info (history, i);
        message_t job;
        if (!info || message_decode (info->data, info->size, &job, NULL))
            continue;
        if (!job.job_info.ended_s && *job.job_info.output)
            output_sweep_dead (job.job_info.output, job.job_info.job);
        message_free (&job);
    }
}

// What a private master has no use for.
static status_t s_open_cluster (shell_t *self, error_t *error)
{
    const master_options_t *options = self->options;
    if (!options->data)
        return OK;
    s_sweep (self);
    self->homes = homes_new ();
    self->errands = errands_new (error);
    if (!self->errands)
        return FAILED;
    if (options->roots && !(self->roots = roots_new (options->root, options->roots, error)))
        return FAILED;
    if (self->roots && options->secret)
        roots_close (self->roots, options->secret);
    if (self->roots && options->state)
        roots_close (self->roots, options->state);
    if (options->state && !(self->results = results_new (options->state, self->data, self->errands, error)))
        return FAILED;
    if (options->door && options->beacon_port)
        s_open_beacon (self);
    log_line (LOG_SAY, "ready: control port %d, data port %d, %s", peer_port (self->peer), dataserver_port (self->data),
        self->gate ? "encrypted" : "not encrypted");
    return OK;
}

static status_t s_open (shell_t *self, error_t *error)
{
    zsys_handler_set (NULL);
    if (self->options->parent)
        prctl (PR_SET_PDEATHSIG, SIGTERM);
    if (self->options->parent && getppid () != self->options->parent)
        return error_set (error, "the parent has died");
    self->signals = s_open_signals ();
    if (self->signals < 0)
        return error_errno (error, "signalfd");
    TRY (desk_open (self, error));
    TRY (s_bind (self, error));
    TRY (s_open_cluster (self, error));
    if (self->options->ready_fd >= 0) {
        if (write (self->options->ready_fd, "", 1) != 1)
            return error_errno (error, "nobody waits for the master");
        close (self->options->ready_fd);
    }
    return OK;
}

// With IMMEDIATE, libzmq drops what was delivered but not read when the other end closes: so a STOP counts only once GONE has come.
static void s_stop_workers (shell_t *self)
{
    message_t stop = { .verb = MESSAGE_STOP, .stop = { .epoch = self->epoch } };
    for (uint32_t i = 0; i < self->roster.members; i++)
        shell_tell (self, &self->roster.member [i], &stop);
    shell_settle (self);
    zmq_pollitem_t item = { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN };
    int64_t due = clock_us () + FAREWELL_US;
    for (int64_t left; self->roster.members && (left = due - clock_us ()) > 0; shell_hear (self))
        (void) zmq_poll (&item, 1, (long) (left / 1000 + 1));
}

static void s_close (shell_t *self)
{
    intake_cancel (self, NULL);
    shell_await_errands (self);                         // commits above all
    while (self->works)                                 // removes hidden folders and tells the clients
        shell_cancel (self, self->works->number, EXIT_CANCELLED, "cancelled: the master ends");
    shell_await_errands (self);
    if (self->peer && self->options->private)           // those of a cluster wait for its next master
        s_stop_workers (self);
    beacon_destroy (&self->beacon);
    door_destroy (&self->door);
    desk_close (self);
    results_destroy (&self->results);
    errands_destroy (&self->errands);
    homes_destroy (&self->homes);
    roots_destroy (&self->roots);
    dataserver_destroy (&self->data);
    peer_destroy (&self->peer);
    gate_destroy (&self->gate);
    plan_destroy (&self->plan);
    roster_free (&self->roster);
    free (self->actions.item);
    if (self->signals >= 0)
        close (self->signals);
}

int master_main (const master_options_t *options)
{
    error_t error = { 0 };
    shell_t self = { .options = options, .signals = -1, .plan = plan_new (), .now = clock_us (), .alone_since = clock_us () };
    self.epoch = (uint64_t) time (NULL) << 20 | ((uint64_t) getpid () & 0xfffff);
    status_t rc = s_open (&self, &error);
    if (!rc)
        s_run (&self);
    else if (!options->private || write (options->ready_fd, error.text, strlen (error.text)) < 0)
        fprintf (stderr, "racimo: %s\n", error.text);
    s_close (&self);
    return rc ? EXIT_OTHER : EXIT_FINE;
}
