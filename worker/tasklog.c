// tasklog: see tasklog.h.
//
// A pipe that the worker drains: a file handed to the job could not be capped (RLIMIT_FSIZE would cap its data files as well).
#include "worker/tasklog.h"
#include "base/file.h"
#include "base/memory.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

enum { DRAIN_READ = 64 * 1024, DRAIN_READS = 32 };

struct tasklog {
    char *path;                                         // NULL: into `fresh`
    int fd;                                             // -1: nothing printed yet
    buffer_t fresh;
    uint64_t kept;                                      // of the attempt
    bool cut;                                           // it printed more than the limit
    char line [TASKLOG_LAST + 1];                       // the last line so far, without its end
    size_t length;
    bool whole;                                         // its end has come: the next byte begins another
};

tasklog_t *tasklog_new (const char *path)
{
    tasklog_t *self = memory_new (sizeof *self);
    self->path = memory_text (path);
    self->fd = -1;
    return self;
}

void tasklog_destroy (tasklog_t **self_p)
{
    tasklog_t *self = *self_p;
    if (!self)
        return;
    if (self->fd >= 0)
        close (self->fd);
    buffer_free (&self->fresh);
    free (self->path);
    free (self);
    *self_p = NULL;
}

void tasklog_begin (tasklog_t *self)
{
    self->kept = 0;
    self->cut = false;
    self->length = 0;
    self->whole = false;
}

// Only printable bytes: the line ends in a message for a terminal.
static void s_watch_line (tasklog_t *self, const char *text, size_t size)
{
    for (size_t i = size > 4096 ? size - 4096 : 0; i < size; i++) {
        if (text [i] == '\n') {
            self->whole = true;
            continue;
        }
        if (self->whole)
            self->length = 0;
        self->whole = false;
        if (self->length < TASKLOG_LAST)
            self->line [self->length++] = isprint ((unsigned char) text [i]) ? text [i] : '?';
    }
    self->line [self->length] = '\0';
}

static status_t s_write (tasklog_t *self, const char *text, size_t size)
{
    if (!self->path) {
        buffer_add (&self->fresh, text, size);
        return OK;
    }
    if (self->fd < 0)
        self->fd = open (self->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return self->fd < 0 ? FAILED : file_write_all (self->fd, text, size, self->path, NULL);
}

static void s_keep (tasklog_t *self, const char *text, size_t size)
{
    size_t room = TASKLOG_LIMIT - (size_t) self->kept, kept = size < room ? size : room;
    // What a job prints is worth no failure: a full disk will be told by who writes data.
    if (kept && s_write (self, text, kept))
        kept = 0;
    self->kept += kept;
    if (self->kept == TASKLOG_LIMIT && kept < size && !self->cut) {
        static const char note [] = "\n[racimo: the rest of what this attempt printed is left out]\n";
        self->cut = !s_write (self, note, sizeof note - 1);
    }
}

int tasklog_drain (tasklog_t *self, int output)
{
    char text [DRAIN_READ];
    for (int i = 0; i < DRAIN_READS; i++) {
        ssize_t n = read (output, text, sizeof text);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        s_keep (self, text, (size_t) n);
        s_watch_line (self, text, (size_t) n);
    }
    return 1;
}

buffer_t *tasklog_fresh (tasklog_t *self)
{
    return &self->fresh;
}

const char *tasklog_last (const tasklog_t *self)
{
    return self->length ? self->line : "";
}
