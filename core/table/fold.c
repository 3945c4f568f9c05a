// fold: see fold.h.
//
// A fold is made of parts: mean is a sum and a count, min a minimum and a count (which tells "none" from "smallest"). Equal parts of several
// folds are one. All parts of a column are updated in one loop over the rows of a batch, since finding a group's row in memory costs more
// than each of them; there is such a loop for every set of parts, made by the compiler from one body.
#include "table/fold.h"
#include "table/exact.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef __int128 __attribute__ ((aligned (8), may_alias)) wide_t;
typedef int64_t __attribute__ ((may_alias)) word_t;

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

static uint32_t s_value_bytes (rac_type type)
{
    return type == RAC_BYTES ? sizeof (rac_bytes) : type == RAC_F32 ? 4 : 8;
}

static bool s_is_float (rac_type type)
{
    return type == RAC_F64 || type == RAC_F32;
}

static uint32_t s_part (fold_t *self, part_kind_t kind, uint32_t value, rac_type type)
{
    for (uint32_t i = 0; i < self->parts; i++)
        if (self->part [i].kind == kind && self->part [i].value == value)
            return i;
    assert (self->parts < COUNT_OF (self->part));
    self->part [self->parts] = (part_t) { .kind = kind, .value = value, .type = type, .at = self->stride };
    self->stride += (uint32_t) (kind == PART_SUM_F64 ? sizeof (window_t) : kind == PART_SUM_I64 ? sizeof (wide_t) : 8);
    return self->parts++;
}

static void s_blank (fold_t *self)
{
    self->blank = memory_new (self->stride + 1);
    for (uint32_t i = 0; i < self->parts; i++) {
        word_t *at = (word_t *) (self->blank + self->part [i].at);
        if (self->part [i].kind == PART_MIN)
            *at = INT64_MAX;
        if (self->part [i].kind == PART_MAX)
            *at = INT64_MIN;
    }
}

fold_t *fold_new (const fold_spec_t *spec, uint32_t folds)
{
    fold_t *self = memory_new (sizeof *self);
    assert (folds <= COUNT_OF (self->item));
    for (uint32_t i = 0; i < folds; i++) {
        item_t *item = &self->item [self->items++];
        *item = (item_t) { .spec = spec [i], .count = UINT32_MAX, .sum = UINT32_MAX, .low = UINT32_MAX, .high = UINT32_MAX };
        uint32_t value = spec [i].value;
        rac_type type = spec [i].type;
        if (!spec [i].kind)
            continue;
        item->count = s_part (self, PART_COUNT, value, type);
        if (spec [i].kind == RAC_SUM || spec [i].kind == RAC_MEAN)
            item->sum = s_part (self, s_is_float (type) ? PART_SUM_F64 : PART_SUM_I64, value, type);
        if (spec [i].kind == RAC_MIN)
            item->low = s_part (self, PART_MIN, value, type);
        if (spec [i].kind == RAC_MAX)
            item->high = s_part (self, PART_MAX, value, type);
    }
    self->saved = self->stride;
    for (uint32_t i = 0; i < self->items; i++)
        if (!self->item [i].spec.kind) {
            self->item [i].at = self->saved;
            self->saved += (self->item [i].spec.own->state_bytes + 7) & ~7u;
        }
    s_blank (self);
    self->doubles = memory_new (RAC_ROWS * 8);
    self->group = memory_new (RAC_ROWS * 4);
    self->values = memory_new (RAC_ROWS * sizeof (rac_bytes));
    return self;
}

static void s_wides_free (fold_t *self)
{
    for (uint32_t i = 0; i < self->wides; i++)
        exact_wide_free (self->wide [i]);
    self->wides = 0;
}

void fold_destroy (fold_t **self_p)
{
    fold_t *self = *self_p;
    if (!self)
        return;
    s_wides_free (self);
    for (uint32_t i = 0; i < self->items; i++)
        free (self->item [i].states);
    free (self->wide); free (self->blank); free (self->state); free (self->doubles);
    free (self->group); free (self->values); free (self->others);
    free (self);
    *self_p = NULL;
}

void fold_reset (fold_t *self)
{
    s_wides_free (self);
    self->groups = 0;
}

static void s_make_room (fold_t *self, uint32_t groups)
{
    uint32_t room = self->room + self->room / 2;
    self->room = groups > room ? groups : room;
    if (self->room < 1024)
        self->room = 1024;
    self->state = memory_grow (self->state, (size_t) self->room * self->stride + 1);
    for (uint32_t i = 0; i < self->items; i++)
        if (!self->item [i].spec.kind)
            self->item [i].states = memory_grow (self->item [i].states, (size_t) self->room * self->item [i].spec.own->state_bytes);
}

