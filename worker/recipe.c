// recipe: see recipe.h.
//
// The compiler itself counts by path, size and time of its program: asking for its version would cost more than everything else here.
// The CPU counts by those lines of /proc/cpuinfo that say what it can do, of the first core only, since -march=native means just that.
// XXH3 with 128 bits: chance collisions are out of the question, and a cache of one's own files has no enemy.
#include "worker/recipe.h"
#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <racimo.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SOURCE_LIMIT = 16 * 1024 * 1024 };

static const char *s_flags [] = {
    "-O3", "-march=native", "-ffp-contract=off", "-funsigned-char", "-fPIC", "-shared", "-Wall", "-Wextra",
};

static void s_add (recipe_t *self, const char *text, size_t size)
{
    char *word = memory_new (size + 1);
    memcpy (word, text, size);
    self->word = memory_grow (self->word, (self->words + 1) * sizeof *self->word);
    self->word [self->words++] = word;
}

static void s_add_words (recipe_t *self, const char *text)
{
    while (text && *text) {
        text += strspn (text, " \t");
        size_t size = strcspn (text, " \t");
        if (size)
            s_add (self, text, size);
        text += size;
    }
}

static bool s_is_cplusplus (const char *source)
{
    const char *dot = strrchr (source, '.');
    return dot && (!strcmp (dot, ".cc") || !strcmp (dot, ".cpp") || !strcmp (dot, ".cxx"));
}

static const char *s_setting (const char *name, const char *standard)
{
    const char *value = getenv (name);
    return value && value [strspn (value, " \t")] ? value : standard;
}

static void s_command (recipe_t *self, const char *api)
{
    bool plus = s_is_cplusplus (self->source);
    s_add_words (self, plus ? s_setting ("RACIMO_CXX", "c++") : s_setting ("RACIMO_CC", "cc"));
    for (size_t i = 0; i < COUNT_OF (s_flags); i++)
        s_add_words (self, s_flags [i]);
    s_add_words (self, plus ? "-std=gnu++17" : "-std=gnu11 -Werror=implicit-function-declaration");
    s_add_words (self, "-I");
    s_add (self, api, strlen (api));                    // one word, blanks and all
    s_add_words (self, getenv ("RACIMO_CFLAGS"));
}

// The program that execvp would run, or NULL.
static char *s_program (const char *name)
{
    if (strchr (name, '/'))
        return access (name, X_OK) ? NULL : memory_text (name);
    const char *at = s_setting ("PATH", "/usr/local/bin:/usr/bin:/bin");
    for (; at; at = strchr (at, ':') ? strchr (at, ':') + 1 : NULL) {
        char path [PATH_MAX];
        int n = snprintf (path, sizeof path, "%.*s/%s", (int) strcspn (at, ":"), at, name);
        if (n < (int) sizeof path && !access (path, X_OK))
            return memory_text (path);
    }
    return NULL;
}

static void s_hash_text (XXH3_state_t *state, const char *text)
{
    XXH3_128bits_update (state, text, strlen (text) + 1);
}

static status_t s_hash_file (XXH3_state_t *state, const char *path, error_t *error)
{
    buffer_t bytes = { 0 };
    status_t rc = file_load (path, SOURCE_LIMIT, &bytes, error);
    if (!rc) {
        uint64_t size = bytes.size;
        s_hash_text (state, path);
        XXH3_128bits_update (state, &size, sizeof size);
        XXH3_128bits_update (state, bytes.data, bytes.size);
    }
    buffer_free (&bytes);
    return rc;
}

