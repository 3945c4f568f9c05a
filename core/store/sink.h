// sink: result columns to a text file, under a temporary name that the master renames when the attempt has won.
//
// One thread's. A missing value is an empty field. CSV quotes what needs it; TSV has no escapes, so a bytes value with a newline, or of
// several columns with the delimiter, is an error. All errors name the path, and after one the sink is only good to be abandoned.
#pragma once
#include "base/error.h"
#include <racimo.h>

typedef struct {
    rac_format format;                                  // RAC_TSV or RAC_CSV
    char delimiter;
    bool sync;                                          // fsync at close
    bool scratch;                                       // the file goes on to the result's disk from here: failing to write it is ERROR_SCRATCH
    uint32_t columns;
    const rac_type *type;
    const char *const *header;                          // names, written as the first record; NULL: none
} sink_options_t;

typedef struct sink sink_t;

sink_t *sink_open (const char *path, const sink_options_t *options, error_t *error);          // NULL: failed, as when the file is there
CHECKED status_t sink_write (sink_t *self, uint32_t rows, const rac_column *column, error_t *error);
CHECKED status_t sink_close (sink_t **self_p, uint64_t *bytes, uint64_t *rows, error_t *error);   // flushed (and synced); or deleted
void sink_abandon (sink_t **self_p);                                                           // closes and deletes
