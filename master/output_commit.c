// output_commit: the winners become the result.
//
// All that can fail slowly (moving, joining, syncing) happens in the hidden folder; then one rename makes the result. An older result stands
// aside until the new one is in place, so that at no moment both are gone.
#define _GNU_SOURCE                                     // copy_file_range, renameat2
#include "master/output_parts.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- moving and joining

static status_t s_move (output_t *self, const char *name, const char *to, error_t *error)
{
    if (!output_plain (name))
        return error_set_kind (error, ERROR_OUTPUT, "%s: not the name of a part", name);
    char *from = file_join (self->attempts, name), *path = file_join (self->hidden, to);
    status_t rc = rename (from, path) ? output_errno (error, from, "cannot move the part into place") : OK;
    free (from);
    free (path);
    return rc;
}

static status_t s_sync (const char *path, error_t *error)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    status_t rc = fd < 0 || fsync (fd) ? output_errno (error, path, "cannot sync") : OK;
    if (fd >= 0)
        close (fd);
    return rc;
}

static status_t s_save (output_t *self, const char *name, const void *bytes, size_t size, error_t *error)
{
    char *path = file_join (self->hidden, name);
    error_t why = { 0 };
    status_t rc = file_save (path, bytes, size, &why);
    if (rc)
        error_set_kind (error, ERROR_OUTPUT, "%s", why.text);
    else if (self->sync)
        rc = s_sync (path, error);
    free (path);
    return rc;
}

// The header as a sink writes it, for a result that has no part because there was no task.
static void s_header (const output_t *self, const wire_texts_t *names, buffer_t *into)
{
    for (uint32_t i = 0; self->header && i < names->count; i++) {
        const char *name = names->item [i];
        bool quote = self->csv && strpbrk (name, ",\"\r\n");
        buffer_print (into, "%s%s", i ? self->csv ? "," : "\t" : "", quote ? "\"" : "");
        for (; *name; name++)
            buffer_print (into, quote && *name == '"' ? "\"\"" : "%c", *name);
        buffer_print (into, "%s%s", quote ? "\"" : "", i + 1 == names->count ? "\n" : "");
    }
}

static status_t s_write (int to, const void *bytes, size_t size, const char *target, error_t *error)
{
    error_t why = { 0 };
    return file_write_all (to, bytes, size, target, &why) ? error_set_kind (error, ERROR_OUTPUT, "%s", why.text) : OK;
}

static status_t s_copy_plain (int from, int to, const char *path, const char *target, error_t *error)
{
    enum { ROOM = 1 << 18 };
    char *bytes = memory_new (ROOM);
    status_t rc = OK;
    while (!rc) {
        ssize_t n = read (from, bytes, ROOM);
        if (n < 0)
            rc = output_errno (error, path, "cannot read");
        else if (n == 0)
            break;
        else
            rc = s_write (to, bytes, (size_t) n, target, error);
    }
    free (bytes);
    return rc;
}

// In the kernel where it can; what it has copied before it fails stays copied, and the offsets are behind it.
static status_t s_copy (int from, int to, const char *path, const char *target, error_t *error)
{
    for (;;) {
        ssize_t n = copy_file_range (from, NULL, to, NULL, 1 << 30, 0);
        if (n < 0)                                      // not on this file system; a real error comes again below
            return s_copy_plain (from, to, path, target, error);
        if (n == 0)
            return OK;
    }
}

// Nodes that share the disk write in that folder: a link there must not have this process, which may read its keys, copy what it points to,
// and a FIFO must not have it wait.
static status_t s_append (output_t *self, int to, const char *target, const char *name, error_t *error)
{
    if (!output_plain (name))
        return error_set_kind (error, ERROR_OUTPUT, "%s: not the name of a part", name);
    char *path = file_join (self->attempts, name);
    struct stat is;
    int from = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    status_t rc = from < 0 || fstat (from, &is) ? output_errno (error, path, "cannot open") : OK;
    if (!rc && !S_ISREG (is.st_mode))
        rc = error_set_kind (error, ERROR_OUTPUT, "%s: is no regular file", path);
    if (!rc)
        rc = s_copy (from, to, path, target, error);
    if (from >= 0)
        close (from);
    free (path);
    return rc;
}

