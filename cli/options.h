// options: what the user typed behind `racimo run`, as a message_submit_t and what the client itself wants to know.
//
// racimo's own options are a table. A job's own options are known once the job has been inspected, which needs its name: so there
// are two steps, and a job's options stand behind its name.
#pragma once
#include "cli/inspect.h"
#include "wire/message.h"
#include <stdbool.h>

typedef struct {
    message_submit_t submit;
    uint64_t slots, memory;                             // memory: bytes for all slots
    uint64_t json, quiet, help;
    char *output;                                       // as typed; NULL: none
    char *logs;                                         // folder for what the job prints, NULL: it is dropped
    char *master;                                       // HOST[:PORT], as typed; NULL: not given
    uint64_t cluster;                                   // 1: the configured one
    bool to_stdout;                                     // the result goes to standard output; submit.output is still NULL
    inspection_t job;
    const char *command;
    char **word; int words, at;                         // what is still to be read
    char **mine; uint32_t mines;                        // texts that belong to this struct
} run_options_t;

// Reads up to the job's name and inspects that job. With --help before the name nothing more is read.
CHECKED status_t options_begin (run_options_t *self, const char *command, int words, char **word, error_t *error);
// Reads the rest.
CHECKED status_t options_finish (run_options_t *self, error_t *error);
bool options_remote (const run_options_t *self);        // it is for a cluster
void options_free (run_options_t *self);

// 64K, 1M, 2G: powers of 1024. FAILED: not a size.
CHECKED status_t options_size (const char *text, uint64_t *size);
// What a worker takes of this machine unless told otherwise: all CPUs; half of the RAM, at most 8 GiB.
uint64_t options_cpus (void);
uint64_t options_memory (void);
