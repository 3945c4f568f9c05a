// collect: what maps have emitted, until a SEAL writes it as a segment: folded groups, or records to be sorted.
//
// One an engine. Bounded: when its memory is used up, what it holds goes to the segment file as a sorted run, and it starts anew. It holds
// whole tasks: after a map that failed half way everything in it is void (collect_drop).
#pragma once
#include "store/segment.h"
#include "table/fold.h"
#include "table/key.h"
#include "worker/job.h"

typedef struct collect collect_t;

// Layouts that a job's rows have in memory, in segments and in reducers.
typedef struct {
    bool records;                                       // rows themselves; else folded groups
    bool prefix;                                        // strings begin with the partition
    key_layout_t key;                                   // JOB_FOLD: of the keys; else of keys, then values in their order
    uint32_t from [64];                                 // which emitted column feeds layout column i
    fold_spec_t fold [256];
} shape_t;

CHECKED status_t shape_of (shape_t *self, const job_t *job, error_t *error);
fold_t *shape_fold_new (const shape_t *self, const job_t *job);
void shape_segment (const shape_t *self, const fold_t *fold, segment_layout_t *layout);

// A group as the next rows of a segment: one, or more of the same key for a wide sum. state: room for fold_row_bytes.
CHECKED status_t collect_write_group (segment_writer_t *to, const fold_t *fold, uint32_t group, rac_bytes key, char *state, error_t *error);

// memory: bytes to use; folder: for the segment's file; twin: folder in memory for one that is small beside `memory`, or empty; slot:
// goes into its name.
collect_t *collect_new (const job_t *job, const shape_t *shape, uint64_t memory, const char *folder, const char *twin, uint64_t slot);
void collect_destroy (collect_t **self_p);
void collect_watch (collect_t *self, volatile uint64_t *blocks);        // as segment_watch, for all its files
// At most RAC_ROWS rows, checked by the caller. part: the partition of each, or NULL.
// A key (with its values) above SEGMENT_ROW is an error of the data, and the only one.
CHECKED status_t collect_add (collect_t *self, const rac_column *column, uint32_t rows, const uint32_t *part, error_t *error);
// The encoded keys of rows, without prefix: for hashing into partitions; good until the next call.
const rac_bytes *collect_keys (collect_t *self, const rac_column *column, uint32_t rows);
uint64_t collect_spilled (const collect_t *self);       // bytes written before a seal was asked for
// Writes all it holds. *path: the file, owned by the collect until the next call; NULL if there is no row. Empty afterwards.
CHECKED status_t collect_seal (collect_t *self, const char **path, uint64_t *bytes, uint64_t *rows, error_t *error);
void collect_drop (collect_t *self);                    // forgets all it holds
