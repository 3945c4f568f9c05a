// shelf: see shelf.h.
//
// A file is opened anew for each request: that is a hundredth of the cost of its 256 KiB, and holds no descriptors. What was opened must be the
// file of the submit, by device, inode, size and time, so that a path that means something else by now gives an error and never its bytes.
// Because an open file has no history, the kernel cannot see that somebody reads on: the bytes behind a request are asked for ahead (AHEAD).
//
// A part is written by the attempt that makes it and by nobody else: the loop grants each attempt that it orders to the key of its worker, and withdraws it
// when the attempt is over. So a node that lies, or a late one, cannot change what another has made, nor what has been counted as done. There are
// only as many grants as attempts that run.
//
// An entry is pinned by each request that is being answered, and freed by the last one that lets go.
#define _GNU_SOURCE
#include "master/shelf.h"
#include "base/file.h"
#include "wire/bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AHEAD = 1 << 20 };                               // read ahead of whoever reads a file in order

typedef struct { attempt_t attempt; char key [KEY_TEXT]; } grant_t;

typedef struct entry {
    struct entry *next;
    uint64_t job;
    fetch_what_t what;
    input_list_t files;                                 // ours to free only once forgotten
    int folder;                                         // of parts; -1: none
    char owner [KEY_TEXT];
    grant_t *grant; size_t grants;
    uint32_t pins;
    bool forgotten;
    served_t served;
} entry_t;

struct shelf {
    bool secured;
    pthread_mutex_t lock;                               // of all that follows
    entry_t *first;
};

// ---- entries; with the lock

static entry_t *s_find (const shelf_t *self, uint64_t job, fetch_what_t what)
{
    entry_t *entry = self->first;
    while (entry && (entry->forgotten || entry->job != job || entry->what != what))
        entry = entry->next;
    return entry;
}

static void s_remove (shelf_t *self, entry_t *entry)
{
    entry_t **at = &self->first;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    if (entry->folder >= 0)
        close (entry->folder);
    if (entry->forgotten)
        input_list_free (&entry->files);
    free (entry->grant);
    free (entry);
}

static grant_t *s_granted (const entry_t *entry, const attempt_t *attempt)
{
    for (size_t i = 0; i < entry->grants; i++)
        if (!memcmp (&entry->grant [i].attempt, attempt, sizeof *attempt))
            return &entry->grant [i];
    return NULL;
}

// ---- who may

// A request's entry, pinned. NULL: there is none, or it is not for whoever asks. Without encryption there are no roles.
static entry_t *s_pin (shelf_t *self, const user_t *who, uint64_t job, fetch_what_t what, error_t *error)
{
    role_t role = what == FETCH_RESULT ? ROLE_CLIENT : ROLE_WORKER;
    pthread_mutex_lock (&self->lock);
    entry_t *entry = s_find (self, job, what);
    status_t rc = OK;
    if (!entry)
        rc = error_set (error, "job %llu: has ended, or never was", (unsigned long long) job);
    else if (self->secured && who->role != role)
        rc = error_set (error, "%s: a %s may not ask for that", who->name, role_name (who->role));
    else if (self->secured && role == ROLE_CLIENT && strcmp (who->key, entry->owner))
        rc = error_set (error, "%s: the result of job %llu is another client's", who->name, (unsigned long long) job);
    else
        entry->pins++;
    pthread_mutex_unlock (&self->lock);
    return rc ? NULL : entry;
}

static void s_unpin (shelf_t *self, entry_t *entry)
{
    pthread_mutex_lock (&self->lock);
    if (--entry->pins == 0 && entry->forgotten)
        s_remove (self, entry);
    pthread_mutex_unlock (&self->lock);
}

// ---- files

static status_t s_check_same (int fd, const input_file_t *file, error_t *error)
{
    struct stat now;
    if (fstat (fd, &now))
        return error_errno (error, "%s: cannot look at it", file->path);
    if ((uint64_t) now.st_size != file->size || now.st_ino != file->inode || now.st_dev != file->device
        || file_time_ns (now.st_mtim) != file->mtime_ns)
        return error_set_kind (error, ERROR_DATA, "%s: changed while the job ran", file->path);
    return OK;
}

