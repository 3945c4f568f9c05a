// fold: the states of many groups' folds: add rows, merge states, give results.
//
// Groups are numbered from 0; a group's built-in states lie side by side in one row of memory, so that a row of input touches one or
// two cache lines however many folds there are. What several folds need (count, sum, ...) is kept once. All folds are associative, commutative
// and exact, so neither the order of rows nor their spread over slots shows in a result. One thread's; owns its states.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include <racimo.h>
#include <stdbool.h>

typedef struct {
    const char *name;                                   // for errors; borrowed for the fold's life
    rac_fold_kind kind;                                 // 0: own
    uint32_t value;                                     // index of the column it is of; UINT32_MAX: rows
    rac_type type;                                      // of that column
    const rac_fold_def *own;                            // borrowed
} fold_spec_t;

typedef struct fold fold_t;

fold_t *fold_new (const fold_spec_t *spec, uint32_t folds);
void fold_destroy (fold_t **self_p);
void fold_reset (fold_t *self);                         // no groups
void fold_grow (fold_t *self, uint32_t groups);         // so many groups; new ones are empty
uint32_t fold_groups (const fold_t *self);
size_t fold_bytes (const fold_t *self);                 // memory that the groups take

// Row r of column belongs to group [r].
void fold_add (fold_t *self, const uint32_t *group, const rac_column *column, uint32_t rows);

// A group's state as it lies in a run: fold_row_bytes bytes, plain little-endian. A state that does not fit one row (a wide sum) goes
// on in fold_extra_rows more of the same size; merging all of them gives the state back.
uint32_t fold_row_bytes (const fold_t *self);
void fold_save (const fold_t *self, uint32_t group, char *to);
uint32_t fold_extra_rows (const fold_t *self, uint32_t group);
void fold_save_extra (const fold_t *self, uint32_t group, uint32_t index, char *to);
void fold_merge (fold_t *self, const uint32_t *group, const char *states, uint32_t rows);   // row r into group [r]

// The results of all groups: column [f].at points to an array of its result type with room for them, valid to bitmap words.
typedef struct { void *at; uint64_t *valid; } fold_room_t;
CHECKED status_t fold_result (fold_t *self, const fold_room_t *room, error_t *error);
