// result: see result.h.
//
// Standard output may be a pipe whose reader is slow or stops: so a write is only begun when poll says that it will not wait (a pipe
// that is writable takes PIPE_BUF bytes), and a signal ends the copying at any time.
#define _GNU_SOURCE
#include "cli/result.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/json.h"
#include "cli/progress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024 };

// ---- standard output

// TRUNCATED: a signal; FAILED: errno says why.
static status_t s_write (const char *bytes, size_t size, size_t step, interrupt_t *interrupt)
{
    while (size) {
        struct pollfd news [2] = { { .fd = STDOUT_FILENO, .events = POLLOUT }, { .fd = interrupt->fd, .events = POLLIN } };
        if (poll (news, 2, -1) < 0 && errno != EINTR)
            return FAILED;
        for (int number; (number = interrupt_next (interrupt));)
            if (number != SIGCHLD)
                return TRUNCATED;
        if (!news [0].revents)
            continue;
        ssize_t done = write (STDOUT_FILENO, bytes, size < step ? size : step);
        if (done < 0 && errno != EINTR && errno != EAGAIN)
            return FAILED;
        if (done > 0) {
            bytes += done;
            size -= (size_t) done;
        }
    }
    return OK;
}

// How much a write may take without waiting, once poll has let it.
static size_t s_step (void)
{
    struct stat facts;
    return fstat (STDOUT_FILENO, &facts) || !S_ISREG (facts.st_mode) ? PIPE_BUF : BLOCK;
}

status_t result_write (const char *bytes, size_t size, interrupt_t *interrupt, error_t *error)
{
    status_t rc = s_write (bytes, size, s_step (), interrupt);
    if (rc == FAILED && errno != EPIPE)
        (void) error_set_kind (error, ERROR_OUTPUT, "standard output: %s", strerror (errno));
    return rc;
}

static status_t s_copy (int fd, const char *path, char *block, size_t step, interrupt_t *interrupt, error_t *error)
{
    ssize_t size;
    while ((size = read (fd, block, BLOCK)) > 0) {
        status_t rc = s_write (block, (size_t) size, step, interrupt);
        if (rc == FAILED && errno != EPIPE)
            (void) error_set_kind (error, ERROR_OUTPUT, "standard output: %s", strerror (errno));
        if (rc)
            return rc;
    }
    return size < 0 ? error_errno (error, "%s", path) : OK;
}

static int s_is_part (const struct dirent *entry)
{
    return !strncmp (entry->d_name, "part-", 5);
}

// FAILED without a text: the reader has seen enough.
static status_t s_copy_part (const char *folder, const char *name, char *block, size_t step, interrupt_t *interrupt, error_t *error)
{
    char *path = file_join (folder, name);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    status_t rc = fd < 0 ? error_errno (error, "%s", path) : s_copy (fd, path, block, step, interrupt, error);
    if (fd >= 0)
        close (fd);
    free (path);
    return rc;
}

status_t result_print (const char *folder, interrupt_t *interrupt, error_t *error)
{
    struct dirent **entry = NULL;
    error_t own = { 0 };
    int entries = scandir (folder, &entry, s_is_part, alphasort);
    if (entries < 0)
        return error_errno (error, "%s", folder);
    size_t step = s_step ();
    char *block = memory_new (BLOCK);
    status_t rc = OK;
    for (int i = 0; i < entries; i++) {
        if (!rc)
            rc = s_copy_part (folder, entry [i]->d_name, block, step, interrupt, &own);
        free (entry [i]);
    }
    free (entry);
    free (block);
    if (rc == FAILED && !own.text [0])
        return OK;
    return rc == FAILED ? error_set_kind (error, own.kind, "%s", own.text) : rc;
}

// ---- the summary

static void s_print_amount (buffer_t *into, const char *json, const char *path, const char *unit)
{
    double number = json_number (json, path);
    progress_count ((uint64_t) number, into);
    buffer_print (into, " %s%s", unit, number == 1 ? "" : "s");
}

// What went in and what came out.
static void s_print_data (buffer_t *into, const char *json, const char *name, const char *output)
{
    buffer_print (into, "%s: ", name);
    if (json_number (json, "input_files") > 0) {
        s_print_amount (into, json, "input_files", "file");
        buffer_print (into, ", ");
        progress_bytes ((uint64_t) json_number (json, "input_bytes"), into);
        buffer_print (into, ", ");
    }
    s_print_amount (into, json, "rows_in", "row");
    buffer_print (into, " -> ");
    s_print_amount (into, json, "rows_out", "row");
    buffer_print (into, ", ");
    progress_bytes ((uint64_t) json_number (json, "bytes_out"), into);
    buffer_print (into, output ? " in %s\n" : "\n", output);
}

// "streamed 1.0 GB as 260 MB (lz4)": what crossed a cluster's network.
static void s_print_streamed (buffer_t *into, const char *json)
{
    uint64_t moved = (uint64_t) json_number (json, "streamed_bytes"), carried = (uint64_t) json_number (json, "carried_bytes");
    const char *codecs = json_find (json, "codecs");
    if (!moved)
        return;
    buffer_print (into, ", streamed ");
    progress_bytes (moved, into);
    if (!codecs || codecs [1] != '"')
        return;
    buffer_print (into, " as ");
    progress_bytes (carried, into);
    buffer_print (into, " (");
    for (codecs++; *codecs && *codecs != ']'; codecs++)
        if (*codecs != '"')
            buffer_add (into, codecs, 1);
    buffer_add (into, ")", 1);
}

static void s_print_cost (buffer_t *into, const char *json)
{
    double all = json_number (json, "wall_seconds.all");
    int digits = all < 1 ? 3 : 1;
    buffer_print (into, "%.*f s (map %.*f, reduce %.*f)", digits, all, digits, json_number (json, "wall_seconds.map"), digits,
                  json_number (json, "wall_seconds.reduce"));
    static const char *const sizes [] [2] = { { "segment_bytes", "shuffled" }, { "spilled_bytes", "spilled" }, { "peak_resident_bytes", "peak memory" } };
    for (size_t i = 0; i < COUNT_OF (sizes); i++) {
        uint64_t bytes = (uint64_t) json_number (json, sizes [i] [0]);
        if (!bytes)
            continue;
        buffer_print (into, ", %s ", sizes [i] [1]);
        progress_bytes (bytes, into);
    }
    s_print_streamed (into, json);
    buffer_print (into, "\n");
}

// Only what is out of the ordinary.
static void s_print_trouble (buffer_t *into, const char *json, const char *output, bool folder)
{
    const char *warning = json_find (json, "warning");
    size_t size = warning && *warning == '"' ? strcspn (warning + 1, "\"") : 0;
    if (json_number (json, "rejects") > 0) {
        s_print_amount (into, json, "rejects", "bad record");
        if (output)
            buffer_print (into, " left out, see %s%s\n", output, !folder ? ".rejected" : output [strlen (output) - 1] == '/' ? "_rejected" : "/_rejected");
        else
            buffer_print (into, " left out; with -o they are kept beside the result\n");
    }
    if (json_number (json, "faults") > 0) {
        s_print_amount (into, json, "faults", "failed attempt");
        buffer_print (into, " repeated\n");
    }
    if (size)
        buffer_print (into, "warning: %.*s\n", (int) size, warning + 1);
}

void result_summary (const char *json, const char *name, const char *output, bool folder)
{
    buffer_t text = { 0 };
    s_print_data (&text, json, name, output);
    s_print_cost (&text, json);
    s_print_trouble (&text, json, output, folder);
    fwrite (text.data, 1, text.size, stderr);
    buffer_free (&text);
}
