// fold_result: what the states of groups come to. See fold.c.
//
// Here alone is anything rounded: an exact sum once to a double, a mean once more by its division.
#include "table/fold_parts.h"

#include <stdio.h>

static const char *s_at (const fold_t *self, uint32_t group, uint32_t part)
{
    return self->state + (size_t) group * self->stride + self->part [part].at;
}

static double s_sum_f64 (const fold_t *self, uint32_t group, uint32_t part)
{
    const window_t *window = (const window_t *) s_at (self, group, part);
    if (!window->wide)
        return exact_round (fold_units (&window->units));
    exact_wide_t *wide = exact_wide_new ();
    exact_wide_merge (wide, self->wide [window->wide - 1]);
    exact_wide_add_units (wide, fold_units (&window->units), EXACT_UNIT);
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
    if (fold_is_float (item->spec.type))
        return s_sum_f64 (self, group, item->sum) / (double) count;
    return s_scaled (fold_units ((const wide_t *) s_at (self, group, item->sum)), item->spec.type >> 8) / (double) count;
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
    else if (item->spec.kind == RAC_SUM && fold_is_float (item->spec.type))
        *real = s_sum_f64 (self, g, item->sum);
    else if (item->spec.kind == RAC_SUM) {
        __int128 sum = fold_units ((const wide_t *) s_at (self, g, item->sum));
        if (sum != (int64_t) sum)
            return error_set_kind (error, ERROR_DATA, "the sum '%s' of a group is beyond 64 bits: read its values as f64", item->spec.name);
        *number = (int64_t) sum;
    } else {
        int64_t extreme = *(const word_t *) s_at (self, g, item->spec.kind == RAC_MIN ? item->low : item->high);
        if (fold_is_float (item->spec.type))
            *real = fold_unorder (extreme);
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
