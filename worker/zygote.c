// zygote: see zygote.h.
//
// Worker and zygote speak over a SEQPACKET socketpair in plain structs: both ends are the same program. Requests are SPAWN (with
// three descriptors) and KILL; events are STARTED, ENDED and FAILED. Only the zygote turns a tag into a pid, because only it knows
// that a pid has not been reaped, and so never kills a stranger.
//
// Nothing of a job survives its executor. The executor leads a process group, which gets SIGKILL while the leader is still a
// zombie (so its number cannot have been given away). What left the group (setsid, double fork) is found by parentage: executors
// and the zygote are child subreapers, so an orphan falls to its executor, and at the executor's end to the zygote, which has no
// other children than executors: a child it does not know is a stray. Killing a stray hands over its children in turn, hence the
// search is repeated at every death until none is left.
//
// When the worker goes, the socket says so even after a SIGKILL: the zygote then kills all, removes the scratch folder and ends.
#define _GNU_SOURCE
#include "worker/zygote.h"
#include "worker/scratch.h"
#include "base/memory.h"
#include "worker/executor.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 250 };                                // for executors to close their jobs when the worker has ended

typedef enum { REQUEST_SPAWN = 1, REQUEST_KILL } request_kind_t;
typedef struct { uint64_t kind, tag; } request_t;       // kind: a request_kind_t, wide so that there is no padding
typedef struct { int channel, page, output; } handed_t; // the descriptors of a SPAWN

struct zygote {
    int control;                                        // the worker's end
    pid_t pid;
};

// The zygote's own side.
typedef struct { uint64_t tag; pid_t pid; } child_t;
typedef struct {
    int control, signals;
    pid_t self;
    child_t *child;
    uint32_t children, room;
} nursery_t;

static void s_tell (nursery_t *self, zygote_event_kind_t kind, uint64_t tag, pid_t pid, int status)
{
    zygote_event_t event;
    memset (&event, 0, sizeof event);                   // with its padding: what goes through a socket is all defined
    event.kind = kind;
    event.tag = tag;
    event.pid = pid;
    event.status = status;
    while (send (self->control, &event, sizeof event, MSG_NOSIGNAL) < 0 && errno == EINTR) { }
}

// Of all descriptors but the standard three only this one is left, and under the number returned. There need not be a higher one
// to spare: `ulimit -n` may be small.
static int s_keep_only (int fd)
{
    enum { KEPT = STDERR_FILENO + 1 };
    if (fd != KEPT)
        dup3 (fd, KEPT, O_CLOEXEC);
    closefrom (KEPT + 1);
    return KEPT;
}

// In the new process: shed all that is the zygote's.
static void s_settle (const nursery_t *self, const handed_t *handed)
{
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (getppid () != self->self)
        _exit (0);
    setpgid (0, 0);
    prctl (PR_SET_CHILD_SUBREAPER, 1);
    prctl (PR_SET_NAME, "racimo-slot");
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        signal (signal_number, SIG_DFL);
    signal (SIGXFSZ, SIG_IGN);                          // a limit on files is an error of writing, not the job's
    sigset_t none;
    sigemptyset (&none);
    sigprocmask (SIG_SETMASK, &none, NULL);
    setrlimit (RLIMIT_CORE, &(struct rlimit) { 0, 0 });
    int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write (fd, "500", 3) < 0) { }        // of all processes of the node, this one is the least loss
    dup2 (handed->output, STDOUT_FILENO);
    dup2 (handed->output, STDERR_FILENO);
    setvbuf (stdout, NULL, _IOLBF, 0);                  // a crash must not take the job's last words with it
}

static _Noreturn void s_child (const nursery_t *self, const handed_t *handed)
{
    s_settle (self, handed);
    position_t *position = mmap (NULL, sizeof *position, PROT_READ | PROT_WRITE, MAP_SHARED, handed->page, 0);
    if (position == MAP_FAILED)
        _exit (EXECUTOR_BROKEN);
    executor_run (s_keep_only (handed->channel), position);
}

