// roots: see roots.h.
//
// Three questions are kept apart. What a name means: an absolute one itself, a relative one the first of folder/name, root/name, ... that is
// there. Whether the meaning may be told: about a name that lies outside by its letters nothing is said but that, so that nobody learns
// from errors what else the head's disk holds. Whether it lies within: by realpath, and again on the open file (roots_hold), because a link may
// be turned round between the two.
#include "master/roots.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct { char *name, *real; } root_t;           // as configured; links resolved

struct roots {
    root_t *root;
    size_t roots;
    char **closed; size_t closeds;                      // links resolved
    buffer_t list;                                      // "/srv/data /home"
    buffer_t refusal;
};

// ---- new and destroy

roots_t *roots_new (const char *const *root, size_t roots, error_t *error)
{
    roots_t *self = memory_new (sizeof *self);
    self->root = memory_new (roots * sizeof *self->root);
    for (size_t i = 0; i < roots; i++) {
        root_t *at = &self->root [self->roots++];
        at->name = memory_text (root [i]);
        at->real = realpath (root [i], NULL);
        if (!at->real) {
            error_set_kind (error, ERROR_USAGE, "%s: cannot be a folder for clients: %s", root [i], strerror (errno));
            roots_destroy (&self);
            return NULL;
        }
        buffer_print (&self->list, i ? " %s" : "%s", root [i]);
    }
    buffer_print (&self->refusal, "lies outside the folders that the head lets clients use (%s)", self->list.data);
    return self;
}

void roots_destroy (roots_t **self_p)
{
    roots_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->roots; i++) {
        free (self->root [i].name);
        free (self->root [i].real);
    }
    for (size_t i = 0; i < self->closeds; i++)
        free (self->closed [i]);
    free (self->closed);
    free (self->root);
    buffer_free (&self->list);
    buffer_free (&self->refusal);
    free (self);
    *self_p = NULL;
}

// ---- what lies within

static bool s_below (const char *path, const char *folder)
{
    size_t size = strlen (folder);
    if (size == 1)                                      // "/"
        return true;
    return !strncmp (path, folder, size) && (path [size] == '/' || !path [size]);
}

void roots_close (roots_t *self, const char *folder)
{
    char *real = realpath (folder, NULL);
    if (!real)
        return;                                         // nothing is there
    self->closed = memory_grow (self->closed, (self->closeds + 1) * sizeof *self->closed);
    self->closed [self->closeds++] = real;
}

static bool s_real_within (const roots_t *self, const char *real)
{
    for (size_t i = 0; i < self->closeds; i++)
        if (s_below (real, self->closed [i]))
            return false;
    for (size_t i = 0; i < self->roots; i++)
        if (s_below (real, self->root [i].real))
            return true;
    return false;
}

// By its letters, links and "..": aside: enough to tell whether something is there.
static bool s_named_within (const roots_t *self, const char *path)
{
    for (size_t i = 0; i < self->roots; i++)
        if ((s_below (path, self->root [i].name) || s_below (path, self->root [i].real)) && !strstr (path, "/.."))
            return true;
    return false;
}

bool roots_hold (const void *self, int fd)
{
    char link [64], real [PATH_MAX];
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink (link, real, sizeof real - 1);
    if (size <= 0)
        return false;
    real [size] = '\0';
    return s_real_within (self, real);
}

input_fence_t roots_fence (const roots_t *self)
{
    return (input_fence_t) { roots_hold, self, self->refusal.data };
}

static char *s_refuse (const roots_t *self, const char *name, error_t *error)
{
    error_set_kind (error, ERROR_USAGE, "%s: %s", name, self->refusal.data);
    return NULL;
}

// ---- what a name means

typedef enum { THERE, MISSING, OUTSIDE } finding_t;

static finding_t s_look (const roots_t *self, const char *path)
{
    char *real = realpath (path, NULL);
    finding_t found = !real ? s_named_within (self, path) ? MISSING : OUTSIDE : s_real_within (self, real) ? THERE : OUTSIDE;
    free (real);
    return found;
}

// A pattern's folders up to the first that has a wildcard; "" if it begins with one. It must not climb out again behind that.
static finding_t s_look_pattern (const roots_t *self, const char *path)
{
    if (s_look (self, path) == THERE)                   // a file that is called so
        return THERE;
    size_t plain = strcspn (path, "*?[");
    if (!path [plain] || strstr (path + plain, "/.."))
        return s_look (self, path);
    while (plain > 1 && path [plain - 1] != '/')
        plain--;
    char *folder = memory_text (path);
    folder [plain > 1 ? plain - 1 : 1] = '\0';
    finding_t found = s_look (self, folder);
    free (folder);
    return found;
}

// Of what will be made: its folder.
static finding_t s_look_place (const roots_t *self, const char *path)
{
    char *folder = memory_text (path);
    for (size_t size = strlen (folder); size > 1 && folder [size - 1] == '/'; size--)
        folder [size - 1] = '\0';
    finding_t there = s_look (self, folder);            // an older result, or a link to one
    if (there == MISSING) {
        char *slash = strrchr (folder, '/');
        slash [slash == folder] = '\0';
        there = s_look (self, folder);
    }
    free (folder);
    return there;
}

typedef finding_t look_fn (const roots_t *self, const char *path);

static char *s_absolute (const roots_t *self, const char *name, look_fn *look, error_t *error)
{
    finding_t found = look (self, name);
    if (found == THERE)
        return memory_text (name);
    if (found == OUTSIDE)
        return s_refuse (self, name, error);
    error_set_kind (error, ERROR_USAGE, look == s_look_place ? "%s: its folder is not there on the head" : "%s: is not there on the head", name);
    return NULL;
}

static char *s_relative (const roots_t *self, const char *name, const char *folder, look_fn *look, error_t *error)
{
    bool named = folder && *folder == '/', near = named && s_look (self, folder) == THERE;
    bool outside = false;
    for (size_t i = 0; i <= self->roots; i++) {
        if (!i && !named)
            continue;
        char *path = file_join (i ? self->root [i - 1].name : folder, name);
        finding_t found = look (self, path);
        if (found == THERE)
            return path;
        outside |= found == OUTSIDE && (i || near);     // the folder of a laptop means nothing here
        free (path);
    }
    if (outside)
        return s_refuse (self, name, error);
    error_set_kind (error, ERROR_USAGE, "%s: not found on the head, where a relative name means one below %s%s%s", name, near ? folder : "",
        near ? " or " : "", self->list.data);
    return NULL;
}

static char *s_resolve (const roots_t *self, const char *name, const char *folder, look_fn *look, error_t *error)
{
    if (!name || !*name) {
        error_set_kind (error, ERROR_USAGE, "a name is empty");
        return NULL;
    }
    return *name == '/' ? s_absolute (self, name, look, error) : s_relative (self, name, folder, look, error);
}

char *roots_find (const roots_t *self, const char *name, const char *folder, error_t *error)
{
    return s_resolve (self, name, folder, s_look_pattern, error);
}

char *roots_place (const roots_t *self, const char *name, const char *folder, error_t *error)
{
    return s_resolve (self, name, folder, s_look_place, error);
}
