// crew: see crew.h.
//
// What a worker says, its log, comes back on the command's standard error. The last line of it is kept: it says why a worker has ended. That
// a master has taken it in is read there too, for nobody knows it sooner. The commands lead process groups of their own, so that a Ctrl-C
// at the terminal reaches the job's client alone, which then still has workers to tell.
#define _GNU_SOURCE
#include "cli/crew.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { LINE = 400 };

typedef struct {
    char *host;
    pid_t pid;
    int in, said;                                       // to its standard input, from its standard error; -1: closed
    bool joined, ended;
    char line [LINE]; size_t size;                      // what is being said
    char last [LINE];                                   // the worker said last; before it did, whoever is on the way
} mate_t;

struct crew {
    char *via, *program;
    mate_t *mate; size_t mates;
};

crew_t *crew_new (const char *via, const char *program)
{
    crew_t *self = memory_new (sizeof *self);
    *self = (crew_t) { .via = memory_text (via), .program = memory_text (program) };
    return self;
}

// ---- starting one

// The words of `via` with the host in place of {}, and behind them what to run there.
static char **s_words (const crew_t *self, const char *host, buffer_t *text)
{
    char *tail [] = { self->program, (char *) "worker", (char *) GUEST_WORD, NULL };
    for (const char *at = self->via; *at; at++)
        if (at [0] == '{' && at [1] == '}') {
            buffer_add (text, host, strlen (host));
            at++;
        } else
            buffer_add (text, at, 1);
    buffer_add (text, "", 1);
    char **word = memory_new ((text->size / 2 + 1 + COUNT_OF (tail)) * sizeof *word), *rest = text->data, *next;
    size_t words = 0;
    while ((next = strtok_r (rest, " ", &rest)))
        word [words++] = next;
    memcpy (word + words, tail, sizeof tail);
    return word;
}