static void s_spawn (nursery_t *self, uint64_t tag, const handed_t *handed)
{
    pid_t pid = fork ();
    if (pid == 0)
        s_child (self, handed);
    if (pid < 0) {
        s_tell (self, ZYGOTE_FAILED, tag, 0, errno);
        return;
    }
    setpgid (pid, pid);                                 // by both, so that the group is there whoever runs first
    if (self->children == self->room)
        self->child = memory_grow (self->child, (self->room = self->room * 2 + 16) * sizeof *self->child);
    self->child [self->children++] = (child_t) { tag, pid };
    s_tell (self, ZYGOTE_STARTED, tag, pid, 0);
}

static child_t *s_find_pid (nursery_t *self, pid_t pid)
{
    for (uint32_t i = 0; i < self->children; i++)
        if (self->child [i].pid == pid)
            return &self->child [i];
    return NULL;
}

// "PID (any name) S PPID ...": the name may hold anything, so its last parenthesis counts. 0: that process has gone.
static pid_t s_parent_of (const char *pid)
{
    char path [64], text [256];
    snprintf (path, sizeof path, "/proc/%.32s/stat", pid);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read (fd, text, sizeof text - 1);
    close (fd);
    text [n > 0 ? n : 0] = '\0';
    const char *end = strrchr (text, ')');
    int parent = 0;
    return end && sscanf (end, ") %*c %d", &parent) == 1 ? parent : 0;
}

static void s_kill_strays (nursery_t *self)
{
    DIR *processes = opendir ("/proc");
    if (!processes)
        return;
    for (struct dirent *entry; (entry = readdir (processes)); ) {
        if (entry->d_name [0] < '1' || entry->d_name [0] > '9' || s_parent_of (entry->d_name) != self->self)
            continue;
        pid_t pid = (pid_t) strtol (entry->d_name, NULL, 10);
        if (!s_find_pid (self, pid))
            kill (pid, SIGKILL);
    }
    closedir (processes);
}

// Reaps the one child that waitid has seen dead, an executor or a stray.
static void s_reap_one (nursery_t *self, pid_t pid)
{
    child_t *child = s_find_pid (self, pid);
    if (child)
        kill (-pid, SIGKILL);
    int status = 0;
    waitpid (pid, &status, 0);
    if (!child)
        return;
    uint64_t tag = child->tag;
    *child = self->child [--self->children];
    s_tell (self, ZYGOTE_ENDED, tag, pid, status);
}

// Reaps all that have ended; false: no child is left at all.
static bool s_reap (nursery_t *self)
{
    bool reaped = false;
    for (;;) {
        siginfo_t info = { 0 };
        if (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno != EINTR)
            return false;                               // without children there are no strays either
        if (!info.si_pid)
            break;
        s_reap_one (self, info.si_pid);
        reaped = true;
    }
    if (reaped)
        s_kill_strays (self);
    return true;
}

