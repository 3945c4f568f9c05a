// reader: records out of a split's bytes, as batches of typed columns.
//
// A record belongs to the split in which its first byte lies; a reader with offset > 0 first looks for the record border at or
// after its offset (one byte before it is read), and reads past its end to finish its last record. Batches end at batch_rows rows or
// about batch_bytes bytes; output never depends on where. The batch and all it points to are good until the next call.
//
// Bad records (left out, and told to `reject`): another number of fields; a text that is no number; in a CSV a field with a quote that
// neither encloses it nor is doubled inside. A line without any character is no record, but if records have one field it is a
// missing one. Errors, because to go on would be to guess: without multiline a record with an odd number of quotes ("newline inside
// quotes: use --multiline", found wherever splits begin), with it a quote never closed; a record over the limit; a changed file.
#pragma once
#include "store/source.h"

typedef struct { uint32_t position; rac_type type; const char *name; } reader_column_t;   // position: field of the record, from 0

typedef struct {
    rac_format format;                                  // RAC_LINES, RAC_CSV, RAC_TSV
    char delimiter;
    bool header;                                        // the file's first line with a character is skipped, and empty ones before it
    bool multiline;                                     // newlines inside quotes are data; the split must be the whole file
    uint32_t fields;                                    // of a record; 0: as many as the file's header, or first record, has
    uint32_t columns;                                   // RAC_LINES: 1 (RAC_BYTES), or 0
    const reader_column_t *column;
    uint32_t input;                                     // goes into rac_batch.input
    uint32_t batch_rows;                                // 1 to RAC_ROWS
    uint32_t batch_bytes;                               // 0: 256 KiB; a longer record makes a batch of its own
    uint64_t record_limit;                              // bytes, at most 1 GiB; 0: 64 MiB. A longer record is an error naming the limit
    // Called for a bad record, without its line end; FAILED ends the reading. NULL: a bad record is an error.
    status_t (*reject) (void *context, uint64_t offset, rac_bytes record, const char *why, error_t *error);
    void *context;
} reader_options_t;

typedef struct reader reader_t;

// file is borrowed; columns and their names are copied. NULL: failed.
reader_t *reader_open (const input_file_t *file, uint64_t offset, uint64_t length, const reader_options_t *options, error_t *error);
void reader_close (reader_t **self_p);
CHECKED status_t reader_next (reader_t *self, const rac_batch **batch, error_t *error);   // *batch NULL: the end
// Bytes of the split's length done so far (for progress); all of them after the end.
uint64_t reader_bytes (const reader_t *self);
const char *reader_warning (const reader_t *self);                                       // after the end: NULL, or a line; good until close
