// fold_rows: adding rows to the states of their groups. See fold.c.
//
// There is one loop body, s_add_rows; what it does a row depends on the set of parts, which is a constant in each of the loops that the
// compiler makes of it. Rows with a missing value are taken out before, so that the loops need not ask.
#include "table/fold_parts.h"
#include "kernel/value.h"

// The parts of one column: a bit for each kind there is, and where each lies in a group's row.
enum { COUNT = 1, SUM = 2, MIN = 4, MAX = 8, REAL = 16 };
typedef struct { unsigned kinds; uint32_t count, sum, low, high; } parts_t;

static parts_t s_parts_of (const fold_t *self, uint32_t value)
{
    parts_t parts = { 0 };
    for (uint32_t i = 0; i < self->parts; i++) {
        const part_t *part = &self->part [i];
        if (part->value != value)
            continue;
        if (part->kind == PART_COUNT)
            parts.kinds |= COUNT, parts.count = part->at;
        else if (part->kind == PART_MIN)
            parts.kinds |= MIN, parts.low = part->at;
        else if (part->kind == PART_MAX)
            parts.kinds |= MAX, parts.high = part->at;
        else
            parts.kinds |= SUM, parts.sum = part->at;
        if (fold_is_float (part->type))
            parts.kinds |= REAL;
    }
    return parts;
}

static inline __attribute__ ((always_inline)) void s_add_rows (fold_t *self, const parts_t *parts, const unsigned kinds,
    const uint32_t *group, const void *values, uint32_t rows)
{
    char *const state = self->state;
    const size_t stride = self->stride;
    for (uint32_t r = 0; r < rows; r++) {
        char *at = state + group [r] * stride;
        int64_t number = 0;
        if (kinds & REAL && kinds & (MIN | MAX))
            number = fold_order (((const double *) values) [r]);
        else if (!(kinds & REAL) && kinds & (SUM | MIN | MAX))
            number = ((const int64_t *) values) [r];
        if (kinds & COUNT)
            ++*(word_t *) (at + parts->count);
        if (kinds & SUM && kinds & REAL) {
            double real = ((const double *) values) [r];
            window_t *window = (window_t *) (at + parts->sum);
            __int128 units;
            if (__builtin_expect (exact_fits (real, &units), 1))
                fold_window_add (self, window, units);
            else
                exact_wide_add (fold_wide (self, window), real);
        } else if (kinds & SUM)
            *(wide_t *) (at + parts->sum) += number;
        if (kinds & MIN)
            *(word_t *) (at + parts->low) = number < *(word_t *) (at + parts->low) ? number : *(word_t *) (at + parts->low);
        if (kinds & MAX)
            *(word_t *) (at + parts->high) = number > *(word_t *) (at + parts->high) ? number : *(word_t *) (at + parts->high);
    }
}

static void s_add_some (fold_t *self, const parts_t *parts, const uint32_t *group, const void *values, uint32_t rows)
{
#define ROWS_OF(kinds) case kinds: s_add_rows (self, parts, kinds, group, values, rows); break;
#define ROWS_OF_4(kinds) ROWS_OF (kinds) ROWS_OF ((kinds) + 1) ROWS_OF ((kinds) + 2) ROWS_OF ((kinds) + 3)
#define ROWS_OF_16(kinds) ROWS_OF_4 (kinds) ROWS_OF_4 ((kinds) + 4) ROWS_OF_4 ((kinds) + 8) ROWS_OF_4 ((kinds) + 12)
    switch (parts->kinds) {
    ROWS_OF_16 (0)
    ROWS_OF_16 (REAL)
    }
}

// States of many groups do not fit the near caches: those of the next rows are asked for together, so that their misses overlap.
static void s_add_parts (fold_t *self, const parts_t *parts, const uint32_t *group, const char *values, uint32_t rows)
{
    enum { NEAR = 256 * 1024, STEP = 64 };
    size_t stride = self->stride;
    if (self->groups * stride < NEAR) {
        s_add_some (self, parts, group, values, rows);
        return;
    }
    for (uint32_t from = 0; from < rows; from += STEP) {
        uint32_t some = rows - from < STEP ? rows - from : STEP;
        for (uint32_t r = from; r < from + some; r++) {
            const char *at = self->state + group [r] * stride;
            __builtin_prefetch (at, 1);
            __builtin_prefetch (at + stride - 1, 1);
        }
        s_add_some (self, parts, group + from, values ? values + from * sizeof (double) : NULL, some);
    }
}

// The rows that are not missing, moved together: their groups and their values.
static uint32_t s_present (fold_t *self, const uint32_t *group, const rac_column *column, uint32_t rows)
{
    uint32_t n = 0, bytes = value_bytes (column->type);
    for (uint32_t r = 0; r < rows; r++)
        if (!value_missing (column, r) && (column->type != RAC_BYTES || column->at.bytes [r].size)) {
            self->group [n] = group [r];
            memcpy (self->values + (size_t) n++ * bytes, (const char *) column->at.any + (size_t) r * bytes, bytes);
        }
    return n;
}

// All parts and own folds of one column (or of none: rows are counted).
static void s_add_column (fold_t *self, uint32_t value, const uint32_t *group, const rac_column *column, uint32_t rows)
{
    const void *values = column ? column->at.any : NULL;
    rac_column present;
    if (column && (column->valid || column->type == RAC_BYTES)) {
        rows = s_present (self, group, column, rows);
        group = self->group;
        values = self->values;
        present = *column;
        present.at.any = values;
        present.valid = NULL;
        column = &present;
    }
    if (column && column->type == RAC_F32) {
        for (uint32_t r = 0; r < rows; r++)
            self->doubles [r] = (double) ((const float *) values) [r];
        values = self->doubles;
    }
    parts_t parts = s_parts_of (self, value);
    s_add_parts (self, &parts, group, values, rows);
    for (uint32_t i = 0; i < self->items; i++)
        if (!self->item [i].spec.kind && self->item [i].spec.value == value && rows)
            self->item [i].spec.own->add (self->item [i].states, group, column, rows);
}

void fold_add (fold_t *self, const uint32_t *group, const rac_column *column, uint32_t rows)
{
    uint64_t done [4] = { 0 };
    for (uint32_t i = 0; i < self->items; i++) {
        uint32_t value = self->item [i].spec.value, bit = value == UINT32_MAX ? 255 : value;
        if (done [bit >> 6] >> (bit & 63) & 1)
            continue;
        done [bit >> 6] |= 1ull << (bit & 63);
        s_add_column (self, value, group, value == UINT32_MAX ? NULL : &column [value], rows);
    }
}