// ---- the parts

// Empty parts are left out, but not the first if it has the header (which the executors write into the first part only) or if there
// is no other.
static bool s_wanted (const output_t *self, const output_part_t *part, uint32_t parts, uint32_t index)
{
    if (!part [index].name || part [index].rows)
        return part [index].name != NULL;
    for (uint32_t i = 0; i < parts; i++)
        if (part [i].name && (i < index || (part [i].rows && !self->header)))
            return false;
    return true;
}

// Of the numbers in names: five, or as many as it takes to have the names' order, which is the result's, be that of the numbers.
static int s_digits (uint32_t parts)
{
    int digits = 5;
    for (uint32_t most = 99999; parts && parts - 1 > most && digits < 10; most = most < UINT32_MAX / 10 ? most * 10 + 9 : UINT32_MAX)
        digits++;
    return digits;
}

static status_t s_place_parts (output_t *self, const output_part_t *part, uint32_t parts, const wire_texts_t *names, error_t *error)
{
    uint32_t placed = 0, wanted = 0;
    char name [64];
    const char *extension = self->csv ? "csv" : "tsv";
    for (uint32_t i = 0; i < parts; i++)
        wanted += s_wanted (self, part, parts, i);
    int digits = s_digits (wanted);
    for (uint32_t i = 0; i < parts; i++)
        if (s_wanted (self, part, parts, i)) {
            snprintf (name, sizeof name, "part-%0*u.%s", digits, placed++, extension);
            TRY (s_move (self, part [i].name, name, error));
        }
    if (placed)
        return OK;
    buffer_t header = { 0 };
    s_header (self, names, &header);
    snprintf (name, sizeof name, "part-00000.%s", extension);
    status_t rc = s_save (self, name, header.data, header.size, error);
    buffer_free (&header);
    return rc;
}

