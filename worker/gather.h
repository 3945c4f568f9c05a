// gather: folded rows from a merge, as batches of whole groups: the keys of some groups, and their states merged into a fold.
//
// Plain data of whoever reads; borrows merge and fold. A batch has at most RAC_ROWS groups, some 4 MiB of keys and as much of states; a group's
// rows may be any number, for they are merged as they come.
#pragma once
#include "base/memory.h"
#include "store/merge.h"
#include "table/fold.h"

typedef struct {
    fold_t *fold;                                       // of the batch: group g of it is key [g]
    rac_bytes *key; uint32_t keys;
    volatile uint64_t *rows;                            // grows by one with each row taken; NULL: nobody looks
    arena_t *strings;
    uint32_t *group; char *state; uint32_t states;      // rows not merged into the fold yet
    uint32_t most;                                      // of groups, and of such rows
} gather_t;

gather_t gather_new (fold_t *fold, volatile uint64_t *rows);
void gather_free (gather_t *self);
// The next batch, instead of the last one; keys is 0 if there is none. Good until the next call.
CHECKED status_t gather_next (gather_t *self, merge_t *merge, error_t *error);
// Instead of a batch: one group of no rows, with the empty key.
void gather_no_rows (gather_t *self);
