// progress: one line on standard error, written over itself, while a job runs; nothing unless that is a terminal.
#pragma once
#include "wire/message.h"
#include <stdbool.h>

typedef struct {
    bool shown;                                         // wanted, and standard error is a terminal
    bool dirty;                                         // there is a line to clear
    int64_t started_us;
} progress_t;

progress_t progress_new (bool wanted);
void progress_show (progress_t *self, const message_state_t *state);
void progress_clear (progress_t *self);

// The line itself, for `elapsed_us` since the start, at most `width` columns; for progress_show and tests.
void progress_line (const message_state_t *state, int64_t elapsed_us, size_t width, buffer_t *into);
// 950 B, 1.2 MB (10^6), 34 GB; 12,345,678.
void progress_bytes (uint64_t bytes, buffer_t *into);
void progress_count (uint64_t number, buffer_t *into);
