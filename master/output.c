// output: see output.h.
//
//     out/                          the final name: absent, empty, or (with --overwrite) an older result until the last moment
//     .out.racimo-PID-JOB/          hidden, beside it: the same file system, so that one rename commits
//         attempts/                 what executors write, under names of their own
//         part-00000.tsv ...        the winners, moved here by the commit
//         _rejected/task-00003      rows that were left out, a file a task
//         _job.json, _SUCCESS       written last
//
// A file as the result is made the same way: the parts are joined in the hidden folder and the file is renamed out of it, with
// rejected rows beside it as FILE.rejected.
#define _GNU_SOURCE                                     // statx
#include "master/output_parts.h"
#include "base/file.h"

#include <racimo.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

status_t output_errno (error_t *error, const char *path, const char *what)
{
    return error_set_kind (error, ERROR_OUTPUT, "%s: %s: %s", path, what, strerror (errno));
}

// ---- at submit

bool output_empty_folder (const char *path)
{
    DIR *folder = opendir (path);
    if (!folder)
        return false;
    int names = 0;
    while (names <= 2 && readdir (folder))
        names++;
    closedir (folder);
    return names <= 2;
}

static bool s_has (const char *folder, const char *name)
{
    char *path = file_join (folder, name);
    bool has = access (path, F_OK) == 0;
    free (path);
    return has;
}

