// result: what is shown of a job that has ended well: its result on standard output, and a summary for people.
#pragma once
#include "base/error.h"
#include "cli/interrupt.h"

// Copies the parts of a result folder to standard output, in order. A reader that has seen enough (EPIPE) is no error.
// TRUNCATED: a signal came through `interrupt`.
CHECKED status_t result_print (const char *folder, interrupt_t *interrupt, error_t *error);
// Writes to standard output. TRUNCATED: a signal; FAILED: without a text if the reader has seen enough.
CHECKED status_t result_write (const char *bytes, size_t size, interrupt_t *interrupt, error_t *error);
// Says on standard error what was done, from the JSON of _job.json. output: as the user named it, a folder or a
// file; NULL: standard output.
void result_summary (const char *json, const char *name, const char *output, bool folder);
