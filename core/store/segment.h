// segment: a file of sorted runs, written by an executor and read by the reducers. doc/block-format.md gives every byte.
//
// A row is a byte string (an encoded key, or key and values), the length of its key part, and a state of fixed size (of folds; 0
// bytes where there are none). A run is rows in ascending order of their strings, in blocks of about 128 KiB with a checksum each. An index
// of every block's first key stands at the end, so that a reducer reads its range of keys only.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include "store/pace.h"
#include <racimo.h>
#include <stdbool.h>

typedef enum { CODEC_NONE = 0, CODEC_ZLIB } codec_t;

typedef struct {
    uint32_t state_bytes;                               // of a row's state
    bool records;                                       // rows have a key part shorter than their string
} segment_layout_t;

enum {
    SEGMENT_KEY = 64,                                   // an index keeps this much of a block's first key
    SEGMENT_ROW = 16 * 1024 * 1024,                     // a row's string is no longer than this
};

typedef struct {
    uint64_t offset;                                    // of the block in the file
    uint32_t stored, rows, run;
    uint32_t key_size; char key [SEGMENT_KEY];          // the beginning of its first row's key part
} segment_block_t;

// ---- writing

typedef struct segment_writer segment_writer_t;

segment_writer_t *segment_create (const char *path, const segment_layout_t *layout, error_t *error);    // NULL: failed
void segment_begin_run (segment_writer_t *self);
// The next row of the run; not before its predecessor. Strings above SEGMENT_ROW are an error.
CHECKED status_t segment_add (segment_writer_t *self, rac_bytes text, uint32_t key_size, const char *state, error_t *error);
CHECKED status_t segment_end_run (segment_writer_t *self, error_t *error);
// *blocks grows by one with each block written: progress that somebody may watch.
void segment_watch (segment_writer_t *self, volatile uint64_t *blocks);
// From now on blocks are packed when `pace` says so, which learns from them. Without one they are not. It must outlive the writer.
void segment_pack (segment_writer_t *self, pace_t *pace);
uint32_t segment_written_runs (const segment_writer_t *self);
// Writes the index; the file is whole. bytes and rows (each may be NULL) are the file's. Closes in any case.
CHECKED status_t segment_finish (segment_writer_t **self_p, uint64_t *bytes, uint64_t *rows, error_t *error);
void segment_discard (segment_writer_t **self_p);       // closes and deletes

// ---- reading

typedef struct segment segment_t;

segment_t *segment_open (const char *path, const segment_layout_t *layout, error_t *error);   // NULL: failed
void segment_close (segment_t **self_p);
uint32_t segment_runs (const segment_t *self);
uint32_t segment_blocks (const segment_t *self);
const segment_block_t *segment_block (const segment_t *self, uint32_t index);     // in order of runs and keys
// The blocks of a run that hold strings with low <= string < high, and perhaps a few others: [*first, *end). low empty, high.data NULL: no border.
void segment_span (const segment_t *self, uint32_t run, rac_bytes low, rac_bytes high, uint32_t *first, uint32_t *end);
// Of a file whose end is there and of whose rest perhaps nothing is: where the index begins. All from there on is what segment_open reads.
CHECKED status_t segment_index (const char *path, uint64_t *offset, error_t *error);

// One run's rows with low <= string < high, in order; high.data NULL: no upper border. `text`, `key_size`, `state` are of the row it stands
// on, good until cursor_next. The segment must outlive it.
typedef struct cursor {
    rac_bytes text;
    uint32_t key_size;
    const char *state;
    uint64_t prefix;                                    // the string's first 8 bytes, big-endian: for comparing
    bool done;                                          // no row is left
} cursor_t;

cursor_t *cursor_open (segment_t *segment, uint32_t run, rac_bytes low, rac_bytes high, error_t *error);   // on its first row; NULL: failed
void cursor_close (cursor_t **self_p);
CHECKED status_t cursor_next (cursor_t *self, error_t *error);