// Something on which something else is mounted, as containers do for their volumes: nothing can be renamed to it.
static bool s_is_mounted (const char *path)
{
    struct statx is;
    return !statx (AT_FDCWD, path, 0, 0, &is) && is.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

status_t output_check_target (const output_t *self, error_t *error)
{
    struct stat is;
    if (stat (self->target, &is))
        return errno == ENOENT ? OK : output_errno (error, self->target, "cannot be the output");
    bool folder = S_ISDIR (is.st_mode);
    if (self->file && folder)
        return error_set_kind (error, ERROR_OUTPUT, "%s: is a folder, not a file", self->target);
    if (!self->file && !folder)
        return error_set_kind (error, ERROR_OUTPUT, "%s: is a file, not a folder", self->target);
    if (s_is_mounted (self->target))
        return error_set_kind (error, ERROR_OUTPUT, "%s: is a mount point, which cannot be replaced; give a name within it", self->target);
    if (folder && output_empty_folder (self->target))
        return OK;
    if (self->file && !S_ISREG (is.st_mode))
        return error_set_kind (error, ERROR_OUTPUT, "%s: is no regular file", self->target);
    if (!self->overwrite)
        return error_set_kind (error, ERROR_OUTPUT, "%s: exists; --overwrite replaces it", self->target);
    if (folder && !s_has (self->target, "_SUCCESS"))
        return error_set_kind (error, ERROR_OUTPUT, "%s: is not a result of racimo (no _SUCCESS in it); remove it yourself", self->target);
    return OK;
}

// Rows that are left out may come to stand beside a file: better refused now than after all the work.
static status_t s_check_rejected (const output_t *self, error_t *error)
{
    buffer_t path = { 0 };
    buffer_print (&path, "%s.rejected", self->target);
    status_t rc = OK;
    if (self->file && access (path.data, F_OK) == 0) {
        if (!self->overwrite)
            rc = error_set_kind (error, ERROR_OUTPUT, "%s: exists; --overwrite replaces it", path.data);
    } else if (self->file && errno != ENOENT)           // too long for one, though FILE is not
        rc = output_errno (error, path.data, "rejected rows could not be kept");
    buffer_free (&path);
    return rc;
}

static status_t s_make_hidden (output_t *self, error_t *error)
{
    if (mkdir (self->hidden, 0777)) {
        if (errno != EEXIST)
            return output_errno (error, self->parent, "cannot write there");
        file_remove_tree (self->hidden);                // of a process with our number that was killed
        if (mkdir (self->hidden, 0777))
            return output_errno (error, self->hidden, "cannot create the folder");
    }
    if (mkdir (self->attempts, 0777))
        return output_errno (error, self->attempts, "cannot create the folder");
    return OK;
}

static char *s_hidden (const char *parent, const char *name, pid_t master, uint64_t job)
{
    char hidden [256];
    snprintf (hidden, sizeof hidden, ".%.200s.racimo-%d-%llu", name, (int) master, (unsigned long long) job);
    return file_join (parent, hidden);
}

// The final name without / at its end; for a link the name of what it points to, or NULL if there is nothing.
static char *s_target (const char *output)
{
    struct stat is;
    char *target = memory_text (output);
    for (size_t size = strlen (target); size > 1 && target [size - 1] == '/'; size--)
        target [size - 1] = '\0';
    if (lstat (target, &is) || !S_ISLNK (is.st_mode))
        return target;
    char *real = realpath (target, NULL);
    free (target);
    return real;
}

static char *s_with (const char *path, const char *ending)
{
    size_t size = strlen (path) + strlen (ending) + 1;
    char *name = memory_new (size);
    snprintf (name, size, "%s%s", path, ending);
    return name;
}

// Under another name first: attempts that nobody has stopped yet may still make files by the old one, and a folder that fills while it is
// emptied stays.
static void s_remove_hidden (const char *hidden)
{
    char *gone = s_with (hidden, "-gone");
    file_remove_tree (gone);                            // of a master that was killed while it removed it
    if (rename (hidden, gone) == 0)
        file_remove_tree (gone);
    free (gone);
}

// An older result that stood aside when its master was killed: back to its place, unless the new one is there already.
static void s_restore_older (const char *hidden, const char *target)
{
    char *aside = s_with (hidden, OUTPUT_ASIDE);
    if (access (target, F_OK) == 0 || rename (aside, target))
        file_remove_tree (aside);
    free (aside);
}

void output_sweep (const char *output, pid_t master, uint64_t job)
{
    char *target = s_target (output), *slash = target ? strrchr (target, '/') : NULL;
    if (slash && slash [1]) {
        char *parent = memory_text (target);
        parent [slash == target ? 1 : slash - target] = '\0';
        char *hidden = s_hidden (parent, slash + 1, master, job);
        s_restore_older (hidden, target);
        s_remove_hidden (hidden);
        free (hidden);
        free (parent);
    }
    free (target);
}

// The number of the process that made a hidden folder for this job and name; 0: it is none, or may still live.
static pid_t s_dead_owner (const char *file, const char *name, uint64_t job)
{
    char format [32], *end;
    size_t size = strlen (name);
    snprintf (format, sizeof format, "-%llu", (unsigned long long) job);
    if (*file != '.' || strncmp (file + 1, name, size) || strncmp (file + 1 + size, ".racimo-", 8))
        return 0;
    long pid = strtol (file + 1 + size + 8, &end, 10);
    bool ours = pid > 0 && !strncmp (end, format, strlen (format)) && (end [strlen (format)] == '-' || !end [strlen (format)]);
    return ours && kill ((pid_t) pid, 0) && errno == ESRCH ? (pid_t) pid : 0;
}

void output_sweep_dead (const char *output, uint64_t job)
{
    char *target = s_target (output), *slash = target ? strrchr (target, '/') : NULL;
    char *parent = memory_text (slash && slash != target ? target : "/");
    if (slash && slash != target)
        parent [slash - target] = '\0';
    DIR *folder = slash && slash [1] ? opendir (parent) : NULL;
    for (struct dirent *entry; folder && (entry = readdir (folder)); ) {
        pid_t master = s_dead_owner (entry->d_name, slash + 1, job);
        if (master)
            output_sweep (output, master, job);
    }
    if (folder)
        closedir (folder);
    free (parent);
    free (target);
}

// Its last word becomes the result's by a rename, which makes no "." and no "..".
static status_t s_check_name (const char *target, const char *slash, const char *output, error_t *error)
{
    if (!target)
        return error_set_kind (error, ERROR_OUTPUT, "%s: a link to nothing cannot be the output", output);
    if (!slash || !slash [1])
        return error_set_kind (error, ERROR_OUTPUT, "%s: cannot be the output", output);
    if (!strcmp (slash, "/.") || !strcmp (slash, "/.."))
        return error_set_kind (error, ERROR_OUTPUT, "%s: cannot be the output: give the folder's own name", output);
    return OK;
}

output_t *output_new (const message_submit_t *submit, uint64_t job, error_t *error)
{
    output_t *self = memory_new (sizeof *self);
    self->file = submit->output_kind == OUTPUT_FILE;
    self->overwrite = submit->overwrite;
    self->sync = submit->sync;
    self->csv = submit->output_format == RAC_CSV;
    self->header = submit->output_header ? submit->output_header == 1 : self->csv;
    self->target = s_target (submit->output);
    char *slash = self->target ? strrchr (self->target, '/') : NULL;
    if (s_check_name (self->target, slash, submit->output, error)) {
        output_destroy (&self);
        return NULL;
    }
    self->parent = memory_text (self->target);
    self->parent [slash == self->target ? 1 : slash - self->target] = '\0';
    char *hidden = s_hidden (self->parent, slash + 1, getpid (), job);
    status_t rc = output_check_target (self, error);
    if (!rc && submit->max_rejects)
        rc = s_check_rejected (self, error);
    if (!rc) {
        self->hidden = hidden;                          // from here on ours to remove
        self->attempts = file_join (hidden, "attempts");
        rc = s_make_hidden (self, error);
    } else
        free (hidden);
    if (rc)
        output_destroy (&self);
    return self;
}

void output_destroy (output_t **self_p)
{
    output_t *self = *self_p;
    if (!self)
        return;
    if (self->hidden)
        s_remove_hidden (self->hidden);
    free (self->target);
    free (self->parent);
    free (self->hidden);
    free (self->attempts);
    free (self);
    *self_p = NULL;
}

const char *output_folder (const output_t *self)
{
    return self->attempts;
}

// Opened once, so that what is looked at is what is written to.
status_t output_share (output_t *self, uint64_t epoch, uint64_t job, const roots_t *roots, error_t *error)
{
    char marker [80];
    snprintf (marker, sizeof marker, ".racimo-%llu-%llu", (unsigned long long) epoch, (unsigned long long) job);
    int fd = open (self->attempts, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), made = -1;
    status_t rc = fd < 0 ? output_errno (error, self->attempts, "cannot open") : OK;
    if (!rc && roots && !roots_hold (roots, fd))
        rc = error_set_kind (error, ERROR_USAGE, "%s: %s", self->target, roots_fence (roots).refusal);
    if (!rc && fchmod (fd, 02775)) { }                  // a file system without modes lets in whom it likes
    if (!rc && (made = openat (fd, marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444)) < 0)
        rc = output_errno (error, self->attempts, "cannot create a file there");
    if (made >= 0)
        close (made);
    if (fd >= 0)
        close (fd);
    return rc;
}

bool output_plain (const char *name)
{
    return *name && !strchr (name, '/') && strcmp (name, ".") && strcmp (name, "..");
}

void output_drop (output_t *self, const char *name)
{
    if (!output_plain (name))
        return;
    char *path = file_join (self->attempts, name);
    unlink (path);
    free (path);
}
