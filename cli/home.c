// home: see home.h.
#include "cli/home.h"
#include "base/file.h"
#include "cli/cli.h"
#include "worker/plugin_file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const s_extensions [] = { ".c", ".cc", ".cpp", ".cxx", ".so" };

static char *s_program_folder (void)
{
    char path [PATH_MAX];
    ssize_t size = readlink ("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0)
        return memory_text (".");
    path [size] = '\0';
    *strrchr (path, '/') = '\0';
    return memory_text (path);
}

// The n-th place to look for what a tree has in `near`, and an installation in `beside`, seen from its program, or in `installed`;
// NULL: that was all. The caller frees it.
static char *s_place (unsigned n, const char *near, const char *beside, const char *installed)
{
    const char *home = getenv ("RACIMO_HOME");
    if (n == 0)
        return home && *home ? file_join (home, near) : memory_text ("");
    if (n == 3)
        return memory_text (installed);
    if (n > 3)
        return NULL;
    char *folder = s_program_folder (), *place = file_join (folder, n == 1 ? near : beside);
    free (folder);
    return place;
}

static bool s_holds (const char *folder, const char *file)
{
    char *path = file_join (folder, file);
    bool there = *folder && access (path, R_OK) == 0;
    free (path);
    return there;
}

char *home_api (error_t *error)
{
    char *place;
    for (unsigned n = 0; (place = s_place (n, "api", "../include", RACIMO_INCLUDEDIR)); n++) {
        if (s_holds (place, "racimo.h"))
            return place;
        free (place);
    }
    (void) error_set (error, "racimo.h was not found, neither in " RACIMO_INCLUDEDIR " nor beside the program: set RACIMO_HOME to the source folder");
    return NULL;
}

// The place of the jobs that come along, and how many there are.
static char *s_jobs (struct dirent ***entry, int *entries)
{
    char *place;
    for (unsigned n = 0; (place = s_place (n, "jobs", "../share/racimo/jobs", RACIMO_DATADIR "/jobs")); n++) {
        if (s_holds (place, "wordcount.c") && (*entries = scandir (place, entry, NULL, alphasort)) >= 0)
            return place;
        free (place);
    }
    return NULL;
}

// The extension of a job's file, or NULL.
static const char *s_extension (const char *name)
{
    const char *dot = strrchr (name, '.');
    for (size_t i = 0; dot && i < COUNT_OF (s_extensions); i++)
        if (!strcmp (dot, s_extensions [i]))
            return dot;
    return NULL;
}

void home_each_job (void (*each) (void *context, const char *name, const char *path), void *context)
{
    struct dirent **entry = NULL;
    int entries = 0;
    char *folder = s_jobs (&entry, &entries);
    for (int i = 0; i < entries; i++) {
        const char *dot = s_extension (entry [i]->d_name);
        if (dot && entry [i]->d_name [0] != '.') {
            char *path = file_join (folder, entry [i]->d_name), *name = memory_text (entry [i]->d_name);
            name [dot - entry [i]->d_name] = '\0';
            each (context, name, path);
            free (name);
            free (path);
        }
        free (entry [i]);
    }
    free (entry);
    free (folder);
}

typedef struct { nearest_t nearest; char best [64]; char *path; } search_t;

static void s_compare (void *context, const char *name, const char *path)
{
    search_t *self = context;
    if (!strcmp (name, self->nearest.word))
        self->path = memory_text (path);
    nearest_try (&self->nearest, name);
    if (self->nearest.best == name) {
        snprintf (self->best, sizeof self->best, "%s", name);
        self->nearest.best = self->best;
    }
}

static status_t s_shipped (const char *word, char **name, char **path, error_t *error)
{
    char hint [120];
    search_t search = { .nearest.word = word };
    home_each_job (s_compare, &search);
    if (!search.path)
        return error_set_kind (error, ERROR_USAGE, "there is no job '%s'%s (racimo list shows them; a job of your own ends in .c)", word,
                               nearest_hint (&search.nearest, hint));
    *name = memory_text (word);
    *path = search.path;
    return OK;
}

status_t home_job (const char *word, char **name, char **path, error_t *error)
{
    const char *base = strrchr (word, '/') ? strrchr (word, '/') + 1 : word, *dot = s_extension (base);
    if (base == word && !strchr (word, '.'))
        return s_shipped (word, name, path, error);
    if (!dot || dot == base)
        return error_set_kind (error, ERROR_USAGE, "%s: a job is a C or C++ file (.c, .cc, .cpp or .cxx), or one compiled already (.so)", word);
    if (access (word, R_OK))
        return error_set_kind (error, ERROR_USAGE, "%s: %s", word, strerror (errno));
    *path = realpath (word, NULL);
    if (!*path)
        return error_set_kind (error, ERROR_USAGE, "%s: %s", word, strerror (errno));
    *name = memory_text (base);
    (*name) [plugin_file_is (base) ? plugin_file_stem (base) : (size_t) (dot - base)] = '\0';
    return OK;
}