void fold_grow (fold_t *self, uint32_t groups)
{
    if (groups <= self->groups)
        return;
    if (groups > self->room)
        s_make_room (self, groups);
    for (uint32_t g = self->groups; g < groups; g++)
        memcpy (self->state + (size_t) g * self->stride, self->blank, self->stride);
    for (uint32_t i = 0; i < self->items; i++)
        if (!self->item [i].spec.kind) {
            const rac_fold_def *own = self->item [i].spec.own;
            char *at = self->item [i].states + (size_t) self->groups * own->state_bytes;
            memset (at, 0, (size_t) (groups - self->groups) * own->state_bytes);
            own->start (at, groups - self->groups);
        }
    self->groups = groups;
}

uint32_t fold_groups (const fold_t *self)
{
    return self->groups;
}

size_t fold_bytes (const fold_t *self)
{
    return (size_t) self->groups * self->saved + self->wides * exact_wide_bytes ();
}

uint32_t fold_row_bytes (const fold_t *self)
{
    return self->saved;
}

// ---- adding rows

static exact_wide_t *s_wide (fold_t *self, window_t *window)
{
    if (!window->wide) {
        if (self->wides == self->wide_room) {
            self->wide_room = self->wide_room * 2 + 16;
            self->wide = memory_grow (self->wide, self->wide_room * sizeof *self->wide);
        }
        self->wide [self->wides++] = exact_wide_new ();
        window->wide = self->wides;
    }
    return self->wide [window->wide - 1];
}

static void s_window_add (fold_t *self, window_t *window, __int128 units)
{
    __int128 sum;
    if (__builtin_expect (__builtin_add_overflow ((__int128) window->units, units, &sum), 0)) {
        exact_wide_add_units (s_wide (self, window), window->units, EXACT_UNIT);
        sum = units;
    }
    window->units = sum;
}

// Doubles as integers in total order, every NaN the largest but INT64_MAX.
static inline int64_t s_order (double value)
{
    int64_t bits;
    memcpy (&bits, &value, 8);
    bits ^= (int64_t) ((uint64_t) (bits >> 63) >> 1);
    return value != value ? INT64_MAX - 1 : bits;
}

static double s_unorder (int64_t bits)
{
    if (bits == INT64_MAX - 1)
        return __builtin_nan ("");
    bits ^= (int64_t) ((uint64_t) (bits >> 63) >> 1);
    double value;
    memcpy (&value, &bits, 8);
    return value;
}

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
        if (s_is_float (part->type))
            parts.kinds |= REAL;
    }
    return parts;
}

static inline __attribute__ ((always_inline)) void s_add_rows (fold_t *self, const parts_t *parts, const unsigned kinds, const uint32_t *group, const void *values, uint32_t rows)
{
    char *const state = self->state;
    const size_t stride = self->stride;
    for (uint32_t r = 0; r < rows; r++) {
        char *at = state + group [r] * stride;
        int64_t number = 0;
        if (kinds & REAL && kinds & (MIN | MAX))
            number = s_order (((const double *) values) [r]);
        else if (!(kinds & REAL) && kinds & (SUM | MIN | MAX))
            number = ((const int64_t *) values) [r];
        if (kinds & COUNT)
            ++*(word_t *) (at + parts->count);
        if (kinds & SUM && kinds & REAL) {
            double real = ((const double *) values) [r];
            window_t *window = (window_t *) (at + parts->sum);
            __int128 units;
            if (__builtin_expect (exact_fits (real, &units), 1))
                s_window_add (self, window, units);
            else
                exact_wide_add (s_wide (self, window), real);
        } else if (kinds & SUM)
            *(wide_t *) (at + parts->sum) += number;
        if (kinds & MIN)
            *(word_t *) (at + parts->low) = number < *(word_t *) (at + parts->low) ? number : *(word_t *) (at + parts->low);
        if (kinds & MAX)
            *(word_t *) (at + parts->high) = number > *(word_t *) (at + parts->high) ? number : *(word_t *) (at + parts->high);
    }
}

static void s_add_parts (fold_t *self, const parts_t *parts, const uint32_t *group, const void *values, uint32_t rows)
{
#define ROWS_OF(kinds) case kinds: s_add_rows (self, parts, kinds, group, values, rows); break;
#define ROWS_OF_4(kinds) ROWS_OF (kinds) ROWS_OF ((kinds) + 1) ROWS_OF ((kinds) + 2) ROWS_OF ((kinds) + 3)
#define ROWS_OF_16(kinds) ROWS_OF_4 (kinds) ROWS_OF_4 ((kinds) + 4) ROWS_OF_4 ((kinds) + 8) ROWS_OF_4 ((kinds) + 12)
    switch (parts->kinds) {
    ROWS_OF_16 (0)
    ROWS_OF_16 (REAL)
    }
}

