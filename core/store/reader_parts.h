// reader_parts: what the files of the reader share; nobody else includes it.
//
//     reader.c         a window's life: positions, header, dispatch, rejects
//     reader_lines.c   lines:  positions of newlines -> a batch
//     reader_fields.c  fields: positions of delimiters and newlines -> a grid, the same number of positions for each row
//     reader_values.c  the grid -> columns of typed values -> a batch
#pragma once
#include "store/reader.h"
#include "store/window.h"

// How the quotes of a window lie; decided once a window, so that a file without quotes pays a memchr for them.
typedef enum {
    QUOTES_NONE,
    QUOTES_PLAIN,                                       // each field with a quote begins and ends with one and has no other
    QUOTES_MIXED,                                       // doubled or misplaced ones: each field must be looked at
} quotes_t;

typedef struct {
    void *values;                                       // batch_rows of the type
    uint64_t *valid;
} reader_store_t;

struct reader {
    reader_options_t options;                           // its columns and their names are copies, in arena
    const input_file_t *file;
    window_t *window;
    window_text_t text;                                 // the window in work
    bool header;                                        // still to be skipped
    bool ended;
    uint32_t fields;

    uint32_t *at;                                       // positions in text: of newlines, or of delimiters and newlines
    size_t count, room, next;                           // next: the first one not yet in a batch
    size_t lines;                                       // newlines among all of them
    uint32_t cursor;                                    // where the record of at [next] begins
    quotes_t quotes;
    bool regular;                                       // from next on, every record has `fields` fields

    arena_t *arena;                                     // what lives as long as the reader
    arena_t *scratch;                                   // unquoted texts of the batch
    uint32_t *start;                                    // of each row of the batch: where it begins in text
    const uint32_t *grid;                               // row r, field f ends at grid [r * fields + f]
    rac_bytes *texts;                                   // of one column
    double *wide;                                       // of an F32 column before rounding
    uint64_t *bad, *drop;                               // bitmaps of rows
    uint32_t *culprit;                                  // of each row in drop: its first bad column
    uint64_t *offset;
    reader_store_t *store;
    rac_column *column;
    rac_batch batch;
};

// Each takes records from the text at hand into self->batch; batch.rows may become 0 if all of them were rejected or empty.
CHECKED status_t reader_take_lines (reader_t *self, error_t *error);
CHECKED status_t reader_take_fields (reader_t *self, error_t *error);

CHECKED status_t reader_scan_fields (reader_t *self, error_t *error);                   // of a new window: positions, lines, quotes
void reader_skip_header (reader_t *self);                                               // with the empty lines before it; unless the window has no other
void reader_settle_fields (reader_t *self);                                             // when the header is behind: regular
uint32_t reader_count_fields (const reader_t *self);                                    // of the window's first record with a character (0: there is none)

CHECKED status_t reader_fill_columns (reader_t *self, uint32_t rows, error_t *error);   // start and grid -> batch

// Appends positions; with quotes none inside them, *quoted tells whether the end is, and the quotes seen are returned.
uint64_t reader_find (reader_t *self, char a, char b, bool quotes, bool *quoted);
CHECKED status_t reader_reject (reader_t *self, uint32_t begin, uint32_t end, const char *why, error_t *error);
CHECKED status_t reader_check_length (reader_t *self, uint32_t begin, uint32_t end, error_t *error);

// Where a record's or field's text ends whose border is at `end`: a carriage return before a newline is not in it.
static inline uint32_t reader_trim (const char *data, uint32_t begin, uint32_t end)
{
    return end - (end > begin && data [end - 1] == '\r');
}
