// bundles: see bundles.h.
//
//     FOLDER/HASH/...         what bundle_unpack made; of a build one file, HASH/job.so
//     FOLDER/HASH.size  ->    3-4711: how many files and bytes that were
//     FOLDER/HASH.main  ->    HASH/src/job.c: which of the files is the job; made last, so where it is, all was there.
//                             Its time is that of its last use
//
// Somebody who tidies up, by age perhaps, may take a part of it; a compiler would call that the job's fault. So files and bytes are counted
// whenever a bundle is used, and once more when a job from it does not compile.
//
// A piece of 48 KiB is asked for when the one before it has come. The hash is held against the whole before anything is unpacked.
#define _GNU_SOURCE
#include "worker/bundles.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char hash [BUNDLE_HASH];
    bool build;
    char *main;                                         // NULL: on its way
    buffer_t bytes;
    error_t error;                                      // why it does not come
} entry_t;

struct bundles {
    char *folder;
    entry_t **entry;
    size_t entries;
};

bundles_t *bundles_new (const char *folder)
{
    bundles_t *self = memory_new (sizeof *self);
    self->folder = memory_text (folder);
    return self;
}

static void s_drop (bundles_t *self, size_t at)
{
    buffer_free (&self->entry [at]->bytes);
    free (self->entry [at]->main);
    free (self->entry [at]);
    self->entry [at] = self->entry [--self->entries];
}

void bundles_destroy (bundles_t **self_p)
{
    bundles_t *self = *self_p;
    if (!self)
        return;
    while (self->entries)
        s_drop (self, 0);
    free (self->entry);
    free (self->folder);
    free (self);
    *self_p = NULL;
}

// ---- the folder

static char *s_link (const bundles_t *self, const char *hash, const char *kind)
{
    buffer_t path = { 0 };
    buffer_print (&path, "%s/%s.%s", self->folder, hash, kind);
    return path.data;
}

static status_t s_make_link (const bundles_t *self, const char *hash, const char *kind, const char *text, error_t *error)
{
    char *link = s_link (self, hash, kind), *fresh = file_join (self->folder, "new.link");
    unlink (fresh);
    status_t rc = symlink (text, fresh) || rename (fresh, link) ? error_errno (error, "%s", link) : OK;
    free (link);
    free (fresh);
    return rc;
}

