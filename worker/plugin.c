// plugin: see plugin.h; what the names in the cache mean: see recipe.h.
//
// The cache holds FIRST.d (the headers of a source, as the compiler lists them) and NAME.so. The compiler writes under names of this
// process and the results are renamed into place, so several processes may compile the same job at once and a reader never sees half
// a file; a shared object that is in use stays what it was. Behind each stands a stamp with its checksum: one that was cut or damaged since, by
// a full disk or a card that was pulled, would crash whoever maps it, so it is compiled anew. That the compiler has ended is seen at its output's end: no SIGCHLD.
//
// A compiler that is killed leaves temporary files, also one that tidies up at SIGTERM: the program that it had started makes its file a moment
// later. So they lie in a folder beside the result, which goes when all that hold the output have ended.
#define _GNU_SOURCE
#include "worker/plugin.h"
#include "base/file.h"
#include "base/memory.h"
#include "wire/bundle.h"
#include "worker/plugin_file.h"
#include "worker/recipe.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

extern char **environ;

enum { COMPILER_LINES = 16 * 1024, PLUGIN_LIMIT = 1 << 30 };

struct plugin {
    recipe_t recipe;
    char *cache;
    char *object, *headers;                             // where the compiler writes; NULL: it has not been started
    char *temporary;                                    // folder: where it writes in between
    char *path;                                         // of the result
    char *here, *there;                                 // folders: names below `here` are shown as below `there`; NULL: as they are
    pid_t pid;                                          // of the compiler, 0: not at work
    int output;                                         // what it says, -1: not at work
    buffer_t said;
    error_t error;
    bool no_compiler, unable;
};

static char *s_cached (const plugin_t *self, const char *name, const char *ending)
{
    buffer_t path = { 0 };
    buffer_print (&path, "%s/%s%s", self->cache, name, ending);
    return path.data;
}

// ---- the stamp

typedef struct { char magic [8]; uint64_t checksum; } stamp_t;

static stamp_t s_stamp_of (const char *bytes, size_t size)
{
    return (stamp_t) { "RACIMO1", XXH3_64bits (bytes, size) };
}

static status_t s_add_stamp (const char *path, error_t *error)
{
    buffer_t file = { 0 };
    status_t rc = file_load (path, PLUGIN_LIMIT, &file, error);
    if (!rc) {
        stamp_t stamp = s_stamp_of (file.data, file.size);
        buffer_add (&file, &stamp, sizeof stamp);
        rc = file_save (path, file.data, file.size, error);
    }
    buffer_free (&file);
    return rc;
}

static bool s_is_whole (const char *path)
{
    buffer_t file = { 0 };
    bool whole = !file_load (path, PLUGIN_LIMIT, &file, NULL) && file.size > sizeof (stamp_t);
    if (whole) {
        stamp_t stamp = s_stamp_of (file.data, file.size - sizeof stamp);
        whole = !memcmp (&stamp, file.data + file.size - sizeof stamp, sizeof stamp);
    }
    buffer_free (&file);
    return whole;
}

// ---- the cache

// Looks the result up; false: there is none.
static bool s_look_up (plugin_t *self)
{
    char name [RECIPE_NAME];
    char *headers = s_cached (self, self->recipe.first, ".d");
    bool known = !recipe_name (&self->recipe, headers, name);
    free (headers);
    if (known) {
        self->path = s_cached (self, name, ".so");
        if (s_is_whole (self->path))
            return true;
        free (self->path);
        self->path = NULL;
    }
    return false;
}

// Ours, but for $TMPDIR, which is the first entry; the caller frees both.
static char **s_environment (const plugin_t *self)
{
    size_t count = 0, used = 1;
    while (environ [count])
        count++;
    char **all = memory_new ((count + 2) * sizeof *all);
    buffer_t first = { 0 };
    buffer_print (&first, "TMPDIR=%s", self->temporary);
    all [0] = first.data;
    for (size_t i = 0; i < count; i++)
        if (strncmp (environ [i], "TMPDIR=", 7))
            all [used++] = environ [i];
    return all;
}

