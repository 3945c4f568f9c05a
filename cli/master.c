// master: racimo master, the daemon on a cluster's head node.
//
// This process only watches over two others: the master, which decides, and the head's own worker, whose tasks read the shared disk
// without a network. It has neither thread nor ZeroMQ context, so it can fork the worker anew if that should die; the master it does not
// start again: that is systemd's work, which then begins with a clean process. Both end when this process does, whatever ends it.
#define _GNU_SOURCE
#include "cli/cli.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/cluster.h"
#include "cli/daemon.h"
#include "master/allow.h"
#include "master/master.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MOST_ROOTS = 64,
    WORKER_END_S = 10,                                  // for the head's worker to end, after its master
    FIRST_PAUSE_S = 1, LAST_PAUSE_S = 60,               // before a worker that died is started again
    LIVED_S = 60,                                       // whoever has lived for so long did not die of how it was started
};

const char master_help [] =
    "racimo master [--SETTING VALUE]...\n\n"
    "Serves a cluster as its head node until SIGTERM: takes jobs, hands out their tasks, sends\n"
    "data, and works itself (--head-slots). racimo cluster init makes its configuration; settings\n"
    "given here come before those of the environment (RACIMO_MASTER_ROOTS) and of the file:\n\n";

typedef struct {
    config_t config;
    keys_t keys;
    char *root [MOST_ROOTS]; size_t roots;
    int lock, ready [2];
    pid_t self, master, worker;                         // 0: it does not run
    int master_status;
    bool up, ending;
    int64_t worker_since_us, worker_due_us, worker_pause_s;         // when it was started; when to start it (again)
} head_t;

// ---- before anything runs

static status_t s_roots (head_t *self, error_t *error)
{
    char *roots = memory_text (self->config.roots), *rest = roots, *name;
    status_t rc = OK;
    while (!rc && (name = strtok_r (rest, " ", &rest))) {
        if (self->roots == MOST_ROOTS)
            rc = error_set_kind (error, ERROR_USAGE, "master.roots: more than %d folders", MOST_ROOTS);
        else if (*name != '/' || access (name, X_OK))
            rc = error_set_kind (error, ERROR_USAGE, "master.roots: %s: %s", name, *name == '/' ? strerror (errno) : "not a whole path");
        else
            self->root [self->roots++] = memory_text (name);        // links as they are: nodes know the shared disk by this name
    }
    free (roots);
    if (!rc && !self->roots)
        rc = error_set_kind (error, ERROR_USAGE, "master.roots: name the folders that clients may read and write: racimo cluster init, or --roots \"/srv/data\"");
    return rc;
}

static status_t s_keys (head_t *self, error_t *error)
{
    if (self->config.security == SECURITY_NONE) {
        log_line (LOG_WARN, "security = none: whoever reaches ports %llu to %llu over the network may run programs here as this user",
            (unsigned long long) self->config.control, (unsigned long long) self->config.door);
        return OK;
    }
    char *path = config_key_path (&self->config, "head");
    status_t rc = OK;
    if (access (path, F_OK))
        rc = error_set_kind (error, ERROR_USAGE, "%s: there is no key of this head: racimo cluster init makes it (or ask for --security none)", path);
    else
        rc = keys_load (path, &self->keys, error);
    free (path);
    return rc;
}

// The head's own worker is in the list as every other. If it was revoked, it stays out, and says so itself.
static status_t s_allow_worker (const head_t *self, error_t *error)
{
    const config_t *config = &self->config;
    char name [64], *path = config_key_path (config, "worker");
    keys_t keys;
    allow_t list = { .lock = -1 };
    status_t rc = keys_load (path, &keys, error);
    if (!rc)
        rc = allow_open (&list, config->state, error);
    cluster_node_name (config, name);
    if (!rc && !allow_key (&list, keys.public_key)) {
        rc = allow_add (&list, ROLE_WORKER, name, keys.public_key, false, error);
        if (!rc)
            rc = allow_save (&list, error);
    }
    allow_free (&list);
    explicit_bzero (&keys, sizeof keys);
    free (path);
    return rc;
}