static void s_hash_cpu (XXH3_state_t *state)
{
    static const char *const telling [] = { "vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU " };
    char text [16 * 1024];
    int fd = open ("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read (fd, text, sizeof text - 1);
    if (fd >= 0)
        close (fd);
    text [n > 0 ? n : 0] = '\0';
    for (char *line = text; *line && *line != '\n'; ) {
        size_t size = strcspn (line, "\n");
        for (size_t i = 0; i < COUNT_OF (telling); i++)
            if (!strncmp (line, telling [i], strlen (telling [i])))
                XXH3_128bits_update (state, line, size);
        line += size + (line [size] == '\n');
    }
}

static void s_digest (const XXH3_state_t *state, char name [RECIPE_NAME])
{
    XXH128_hash_t hash = XXH3_128bits_digest (state);
    snprintf (name, RECIPE_NAME, "%016llx%016llx", (unsigned long long) hash.high64, (unsigned long long) hash.low64);
}

void recipe_machine (char name [RECIPE_NAME])
{
    XXH3_state_t state;
    struct utsname facts;
    const uint32_t abi = RAC_ABI;
    XXH3_128bits_reset (&state);
    uname (&facts);
    s_hash_text (&state, facts.machine);
    XXH3_128bits_update (&state, &abi, sizeof abi);
    s_hash_cpu (&state);
    s_digest (&state, name);
}

status_t recipe_again (recipe_t *self, error_t *error)
{
    XXH3_state_t state;
    struct stat compiler = { 0 };
    XXH3_128bits_reset (&state);
    for (size_t i = 0; i < self->words; i++)
        s_hash_text (&state, self->word [i]);
    if (stat (self->compiler, &compiler))
        return error_errno (error, "%s: cannot be read", self->compiler);
    int64_t facts [] = { (int64_t) compiler.st_size, (int64_t) compiler.st_mtim.tv_sec, (int64_t) compiler.st_mtim.tv_nsec };
    s_hash_text (&state, self->compiler);
    XXH3_128bits_update (&state, facts, sizeof facts);
    s_hash_cpu (&state);
    TRY (s_hash_file (&state, self->source, error));
    s_digest (&state, self->first);
    return OK;
}

bool recipe_has_compiler (void)
{
    recipe_t command = { .source = (char *) "job.c" };
    s_command (&command, "");
    command.compiler = s_program (command.word [0]);
    command.source = NULL;
    bool there = command.compiler != NULL;
    recipe_free (&command);
    return there;
}

status_t recipe_make (const char *source, const char *api, recipe_t *into, error_t *error)
{
    *into = (recipe_t) { .source = realpath (source, NULL) };
    if (!into->source)
        return error_errno (error, "%s: cannot read the job", source);
    if (strchr (into->source, '\n'))                    // the compiler's list of headers has no way to write it
        return error_set_kind (error, ERROR_JOB, "%s: a job's path must not hold a newline", source);
    s_command (into, api);
    into->compiler = s_program (into->word [0]);
    if (!into->compiler)
        return error_set (error, "no compiler \"%s\" on this machine: install one (Debian: apt install %s) or set %s",
            into->word [0], s_is_cplusplus (source) ? "g++" : "gcc", s_is_cplusplus (source) ? "RACIMO_CXX" : "RACIMO_CC");
    return recipe_again (into, error);
}

void recipe_free (recipe_t *self)
{
    for (size_t i = 0; i < self->words; i++)
        free (self->word [i]);
    free (self->word);
    free (self->compiler);
    free (self->source);
    *self = (recipe_t) { 0 };
}

// The next file of "target: a.c b\ c.h \<newline> d.h", unescaped in place; NULL: no more.
static char *s_next_header (char **at)
{
    while (**at == ' ' || **at == '\n' || (**at == '\\' && (*at) [1] == '\n'))
        (*at)++;
    char *from = *at, *to = from;
    while (**at && **at != ' ' && **at != '\n') {
        if ((**at == '\\' && (*at) [1] && strchr (" \t#", (*at) [1])) || (**at == '$' && (*at) [1] == '$'))
            (*at)++;
        *to++ = *(*at)++;
    }
    if (**at)
        (*at)++;
    *to = '\0';
    return to > from ? from : NULL;
}

status_t recipe_name (const recipe_t *self, const char *headers, char name [RECIPE_NAME])
{
    buffer_t list = { 0 };
    status_t rc = file_load (headers, SOURCE_LIMIT, &list, NULL);
    XXH3_state_t state;
    XXH3_128bits_reset (&state);
    s_hash_text (&state, self->first);
    if (!rc) {
        buffer_add (&list, "", 1);
        char *at = strstr (list.data, ": ");
        rc = at ? OK : FAILED;
        at = at ? at + 2 : at;
        for (char *header; !rc && (header = s_next_header (&at)); )
            rc = s_hash_file (&state, header, NULL);
    }
    buffer_free (&list);
    if (!rc)
        s_digest (&state, name);
    return rc;
}
