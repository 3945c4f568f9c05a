// sides: see sides.h.
//
// A name means the client's file first, as in a local run: it stands in SUBMIT with its content hash, and lies among the blobs by now. One
// that is too large to travel has fingerprints instead, and the head must have the same file under that name. A name that the client has no file
// for is the head's, below the roots. So the same bytes are read on every node, whoever sees which disk.
//
// Nodes keep what they get in the chunk cache, by the file's identity on the head; a client's file has only its content, so that whoever brings
// the same bytes again sends nothing.
#define _GNU_SOURCE
#include "master/sides.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CLIENT_FACTS = 3 };

static const uint64_t *s_facts (const message_submit_t *submit, uint32_t side)
{
    return submit->side_facts.item + (size_t) CLIENT_FACTS * side;
}

static status_t s_check (const message_submit_t *submit, error_t *error)
{
    uint32_t count = submit->sides.count;
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += strlen (submit->sides.item [i]) + 1;
    if (count > SIDES || bytes > SIDE_NAMES)
        return error_set_kind (error, ERROR_USAGE, "%u side files: at most %d, with names of %d bytes, are possible", count, SIDES, SIDE_NAMES);
    if (submit->side_hashes.count != count || submit->side_facts.count != CLIENT_FACTS * count)
        return error_set (error, "side files without hashes or sizes: is the client of another release?");
    return OK;
}

// ---- a client's file

// The hash is the identity; the rest of it says so. An empty file never travels.
static void s_facts_of_hash (const char *hash, uint64_t size, uint64_t *fact)
{
    unsigned long long high = 0, low = 0;
    if (sscanf (hash, "%16llx%16llx", &high, &low) != 2)
        high = low = 0;
    const uint64_t facts [SIDE_FACTS] = { 0, 0, size, 0, 0, high, low };
    memcpy (fact, facts, sizeof facts);
}

static void s_describe (const struct stat *facts, input_file_t *into)
{
    into->size = (uint64_t) facts->st_size;
    into->inode = facts->st_ino;
    into->device = facts->st_dev;
    into->mtime_ns = file_time_ns (facts->st_mtim);
    into->ctime_ns = file_time_ns (facts->st_ctim);
}

static status_t s_brought (sides_t *self, uint32_t side, const char *hash, uint64_t size, const char *brought, error_t *error)
{
    struct stat facts;
    if (!brought || !bundle_is_hash (hash))
        return error_set (error, "a side file that came with its client is not here: submit the job again");
    char *path = size ? file_join (brought, hash) : memory_text ("/dev/null");
    status_t rc = !size ? OK : stat (path, &facts) ? error_errno (error, "%s: a side file that came with its client", path) : OK;
    if (!rc && size)
        s_describe (&facts, &self->files.file [side]);
    s_facts_of_hash (hash, self->files.file [side].size, self->fact + (size_t) SIDE_FACTS * side);
    self->files.file [side].path = path;
    return rc;
}

// ---- the head's

static status_t s_look (sides_t *self, uint32_t side, const char *path, const roots_t *roots, error_t *error)
{
    input_file_t *file = &self->files.file [side];
    uint64_t head = 0, tail = 0;
    struct stat facts;
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    status_t rc = fd < 0 || fstat (fd, &facts) ? error_errno (error, "%s: cannot be read on the head", path) : OK;
    if (!rc && roots && !roots_hold (roots, fd))        // a link was turned round meanwhile
        rc = error_set (error, "%s: %s", path, roots_fence (roots).refusal);
    if (!rc && !S_ISREG (facts.st_mode))
        rc = error_set (error, "%s: is no file", path);
    if (!rc) {
        s_describe (&facts, file);
        rc = input_fingerprint (fd, path, file->size, &head, &tail, error);
    }
    const uint64_t all [SIDE_FACTS] = { file->device, file->inode, file->size, (uint64_t) file->mtime_ns, (uint64_t) file->ctime_ns, head, tail };
    memcpy (self->fact + (size_t) SIDE_FACTS * side, all, sizeof all);
    if (fd >= 0)
        close (fd);
    return rc;
}

// Why a name means nothing: kept for the job, which may not need it.
static void s_explain (sides_t *self, uint32_t side, const uint64_t *client, const error_t *why)
{
    buffer_t text = { 0 };
    if (client [0])
        buffer_print (&text, "larger than the %d MiB that travel with a job, and the head has none: %s", BUNDLE_LIMIT >> 20, why->text);
    else
        buffer_print (&text, "neither with the client nor on the head: %s", why->text);
    self->error [side] = text.data;
}

