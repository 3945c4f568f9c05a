// blobs: see blobs.h. A file's name is its hash; when it was used last is its time of access, which outlives the master. Its time of modification
// must stay: it tells whoever serves the file that it is still the same.
#define _GNU_SOURCE
#include "master/blobs.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct { char hash [BUNDLE_HASH]; uint32_t count; } pin_t;

struct blobs {
    char *folder;
    pin_t *pin; size_t pins;
};

// What an earlier master that was killed had only half of.
static void s_sweep (const char *path)
{
    DIR *folder = opendir (path);
    for (const struct dirent *entry; folder && (entry = readdir (folder));)
        if (*entry->d_name != '.' && !bundle_is_hash (entry->d_name))
            unlinkat (dirfd (folder), entry->d_name, 0);
    if (folder)
        closedir (folder);
}

blobs_t *blobs_new (const char *folder, error_t *error)
{
    if (file_make_folders (folder, 0700, error))
        return NULL;
    blobs_t *self = memory_new (sizeof *self);
    self->folder = memory_text (folder);
    s_sweep (folder);
    return self;
}

void blobs_destroy (blobs_t **self_p)
{
    blobs_t *self = *self_p;
    if (!self)
        return;
    free (self->pin);
    free (self->folder);
    free (self);
    *self_p = NULL;
}

const char *blobs_folder (const blobs_t *self)
{
    return self->folder;
}

bool blobs_has (blobs_t *self, const char *hash)
{
    const struct timespec used [2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };
    if (!bundle_is_hash (hash))
        return false;
    char *path = file_join (self->folder, hash);
    bool there = !utimensat (AT_FDCWD, path, used, 0);
    free (path);
    return there;
}

static pin_t *s_pin (const blobs_t *self, const char *hash)
{
    for (size_t i = 0; i < self->pins; i++)
        if (!strcmp (self->pin [i].hash, hash))
            return &self->pin [i];
    return NULL;
}

void blobs_pin (blobs_t *self, const char *hash)
{
    pin_t *pin = s_pin (self, hash);
    if (!pin) {
        self->pin = memory_grow (self->pin, (self->pins + 1) * sizeof *self->pin);
        pin = &self->pin [self->pins++];
        *pin = (pin_t) { .count = 0 };
        snprintf (pin->hash, sizeof pin->hash, "%s", hash);
    }
    pin->count++;
}

void blobs_unpin (blobs_t *self, const char *hash)
{
    pin_t *pin = s_pin (self, hash);
    if (pin && --pin->count == 0)
        *pin = self->pin [--self->pins];
}

// ---- the limit

typedef struct { char name [BUNDLE_HASH]; struct timespec used; off_t size; } file_t;

static int s_by_use (const void *a, const void *b)
{
    const struct timespec *left = &((const file_t *) a)->used, *right = &((const file_t *) b)->used;
    if (left->tv_sec != right->tv_sec)
        return left->tv_sec < right->tv_sec ? -1 : 1;
    return (left->tv_nsec > right->tv_nsec) - (left->tv_nsec < right->tv_nsec);
}

static size_t s_files (DIR *folder, file_t **into, uint64_t *bytes)
{
    size_t files = 0;
    struct stat facts;
    *into = NULL;
    *bytes = 0;
    for (const struct dirent *entry; (entry = readdir (folder));)
        if (bundle_is_hash (entry->d_name) && !fstatat (dirfd (folder), entry->d_name, &facts, 0)) {
            *into = memory_grow (*into, (files + 1) * sizeof **into);
            (*into) [files] = (file_t) { .used = facts.st_atim, .size = facts.st_size };
            memcpy ((*into) [files++].name, entry->d_name, BUNDLE_HASH);
            *bytes += (uint64_t) facts.st_size;
        }
    return files;
}

static void s_make_room (blobs_t *self)
{
    DIR *folder = opendir (self->folder);
    file_t *file;
    uint64_t bytes;
    if (!folder)
        return;
    size_t files = s_files (folder, &file, &bytes);
    qsort (file, files, sizeof *file, s_by_use);
    for (size_t i = 0; i + 1 < files && bytes > BLOBS_LIMIT; i++)
        if (!s_pin (self, file [i].name) && !unlinkat (dirfd (folder), file [i].name, 0))
            bytes -= (uint64_t) file [i].size;
    free (file);
    closedir (folder);
}

// ---- in and out

status_t blobs_take (blobs_t *self, const char *hash, char *fresh, error_t *error)
{
    char *path = file_join (self->folder, hash);
    status_t rc = OK;
    if (blobs_has (self, hash))                         // somebody else has brought it, and it may be in use
        unlink (fresh);
    else if (rename (fresh, path)) {
        rc = error_errno (error, "%s: cannot keep what a client has brought", path);
        unlink (fresh);
    }
    free (path);
    free (fresh);
    s_make_room (self);
    return rc;
}

status_t blobs_read (blobs_t *self, const char *hash, uint64_t offset, buffer_t *piece, uint64_t *size, error_t *error)
{
    struct stat facts;
    if (!blobs_has (self, hash))
        return error_set (error, "the master does not have the sources %.40s (any more): submit the job again", hash);
    char *path = file_join (self->folder, hash);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    status_t rc = fd < 0 || fstat (fd, &facts) ? error_errno (error, "%s", path) : OK;
    piece->size = 0;
    if (!rc && offset < (uint64_t) facts.st_size) {
        uint64_t left = (uint64_t) facts.st_size - offset;
        size_t length = left < BLOB_BYTES ? (size_t) left : BLOB_BYTES;
        buffer_reserve (piece, length);
        rc = file_read_at (fd, piece->data, length, offset, path, error);
        piece->size = rc ? 0 : length;
    }
    *size = rc ? 0 : (uint64_t) facts.st_size;
    if (fd >= 0)
        close (fd);
    free (path);
    return rc;
}
