// fold: see fold.h.
//
// A fold is made of parts: mean is a sum and a count, min a minimum and a count (which tells "none" from "smallest"). Equal parts of several
// folds are one. All parts of a column are updated in one loop over the rows of a batch, since finding a group's row in memory costs more
// than each of them; there is such a loop for every set of parts, made by the compiler from one body.
#include "table/fold_parts.h"

#include <assert.h>

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
            item->sum = s_part (self, fold_is_float (type) ? PART_SUM_F64 : PART_SUM_I64, value, type);
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

exact_wide_t *fold_wide (fold_t *self, window_t *window)
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
            fold_window_add (self, window, fold_units (&other->units));
        else
            exact_wide_add_piece (fold_wide (self, window), (uint32_t) other->wide - 1, fold_units (&other->units));
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
