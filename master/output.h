// output: where a job's result goes, so that nothing partial ever stands under its final name.
//
// Attempts write into a folder inside a hidden sibling of the final name; a commit moves the winners out of it, writes _job.json and
// _SUCCESS and renames the hidden folder. One job's; the loop's thread.
#pragma once
#include "master/roots.h"
#include "wire/message.h"
#include <sys/types.h>

typedef struct output output_t;
typedef struct { const char *name; uint64_t rows; const char *rejected; } output_part_t;   // files of attempts; name or rejected NULL: none

// Checks the final name (exists? parent there and writable?) and makes the hidden folder. NULL: refused, ERROR_OUTPUT.
output_t *output_new (const message_submit_t *submit, uint64_t job, error_t *error);
void output_destroy (output_t **self_p);                // removes the hidden folder unless committed
const char *output_folder (const output_t *self);       // where attempts create their files
// For a cluster: workers of the same group may write there, and a marker shows those who share the disk that they do. roots: the folder must really
// lie within; NULL: anywhere.
CHECKED status_t output_share (output_t *self, uint64_t epoch, uint64_t job, const roots_t *roots, error_t *error);
void output_drop (output_t *self, const char *name);    // an attempt's file that is not wanted
// parts: in task order; those without rows are left out, but one stays. names: of the result's columns, for a result without any part.
// summary: _job.json. FAILED: nothing has changed under the final name (ERROR_OUTPUT).
CHECKED status_t output_commit (output_t *self, const output_part_t *part, uint32_t parts, const wire_texts_t *names, const buffer_t *summary,
    error_t *error);
// Removes what a master that was killed has left in hiding, and puts an older result back that it had just moved aside. output: as in
// message_submit_t.
void output_sweep (const char *output, pid_t master, uint64_t job);
// The same of whatever master that is no more.
void output_sweep_dead (const char *output, uint64_t job);
