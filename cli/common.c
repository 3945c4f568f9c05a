// common: see cli.h.
//
// The distance between words is Damerau's (1964) in its restricted form: insert, delete, replace and swap of neighbours cost one
// each. A candidate is near if at most a third of the word is wrong.
#include "cli/cli.h"
#include "base/file.h"
#include "cli/options.h"
#include "master/master.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { LETTERS = 40 };

int cli_fail (const error_t *error)
{
    fprintf (stderr, "racimo: %s\n", error->text);
    return (int) master_exit_of (error->kind);
}

// Whoever sets TMPDIR has a reason, such as a /tmp that is small: there it is, or nowhere.
char *cli_private_folder (error_t *error)
{
    const char *named = getenv ("TMPDIR");
    bool set = named && *named;
    char *place = realpath (set ? named : "/tmp", NULL), *folder = place ? file_join (place, "racimo-XXXXXX") : NULL;
    free (place);
    if (folder && mkdtemp (folder))
        return folder;
    (void) error_set_kind (error, ERROR_USAGE, set ? "TMPDIR=%s: cannot make a folder there: %s" : "%s: cannot make a folder there: %s: set TMPDIR to where you can",
                           set ? named : "/tmp", strerror (errno));
    free (folder);
    return NULL;
}

// With less, the threads of ZeroMQ or a job with some arrays of a batch on its stack end in a segmentation fault that names neither.
status_t cli_check_stack (error_t *error)
{
    enum { LEAST = 1 << 20 };
    struct rlimit limit;
    if (getrlimit (RLIMIT_STACK, &limit) || limit.rlim_cur >= LEAST)
        return OK;
    return error_set_kind (error, ERROR_USAGE, "ulimit -s %llu: too small a stack for jobs: at least %d (KiB) are needed",
        (unsigned long long) limit.rlim_cur / 1024, LEAST / 1024);
}

static unsigned s_least (unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned s_distance (const char *a, const char *b)
{
    size_t rows = strlen (a), columns = strlen (b);
    unsigned cost [LETTERS + 1] [LETTERS + 1];
    if (rows > LETTERS || columns > LETTERS)
        return LETTERS;
    for (size_t i = 0; i <= rows; i++)
        for (size_t j = 0; j <= columns; j++) {
            if (!i || !j) {
                cost [i] [j] = (unsigned) (i + j);
                continue;
            }
            cost [i] [j] = s_least (cost [i - 1] [j - 1] + (a [i - 1] != b [j - 1]), 1 + s_least (cost [i - 1] [j], cost [i] [j - 1]));
            if (i > 1 && j > 1 && a [i - 1] == b [j - 2] && a [i - 2] == b [j - 1])
                cost [i] [j] = s_least (cost [i] [j], cost [i - 2] [j - 2] + 1);
        }
    return cost [rows] [columns];
}

void nearest_try (nearest_t *self, const char *candidate)
{
    unsigned distance = s_distance (self->word, candidate);
    if (self->best && distance >= self->distance)
        return;
    self->best = candidate;
    self->distance = distance;
}

const char *nearest_hint (const nearest_t *self, char room [120])
{
    room [0] = '\0';
    if (self->best && self->distance <= (strlen (self->word) + 2) / 3)
        snprintf (room, 120, ": did you mean %s%s?", self->prefix ? self->prefix : "", self->best);
    return room;
}

// ---- numbers and names

status_t cli_read_number (const char *text, const char **end, uint64_t *number)
{
    errno = 0;
    char *behind;
    *number = strtoull (text, &behind, 10);
    *end = behind;
    return errno || text [0] < '0' || text [0] > '9' ? FAILED : OK;
}

status_t options_size (const char *text, uint64_t *size)
{
    static const char units [] = "KMGT";
    const char *end;
    if (cli_read_number (text, &end, size))
        return FAILED;
    if (!*end)
        return OK;
    const char *unit = strchr (units, *end & ~0x20);
    unsigned shift = unit ? 10 * (unsigned) (unit - units + 1) : 0;
    if (!unit || (*size << shift) >> shift != *size || (end [1] && strcasecmp (end + 1, "B") && strcasecmp (end + 1, "iB")))
        return FAILED;
    *size <<= shift;
    return OK;
}

bool cli_is_folder_name (const char *name)
{
    const char *base = strrchr (name, '/') ? strrchr (name, '/') + 1 : name, *dot = strrchr (base, '.');
    return !dot || dot == base || !dot [1];
}
