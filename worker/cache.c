// cache: see cache.h.
//
//     FOLDER/chunks-0/lock                  held (flock) by the worker that uses it
//                     HASH.data, HASH.sums  a file and what is known of it (cache_disk.c)
//
// The folder is ours as long as the lock's name leads to the lock. If it does not any more, somebody has cleared the folder or all of the cache:
// then the lock is made again, or, where another worker was quicker, the next folder is taken and all that was known forgotten.
//
// A file system without holes could free nothing: it is refused at the start. A disk that holds less than was allowed makes the limit
// smaller, for as long as it is so full.
#define _GNU_SOURCE
#include "worker/cache_parts.h"
#include "base/file.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FOLDERS = 64, SPARE = 64, ROOM = 256 };          // ROOM: blocks that a disk has to have free before the limit grows again

uint64_t cache_block_size (const cache_file_t *file, uint64_t block)
{
    uint64_t left = file->identity.size - block * CACHE_BLOCK;
    return left < CACHE_BLOCK ? left : CACHE_BLOCK;
}

// ---- the folder

// Holes are what eviction rests on.
static status_t s_try_holes (const cache_t *self, error_t *error)
{
    char *path = file_join (self->folder, "holes");
    int fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    status_t rc = OK;
    if (fd < 0 || ftruncate (fd, CACHE_BLOCK))
        rc = error_errno (error, "%s: cannot write", path);
    else if (fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, CACHE_BLOCK))
        rc = error_errno (error, "%s: its file system has no holes; name another folder for the chunk cache", self->folder);
    if (fd >= 0)
        close (fd);
    unlink (path);
    free (path);
    return rc;
}

// -1: it cannot be made, or (errno EWOULDBLOCK) somebody has it.
static int s_lock (const cache_t *self)
{
    char *path = file_join (self->folder, "lock");
    int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free (path);
    if (fd < 0 || !flock (fd, LOCK_EX | LOCK_NB))
        return fd;
    int why = errno;
    close (fd);
    errno = why;
    return -1;
}

static void s_unlock (cache_t *self)
{
    if (self->lock >= 0)
        close (self->lock);
    self->lock = -1;
}

static status_t s_take_folder (cache_t *self, error_t *error)
{
    for (int i = 0; i < FOLDERS; i++) {
        char name [32];
        snprintf (name, sizeof name, "chunks-%d", i);
        free (self->folder);
        self->folder = file_join (self->root, name);
        TRY (file_make_folders (self->folder, 0700, error));
        self->lock = s_lock (self);
        if (self->lock >= 0)
            return OK;
        if (errno != EWOULDBLOCK)
            return error_errno (error, "%s: cannot be used as chunk cache", self->folder);
    }
    return error_set (error, "%s: %d workers use this chunk cache already; name another folder", self->root, FOLDERS);
}

static status_t s_begin (cache_t *self, error_t *error)
{
    TRY (s_take_folder (self, error));
    TRY (s_try_holes (self, error));
    cache_load (self);
    if (self->held > self->limit)
        cache_evict (self, self->held - self->limit);
    return OK;
}

// See the essay. Fails only if there is no folder to be had.
static status_t s_keep_folder (cache_t *self, error_t *error)
{
    struct stat facts;
    if (self->lock >= 0 && !fstat (self->lock, &facts) && facts.st_nlink)
        return OK;
    int again = s_lock (self);
    s_unlock (self);
    self->lock = again;
    if (again >= 0)
        return OK;
    for (uint32_t f = self->files; f-- > 0; )
        cache_file_orphan (self, self->file [f]);
    return s_begin (self, error);
}

// ---- beginning and end

cache_t *cache_new (const char *folder, uint64_t limit, error_t *error)
{
    cache_t *self = memory_new (sizeof *self);
    self->lock = -1;
    self->root = memory_text (folder);
    self->wanted = self->limit = limit < CACHE_BLOCK ? 1 : limit / CACHE_BLOCK;
    if (s_begin (self, error))
        cache_destroy (&self);
    return self;
}

void cache_destroy (cache_t **self_p)
{
    cache_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t f = self->files; f-- > 0; ) {         // what is an orphan's goes, what has a name stays
        self->file [f]->users = 0;
        cache_file_orphan (self, self->file [f]);
    }
    s_unlock (self);
    free (self->live);
    free (self->file);
    free (self->folder);
    free (self->root);
    free (self);
    *self_p = NULL;
}

uint64_t cache_held (const cache_t *self)
{
    return self->held * CACHE_BLOCK;
}

uint64_t cache_limit (const cache_t *self)
{
    return self->limit * CACHE_BLOCK;
}

// ---- jobs

static uint64_t s_turn (cache_t *self, uint64_t job)
{
    for (uint32_t i = 0; i < self->lives; i++)
        if (self->live [i].job == job)
            return self->live [i].turn;
    self->live = memory_grow (self->live, (self->lives + 1) * sizeof *self->live);
    self->live [self->lives++] = (live_t) { job, ++self->turn };
    return self->turn;
}