static status_t s_read (int fd, const input_file_t *file, uint64_t offset, size_t length, buffer_t *into, error_t *error)
{
    TRY (s_check_same (fd, file, error));
    buffer_reserve (into, length);
    status_t rc = file_read_at (fd, into->data, length, offset, file->path, error);
    if (rc == TRUNCATED)
        rc = error_set_kind (error, ERROR_DATA, "%s: changed while the job ran", file->path);
    else if (!rc && offset + length < file->size)
        posix_fadvise (fd, (off_t) (offset + length), AHEAD, POSIX_FADV_WILLNEED);
    into->size = rc ? 0 : length;
    return rc;
}

static status_t s_read_file (const entry_t *entry, const message_fetch_t *fetch, buffer_t *into, error_t *error)
{
    if (fetch->index >= entry->files.files)
        return error_set (error, "job %llu has no file %llu", (unsigned long long) fetch->job, (unsigned long long) fetch->index);
    const input_file_t *file = &entry->files.file [fetch->index];
    if (fetch->offset > file->size || !fetch->length || fetch->length > FETCH_BYTES)
        return error_set (error, "%s: no such range: %llu bytes at %llu", file->path, (unsigned long long) fetch->length,
            (unsigned long long) fetch->offset);
    uint64_t left = file->size - fetch->offset;
    int fd = open (file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set_kind (error, errno == ENOENT ? ERROR_DATA : ERROR_OTHER, "%s: cannot open: %s", file->path, strerror (errno));
    status_t rc = s_read (fd, file, fetch->offset, fetch->length < left ? fetch->length : (size_t) left, into, error);
    close (fd);
    return rc;
}

status_t shelf_read (shelf_t *self, const user_t *who, const message_fetch_t *fetch, buffer_t *into, error_t *error)
{
    entry_t *entry = s_pin (self, who, fetch->job, (fetch_what_t) fetch->what, error);
    if (!entry)
        return FAILED;
    status_t rc = s_read_file (entry, fetch, into, error);
    s_unpin (self, entry);
    return rc;
}

void shelf_count (shelf_t *self, const message_fetch_t *fetch, const served_t *more)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = s_find (self, fetch->job, (fetch_what_t) fetch->what);
    if (entry) {
        entry->served.frames += more->frames;
        entry->served.raw += more->raw;
        entry->served.carried += more->carried;
        entry->served.codecs |= more->codecs;
    }
    pthread_mutex_unlock (&self->lock);
}

// ---- parts

// "map-00005-1", "part-00005-1", or the same with ".rejected".
static bool s_attempt_of (const message_put_t *put, attempt_t *attempt)
{
    char kind [5];
    unsigned long long task, number;
    int end = 0;
    if (sscanf (put->part, "%4[a-z]-%20llu-%20llu%n", kind, &task, &number, &end) != 3 || (strcmp (kind, "map") && strcmp (kind, "part")))
        return false;
    *attempt = (attempt_t) { put->job, !strcmp (kind, "part"), task, number };
    return !put->part [end] || !strcmp (put->part + end, ".rejected");
}

static status_t s_check_grant (shelf_t *self, const user_t *who, const entry_t *entry, const message_put_t *put, error_t *error)
{
    attempt_t attempt;
    if (!self->secured)
        return OK;
    if (!s_attempt_of (put, &attempt))
        return error_set (error, "%s: cannot be a part", put->part);
    pthread_mutex_lock (&self->lock);
    const grant_t *grant = s_granted (entry, &attempt);
    bool may = grant && !strcmp (grant->key, who->key);
    pthread_mutex_unlock (&self->lock);
    return may ? OK : error_set (error, "%s: %s does not run that attempt (any more)", put->part, who->name);
}

static bool s_plain (const char *name)
{
    return *name && !strchr (name, '/') && strcmp (name, ".") && strcmp (name, "..");
}

static status_t s_write_at (int fd, const message_put_t *put, const buffer_t *bytes, error_t *error)
{
    if (file_write_at (fd, bytes->data, bytes->size, put->offset, put->part, NULL))
        return error_set_kind (error, ERROR_OUTPUT, "%s: cannot write on the head: %s", put->part, strerror (errno));
    if (put->last && fsync (fd))
        return error_set_kind (error, ERROR_OUTPUT, "%s: cannot have it on the head's disk: %s", put->part, strerror (errno));
    return OK;
}

