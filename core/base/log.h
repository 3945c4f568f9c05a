// log: what a daemon tells whoever runs it: one line a fact, on standard error.
//
// No time and no process number: the journal has them, and on a screen they are noise. A line for the journal begins with its level
// (<4>), which the journal takes off again; whether standard error is the journal is known from $JOURNAL_STREAM. Any thread.
#pragma once
#include <stdint.h>

typedef enum { LOG_BAD = 3, LOG_WARN = 4, LOG_SAY = 6 } log_level_t;        // as syslog counts

// What others can cause as often as they like is told ten times a second, and then how often it was not. One thread's; zero: nothing told.
typedef struct { int64_t since_us; uint32_t told, dropped; } log_rate_t;

void log_name (const char *name);                       // before every line: "racimo worker"; borrowed for ever
void log_line (log_level_t level, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void log_rarely (log_rate_t *rate, const char *format, ...) __attribute__ ((format (printf, 2, 3)));     // a warning
