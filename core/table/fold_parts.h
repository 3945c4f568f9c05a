// fold_parts: what the files of fold share; nobody else includes it.
//
//     fold.c          life; states as they lie in runs
//     fold_rows.c     adding rows: the hot loops
//     fold_result.c   results
#pragma once
#include "table/exact.h"
#include "table/fold.h"

#include <string.h>

typedef __int128 __attribute__ ((aligned (8), may_alias)) wide_t;
typedef int64_t __attribute__ ((may_alias)) word_t;

// The only way to hand one on: as an argument, gcc 12 for aarch64 puts an __int128 of this alignment into registers where the called
// function does not look for it.
static inline __int128 fold_units (const wide_t *at)
{
    __int128 units;
    memcpy (&units, at, sizeof units);
    return units;
}

typedef enum { PART_COUNT, PART_SUM_I64, PART_SUM_F64, PART_MIN, PART_MAX } part_kind_t;

// Where a sum of doubles keeps its window and the number of its wide accumulator + 1 (in a run: of the piece that the window holds, + 1).
typedef struct { wide_t units; uint64_t wide; } __attribute__ ((may_alias)) window_t;

typedef struct {
    part_kind_t kind;
    uint32_t value;                                     // column; UINT32_MAX: none
    rac_type type;
    uint32_t at;                                        // byte offset within a group's row
} part_t;

typedef struct {
    fold_spec_t spec;
    uint32_t count, sum, low, high;                     // parts it reads; UINT32_MAX: none
    char *states;                                       // own folds: of all groups
    uint32_t at;                                        // own folds: byte offset in a run's row
} item_t;

struct fold {
    item_t item [256]; uint32_t items;
    part_t part [512]; uint32_t parts;
    uint32_t stride;                                    // bytes of a group's row in memory: the parts
    uint32_t saved;                                     // bytes of a group's row in a run: the parts and the own states
    char *blank;                                        // a row without any value
    char *state; uint32_t groups, room;
    exact_wide_t **wide; uint32_t wides, wide_room;
    double *doubles;                                    // scratch of RAC_ROWS
    uint32_t *group;                                    // scratch: groups of rows that are not missing
    char *values;                                       // scratch: their values
    char *others; size_t others_room;                   // scratch: own states gathered from a run
};

static inline bool fold_is_float (rac_type type)
{
    return type == RAC_F64 || type == RAC_F32;
}

exact_wide_t *fold_wide (fold_t *self, window_t *window);           // of a window; made when it is first needed

static inline void fold_window_add (fold_t *self, window_t *window, __int128 units)
{
    __int128 sum;
    if (__builtin_expect (__builtin_add_overflow (fold_units (&window->units), units, &sum), 0)) {
        exact_wide_add_units (fold_wide (self, window), fold_units (&window->units), EXACT_UNIT);
        sum = units;
    }
    window->units = sum;
}

// Doubles as integers in total order, every NaN the largest but INT64_MAX.
static inline int64_t fold_order (double value)
{
    int64_t bits;
    memcpy (&bits, &value, 8);
    bits ^= (int64_t) ((uint64_t) (bits >> 63) >> 1);
    return value != value ? INT64_MAX - 1 : bits;
}

static inline double fold_unorder (int64_t bits)
{
    if (bits == INT64_MAX - 1)
        return __builtin_nan ("");
    bits ^= (int64_t) ((uint64_t) (bits >> 63) >> 1);
    double value;
    memcpy (&value, &bits, 8);
    return value;
}