static status_t s_write (const entry_t *entry, const message_put_t *put, const buffer_t *packed, error_t *error)
{
    if (entry->folder < 0 || !s_plain (put->part) || put->length > FETCH_BYTES || put->offset > INT64_MAX - FETCH_BYTES)
        return error_set (error, "%s: cannot be a part", put->part);
    buffer_t bytes = { 0 };
    buffer_reserve (&bytes, put->length);
    bytes.size = put->length;
    status_t rc = bulk_unpack ((bulk_codec_t) put->codec, packed->data, packed->size, bytes.data, bytes.size, put->checksum, error);
    int fd = rc ? -1 : openat (entry->folder, put->part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (!rc && fd < 0)
        rc = error_set_kind (error, ERROR_OUTPUT, "%s: cannot create on the head: %s", put->part, strerror (errno));
    if (!rc)
        rc = s_write_at (fd, put, &bytes, error);
    if (fd >= 0 && close (fd) && !rc)
        rc = error_set_kind (error, ERROR_OUTPUT, "%s: cannot write on the head: %s", put->part, strerror (errno));
    buffer_free (&bytes);
    return rc;
}

status_t shelf_write (shelf_t *self, const user_t *who, const message_put_t *put, const buffer_t *packed, error_t *error)
{
    entry_t *entry = s_pin (self, who, put->job, FETCH_INPUT, error);
    if (!entry)
        return FAILED;
    status_t rc = s_check_grant (self, who, entry, put, error);
    if (!rc)
        rc = s_write (entry, put, packed, error);
    s_unpin (self, entry);
    return rc;
}

// ---- beginning, end, and what the loop says

shelf_t *shelf_new (bool secured)
{
    shelf_t *self = memory_new (sizeof *self);
    self->secured = secured;
    pthread_mutex_init (&self->lock, NULL);
    return self;
}

void shelf_destroy (shelf_t **self_p)
{
    shelf_t *self = *self_p;
    if (!self)
        return;
    while (self->first)
        s_remove (self, self->first);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *self_p = NULL;
}

status_t shelf_add (shelf_t *self, uint64_t job, fetch_what_t what, const input_list_t *files, const char *folder, const char *owner,
    error_t *error)
{
    int fd = folder ? open (folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (folder && fd < 0)
        return error_set_kind (error, ERROR_OUTPUT, "%s: cannot open: %s", folder, strerror (errno));
    entry_t *entry = memory_new (sizeof *entry);
    *entry = (entry_t) { .job = job, .what = what, .files = *files, .folder = fd };
    snprintf (entry->owner, sizeof entry->owner, "%s", owner);
    pthread_mutex_lock (&self->lock);
    entry->next = self->first;
    self->first = entry;
    pthread_mutex_unlock (&self->lock);
    return OK;
}

void shelf_forget (shelf_t *self, uint64_t job, fetch_what_t what, input_list_t *files)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = s_find (self, job, what);
    if (entry) {
        *files = (input_list_t) { 0 };
        entry->forgotten = true;
        if (!entry->pins)
            s_remove (self, entry);
    }
    pthread_mutex_unlock (&self->lock);
    input_list_free (files);
}

void shelf_grant (shelf_t *self, const attempt_t *attempt, const char *key)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = self->secured ? s_find (self, attempt->job, FETCH_INPUT) : NULL;
    grant_t *grant = entry ? s_granted (entry, attempt) : NULL;
    if (entry && !grant) {
        if ((entry->grants & (entry->grants - 1)) == 0)
            entry->grant = memory_grow (entry->grant, (entry->grants ? 2 * entry->grants : 1) * sizeof *grant);
        grant = &entry->grant [entry->grants++];
        grant->attempt = *attempt;
    }
    if (grant)
        snprintf (grant->key, sizeof grant->key, "%s", key);
    pthread_mutex_unlock (&self->lock);
}

void shelf_withdraw (shelf_t *self, const attempt_t *attempt, const char *key)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = s_find (self, attempt->job, FETCH_INPUT);
    grant_t *grant = entry ? s_granted (entry, attempt) : NULL;
    if (grant && !strcmp (grant->key, key))
        *grant = entry->grant [--entry->grants];
    pthread_mutex_unlock (&self->lock);
}

served_t shelf_served (shelf_t *self, uint64_t job)
{
    pthread_mutex_lock (&self->lock);
    const entry_t *entry = s_find (self, job, FETCH_INPUT);
    served_t served = entry ? entry->served : (served_t) { 0 };
    pthread_mutex_unlock (&self->lock);
    return served;
}
