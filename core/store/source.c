// source: see source.h.
//
// pread, not mmap: a mapped file that shrinks is a SIGBUS in the middle of a kernel, and large reads into the same warm buffer
// are as fast. pread at a file's end that has come nearer is a silent 0; so the end is where the submit saw it, and one that
// comes earlier is an error. A file that has grown or was written over is seen by its size and time at the end (source_check).
// The device is not compared: the same file has another number on each node of a shared disk.
//
// A guarded file is a copy that grows while it is read (a node's chunk cache): its blocks are asked for before they are read, its time says
// nothing, and who brings the blocks holds the original against what it was at submit. That somebody has cleared the cache is no fault of the data:
// who has the copy open reads on, and who does not finds a new one at the next attempt.
#include "store/source.h"
#include "base/file.h"
#include "store/source_gz.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
    const input_file_t *file;
    int fd;
    uint64_t at;                                        // of the next raw byte
    uint64_t upto;                                      // guarded: what may be read without asking
    gz_t *gz;                                           // NULL: plain
};

static status_t s_changed (const source_t *self, error_t *error)
{
    if (self->file->guard)
        return error_set (error, "%s: its copy in this node's cache, %s, was changed by somebody", self->file->path, self->file->guard->path);
    return error_set_kind (error, ERROR_DATA, "%s: changed while the job ran", self->file->path);
}

status_t source_check (source_t *self, error_t *error)
{
    const input_file_t *file = self->file;
    struct stat now;
    if (fstat (self->fd, &now))
        return error_errno (error, "%s: cannot look at it", file->path);
    if (now.st_nlink == 0 && !file->guard)
        return error_set_kind (error, ERROR_DATA, "%s: deleted while the job ran", file->path);
    bool later = file_time_ns (now.st_mtim) != file->mtime_ns && !file->guard;
    if ((uint64_t) now.st_size != file->size || now.st_ino != file->inode || later)
        return s_changed (self, error);
    return OK;
}

// A gz_raw_fn too.
static status_t s_read_raw (void *context, char *to, size_t room, size_t *size, error_t *error)
{
    source_t *self = context;
    uint64_t left = self->at < self->file->size ? self->file->size - self->at : 0;
    size_t want = room < left ? room : (size_t) left;
    ssize_t n = 0;
    if (want && self->file->guard && self->at >= self->upto)
        TRY (self->file->guard->ask (self->file->guard->context, self->at, &self->upto, error));
    if (self->file->guard && want > self->upto - self->at)
        want = (size_t) (self->upto - self->at);
    while (want && (n = pread (self->fd, to, want, (off_t) self->at)) < 0)
        if (errno != EINTR)
            return error_errno (error, "%s: byte %llu: cannot read", self->file->path, (unsigned long long) self->at);
    if (want && !n)
        return s_changed (self, error);
    self->at += (uint64_t) n;
    *size = (size_t) n;
    return OK;
}

source_t *source_open (const input_file_t *file, uint64_t offset, error_t *error)
{
    if (file->packed && offset) {
        error_set (error, "%s: a packed file is read from its start only", file->path);
        return NULL;
    }
    int fd = open (file->guard ? file->guard->path : file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        error_set_kind (error, errno == ENOENT && !file->guard ? ERROR_DATA : ERROR_OTHER, "%s: cannot open: %s", file->guard ? file->guard->path : file->path,
            strerror (errno));
        return NULL;
    }
    source_t *self = memory_new (sizeof *self);
    *self = (source_t) { .file = file, .fd = fd, .at = offset };
    if (source_check (self, error))
        source_close (&self);
    else {
        posix_fadvise (fd, (off_t) offset, 0, POSIX_FADV_SEQUENTIAL);
        self->gz = file->packed ? gz_new (file->path, s_read_raw, self) : NULL;
    }
    return self;
}

void source_close (source_t **self_p)
{
    source_t *self = *self_p;
    if (!self)
        return;
    gz_destroy (&self->gz);
    close (self->fd);
    free (self);
    *self_p = NULL;
}

status_t source_read (source_t *self, char *to, size_t room, size_t *size, error_t *error)
{
    *size = 0;
    return self->gz ? gz_read (self->gz, to, room, size, error) : s_read_raw (self, to, room, size, error);
}

uint64_t source_taken (const source_t *self)
{
    return self->at;
}

const char *source_warning (const source_t *self)
{
    return self->gz ? gz_warning (self->gz) : NULL;
}