// "FILES-BYTES" of all that lies in the folder of a hash.
static void s_measure (const bundles_t *self, const char *hash, char text [48])
{
    char *folder = file_join (self->folder, hash), *roots [] = { folder, NULL };
    unsigned long long files = 0, bytes = 0;
    FTS *tree = fts_open (roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (const FTSENT *entry; tree && (entry = fts_read (tree)); )
        if (entry->fts_info == FTS_F) {
            files++;
            bytes += (unsigned long long) entry->fts_statp->st_size;
        }
    if (tree)
        fts_close (tree);
    snprintf (text, 48, "%llu-%llu", files, bytes);
    free (folder);
}

static bool s_is_whole (const bundles_t *self, const char *hash)
{
    char now [48], then [48];
    char *link = s_link (self, hash, "size");
    ssize_t size = readlink (link, then, sizeof then - 1);
    free (link);
    then [size > 0 ? size : 0] = '\0';
    s_measure (self, hash, now);
    return !strcmp (now, then);
}

// The main file if the bundle lies here, which counts as a use; else NULL. The caller frees it.
static char *s_here (const bundles_t *self, const char *hash)
{
    char target [PATH_MAX], *link = s_link (self, hash, "main"), *main = NULL;
    ssize_t size = readlink (link, target, sizeof target - 1);
    if (size > 0 && s_is_whole (self, hash)) {
        target [size] = '\0';
        main = file_join (self->folder, target);
        (void) !utimensat (AT_FDCWD, link, NULL, AT_SYMLINK_NOFOLLOW);
    }
    free (link);
    return main;
}

typedef struct { char hash [BUNDLE_HASH]; struct timespec used; } old_t;

static int s_by_use (const void *a, const void *b)
{
    const struct timespec *left = &((const old_t *) a)->used, *right = &((const old_t *) b)->used;
    if (left->tv_sec != right->tv_sec)
        return left->tv_sec < right->tv_sec ? -1 : 1;
    return (left->tv_nsec > right->tv_nsec) - (left->tv_nsec < right->tv_nsec);
}

static size_t s_list (DIR *folder, old_t **into)
{
    size_t count = 0;
    struct stat facts;
    *into = NULL;
    for (const struct dirent *file; (file = readdir (folder));) {
        char hash [BUNDLE_HASH];
        snprintf (hash, sizeof hash, "%.*s", BUNDLE_HASH - 1, file->d_name);
        if (!bundle_is_hash (hash) || strcmp (file->d_name + BUNDLE_HASH - 1, ".main") || fstatat (dirfd (folder), file->d_name, &facts, AT_SYMLINK_NOFOLLOW))
            continue;
        *into = memory_grow (*into, (count + 1) * sizeof **into);
        (*into) [count].used = facts.st_mtim;
        memcpy ((*into) [count++].hash, hash, sizeof hash);
    }
    return count;
}

static void s_remove (const bundles_t *self, const char *hash)
{
    char *link = s_link (self, hash, "main"), *size = s_link (self, hash, "size"), *folder = file_join (self->folder, hash);
    unlink (link);                                      // first: half a bundle must not look like one
    file_remove_tree (folder);
    unlink (size);
    free (link);
    free (size);
    free (folder);
}

static bool s_in_use (const bundles_t *self, const char *hash)
{
    for (size_t i = 0; i < self->entries; i++)
        if (!strcmp (self->entry [i]->hash, hash))
            return true;
    return false;
}

static void s_make_room (const bundles_t *self)
{
    DIR *folder = opendir (self->folder);
    old_t *old;
    if (!folder)
        return;
    size_t count = s_list (folder, &old);
    qsort (old, count, sizeof *old, s_by_use);
    for (size_t i = 0; i + BUNDLES < count; i++)
        if (!s_in_use (self, old [i].hash))
            s_remove (self, old [i].hash);
    free (old);
    closedir (folder);
}

static status_t s_save_build (const entry_t *entry, const char *folder, char **main, error_t *error)
{
    TRY (file_make_folders (folder, 0755, error));
    *main = file_join (folder, "job.so");
    return file_save (*main, entry->bytes.data, entry->bytes.size, error);
}

static status_t s_put (const bundles_t *self, entry_t *entry, error_t *error)
{
    char size [48], *folder = file_join (self->folder, entry->hash), *main = NULL;
    file_remove_tree (folder);                          // without its link: what is left of one
    status_t rc = entry->build ? s_save_build (entry, folder, &main, error) : bundle_unpack (&entry->bytes, folder, &main, error);
    s_measure (self, entry->hash, size);
    if (!rc)
        rc = s_make_link (self, entry->hash, "size", size, error);
    if (!rc)
        rc = s_make_link (self, entry->hash, "main", main + strlen (self->folder) + 1, error);
    entry->main = rc ? NULL : main;
    if (rc)
        free (main);
    free (folder);
    return rc;
}

static status_t s_unpack (const bundles_t *self, entry_t *entry, error_t *error)
{
    char found [BUNDLE_HASH];
    bundle_hash (&entry->bytes, found);
    if (strcmp (found, entry->hash))
        return error_set (error, "the %s of the job %s damaged on %s way", entry->build ? "build" : "sources", entry->build ? "was" : "were",
            entry->build ? "its" : "their");
    entry->main = s_here (self, entry->hash);           // another worker was faster
    if (entry->main)
        return OK;
    TRY (file_make_folders (self->folder, 0700, error));
    TRY (s_put (self, entry, error));
    buffer_free (&entry->bytes);
    s_make_room (self);
    return OK;
}

// ---- the wire

static void s_ask (const entry_t *entry, peer_t *master)
{
    message_t want = { .verb = MESSAGE_WANT, .want = { (char *) entry->hash, entry->bytes.size } };
    if (peer_send (master, NULL, &want, 0, NULL))
        return;                                         // no connection: bundles_again will
}

static entry_t *s_find (const bundles_t *self, const char *hash, size_t *at)
{
    for (*at = 0; *at < self->entries; (*at)++)
        if (!strcmp (self->entry [*at]->hash, hash))
            return self->entry [*at];
    return NULL;
}

// Of an entry: where it is, or why not, after which it may be asked for again.
static const char *s_state (bundles_t *self, size_t at, error_t *error)
{
    entry_t *entry = self->entry [at];
    if (!entry->error.text [0])
        return entry->main;
    *error = entry->error;
    s_drop (self, at);
    return NULL;
}

static const char *s_get (bundles_t *self, peer_t *master, const char *hash, bool build, error_t *error)
{
    size_t at;
    if (!bundle_is_hash (hash)) {
        (void) error_set (error, "the name of the job's %s is no hash", build ? "build" : "sources");
        return NULL;
    }
    entry_t *entry = s_find (self, hash, &at);
    if (entry && (!entry->main || bundles_check (self, hash)))
        return s_state (self, at, error);
    entry = memory_new (sizeof *entry);
    entry->build = build;
    memcpy (entry->hash, hash, sizeof entry->hash);
    self->entry = memory_grow (self->entry, (self->entries + 1) * sizeof *self->entry);
    self->entry [self->entries++] = entry;
    entry->main = s_here (self, hash);
    if (!entry->main)
        s_ask (entry, master);
    return entry->main;
}

const char *bundles_main (bundles_t *self, peer_t *master, const char *hash, error_t *error)
{
    return s_get (self, master, hash, false, error);
}

const char *bundles_build (bundles_t *self, peer_t *master, const char *hash, error_t *error)
{
    return s_get (self, master, hash, true, error);
}

bool bundles_check (bundles_t *self, const char *hash)
{
    size_t at;
    const entry_t *entry = s_find (self, hash, &at);
    if (!entry || !entry->main || s_is_whole (self, hash))
        return true;
    s_remove (self, hash);
    s_drop (self, at);
    return false;
}

static status_t s_take (entry_t *entry, const message_blob_t *blob, error_t *error)
{
    if (blob->error && *blob->error)
        return error_set (error, "%s", blob->error);
    if (!blob->bytes.size || blob->size > (entry->build ? BUILD_LIMIT : BUNDLE_LIMIT) || blob->bytes.size > blob->size - entry->bytes.size)
        return error_set (error, "the sources of the job, or its build, do not come as they were asked for");
    buffer_add (&entry->bytes, blob->bytes.data, blob->bytes.size);
    return OK;
}

void bundles_hear (bundles_t *self, peer_t *master, const message_blob_t *blob)
{
    for (size_t i = 0; i < self->entries; i++) {
        entry_t *entry = self->entry [i];
        if (entry->main || strcmp (entry->hash, blob->blob) || blob->offset != entry->bytes.size)
            continue;                                   // an answer that came twice is none
        if (s_take (entry, blob, &entry->error))
            return;
        if (entry->bytes.size < blob->size)
            s_ask (entry, master);
        else if (s_unpack (self, entry, &entry->error))
            return;                                     // told by the next bundles_main
    }
}

void bundles_again (bundles_t *self, peer_t *master)
{
    for (size_t i = 0; i < self->entries; i++)
        if (!self->entry [i]->main)
            s_ask (self->entry [i], master);
}
