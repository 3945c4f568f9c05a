// local: see local.h.
//
// The worker is forked first: it forks its zygote from a process that is still small. It and the client try to connect until the
// master is there, which is a few milliseconds later; the client waits for the master's byte, so that a master that could not bind is
// known at once.
//
// A socket's name has at most 107 bytes, and $TMPDIR may be longer than that. So the processes, which have all inherited the folder's descriptor,
// name the socket by it.
//
// Whoever outlives the client removes the folder: each child does when its main has returned and its parent is another one now.
#define _GNU_SOURCE
#include "cli/local.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/home.h"
#include "master/master.h"
#include "worker/scratch.h"
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TERM_MS = 3000, KILL_MS = 3000,                     // what a process has to end at SIGTERM, and at SIGKILL
    WORKER_MS = 200,                                    // for a worker, after its master
};

typedef struct { const char *name; pid_t pid; bool ended; int status; } child_t;       // pid 0: was never started

struct local {
    char *folder, *endpoint, *scratch, *api;
    local_options_t options;
    int place;                                          // the folder, open
    int ready [2];                                      // the master's byte
    child_t worker, master;
    pid_t client;
};

static int s_run_worker (const local_t *self)
{
    worker_options_t options = {
        .endpoint = self->endpoint, .slots = (uint32_t) self->options.slots, .memory = self->options.memory, .scratch = self->scratch,
        .api = self->api, .logs = self->options.logs, .parent = self->client,
    };
    close (self->ready [1]);
    return worker_main (&options);
}

static int s_run_master (const local_t *self)
{
    master_options_t options = { .endpoint = self->endpoint, .ready_fd = self->ready [1], .private = true, .parent = self->client };
    return master_main (&options);
}

static void s_remove_folder (const local_t *self)
{
    if (self->scratch)
        scratch_remove (self->scratch);
    file_remove_tree (self->folder);
}

// What a child does first and last. Signals that the client has blocked for its own use are let through again.
static int s_child (const local_t *self, const char *name, int (*run) (const local_t *self))
{
    sigset_t none;
    setpgid (0, 0);
    prctl (PR_SET_NAME, name);
    sigemptyset (&none);
    sigprocmask (SIG_SETMASK, &none, NULL);
    int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2 (null, STDIN_FILENO);
        dup2 (null, STDOUT_FILENO);                     // the result's; nobody else may write there
        close (null);
    }
    close (self->ready [0]);
    int status = run (self);
    if (getppid () != self->client)
        s_remove_folder (self);
    return status;
}

static status_t s_fork (local_t *self, child_t *child, int (*run) (const local_t *self), error_t *error)
{
    child->pid = fork ();
    if (child->pid < 0) {
        child->pid = 0;
        return error_errno (error, "fork");
    }
    if (child->pid == 0)
        exit (s_child (self, child->name, run));
    return OK;
}

static status_t s_await_master (local_t *self, error_t *error)
{
    char said [sizeof error->text];
    ssize_t got;
    close (self->ready [1]);
    self->ready [1] = -1;
    do
        got = read (self->ready [0], said, sizeof said - 1);
    while (got < 0 && errno == EINTR);
    close (self->ready [0]);
    self->ready [0] = -1;
    said [got > 0 ? got : 0] = '\0';
    return got == 1 && !*said ? OK : error_set (error, "%s: the master could not start there: %s", self->folder, *said ? said : "it was killed");
}

// Two descriptors a slot are the worker's, and some for links, plugins and files. With too few of them it could neither work nor say why.
static status_t s_allow_files (uint64_t slots, error_t *error)
{
    enum { FILES_A_SLOT = 2, FILES_BESIDE = 40 };
    const rlim_t wanted = (rlim_t) slots * FILES_A_SLOT + FILES_BESIDE;
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return OK;
    const struct rlimit raised = { .rlim_cur = wanted, .rlim_max = limit.rlim_max };
    if (limit.rlim_max >= wanted && !setrlimit (RLIMIT_NOFILE, &raised))
        return OK;
    return error_set_kind (error, ERROR_USAGE, "--slots %llu: needs %llu open files, but ulimit -n allows %llu", (unsigned long long) slots,
                           (unsigned long long) wanted, (unsigned long long) limit.rlim_max);
}

