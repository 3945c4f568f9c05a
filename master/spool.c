// spool: see spool.h. The hash is taken as the pieces come, so nothing is read again.
#define _GNU_SOURCE                                     // mkostemp
#include "master/spool.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct spool {
    char hash [BUNDLE_HASH];
    char *path;                                         // NULL: taken
    int fd;
    uint64_t limit, bytes, size;
    XXH3_state_t *state;
    bool whole;
};

spool_t *spool_new (const char *folder, const char *hash, uint64_t limit, error_t *error)
{
    spool_t *self = memory_new (sizeof *self);
    snprintf (self->hash, sizeof self->hash, "%s", hash);
    self->limit = limit;
    self->state = XXH3_createState ();
    XXH3_128bits_reset (self->state);
    self->path = file_join (folder, "coming.XXXXXX");
    bool there = !file_make_folders (folder, 0700, error);      // somebody may have cleared the state
    self->fd = there ? mkostemp (self->path, O_CLOEXEC) : -1;
    if (self->fd < 0) {
        if (there)
            (void) error_errno (error, "%s: cannot keep what a client brings", folder);
        free (self->path);
        self->path = NULL;
        spool_destroy (&self);
    }
    return self;
}

void spool_destroy (spool_t **self_p)
{
    spool_t *self = *self_p;
    if (!self)
        return;
    if (self->path)
        unlink (self->path);
    if (self->fd >= 0)
        close (self->fd);
    free (self->path);
    XXH3_freeState (self->state);
    free (self);
    *self_p = NULL;
}

const char *spool_hash (const spool_t *self)
{
    return self->hash;
}

uint64_t spool_bytes (const spool_t *self)
{
    return self->bytes;
}

uint64_t spool_size (const spool_t *self)
{
    return self->size;
}

bool spool_is_whole (const spool_t *self)
{
    return self->whole;
}

static status_t s_end (spool_t *self, error_t *error)
{
    char found [BUNDLE_HASH];
    XXH128_hash_t number = XXH3_128bits_digest (self->state);
    snprintf (found, sizeof found, "%016llx%016llx", (unsigned long long) number.high64, (unsigned long long) number.low64);
    if (strcmp (found, self->hash))
        return error_set (error, "what this client sent was damaged on its way: submit the job again");
    self->whole = true;
    return OK;
}

status_t spool_add (spool_t *self, const message_blob_t *blob, error_t *error)
{
    if (blob->error && *blob->error)
        return error_set (error, "what the job brings along: %s", blob->error);
    if (blob->offset != self->bytes || !blob->bytes.size || blob->size > self->limit || (self->bytes && blob->size != self->size)
        || blob->bytes.size > blob->size - self->bytes)
        return error_set (error, "what the job brings along does not come as it was asked for");
    TRY (file_write_all (self->fd, blob->bytes.data, blob->bytes.size, self->path, error));
    XXH3_128bits_update (self->state, blob->bytes.data, blob->bytes.size);
    self->size = blob->size;
    self->bytes += blob->bytes.size;
    return self->bytes == self->size ? s_end (self, error) : OK;
}

char *spool_take (spool_t *self)
{
    char *path = self->path;
    self->path = NULL;
    return path;
}