static status_t s_prepare (head_t *self, int words, char **word, error_t *error)
{
    TRY (cli_check_stack (error));
    TRY (config_load (&self->config, error));
    TRY (config_flags (&self->config, CONFIG_CLUSTER | CONFIG_MASTER | CONFIG_WORKER, words, word, error));
    TRY (s_roots (self, error));
    TRY (s_keys (self, error));
    TRY (daemon_folder (self->config.state, error));
    TRY (daemon_lock (self->config.state, "master", &self->lock, error));
    if (self->config.head_slots && self->config.security != SECURITY_NONE)
        TRY (s_allow_worker (self, error));
    daemon_allow_files ();
    if (pipe2 (self->ready, O_CLOEXEC))
        return error_errno (error, "pipe");
    return OK;
}

// ---- the two processes

static char *s_endpoint (const head_t *self, uint64_t port)
{
    buffer_t text = { 0 };
    buffer_print (&text, "tcp://%s:%llu", *self->config.listen ? self->config.listen : "*", (unsigned long long) port);
    buffer_add (&text, "", 1);
    return text.data;
}

static int s_run_master (head_t *self)
{
    const config_t *config = &self->config;
    char *secret = file_join (config->folder, "keys");
    char *control = s_endpoint (self, config->control), *data = s_endpoint (self, config->data), *door = s_endpoint (self, config->door);
    master_options_t options = {
        .endpoint = control, .data = data, .door = door, .ready_fd = self->ready [1], .parent = self->self,
        .keys = config->security == SECURITY_NONE ? NULL : &self->keys, .cluster = config->name, .state = config->state,
        .root = (const char *const *) self->root, .roots = self->roots, .secret = secret,
        .control_port = (uint16_t) config->control, .data_port = (uint16_t) config->data,
        .door_port = (uint16_t) config->door, .beacon_port = (uint16_t) config->beacon, .host = config->head, .listen = config->listen,
    };
    close (self->ready [0]);
    log_name ("racimo master");
    int status = master_main (&options);
    free (secret);
    free (control);
    free (data);
    free (door);
    return status;
}

static int s_run_worker (head_t *self)
{
    close (self->lock);                                 // the master's alone
    close (self->ready [0]);
    return daemon_run_worker (&self->config, true, (int) self->self);
}

static void s_free (head_t *self)
{
    for (size_t i = 0; i < self->roots; i++)
        free (self->root [i]);
    config_free (&self->config);
}

static status_t s_fork (head_t *self, pid_t *child, const char *name, int (*run) (head_t *self), error_t *error)
{
    fflush (NULL);
    *child = fork ();
    if (*child < 0) {
        *child = 0;
        return error_errno (error, "fork");
    }
    if (*child == 0) {
        sigset_t none;
        sigemptyset (&none);
        sigprocmask (SIG_SETMASK, &none, NULL);
        prctl (PR_SET_NAME, name);
        int status = run (self);
        s_free (self);
        exit (status);
    }
    return OK;
}

static void s_start_worker (head_t *self)
{
    error_t error = { 0 };
    self->worker_since_us = clock_us ();
    if (s_fork (self, &self->worker, "racimo-worker", s_run_worker, &error))
        log_line (LOG_BAD, "%s", error.text);
    self->worker_due_us = self->worker ? 0 : clock_us () + LAST_PAUSE_S * INT64_C (1000000);
}

