// sources: see sources.h.
//
// A scan by lines and no preprocessor: so it needs no compiler, which a client may lack, and finds the same on every machine. It does not
// know what #if leaves out, and takes a file or two more; a name made by a macro it cannot see, and the compiler on the node says so.
// Paths are simplified by their text, not by what links say: relative names keep their meaning only as they are written.
#define _GNU_SOURCE
#include "cli/sources.h"
#include "base/file.h"
#include "worker/plugin_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SOURCES = 1000 };

typedef struct { char **path; size_t count; } found_t;

// Takes "." and ".." out of an absolute path, in place.
static void s_simplify (char *path)
{
    char *to = path;
    for (char *part = path; *part;) {
        part += strspn (part, "/");
        size_t size = strcspn (part, "/");
        if (size == 2 && part [0] == '.' && part [1] == '.')
            while (to > path && *--to != '/') { }
        else if (size && !(size == 1 && *part == '.')) {
            *to++ = '/';
            memmove (to, part, size);
            to += size;
        }
        part += size;
    }
    *to = '\0';
}

static bool s_has (const found_t *self, const char *path)
{
    for (size_t i = 0; i < self->count; i++)
        if (!strcmp (self->path [i], path))
            return true;
    return false;
}

// The name between the quotes if the line is #include "NAME"; else NULL.
static char *s_included (const char *line, size_t size)
{
    static const char word [] = "include";
    const char *end = line + size;
    line += strspn (line, " \t");
    if (line >= end || *line++ != '#')
        return NULL;
    line += strspn (line, " \t");
    if (line + sizeof word > end || memcmp (line, word, sizeof word - 1))
        return NULL;
    line += sizeof word - 1;
    line += strspn (line, " \t");
    const char *close = line < end && *line == '"' ? memchr (line + 1, '"', (size_t) (end - line - 1)) : NULL;
    return close ? strndup (line + 1, (size_t) (close - line - 1)) : NULL;
}

static status_t s_note (found_t *self, const char *beside, char *name, error_t *error)
{
    struct stat facts;
    buffer_t path = { 0 };
    if (*name != '/')
        buffer_print (&path, "%.*s/", (int) (strrchr (beside, '/') - beside), beside);
    buffer_print (&path, "%s", name);
    free (name);
    s_simplify (path.data);
    bool wanted = !s_has (self, path.data) && !stat (path.data, &facts) && S_ISREG (facts.st_mode);
    if (wanted && self->count == SOURCES) {
        buffer_free (&path);
        return error_set_kind (error, ERROR_JOB, "%s: includes more than %d files", self->path [0], SOURCES);
    }
    if (wanted) {
        self->path = memory_grow (self->path, (self->count + 1) * sizeof *self->path);
        self->path [self->count++] = memory_text (path.data);
    }
    buffer_free (&path);
    return OK;
}

static status_t s_scan (found_t *self, const char *path, error_t *error)
{
    buffer_t text = { 0 };
    status_t rc = file_load (path, BUNDLE_LIMIT, &text, error);
    buffer_add (&text, "", 1);
    for (const char *line = text.data, *end; !rc && *line; line = *end ? end + 1 : end) {
        end = strchrnul (line, '\n');
        char *name = s_included (line, (size_t) (end - line));
        if (name)
            rc = s_note (self, path, name, error);
    }
    buffer_free (&text);
    return rc;
}

status_t sources_find (const char *source, char ***path, size_t *count, error_t *error)
{
    if (plugin_file_is (source)) {
        *path = plugin_file_list (source, count);
        return OK;
    }
    found_t found = { memory_new (sizeof *found.path), 1 };
    found.path [0] = memory_text (source);
    status_t rc = OK;
    for (size_t i = 0; !rc && i < found.count; i++)
        rc = s_scan (&found, found.path [i], error);
    *path = found.path;
    *count = found.count;
    if (rc)
        sources_free (path, count);
    return rc;
}

void sources_free (char ***path, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        free ((*path) [i]);
    free (*path);
    *path = NULL;
    *count = 0;
}

status_t sources_bundle (const char *source, buffer_t *bundle, error_t *error)
{
    char **path;
    size_t count;
    TRY (sources_find (source, &path, &count, error));
    bundle->size = 0;
    status_t rc = bundle_make ((const char *const *) path, count, bundle, error);
    sources_free (&path, &count);
    return rc;
}