// A request and its descriptors; 0: the worker has gone.
static ssize_t s_receive (nursery_t *self, request_t *request, handed_t *handed)
{
    union { struct cmsghdr header; char room [CMSG_SPACE (sizeof *handed)]; } control = { 0 };
    struct iovec part = { request, sizeof *request };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    ssize_t n = recvmsg (self->control, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = CMSG_FIRSTHDR (&message);
    *handed = (handed_t) { -1, -1, -1 };
    if (n > 0 && header && header->cmsg_len == CMSG_LEN (sizeof *handed))
        memcpy (handed, CMSG_DATA (header), sizeof *handed);
    return n < 0 && (errno == EINTR || errno == EAGAIN) ? (ssize_t) sizeof *request : n;
}

// False: the worker has gone.
static bool s_serve (nursery_t *self)
{
    request_t request = { 0 };
    handed_t handed;
    if (s_receive (self, &request, &handed) <= 0)
        return false;
    if (request.kind == REQUEST_SPAWN && handed.output >= 0) {
        s_spawn (self, request.tag, &handed);
        close (handed.channel);
        close (handed.page);
        close (handed.output);
    }
    for (uint32_t i = 0; request.kind == REQUEST_KILL && i < self->children; i++)
        if (self->child [i].tag == request.tag)
            kill (self->child [i].pid, SIGKILL);
    return true;
}

static void s_drain_signals (nursery_t *self)
{
    struct signalfd_siginfo info;
    while (read (self->signals, &info, sizeof info) > 0) { }
}

static void s_end (nursery_t *self)
{
    struct pollfd item = { .fd = self->signals, .events = POLLIN };
    while (self->children && poll (&item, 1, GRACE_MS) > 0) {
        s_drain_signals (self);
        s_reap (self);
    }
    for (uint32_t i = 0; i < self->children; i++)
        kill (self->child [i].pid, SIGKILL);
    s_kill_strays (self);
    while (s_reap (self))
        if (poll (&item, 1, -1) > 0)
            s_drain_signals (self);
}

static _Noreturn void s_run (int control, pid_t worker, const char *scratch)
{
    nursery_t self = { .control = control, .self = getpid () };
    setpgid (0, 0);                                     // the terminal's Ctrl-C is for the client
    prctl (PR_SET_NAME, "racimo-zygote");
    prctl (PR_SET_CHILD_SUBREAPER, 1);
    sigset_t all;
    sigfillset (&all);
    sigprocmask (SIG_SETMASK, &all, NULL);
    self.signals = signalfd (-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
    struct pollfd items [] = { { .fd = self.control, .events = POLLIN }, { .fd = self.signals, .events = POLLIN } };
    bool there = getppid () == worker;
    while (there) {
        if (poll (items, 2, -1) < 0)
            continue;
        if (items [1].revents) {
            s_drain_signals (&self);
            s_reap (&self);
        }
        if (items [0].revents)
            there = s_serve (&self);
    }
    s_end (&self);
    scratch_remove (scratch);
    _exit (0);
}

// Keeps no descriptor of the worker's but its own end and stderr: an open pipe would keep somebody else waiting for its end.
static _Noreturn void s_become_zygote (int control, pid_t worker, const char *scratch)
{
    int nothing = open ("/dev/null", O_RDWR | O_CLOEXEC);
    dup2 (nothing, STDIN_FILENO);
    dup2 (nothing, STDOUT_FILENO);
    s_run (s_keep_only (control), worker, scratch);
}

zygote_t *zygote_new (const char *scratch, error_t *error)
{
    int ends [2];
    if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
        error_errno (error, "no socket for the zygote");
        return NULL;
    }
    pid_t worker = getpid ();
    fflush (NULL);
    pid_t pid = fork ();
    if (pid == 0)
        s_become_zygote (ends [1], worker, scratch);
    close (ends [1]);
    if (pid < 0) {
        error_errno (error, "cannot fork the zygote");
        close (ends [0]);
        return NULL;
    }
    zygote_t *self = memory_new (sizeof *self);
    *self = (zygote_t) { .control = ends [0], .pid = pid };
    return self;
}

void zygote_destroy (zygote_t **self_p)
{
    zygote_t *self = *self_p;
    if (!self)
        return;
    close (self->control);
    while (waitpid (self->pid, NULL, 0) < 0 && errno == EINTR) { }
    free (self);
    *self_p = NULL;
}

int zygote_fd (const zygote_t *self)
{
    return self->control;
}

static status_t s_request (zygote_t *self, const request_t *request, const handed_t *handed)
{
    union { struct cmsghdr header; char room [CMSG_SPACE (sizeof *handed)]; } control = { 0 };
    struct iovec part = { (void *) request, sizeof *request };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (handed) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header = (struct cmsghdr) { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN (sizeof *handed) };
        memcpy (CMSG_DATA (&control.header), handed, sizeof *handed);
    }
    ssize_t n;
    while ((n = sendmsg (self->control, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) { }
    return n < 0 ? FAILED : OK;
}

status_t zygote_spawn (zygote_t *self, uint64_t tag, int channel, int page, int output, error_t *error)
{
    request_t request = { .kind = REQUEST_SPAWN, .tag = tag };
    if (s_request (self, &request, &(handed_t) { channel, page, output }))
        return error_errno (error, "cannot ask the zygote for an executor");
    return OK;
}

void zygote_kill (zygote_t *self, uint64_t tag)
{
    request_t request = { .kind = REQUEST_KILL, .tag = tag };
    if (s_request (self, &request, NULL)) { }           // it has ended, and its executors with it
}

bool zygote_next (zygote_t *self, zygote_event_t *event, bool *gone)
{
    ssize_t n = recv (self->control, event, sizeof *event, MSG_DONTWAIT);
    *gone = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    return n == (ssize_t) sizeof *event;
}
