// inspect: what a job says about itself, learnt without running it.
//
// The job is compiled (from the cache, mostly) and its RAC_JOB is run in a child process, for it is foreign code: it may crash, hang,
// print, or leave something behind, and the child takes it all away. What it says comes back through a pipe. About 2 ms when cached.
#pragma once
#include "base/error.h"
#include "wire/message.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char *name, *standard, *help;
    uint64_t type;                                      // rac_type; 0: a flag
} parameter_t;

typedef struct {
    char *about;
    char *explanation;                                  // as asked for, or empty
    char *compiler;                                     // what the compiler said of a job that it did not take, or empty
    parameter_t *parameter;
    uint32_t parameters;
    char **side;                                        // paths of its side files, as the job names them
    uint32_t sides;
    bool unable;                                        // nothing is known, for want of a compiler here
    buffer_t text;                                      // what all of these point to
} inspection_t;

// What to explain: the job as it is with these options; or, briefly, only its side files.
typedef struct { const message_submit_t *submit; bool json, brief; } explain_t;

// explain: NULL: only the parameters and what it is about are asked for. A job that refuses its options (it may need some) is
// explained as far as it goes, with its reason. *into is filled also on failure; inspect_free it.
CHECKED status_t inspect_job (const char *name, const char *path, const explain_t *explain, inspection_t *into, error_t *error);
void inspect_free (inspection_t *self);
// Prints the compiler's lines and the error; returns the exit status.
int inspect_fail (const inspection_t *self, const error_t *error);

// Prints what a job is, as `racimo describe` does (describe.c); returns the exit status.
int describe_show (const char *name, const char *path, const message_submit_t *submit, bool json);