static status_t s_join_parts (output_t *self, const output_part_t *part, uint32_t parts, const wire_texts_t *names, error_t *error)
{
    buffer_t header = { 0 };
    uint32_t joined = parts;                            // the last one, if any
    char *target = file_join (self->hidden, "joined");
    int to = open (target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    status_t rc = to < 0 ? output_errno (error, target, "cannot create") : OK;
    for (uint32_t i = 0; !rc && i < parts; i++)
        if (s_wanted (self, part, parts, i))
            rc = s_append (self, to, target, part [joined = i].name, error);
    s_header (self, names, &header);
    if (!rc && joined == parts)
        rc = s_write (to, header.data, header.size, target, error);
    if (!rc && self->sync && fsync (to))
        rc = output_errno (error, target, "cannot sync");
    if (to >= 0 && close (to) && !rc)
        rc = output_errno (error, target, "cannot write");
    buffer_free (&header);
    free (target);
    return rc;
}

static status_t s_join_rejected (output_t *self, const output_part_t *part, uint32_t parts, bool *any, error_t *error)
{
    char *target = file_join (self->hidden, "rejected");
    int to = open (target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    status_t rc = to < 0 ? output_errno (error, target, "cannot create") : OK;
    for (uint32_t i = 0; !rc && i < parts; i++)
        if (part [i].rejected) {
            *any = true;
            rc = s_append (self, to, target, part [i].rejected, error);
        }
    if (!rc && self->sync && *any && fsync (to))
        rc = output_errno (error, target, "cannot sync");
    if (to >= 0 && close (to) && !rc)
        rc = output_errno (error, target, "cannot write");
    free (target);
    return rc;
}

static status_t s_place_rejected (output_t *self, const output_part_t *part, uint32_t parts, error_t *error)
{
    char *folder = file_join (self->hidden, "_rejected");
    status_t rc = OK;
    for (uint32_t i = 0; !rc && i < parts; i++) {
        if (!part [i].rejected)
            continue;
        char name [64];
        snprintf (name, sizeof name, "_rejected/task-%0*u", s_digits (parts), i);
        if (mkdir (folder, 0777) && errno != EEXIST)
            rc = output_errno (error, folder, "cannot create the folder");
        else
            rc = s_move (self, part [i].rejected, name, error);
    }
    if (!rc && self->sync && access (folder, F_OK) == 0)
        rc = s_sync (folder, error);
    free (folder);
    return rc;
}

// ---- the rename

// rename () replaces an empty folder and nothing else, which is what we want; a file needs the kernel's word that nothing is there.
static status_t s_rename_new (output_t *self, const char *from, const char *to, error_t *error)
{
    bool only_new = self->file && !self->overwrite;
    int rc = only_new ? renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) : rename (from, to);
    if (rc && only_new && errno == EINVAL)              // a file system without it
        rc = access (to, F_OK) == 0 ? (errno = EEXIST, -1) : rename (from, to);
    return rc ? output_errno (error, to, "cannot put the result in place") : OK;
}

// The older result stands aside until the new one is in place, and comes back if that fails.
static status_t s_rename_over (output_t *self, error_t *error)
{
    size_t size = strlen (self->hidden) + 8;
    char *aside = memory_new (size);
    snprintf (aside, size, "%s" OUTPUT_ASIDE, self->hidden);
    status_t rc = output_check_target (self, error);
    if (!rc && rename (self->target, aside))
        rc = output_errno (error, self->target, "cannot move the older result aside");
    else if (!rc) {
        rc = s_rename_new (self, self->hidden, self->target, error);
        if (rc && rename (aside, self->target))
            error_set_kind (error, ERROR_OUTPUT, "%s: the older result is now there", aside);
        if (!rc)
            file_remove_tree (aside);
    }
    free (aside);
    return rc;
}

static status_t s_commit_folder (output_t *self, const buffer_t *summary, error_t *error)
{
    file_remove_tree (self->attempts);
    TRY (s_save (self, "_job.json", summary->data, summary->size, error));
    TRY (s_save (self, "_SUCCESS", "", 0, error));
    if (self->sync)
        TRY (s_sync (self->hidden, error));
    bool replace = self->overwrite && access (self->target, F_OK) == 0 && !output_empty_folder (self->target);
    return replace ? s_rename_over (self, error) : s_rename_new (self, self->hidden, self->target, error);
}

// Rejected rows first, as FILE.rejected: a result whose missing rows are nowhere must not stand.
static status_t s_commit_file (output_t *self, bool rejects, error_t *error)
{
    char *joined = file_join (self->hidden, "joined"), *rejected = file_join (self->hidden, "rejected");
    buffer_t aside = { 0 };
    buffer_print (&aside, "%s.rejected", self->target);
    status_t rc = rejects ? s_rename_new (self, rejected, aside.data, error) : OK;
    if (!rc) {
        rc = s_rename_new (self, joined, self->target, error);
        if (rejects ? rc != OK : !rc && self->overwrite)    // ours, or the older result's, which has been replaced
            unlink (aside.data);
    }
    buffer_free (&aside);
    free (joined);
    free (rejected);
    return rc;
}

status_t output_commit (output_t *self, const output_part_t *part, uint32_t parts, const wire_texts_t *names, const buffer_t *summary, error_t *error)
{
    if (self->file) {
        TRY (s_join_parts (self, part, parts, names, error));
        bool rejects = false;
        TRY (s_join_rejected (self, part, parts, &rejects, error));
        TRY (s_commit_file (self, rejects, error));
    }
    else {
        TRY (s_place_parts (self, part, parts, names, error));
        TRY (s_place_rejected (self, part, parts, error));
        TRY (s_commit_folder (self, summary, error));
    }
    return self->sync ? s_sync (self->parent, error) : OK;
}