// The rows that are not missing, moved together: their groups and their values.
static uint32_t s_present (fold_t *self, const uint32_t *group, const rac_column *column, uint32_t rows)
{
    uint32_t n = 0, bytes = s_value_bytes (column->type);
    for (uint32_t r = 0; r < rows; r++)
        if ((!column->valid || column->valid [r >> 6] >> (r & 63) & 1) && (column->type != RAC_BYTES || column->at.bytes [r].size)) {
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

// ---- runs

void fold_save (const fold_t *self, uint32_t group, char *to)
{
    memcpy (to, self->state + (size_t) group * self->stride, self->stride);
    if (self->wides)
        for (uint32_t i = 0; i < self->parts; i++)
            if (self->part [i].kind == PART_SUM_F64)
                ((window_t *) (to + self->part [i].at))->wide = 0;
    for (uint32_t i = 0; i < self->items; i++)
        if (!self->item [i].spec.kind) {
            uint32_t bytes = self->item [i].spec.own->state_bytes;
            memcpy (to + self->item [i].at, self->item [i].states + (size_t) group * bytes, bytes);
            memset (to + self->item [i].at + bytes, 0, (8 - bytes % 8) % 8);
        }
}

static exact_wide_t *s_wide_of (const fold_t *self, uint32_t group, uint32_t part)
{
    if (self->part [part].kind != PART_SUM_F64)
        return NULL;
    uint64_t wide = ((window_t *) (self->state + (size_t) group * self->stride + self->part [part].at))->wide;
    return wide ? self->wide [wide - 1] : NULL;
}

uint32_t fold_extra_rows (const fold_t *self, uint32_t group)
{
    if (!self->wides)
        return 0;
    uint32_t rows = 0;
    for (uint32_t i = 0; i < self->parts; i++) {
        exact_wide_t *wide = s_wide_of (self, group, i);
        __int128 units;
        for (uint32_t piece = 0; wide && piece < EXACT_PIECES; piece++)
            rows += exact_wide_piece (wide, piece, &units);
    }
    return rows;
}

void fold_save_extra (const fold_t *self, uint32_t group, uint32_t index, char *to)
{
    memcpy (to, self->blank, self->stride);
    for (uint32_t i = 0; i < self->items; i++)
        if (!self->item [i].spec.kind) {
            memset (to + self->item [i].at, 0, (self->item [i].spec.own->state_bytes + 7) & ~7u);
            self->item [i].spec.own->start (to + self->item [i].at, 1);
        }
    for (uint32_t i = 0; i < self->parts; i++) {
        exact_wide_t *wide = s_wide_of (self, group, i);
        __int128 units;
        for (uint32_t piece = 0; wide && piece < EXACT_PIECES; piece++)
            if (exact_wide_piece (wide, piece, &units) && !index--) {
                window_t *window = (window_t *) (to + self->part [i].at);
                window->units = units;
                window->wide = piece + 1;
                return;
            }
    }
}

static void s_merge_f64 (fold_t *self, const part_t *part, const uint32_t *group, const char *states, uint32_t rows)
{
    for (uint32_t r = 0; r < rows; r++) {
        const window_t *other = (const window_t *) (states + (size_t) r * self->saved + part->at);
        window_t *window = (window_t *) (self->state + (size_t) group [r] * self->stride + part->at);
        if (!other->wide)
            s_window_add (self, window, other->units);
        else
            exact_wide_add_piece (s_wide (self, window), (uint32_t) other->wide - 1, other->units);
    }
}

static void s_merge_part (fold_t *self, const part_t *part, const uint32_t *group, const char *states, uint32_t rows)
{
    if (part->kind == PART_SUM_F64) {
        s_merge_f64 (self, part, group, states, rows);
        return;
    }
    for (uint32_t r = 0; r < rows; r++) {
        const char *from = states + (size_t) r * self->saved + part->at;
        char *to = self->state + (size_t) group [r] * self->stride + part->at;
        word_t number = *(const word_t *) from;
        if (part->kind == PART_SUM_I64)
            *(wide_t *) to += *(const wide_t *) from;
        else if (part->kind == PART_COUNT)
            *(word_t *) to += number;
        else if (part->kind == PART_MIN ? number < *(word_t *) to : number > *(word_t *) to)
            *(word_t *) to = number;
    }
}

void fold_merge (fold_t *self, const uint32_t *group, const char *states, uint32_t rows)
{
    for (uint32_t i = 0; i < self->parts; i++)
        s_merge_part (self, &self->part [i], group, states, rows);
    for (uint32_t i = 0; i < self->items; i++) {
        if (self->item [i].spec.kind)
            continue;
        uint32_t bytes = self->item [i].spec.own->state_bytes;
        if (self->others_room < (size_t) rows * bytes)
            self->others = memory_grow (self->others, self->others_room = (size_t) rows * bytes);
        for (uint32_t r = 0; r < rows; r++)
            memcpy (self->others + (size_t) r * bytes, states + (size_t) r * self->saved + self->item [i].at, bytes);
        self->item [i].spec.own->merge (self->item [i].states, group, self->others, rows);
    }
}

// ---- results

static const char *s_at (const fold_t *self, uint32_t group, uint32_t part)
{
    return self->state + (size_t) group * self->stride + self->part [part].at;
}

static double s_sum_f64 (const fold_t *self, uint32_t group, uint32_t part)
{
    const window_t *window = (const window_t *) s_at (self, group, part);
    if (!window->wide)
        return exact_round (window->units);
    exact_wide_t *wide = exact_wide_new ();
    exact_wide_merge (wide, self->wide [window->wide - 1]);
    exact_wide_add_units (wide, window->units, EXACT_UNIT);
    double sum = exact_wide_round (wide);
    exact_wide_free (wide);
    return sum;
}

// Nearest double of units / 10^digits: one rounded division while both are exact doubles, else by way of text (rare).
static double s_scaled (__int128 units, uint32_t digits)
{
    static const double tens [] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18 };
    if (units < 1ll << 53 && units > -(1ll << 53))
        return (double) (int64_t) units / tens [digits];
    char text [64], *at = text + sizeof text - 16;
    snprintf (at, 16, "e-%u", digits);
    unsigned __int128 left = units < 0 ? -(unsigned __int128) units : (unsigned __int128) units;
    for (; left; left /= 10)
        *--at = (char) ('0' + (int) (left % 10));
    return units < 0 ? -strtod (at, NULL) : strtod (at, NULL);
}

static double s_mean (const fold_t *self, const item_t *item, uint32_t group, int64_t count)
{
    if (s_is_float (item->spec.type))
        return s_sum_f64 (self, group, item->sum) / (double) count;
    return s_scaled (*(const wide_t *) s_at (self, group, item->sum), item->spec.type >> 8) / (double) count;
}

static status_t s_result (const fold_t *self, const item_t *item, uint32_t g, const fold_room_t *room, error_t *error)
{
    int64_t count = *(const word_t *) s_at (self, g, item->count);
    bool none = !count && item->spec.kind != RAC_COUNT && item->spec.kind != RAC_SUM;
    int64_t *number = &((int64_t *) room->at) [g];
    double *real = &((double *) room->at) [g];
    *number = 0;
    if (none) {
        room->valid [g >> 6] &= ~(1ull << (g & 63));
        return OK;
    }
    if (item->spec.kind == RAC_COUNT)
        *number = count;
    else if (item->spec.kind == RAC_MEAN)
        *real = s_mean (self, item, g, count);
    else if (item->spec.kind == RAC_SUM && s_is_float (item->spec.type))
        *real = s_sum_f64 (self, g, item->sum);
    else if (item->spec.kind == RAC_SUM) {
        __int128 sum = *(const wide_t *) s_at (self, g, item->sum);
        if (sum != (int64_t) sum)
            return error_set_kind (error, ERROR_DATA, "the sum '%s' of a group is beyond 64 bits: read its values as f64", item->spec.name);
        *number = (int64_t) sum;
    } else {
        int64_t extreme = *(const word_t *) s_at (self, g, item->spec.kind == RAC_MIN ? item->low : item->high);
        if (s_is_float (item->spec.type))
            *real = s_unorder (extreme);
        else
            *number = extreme;
    }
    return OK;
}

status_t fold_result (fold_t *self, const fold_room_t *room, error_t *error)
{
    for (uint32_t i = 0; i < self->items; i++) {
        const item_t *item = &self->item [i];
        memset (room [i].valid, 0xff, (self->groups + 63) / 64 * 8);
        if (!item->spec.kind) {
            item->spec.own->result (item->states, self->groups, room [i].at);
            continue;
        }
        for (uint32_t g = 0; g < self->groups; g++)
            TRY (s_result (self, item, g, &room [i], error));
    }
    return OK;
}