void cache_job_over (cache_t *self, uint64_t job)
{
    for (uint32_t i = 0; i < self->lives; i++)
        if (self->live [i].job == job) {
            for (uint32_t f = 0; f < self->files; f++)
                self->file [f]->live &= self->file [f]->turn != self->live [i].turn;
            self->live [i] = self->live [--self->lives];
            return;
        }
}

// ---- files and blocks in use

// The disk holds less than was allowed: from now on the cache is as large as the disk can have it.
static void s_shrink (cache_t *self)
{
    uint64_t less = self->held / 8 + 1;
    self->limit = self->held > less ? self->held - less : 1;
    cache_evict (self, less);
}

static bool s_is_full (void)
{
    return errno == ENOSPC || errno == EDQUOT;
}

static void s_grow (cache_t *self, const cache_file_t *file)
{
    struct statvfs disk;
    if (self->limit < self->wanted && !fstatvfs (file->data, &disk) && disk.f_bavail * disk.f_frsize / CACHE_BLOCK > ROOM)
        self->limit++;
}

// The one that its name leads to, not open if it is new.
static cache_file_t *s_find (cache_t *self, const cache_identity_t *identity)
{
    cache_file_t *file = cache_file_find (self, identity);
    if (file && file->users && !cache_file_is_here (file)) {
        cache_file_orphan (self, file);
        file = NULL;
    }
    return file ? file : cache_file_new (self, identity);
}

cache_file_t *cache_open (cache_t *self, const cache_identity_t *identity, uint64_t job, error_t *error)
{
    if (s_keep_folder (self, error)) {
        error->kind = ERROR_SCRATCH;
        return NULL;
    }
    cache_file_t *file = s_find (self, identity);
    file->users++;                                      // it must not go to make room for itself
    status_t rc = cache_file_open (self, file, error);
    if (rc && s_is_full ()) {
        s_shrink (self);
        *error = (error_t) { 0 };
        rc = cache_file_open (self, file, error);
    }
    if (rc) {
        if (!--file->users && !file->present)
            cache_file_remove (self, file);
        return NULL;
    }
    cache_file_read_by (file, s_turn (self, job));
    file->live = true;
    return file;
}

cache_file_t *cache_again (cache_file_t *file)
{
    file->users++;
    return file;
}

void cache_close (cache_t *self, cache_file_t **file_p)
{
    cache_file_t *file = *file_p;
    *file_p = NULL;
    if (!file || --file->users)
        return;
    if (!file->present || file->orphan)
        cache_file_remove (self, file);
    else
        cache_file_close (file);
}

const char *cache_path (const cache_file_t *file)
{
    return file->path;
}

static bool s_is_whole (const cache_file_t *file, uint64_t block)
{
    size_t size = (size_t) cache_block_size (file, block);
    char *bytes = memory_new (size + 1);
    bool whole = !file_read_at (file->data, bytes, size, block * CACHE_BLOCK, file->path, NULL)
        && cache_checksum (bytes, size) == file->block [block].sum;
    free (bytes);
    return whole;
}

bool cache_has (cache_t *self, cache_file_t *file, uint64_t block)
{
    assert (file->users && block < file->blocks);
    block_t *at = &file->block [block];
    if (!at->sum)
        return false;
    if (!at->checked && !s_is_whole (file, block)) {
        cache_file_drop (self, file, block);
        return false;
    }
    at->checked = true;
    at->stamp = ++self->stamp;
    return true;
}

status_t cache_put (cache_t *self, cache_file_t *file, uint64_t block, const void *bytes, error_t *error)
{
    assert (file->users && block < file->blocks);
    block_t *at = &file->block [block];
    if (at->sum)
        return OK;
    uint64_t sum = cache_checksum (bytes, (size_t) cache_block_size (file, block));
    s_grow (self, file);
    if (self->held >= self->limit)
        cache_evict (self, self->held - self->limit + 1 + self->limit / SPARE);
    status_t rc = cache_file_write (file, block, bytes, sum);
    if (rc && s_is_full ()) {
        s_shrink (self);
        rc = cache_file_write (file, block, bytes, sum);
    }
    if (rc)
        return error_set_kind (error, ERROR_SCRATCH, "%s: cannot keep what came over the network: %s", file->path, strerror (errno));
    *at = (block_t) { .sum = sum, .stamp = ++self->stamp, .pins = at->pins, .checked = true };
    file->present++;
    self->held++;
    return OK;
}

void cache_pin (cache_file_t *file, uint64_t block)
{
    file->block [block].pins++;
}

void cache_unpin (cache_file_t *file, uint64_t block)
{
    assert (file->block [block].pins);
    file->block [block].pins--;
}