static status_t s_start (local_t *self, error_t *error)
{
    TRY (s_allow_files (self->options.slots, error));
    TRY (cli_check_stack (error));
    self->folder = cli_private_folder (error);
    self->api = home_api (error);
    if (!self->folder || !self->api)
        return FAILED;
    if (self->options.logs)
        TRY (file_make_folders (self->options.logs, 0777, error));
    self->scratch = file_join (self->folder, "scratch");
    self->place = open (self->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (self->place < 0)
        return error_errno (error, "%s: cannot open", self->folder);
    buffer_t endpoint = { 0 };
    buffer_print (&endpoint, "ipc:///proc/self/fd/%d/master", self->place);
    self->endpoint = memory_text (endpoint.data);
    buffer_free (&endpoint);
    if (pipe2 (self->ready, O_CLOEXEC))
        return error_errno (error, "pipe");
    fflush (NULL);                                      // what is buffered is printed once
    TRY (s_fork (self, &self->worker, s_run_worker, error));
    TRY (s_fork (self, &self->master, s_run_master, error));
    return s_await_master (self, error);
}

local_t *local_start (const local_options_t *options, error_t *error)
{
    local_t *self = memory_new (sizeof *self);
    *self = (local_t) {
        .options = *options, .place = -1, .ready = { -1, -1 }, .client = getpid (), .worker.name = "racimo-worker", .master.name = "racimo-master",
    };
    if (s_start (self, error) && local_stop (&self, 0) && error)
        error->text [0] = '\0';
    return self;
}

const char *local_endpoint (const local_t *self)
{
    return self->endpoint;
}

const char *local_folder (const local_t *self)
{
    return self->folder;
}

pid_t local_master (const local_t *self)
{
    return self->master.pid;
}

// True: it has ended (or never was).
static bool s_ended (child_t *child)
{
    if (child->pid && !child->ended)
        child->ended = waitpid (child->pid, &child->status, WNOHANG) != 0;
    return child->ended || !child->pid;
}

static status_t s_report (child_t *child, error_t *error)
{
    if (!s_ended (child))
        return OK;
    if (WIFSIGNALED (child->status))
        return error_set (error, "the process %s ended: %s", child->name, strsignal (WTERMSIG (child->status)));
    return error_set (error, "the process %s ended with status %d", child->name, WEXITSTATUS (child->status));
}

status_t local_check (local_t *self, error_t *error)
{
    status_t rc = s_report (&self->master, error), other = s_report (&self->worker, error);
    return rc ? rc : other;
}

// Waits until one has ended, at most until `due_us`; SIGCHLD is blocked meanwhile, so that none is missed.
static bool s_await_end (child_t *child, int64_t due_us)
{
    sigset_t set, before;
    sigemptyset (&set);
    sigaddset (&set, SIGCHLD);
    sigprocmask (SIG_BLOCK, &set, &before);
    bool ended;
    while (!(ended = s_ended (child))) {
        int64_t left = due_us - clock_us ();
        if (left <= 0)
            break;
        (void) sigtimedwait (&set, NULL, &(struct timespec) { left / 1000000, left % 1000000 * 1000 });
    }
    sigprocmask (SIG_SETMASK, &before, NULL);
    return ended;
}

// By itself within `patience_ms`, or at SIGTERM, or at SIGKILL.
static void s_end (child_t *child, int patience_ms)
{
    static const struct { int signal, ms; } steps [] = { { SIGTERM, TERM_MS }, { SIGKILL, KILL_MS } };
    bool ended = s_await_end (child, clock_us () + (int64_t) patience_ms * 1000);
    for (size_t i = 0; i < COUNT_OF (steps) && !ended; i++) {
        kill (child->pid, steps [i].signal);
        ended = s_await_end (child, clock_us () + (int64_t) steps [i].ms * 1000);
    }
}

// By itself: at a signal they end with 0.
static bool s_failed (const child_t *child)
{
    return child->ended && WIFEXITED (child->status) && WEXITSTATUS (child->status);
}

bool local_stop (local_t **self_p, int patience_ms)
{
    local_t *self = *self_p;
    if (!self)
        return false;
    s_end (&self->master, patience_ms);                 // which ends the worker
    s_end (&self->worker, WORKER_MS);
    bool told = s_failed (&self->worker);               // what the master has to say came through `ready`
    for (int i = 0; i < 2; i++)
        if (self->ready [i] >= 0)
            close (self->ready [i]);
    if (self->place >= 0)
        close (self->place);
    if (self->folder)
        s_remove_folder (self);
    free (self->folder);
    free (self->endpoint);
    free (self->scratch);
    free (self->api);
    free (self);
    *self_p = NULL;
    return told;
}
