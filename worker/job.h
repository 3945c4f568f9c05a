// job: what a plugin's RAC_JOB declared, checked and resolved against what the user gave and the input's header.
//
// Made once for a loaded job and not changed after; all texts are its own. A job is of one mode: map only (no key and no fold), fold,
// reduce, or sort (keys, but neither folds nor a reduce).
#pragma once
#include "wire/message.h"
#include <racimo.h>
#include <stdbool.h>

enum { JOB_COLUMNS = 255 };                             // most keys and values together; as many folds and results

typedef enum { JOB_MAP_ONLY, JOB_FOLD, JOB_REDUCE, JOB_SORT } job_mode_t;

typedef struct { char *name; rac_type type; char *standard, *help, *value; bool given; } job_param_t;   // type 0: a flag, "1" or ""
typedef struct { char *name; rac_type type; uint32_t position; } job_read_t;         // position: field of the record, from 0
typedef struct { char *name; rac_type type; bool descending; } job_column_t;
typedef struct { char *name; rac_fold_kind kind; uint32_t value; rac_type result; rac_fold_def own; } job_fold_t;   // value: UINT32_MAX: none; kind 0: own
typedef struct { char *name, *path; } job_side_t;

typedef struct {
    rac_format format;
    char delimiter;
    bool header;
    int64_t rows;                                       // RAC_NUMBERED
    uint32_t fields; char **field;                      // of the first record; names if there is a header; 0: no data known
    job_read_t *read; uint32_t reads;
    rac_map_fn *map;                                    // NULL: columns by name
} job_input_t;

typedef struct {
    char *about;
    job_mode_t mode;
    job_param_t *param; uint32_t params;
    job_input_t *input; uint32_t inputs;
    job_column_t *column; uint32_t keys, columns;       // what map emits: keys, then values
    uint32_t *order; uint32_t orders;                   // values in the order in which they sort rows: indexes into column
    uint32_t *from;                                     // no map: which read column feeds column [i]
    job_fold_t *fold; uint32_t folds;
    job_column_t *result; uint32_t results;             // the output's columns
    uint32_t *shown;                                    // JOB_SORT: which of column [] the result shows
    rac_reduce_fn *reduce;
    bool unique;
    rac_spread spread; uint32_t parts; rac_choose_fn *choose;
    rac_open_fn *open; rac_close_fn *close;
    job_side_t *side; uint32_t sides;
} job_t;

typedef rac_status job_declare_fn (rac_plan *plan);

// Runs `declare` with the user's options, formats and first line of input (each may be NULL: as for `racimo describe`). What is
// wrong is one line of kind ERROR_USAGE (options, columns that the input does not have) or ERROR_JOB (the job contradicts itself).
job_t *job_new (job_declare_fn *declare, const char *name, const message_submit_t *submit, const wire_bytes_t *first_line, error_t *error);
// Can its side files be read here, where it says? name: the job's, for the error (USAGE).
CHECKED status_t job_check_sides (const job_t *self, const char *name, error_t *error);
void job_destroy (job_t **self_p);
const char *job_param (const job_t *self, const char *name);                         // its value; NULL: never declared
const char *job_type_name (rac_type type, char room [16]);                           // "f64", "decimal(2)"
void job_explain (const job_t *self, const char *name, bool json, buffer_t *into);   // for `racimo describe`

// Loads the plugin at `path` into this process: its declare function, or NULL. The handle stays open for the process's life.
job_declare_fn *job_load (const char *path, error_t *error);
