// results: see results.h. The data server holds the file by index 0 and, if rows were rejected, those by index 1. A file of gigabytes is removed by
// an errand: that takes a slow disk a while.
#include "master/results.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT_US = 3600 * 1000 * 1000L };

typedef struct { uint64_t job; char owner [KEY_TEXT]; int64_t until_us; input_list_t files; } result_t;

struct results {
    dataserver_t *data;
    errands_t *errands;
    char *folder;
    result_t result [RESULTS];                          // the oldest first
    size_t count;
};

results_t *results_new (const char *state, dataserver_t *data, errands_t *errands, error_t *error)
{
    results_t *self = memory_new (sizeof *self);
    self->data = data;
    self->errands = errands;
    self->folder = file_join (state, "results");
    file_remove_tree (self->folder);
    if (file_make_folders (self->folder, 0700, error))
        results_destroy (&self);
    return self;
}

static void s_unlink (void *context)
{
    const buffer_t *paths = context;                    // each ended by a NUL
    for (size_t at = 0; at < paths->size; at += strlen (paths->data + at) + 1)
        unlink (paths->data + at);
}

static void s_unlinked (void *context)
{
    buffer_free (context);
    free (context);
}

static void s_remove (results_t *self, size_t at)
{
    result_t *result = &self->result [at];
    buffer_t *paths = memory_new (sizeof *paths);
    for (uint32_t i = 0; i < result->files.files; i++)
        buffer_add (paths, result->files.file [i].path, strlen (result->files.file [i].path) + 1);
    errands_send (self->errands, result->job, s_unlink, s_unlinked, paths);
    dataserver_forget (self->data, result->job, FETCH_RESULT, &result->files);
    memmove (result, result + 1, (--self->count - at) * sizeof *result);
}

void results_destroy (results_t **self_p)
{
    results_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        dataserver_forget (self->data, self->result [i].job, FETCH_RESULT, &self->result [i].files);
    file_remove_tree (self->folder);
    free (self->folder);
    free (self);
    *self_p = NULL;
}

static char *s_path (const results_t *self, uint64_t job)
{
    char name [32];
    snprintf (name, sizeof name, "job-%llu", (unsigned long long) job);
    return file_join (self->folder, name);
}

char *results_path (const results_t *self, uint64_t job, error_t *error)
{
    if (file_make_folders (self->folder, 0700, error))  // somebody may have cleared the state
        return NULL;
    return s_path (self, job);
}

bool results_is (const results_t *self, const char *output)
{
    size_t size = strlen (self->folder);
    return !strncmp (output, self->folder, size) && output [size] == '/';
}

// By hand: input_list would refuse a result that looks packed.
static status_t s_look (const char *path, input_list_t *into, error_t *error)
{
    struct stat is;
    if (stat (path, &is))
        return into->files ? OK : error_errno (error, "%s: the result is gone", path);
    into->file = memory_grow (into->file, (into->files + 1) * sizeof *into->file);
    into->file [into->files++] = (input_file_t) { .path = memory_text (path), .size = (uint64_t) is.st_size, .inode = is.st_ino, .device = is.st_dev,
        .mtime_ns = file_time_ns (is.st_mtim) };
    return OK;
}

status_t results_keep (results_t *self, uint64_t job, const char *owner, int64_t now_us, error_t *error)
{
    if (self->count == RESULTS)
        s_remove (self, 0);
    char *path = s_path (self, job);
    buffer_t rejected = { 0 };
    buffer_print (&rejected, "%s.rejected", path);
    result_t *result = &self->result [self->count];
    *result = (result_t) { .job = job, .until_us = now_us + KEPT_US };
    snprintf (result->owner, sizeof result->owner, "%s", owner);
    status_t rc = s_look (path, &result->files, error);
    if (!rc)
        rc = s_look (rejected.data, &result->files, NULL);
    if (!rc)
        rc = dataserver_add (self->data, job, FETCH_RESULT, &result->files, NULL, owner, error);
    self->count++;
    if (rc)
        s_remove (self, self->count - 1);
    free (path);
    buffer_free (&rejected);
    return rc;
}

bool results_drop (results_t *self, uint64_t job, const char *key)
{
    for (size_t i = 0; self && i < self->count; i++)
        if (self->result [i].job == job && (!*self->result [i].owner || !strcmp (self->result [i].owner, key))) {
            s_remove (self, i);
            return true;
        }
    return false;
}

void results_sweep (results_t *self, int64_t now_us)
{
    while (self && self->count && self->result [0].until_us < now_us)
        s_remove (self, 0);
}