// A worker that has lived for a while is started again soon; one that dies at its start, later and later.
static void s_worker_ended (head_t *self, int status)
{
    self->worker = 0;
    if (self->ending || !self->master)
        return;
    bool lived = clock_us () - self->worker_since_us >= LIVED_S * INT64_C (1000000);
    self->worker_pause_s = self->worker_pause_s && !lived ? self->worker_pause_s * 2 : FIRST_PAUSE_S;
    if (self->worker_pause_s > LAST_PAUSE_S)
        self->worker_pause_s = LAST_PAUSE_S;
    self->worker_due_us = clock_us () + self->worker_pause_s * INT64_C (1000000);
    if (WIFSIGNALED (status))
        log_line (LOG_BAD, "the head's worker ended: %s; it is started again in %d s", strsignal (WTERMSIG (status)), (int) self->worker_pause_s);
    else
        log_line (LOG_BAD, "the head's worker ended with status %d; it is started again in %d s", WEXITSTATUS (status), (int) self->worker_pause_s);
}

static void s_reap (head_t *self)
{
    int status;
    for (pid_t pid; (pid = waitpid (-1, &status, WNOHANG)) > 0; )
        if (pid == self->master) {
            self->master = 0;
            self->master_status = WIFEXITED (status) ? WEXITSTATUS (status) : EXIT_OTHER;
            if (WIFSIGNALED (status))
                log_line (LOG_BAD, "the master ended: %s", strsignal (WTERMSIG (status)));
        } else if (pid == self->worker)
            s_worker_ended (self, status);
}

// The master's byte: it is bound. Nothing: it could not be and has said why.
static void s_await_master (head_t *self)
{
    char byte;
    ssize_t got;
    close (self->ready [1]);
    do
        got = read (self->ready [0], &byte, 1);
    while (got < 0 && errno == EINTR);
    self->up = got == 1;
    if (!self->up)
        return;
    daemon_notify ("READY=1");
    if (self->config.head_slots)
        s_start_worker (self);
}

static void s_watch (head_t *self, const sigset_t *signals)
{
    while (self->master) {
        int64_t wait_us = self->worker_due_us ? self->worker_due_us - clock_us () : 3600 * INT64_C (1000000);
        wait_us = wait_us < 0 ? 0 : wait_us;
        int signal = sigtimedwait (signals, NULL, &(struct timespec) { wait_us / 1000000, wait_us % 1000000 * 1000 });
        s_reap (self);
        if (self->master && (signal == SIGTERM || signal == SIGINT)) {
            daemon_notify ("STOPPING=1");
            self->ending = true;
            self->worker_due_us = 0;
            kill (self->master, SIGTERM);               // which tells its workers to end
        } else if (self->master && self->worker_due_us && clock_us () >= self->worker_due_us)
            s_start_worker (self);
    }
}

static void s_end_worker (head_t *self, const sigset_t *signals)
{
    int64_t due = clock_us () + WORKER_END_S * INT64_C (1000000);
    self->ending = true;
    if (self->worker)
        kill (self->worker, SIGTERM);
    while (self->worker && clock_us () < due) {
        (void) sigtimedwait (signals, NULL, &(struct timespec) { 1, 0 });
        s_reap (self);
    }
    if (self->worker)
        kill (self->worker, SIGKILL);
}

int master_command (int words, char **word)
{
    head_t self = { .lock = -1, .ready = { -1, -1 }, .self = getpid (), .master_status = EXIT_OTHER };
    error_t error = { 0 };
    sigset_t signals;
    log_name ("racimo master");
    sigemptyset (&signals);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGINT);
    sigaddset (&signals, SIGCHLD);
    sigaddset (&signals, SIGHUP);                       // a daemon has no terminal to lose
    sigprocmask (SIG_BLOCK, &signals, NULL);
    if (s_prepare (&self, words, word, &error) || s_fork (&self, &self.master, "racimo-master", s_run_master, &error)) {
        log_line (LOG_BAD, "%s", error.text);
        self.master_status = (int) master_exit_of (error.kind);
    } else {
        s_await_master (&self);
        s_watch (&self, &signals);
        s_end_worker (&self, &signals);
    }
    s_free (&self);
    return self.master_status;
}