static int s_spawn (pid_t *pid, char **word, int in, int said)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset (&none);
    sigfillset (&all);
    posix_spawn_file_actions_init (&files);
    posix_spawn_file_actions_adddup2 (&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2 (&files, said, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2 (&files, said, STDERR_FILENO);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask (&attributes, &none);
    posix_spawnattr_setsigdefault (&attributes, &all);
    int number = posix_spawnp (pid, word [0], &files, &attributes, word, environ);
    posix_spawn_file_actions_destroy (&files);
    posix_spawnattr_destroy (&attributes);
    return number;
}

static status_t s_start (const crew_t *self, mate_t *mate, error_t *error)
{
    int in [2], said [2];
    if (pipe2 (in, O_CLOEXEC))
        return error_errno (error, "pipe");
    if (pipe2 (said, O_CLOEXEC)) {
        close (in [0]);
        close (in [1]);
        return error_errno (error, "pipe");
    }
    buffer_t text = { 0 };
    char **word = s_words (self, mate->host, &text);
    int number = s_spawn (&mate->pid, word, in [0], said [1]);
    close (in [0]);
    close (said [1]);
    mate->in = in [1];
    mate->said = said [0];
    fcntl (mate->said, F_SETFL, O_NONBLOCK);
    mate->ended = number != 0;
    errno = number;
    status_t rc = number ? error_errno (error, "%s: cannot run %s", mate->host, word [0]) : OK;
    free (word);
    buffer_free (&text);
    return rc;
}

status_t crew_add (crew_t *self, const char *host, const buffer_t *settings, const keys_t *keys, error_t *error)
{
    self->mate = memory_grow (self->mate, (self->mates + 1) * sizeof *self->mate);
    mate_t *mate = &self->mate [self->mates++];
    *mate = (mate_t) { .host = memory_text (host), .in = -1, .said = -1, .ended = true };
    TRY (s_start (self, mate, error));
    buffer_t hand = { 0 };
    guest_write (settings, keys, &hand);
    if (file_write_all (mate->in, hand.data, hand.size, host, NULL)) { }    // little, so a pipe holds it whole; who has ended already: crew_reap tells how
    explicit_bzero (hand.data, hand.size);
    buffer_free (&hand);
    return OK;
}

// ---- what they say

// What srun says of an end ("exited with exit code 1") is not worth what the worker said before.
static void s_line (mate_t *mate)
{
    mate->line [mate->size] = '\0';
    bool own = strstr (mate->line, GUEST_NAME ":") != NULL;
    if (strstr (mate->line, GUEST_JOINED))
        mate->joined = true;
    if (mate->size && (own || !strstr (mate->last, GUEST_NAME ":")))
        memcpy (mate->last, mate->line, mate->size + 1);
    mate->size = 0;
}

static void s_hear (mate_t *mate)
{
    char text [4096];
    ssize_t got;
    while ((got = read (mate->said, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < got; i++)
            if (text [i] == '\n')
                s_line (mate);
            else if (mate->size + 1 < LINE)
                mate->line [mate->size++] = text [i];
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    s_line (mate);
    close (mate->said);
    mate->said = -1;
}

void crew_wait (crew_t *self, int other, int wait_ms)
{
    struct pollfd *polled = memory_new ((self->mates + 1) * sizeof *polled);
    polled [self->mates] = (struct pollfd) { .fd = other, .events = POLLIN };
    for (size_t i = 0; i < self->mates; i++)
        polled [i] = (struct pollfd) { .fd = self->mate [i].said, .events = POLLIN };
    if (poll (polled, self->mates + 1, wait_ms) > 0)
        for (size_t i = 0; i < self->mates; i++)
            if (polled [i].revents)
                s_hear (&self->mate [i]);
    free (polled);
}

size_t crew_size (const crew_t *self)
{
    return self->mates;
}

size_t crew_working (const crew_t *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->mates; i++)
        count += self->mate [i].joined && !self->mate [i].ended;
    return count;
}

size_t crew_ended (const crew_t *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->mates; i++)
        count += self->mate [i].ended;
    return count;
}

// ---- the end

// Its last words are there when it has ended. After we have closed its input, an end is no news.
bool crew_reap (crew_t *self, int pid, int status)
{
    for (size_t i = 0; i < self->mates; i++) {
        mate_t *mate = &self->mate [i];
        if (mate->ended || mate->pid != pid)
            continue;
        mate->ended = true;
        if (mate->said >= 0)
            s_hear (mate);
        if (mate->in >= 0 && WIFEXITED (status))
            fprintf (stderr, "racimo up: %s: its worker has ended with status %d%s%s\n", mate->host, WEXITSTATUS (status), *mate->last ? ": " : "", mate->last);
        else if (mate->in >= 0)
            fprintf (stderr, "racimo up: %s: its worker has ended: %s\n", mate->host, strsignal (WTERMSIG (status)));
        return true;
    }
    return false;
}

static void s_let_go (mate_t *mate)
{
    if (mate->in >= 0)
        close (mate->in);
    mate->in = -1;
}

void crew_destroy (crew_t **self_p, int wait_ms)
{
    crew_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->mates; i++)
        s_let_go (&self->mate [i]);
    int64_t due = clock_us () + (int64_t) wait_ms * 1000;
    for (size_t i = 0; i < self->mates; i++) {
        mate_t *mate = &self->mate [i];
        int64_t left;
        while (mate->said >= 0 && (left = (due - clock_us ()) / 1000) > 0)  // closed by the last process that has it
            crew_wait (self, -1, (int) left);
        if (!mate->ended) {
            if (mate->said >= 0)
                kill (-mate->pid, SIGTERM);
            while (waitpid (mate->pid, NULL, 0) < 0 && errno == EINTR) { }
        }
        if (mate->said >= 0)
            close (mate->said);
        free (mate->host);
    }
    free (self->mate);
    free (self->via);
    free (self->program);
    free (self);
    *self_p = NULL;
}