// True, or there is an error: the name means one of the head's files.
static status_t s_on_head (sides_t *self, uint32_t side, const message_submit_t *submit, const roots_t *roots, error_t *error)
{
    const char *name = submit->sides.item [side];
    const uint64_t *client = s_facts (submit, side), *own = self->fact + (size_t) SIDE_FACTS * side;
    error_t why = { 0 };
    char *path = roots ? roots_find (roots, name, submit->folder, &why) : memory_text (name);
    if (!path || s_look (self, side, path, roots, &why)) {
        s_explain (self, side, client, &why);
        free (path);
        return OK;
    }
    self->files.file [side].path = path;
    if (client [0] && (client [0] != own [2] || client [1] != own [5] || client [2] != own [6]))
        return error_set_kind (error, ERROR_USAGE, "side file %s: is another one here than on the head (%s): copy it there, or name the head's", name, path);
    return OK;
}

// ---- all of them

static status_t s_find (sides_t *self, uint32_t side, const message_submit_t *submit, const roots_t *roots, const char *brought, error_t *error)
{
    const char *hash = submit->side_hashes.item [side];
    return *hash ? s_brought (self, side, hash, s_facts (submit, side) [0], brought, error) : s_on_head (self, side, submit, roots, error);
}

void sides_pin (sides_t *self, const message_submit_t *submit, blobs_t *blobs)
{
    for (uint32_t i = 0; blobs && i < submit->side_hashes.count; i++)
        if (bundle_is_hash (submit->side_hashes.item [i])) {
            self->pinned = memory_grow (self->pinned, (self->pins + 1) * sizeof *self->pinned);
            self->pinned [self->pins++] = memory_text (submit->side_hashes.item [i]);
            blobs_pin (blobs, submit->side_hashes.item [i]);
        }
}

status_t sides_find (sides_t *self, const message_submit_t *submit, const roots_t *roots, const char *brought, error_t *error)
{
    uint32_t count = submit->sides.count;
    if (!count)
        return OK;
    TRY (s_check (submit, error));
    self->errors = count;
    self->files = (input_list_t) { memory_new (count * sizeof *self->files.file), count };
    self->error = memory_new (count * sizeof *self->error);
    self->fact = memory_new (count * SIDE_FACTS * sizeof *self->fact);
    status_t rc = OK;
    for (uint32_t i = 0; i < count && !rc; i++)
        rc = s_find (self, i, submit, roots, brought, error);
    for (uint32_t i = 0; i < count; i++) {
        self->files.file [i].path = self->files.file [i].path ? self->files.file [i].path : memory_text ("");
        self->error [i] = self->error [i] ? self->error [i] : memory_text ("");
    }
    return rc;
}

void sides_free (sides_t *self, blobs_t *blobs)
{
    for (uint32_t i = 0; i < self->pins; i++) {
        blobs_unpin (blobs, self->pinned [i]);
        free (self->pinned [i]);
    }
    for (uint32_t i = 0; i < self->errors; i++)
        free (self->error [i]);
    input_list_free (&self->files);
    free (self->pinned);
    free (self->error);
    free (self->fact);
    *self = (sides_t) { 0 };
}

bool sides_travels (const message_submit_t *submit, uint32_t side)
{
    return *submit->side_hashes.item [side] && CLIENT_FACTS * side < submit->side_facts.count && s_facts (submit, side) [0];
}

size_t sides_bytes (const sides_t *self, const message_submit_t *submit)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < self->errors; i++)
        bytes += strlen (submit->sides.item [i]) + strlen (self->files.file [i].path) + strlen (self->error [i]) + 9 * SIDE_FACTS + 20;
    return bytes;
}

void sides_fill (const sides_t *self, const message_submit_t *submit, char **paths, message_job_t *into)
{
    for (uint32_t i = 0; i < self->files.files; i++)
        paths [i] = self->files.file [i].path;
    into->sides = submit->sides;
    into->side_paths = (wire_texts_t) { paths, self->files.files };
    into->side_errors = (wire_texts_t) { self->error, self->files.files };
    into->side_facts = (wire_numbers_t) { self->fact, SIDE_FACTS * self->files.files };
}
