// progress: see progress.h.
//
// The time left is told from the bytes read so far and only while maps run: afterwards nobody knows it before it is over. Parts of the
// line are given up from the right where the terminal is narrow, for a line that wraps cannot be written over.
#include "cli/progress.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

progress_t progress_new (bool wanted)
{
    return (progress_t) { .shown = wanted && isatty (STDERR_FILENO), .started_us = clock_us () };
}

void progress_bytes (uint64_t bytes, buffer_t *into)
{
    static const char *const units [] = { "B", "kB", "MB", "GB", "TB" };
    double value = (double) bytes;
    size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < COUNT_OF (units); unit++)
        value /= 1000;
    buffer_print (into, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units [unit]);
}

void progress_count (uint64_t number, buffer_t *into)
{
    char digits [24];
    int size = snprintf (digits, sizeof digits, "%llu", (unsigned long long) number);
    for (int i = 0; i < size; i++) {
        if (i && (size - i) % 3 == 0)
            buffer_add (into, ",", 1);
        buffer_add (into, &digits [i], 1);
    }
}

static void s_left (const message_state_t *state, int64_t elapsed_us, buffer_t *into)
{
    if (state->phase != STATE_MAP || !state->bytes_done || state->bytes_done > state->bytes_all || elapsed_us < 500000)
        return;
    double left = (double) elapsed_us / 1e6 * (double) (state->bytes_all - state->bytes_done) / (double) state->bytes_done;
    if (left < 60)
        buffer_print (into, "%.0f s left", left);
    else if (left < 3600)
        buffer_print (into, "%.0f min left", left / 60);
    else
        buffer_print (into, "%.1f h left", left / 3600);
}

void progress_line (const message_state_t *state, int64_t elapsed_us, size_t width, buffer_t *into)
{
    static const char *const phases [] = { "waiting", "map", "reduce", "commit" };
    buffer_t part [4] = { { 0 } };
    uint64_t percent = state->phase == STATE_MAP && state->bytes_all ? state->bytes_done * 100 / state->bytes_all
                       : state->tasks_all ? state->tasks_done * 100 / state->tasks_all : 0;
    buffer_print (&part [0], "%s %llu%%", phases [state->phase < COUNT_OF (phases) ? state->phase : 0], (unsigned long long) percent);
    if (state->rows) {
        progress_count (state->rows, &part [1]);
        buffer_print (&part [1], " rows");
    }
    if (state->phase == STATE_MAP && elapsed_us > 0) {
        progress_bytes ((uint64_t) ((double) state->bytes_done * 1e6 / (double) elapsed_us), &part [2]);
        buffer_print (&part [2], "/s");
    }
    s_left (state, elapsed_us, &part [3]);
    for (size_t i = 0; i < COUNT_OF (part); i++) {
        if (part [i].size && into->size + part [i].size + 2 <= width)
            buffer_print (into, "%s%.*s", into->size ? "  " : "", (int) part [i].size, part [i].data);
        buffer_free (&part [i]);
    }
}

void progress_show (progress_t *self, const message_state_t *state)
{
    struct winsize window = { 0 };
    buffer_t line = { 0 };
    if (!self->shown)
        return;
    size_t width = !ioctl (STDERR_FILENO, TIOCGWINSZ, &window) && window.ws_col ? window.ws_col : 80;
    progress_line (state, clock_us () - self->started_us, width - 1, &line);
    fprintf (stderr, "\r\033[K%.*s", (int) line.size, line.size ? line.data : "");
    fflush (stderr);
    self->dirty = true;
    buffer_free (&line);
}

void progress_clear (progress_t *self)
{
    if (self->dirty)
        fputs ("\r\033[K", stderr);
    self->dirty = false;
}