static int s_spawn (plugin_t *self, char **word, int output)
{
    char **environment = s_environment (self);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset (&none);
    sigfillset (&all);
    posix_spawn_file_actions_init (&files);
    posix_spawn_file_actions_addopen (&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2 (&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2 (&files, output, STDERR_FILENO);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask (&attributes, &none);
    posix_spawnattr_setsigdefault (&attributes, &all);
    int number = posix_spawn (&self->pid, self->recipe.compiler, &files, &attributes, word, environment);
    free (environment [0]);
    free (environment);
    posix_spawn_file_actions_destroy (&files);
    posix_spawnattr_destroy (&attributes);
    if (number)
        self->pid = 0;
    return number;
}

static status_t s_compile (plugin_t *self)
{
    const recipe_t *recipe = &self->recipe;
    static unsigned counter;
    char ending [64];
    snprintf (ending, sizeof ending, ".%d-%u", (int) getpid (), counter++);
    self->object = s_cached (self, recipe->first, ending);
    buffer_t headers = { 0 };
    buffer_print (&headers, "%s.d", self->object);
    self->headers = headers.data;
    buffer_t temporary = { 0 };
    buffer_print (&temporary, "%s.tmp", self->object);
    self->temporary = temporary.data;
    TRY (file_make_folders (self->temporary, 0700, &self->error));

    char *rest [] = { "-MMD", "-MF", self->headers, "-o", self->object, recipe->source, NULL };
    char **word = memory_new ((recipe->words + COUNT_OF (rest)) * sizeof *word);
    memcpy (word, recipe->word, recipe->words * sizeof *word);
    memcpy (word + recipe->words, rest, sizeof rest);
    int ends [2];
    int number = pipe2 (ends, O_CLOEXEC) ? errno : 0;
    if (!number) {
        number = s_spawn (self, word, ends [1]);
        close (ends [1]);
        self->output = ends [0];
        fcntl (self->output, F_SETFL, O_NONBLOCK);
    }
    free (word);
    errno = number;
    return number ? error_errno (&self->error, "%s: cannot be started", recipe->compiler) : OK;
}

// ---- compiled by its author

static status_t s_put (const plugin_t *self, const char *path, buffer_t *file, error_t *error)
{
    buffer_t fresh = { 0 };
    stamp_t stamp = s_stamp_of (file->data, file->size);
    buffer_add (file, &stamp, sizeof stamp);
    buffer_print (&fresh, "%s.%d", path, (int) getpid ());
    status_t rc = file_make_folders (self->cache, 0700, error);
    if (!rc)
        rc = file_save (fresh.data, file->data, file->size, error);
    if (!rc && rename (fresh.data, path))
        rc = error_errno (error, "%s: cannot be put in place", path);
    buffer_free (&fresh);
    return rc;
}

// A copy under the name of its content.
static status_t s_adopt (plugin_t *self, const char *source, error_t *error)
{
    buffer_t file = { 0 };
    char name [BUNDLE_HASH], *path = NULL;
    status_t rc = file_load (source, PLUGIN_LIMIT, &file, error);
    if (!rc) {
        bundle_hash (&file, name);
        path = s_cached (self, name, ".so");
        rc = s_is_whole (path) ? OK : s_put (self, path, &file, error);
    }
    if (!rc)
        self->path = path;
    else
        free (path);
    buffer_free (&file);
    return rc;
}

// One for another CPU is no fault of the job's: a node of that CPU can run it.
static void s_take_compiled (plugin_t *self, const char *source)
{
    char *chosen = plugin_file_choose (source);
    self->recipe.source = realpath (chosen, NULL);
    if (plugin_file_check (chosen, &self->error)) {
        self->unable = self->error.kind != ERROR_JOB;
        self->error.kind = ERROR_JOB;
    }
    else
        (void) !s_adopt (self, chosen, &self->error);
    free (chosen);
}

plugin_t *plugin_new (const char *source, const char *api, const char *cache)
{
    plugin_t *self = memory_new (sizeof *self);
    self->cache = memory_text (cache);
    self->output = -1;
    if (plugin_file_is (source)) {
        s_take_compiled (self, source);
        return self;
    }
    if (recipe_make (source, api, &self->recipe, &self->error)) {
        self->no_compiler = self->error.kind != ERROR_JOB;
        self->error.kind = ERROR_JOB;
    }
    else if (!s_look_up (self) && !file_make_folders (cache, 0700, &self->error) && s_compile (self) && self->output >= 0) {
        close (self->output);
        self->output = -1;
    }
    return self;
}

plugin_t *plugin_new_failed (const error_t *error)
{
    plugin_t *self = memory_new (sizeof *self);
    self->output = -1;
    self->error = *error;
    return self;
}

plugin_t *plugin_new_refused (const error_t *error, const char *compiler, bool unable)
{
    plugin_t *self = plugin_new_failed (error);
    self->error.kind = ERROR_JOB;
    self->unable = unable;
    buffer_add (&self->said, compiler, strlen (compiler) + 1);
    return self;
}

plugin_t *plugin_new_built (const char *path)
{
    error_t error = { 0 };
    if (!s_is_whole (path)) {
        (void) error_set (&error, "%s: what another node has compiled is damaged here", path);
        return plugin_new_failed (&error);
    }
    plugin_t *self = plugin_new_failed (&error);
    self->path = memory_text (path);
    return self;
}

// ---- names of a copy

// Every `here` in text becomes `there`.
static void s_translate (const plugin_t *self, const char *text, buffer_t *into)
{
    size_t size = self->here ? strlen (self->here) : 0;
    for (const char *at; size && (at = strstr (text, self->here)); text = at + size) {
        buffer_add (into, text, (size_t) (at - text));
        buffer_add (into, self->there, strlen (self->there));
    }
    buffer_add (into, text, strlen (text) + 1);
}

static void s_translate_error (plugin_t *self)
{
    buffer_t text = { 0 };
    if (!self->here)
        return;
    s_translate (self, self->error.text, &text);
    snprintf (self->error.text, sizeof self->error.text, "%s", text.data);
    buffer_free (&text);
}

static void s_translate_lines (plugin_t *self)
{
    buffer_t text = { 0 };
    if (!self->here || !self->said.size)
        return;
    s_translate (self, self->said.data, &text);
    buffer_free (&self->said);
    self->said = text;
}

// What both paths end in is the name within the bundle; what comes before is translated.
void plugin_show_as (plugin_t *self, const char *source)
{
    const char *own = self->recipe.source;
    size_t a = own ? strlen (own) : 0, b = strlen (source), same = 0, whole = 0;
    while (same < a && same < b && own [a - same - 1] == source [b - same - 1])
        if (own [a - ++same] == '/')
            whole = same;
    if (!whole)
        return;
    self->here = strndup (own, a - whole + 1);
    self->there = strndup (source, b - whole + 1);
    s_translate_error (self);
}

// Its whole group: the driver and the program that it waits for.
static void s_end_compiler (plugin_t *self)
{
    enum { DEATH_MS = 1000 };
    char text [4096];
    struct pollfd item = { .fd = self->output, .events = POLLIN };
    kill (-self->pid, SIGKILL);
    while (waitpid (self->pid, NULL, 0) < 0 && errno == EINTR) { }
    while (poll (&item, 1, DEATH_MS) > 0 && read (self->output, text, sizeof text) > 0) { }
}

void plugin_destroy (plugin_t **self_p)
{
    plugin_t *self = *self_p;
    if (!self)
        return;
    if (self->pid)
        s_end_compiler (self);
    if (self->output >= 0)
        close (self->output);
    if (self->object) {                                 // a name of this process: if it is there, it is not the result
        unlink (self->object);
        unlink (self->headers);
    }
    if (self->temporary)
        file_remove_tree (self->temporary);
    recipe_free (&self->recipe);
    buffer_free (&self->said);
    free (self->object);
    free (self->headers);
    free (self->temporary);
    free (self->here);
    free (self->there);
    free (self->path);
    free (self->cache);
    free (self);
    *self_p = NULL;
}

int plugin_fd (const plugin_t *self)
{
    return self->output;
}

// Puts the result in place. The source may have been saved again since it was read: then nobody knows what was compiled.
static void s_keep (plugin_t *self)
{
    char before [RECIPE_NAME], name [RECIPE_NAME];
    memcpy (before, self->recipe.first, sizeof before);
    if (recipe_again (&self->recipe, &self->error))
        return;
    if (strcmp (before, self->recipe.first) || recipe_name (&self->recipe, self->headers, name)) {
        error_set_kind (&self->error, ERROR_JOB, "%s: changed while it was compiled: run it again", self->recipe.source);
        return;
    }
    if (s_add_stamp (self->object, &self->error))
        return;
    char *headers = s_cached (self, before, ".d"), *path = s_cached (self, name, ".so");
    if (rename (self->object, path) || rename (self->headers, headers))
        error_errno (&self->error, "%s: cannot be put in place", path);
    else {
        self->path = path;
        path = NULL;
    }
    free (headers);
    free (path);
}

static void s_finish (plugin_t *self)
{
    close (self->output);
    self->output = -1;
    int status = 0;
    while (waitpid (self->pid, &status, 0) < 0 && errno == EINTR) { }
    self->pid = 0;
    file_remove_tree (self->temporary);
    size_t size = self->said.size > COMPILER_LINES ? COMPILER_LINES : self->said.size;
    while (size && self->said.size > COMPILER_LINES && self->said.data [size - 1] != '\n')
        size--;
    buffer_reserve (&self->said, 1);
    self->said.data [size] = '\0';
    s_translate_lines (self);
    if (status == 0)
        s_keep (self);
    else if (WIFSIGNALED (status))
        error_set (&self->error, "%s: the compiler was killed by signal %d", self->recipe.source, WTERMSIG (status));
    else
        error_set_kind (&self->error, ERROR_JOB, "%s: does not compile: see the compiler's lines above", self->recipe.source);
    s_translate_error (self);
}

void plugin_step (plugin_t *self)
{
    char text [4096];
    ssize_t n = 0;
    while (self->output >= 0 && (n = read (self->output, text, sizeof text)) > 0)
        if (self->said.size <= COMPILER_LINES)
            buffer_add (&self->said, text, (size_t) n);
    if (self->output >= 0 && (n == 0 || (errno != EAGAIN && errno != EINTR)))
        s_finish (self);
}

void plugin_wait (plugin_t *self)
{
    while (self->output >= 0) {
        struct pollfd item = { .fd = self->output, .events = POLLIN };
        if (poll (&item, 1, -1) > 0)
            plugin_step (self);
    }
}

const char *plugin_path (const plugin_t *self)
{
    return self->path;
}

const error_t *plugin_error (const plugin_t *self)
{
    return &self->error;
}

// What is the job's own fault has that kind: it does not compile, or nobody could compile it.
bool plugin_unable (const plugin_t *self)
{
    return !self->path && (self->no_compiler || self->unable || self->error.kind != ERROR_JOB);
}

bool plugin_lacks_compiler (const plugin_t *self)
{
    return !self->path && self->no_compiler;
}

const char *plugin_compiler (const plugin_t *self)
{
    return self->said.data ? self->said.data : "";
}

char *plugin_cache (const char *otherwise)
{
    const char *base = getenv ("XDG_CACHE_HOME"), *home = getenv ("HOME");
    bool own = base && base [0] == '/';
    buffer_t path = { 0 };
    if (own || (home && home [0] == '/'))
        buffer_print (&path, own ? "%s/racimo" : "%s/.cache/racimo", own ? base : home);
    if (path.data && !file_make_folders (path.data, 0700, NULL) && !access (path.data, W_OK | X_OK))
        return path.data;
    buffer_free (&path);
    return memory_text (otherwise);
}
