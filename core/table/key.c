// key: see key.h for the encoding.
//
// Encoding goes row by row, because a row's columns have to lie side by side; the cost is a few ns a column, and the most frequent key of
// all, one column of bytes, is not encoded at all.
#include "table/key.h"
#include "kernel/value.h"

#include <assert.h>
#include <string.h>

static inline uint64_t s_flip_i64 (int64_t value)
{
    return (uint64_t) value ^ 1ull << 63;
}

static inline uint64_t s_flip_f64 (double value, bool key)
{
    if (value != value)
        return ~0ull;                                   // every NaN: the last of all
    if (key && value == 0)
        value = 0;
    uint64_t bits;
    memcpy (&bits, &value, 8);
    return bits >> 63 ? ~bits : bits | 1ull << 63;
}

static inline double s_unflip_f64 (uint64_t bits)
{
    if (bits == ~0ull)
        return __builtin_nan ("");
    bits = bits >> 63 ? bits & ~(1ull << 63) : ~bits;
    double value;
    memcpy (&value, &bits, 8);
    return value;
}

bool key_is_plain (const key_layout_t *self)
{
    return self->columns == 1 && self->column [0].type == RAC_BYTES && !self->column [0].descending;
}

// Room that the strings of these rows can take at most.
static size_t s_room (const key_layout_t *self, const rac_column *column, const uint32_t *from, uint32_t from_row, uint32_t rows)
{
    size_t room = (size_t) rows * 2;
    for (uint32_t c = 0; c < self->columns; c++) {
        const rac_column *values = &column [from ? from [c] : c];
        room += (size_t) rows * 9;
        if (self->column [c].type == RAC_BYTES)
            for (uint32_t r = from_row; r < from_row + rows; r++)
                room += 2 * (size_t) values->at.bytes [r].size;
    }
    return room;
}

static inline char *s_put_number (char *to, uint64_t bits)
{
    bits = __builtin_bswap64 (bits);
    *to = 1;
    memcpy (to + 1, &bits, 8);
    return to + 9;
}

static char *s_put_bytes (char *to, rac_bytes value, bool plain)
{
    if (plain || !value.size || !memchr (value.data, 0, value.size)) {
        if (value.size)
            memcpy (to, value.data, value.size);
        to += value.size;
    } else
        for (uint32_t i = 0; i < value.size; i++) {
            *to++ = value.data [i];
            if (!value.data [i])
                *to++ = 1;
        }
    if (!plain) {
        *to++ = 0;
        *to++ = 0;
    }
    return to;
}

static char *s_put (char *to, const key_column_t *layout, const rac_column *column, uint32_t row, bool last)
{
    if (layout->type == RAC_BYTES) {
        static const rac_bytes none = { "", 0, 0 };
        return s_put_bytes (to, value_missing (column, row) ? none : column->at.bytes [row], last && !layout->descending);
    }
    if (value_missing (column, row)) {
        *to = 0;
        return to + 1;
    }
    if (layout->type == RAC_F64)
        return s_put_number (to, s_flip_f64 (column->at.f64 [row], layout->key));
    if (layout->type == RAC_F32)
        return s_put_number (to, s_flip_f64 ((double) column->at.f32 [row], layout->key));
    return s_put_number (to, s_flip_i64 (column->at.i64 [row]));
}

void key_encode (const key_layout_t *self, const rac_column *column, const uint32_t *from, const uint32_t *part, uint32_t from_row, uint32_t rows,
                 buffer_t *into, rac_bytes *text)
{
    buffer_reserve (into, s_room (self, column, from, from_row, rows));
    char *to = into->data + into->size;
    for (uint32_t r = from_row; r < from_row + rows; r++) {
        char *start = to;
        if (part) {
            *to++ = (char) (part [r - from_row] >> 8);
            *to++ = (char) part [r - from_row];
        }
        for (uint32_t c = 0; c < self->columns; c++) {
            char *field = to;
            to = s_put (to, &self->column [c], &column [from ? from [c] : c], r, c + 1 == self->columns);
            if (self->column [c].descending)
                for (; field < to; field++)
                    *field = (char) ~*field;
        }
        text [r - from_row] = (rac_bytes) { start, (uint32_t) (to - start), 0 };
    }
    into->size = (size_t) (to - into->data);
}

// The end of the encoded column that begins at `at`.
static const char *s_skip (const key_column_t *layout, bool last, const char *at, const char *end)
{
    char flip = layout->descending ? (char) 0xff : 0;
    if (layout->type != RAC_BYTES)
        return at + ((char) (*at ^ flip) ? 9 : 1);
    if (last && !layout->descending)
        return end;
    for (; ; at += 2) {
        at = memchr (at, flip, (size_t) (end - at));
        assert (at && at + 1 < end);                    // the string is ours: encoded above, its block's checksum is checked
        if (at [1] == flip)
            return at + 2;
    }
}

uint32_t key_length (const key_layout_t *self, uint32_t columns, bool prefix, rac_bytes text)
{
    const char *at = text.data + 2 * prefix;
    for (uint32_t c = 0; c < columns; c++)
        at = s_skip (&self->column [c], c + 1 == self->columns, at, text.data + text.size);
    return (uint32_t) (at - text.data);
}

static rac_bytes s_unescape (const char *from, const char *end, char flip, arena_t *arena)
{
    if (!flip && (from == end || !memchr (from, 0, (size_t) (end - from))))
        return (rac_bytes) { from, (uint32_t) (end - from), 0 };
    char *start = arena_take (arena, (size_t) (end - from)), *to = start;
    while (from < end) {
        *to = (char) (*from++ ^ flip);
        if (!*to++)
            from++;
    }
    return (rac_bytes) { start, (uint32_t) (to - start), 0 };
}

static void s_get_number (const key_column_t *layout, const char *at, const key_room_t *room, uint32_t row)
{
    uint64_t bits;
    memcpy (&bits, at + 1, 8);
    bits = __builtin_bswap64 (layout->descending ? ~bits : bits);
    if (layout->type == RAC_F64)
        ((double *) room->at) [row] = s_unflip_f64 (bits);
    else if (layout->type == RAC_F32)
        ((float *) room->at) [row] = (float) s_unflip_f64 (bits);
    else
        ((int64_t *) room->at) [row] = (int64_t) (bits ^ 1ull << 63);
}

static void s_get_missing (const key_column_t *layout, const key_room_t *room, uint32_t row)
{
    if (layout->type == RAC_F32)
        ((float *) room->at) [row] = 0;
    else
        ((int64_t *) room->at) [row] = 0;
    room->valid [row >> 6] &= ~(1ull << (row & 63));
}

void key_decode (const key_layout_t *self, bool prefix, const rac_bytes *text, uint32_t rows, const key_room_t *room, arena_t *arena)
{
    for (uint32_t c = 0; c < self->columns; c++)
        memset (room [c].valid, 0xff, (rows + 63) / 64 * 8);
    for (uint32_t r = 0; r < rows; r++) {
        const char *at = text [r].data + 2 * prefix, *end = text [r].data + text [r].size;
        for (uint32_t c = 0; c < self->columns; c++) {
            const key_column_t *layout = &self->column [c];
            bool last = c + 1 == self->columns;
            char flip = layout->descending ? (char) 0xff : 0;
            const char *next = s_skip (layout, last, at, end);
            if (layout->type == RAC_BYTES) {
                bool plain = last && !flip;
                rac_bytes value = plain ? (rac_bytes) { at, (uint32_t) (end - at), 0 } : s_unescape (at, next - 2, flip, arena);
                ((rac_bytes *) room [c].at) [r] = value;
            } else if ((char) (*at ^ flip))
                s_get_number (layout, at, &room [c], r);
            else
                s_get_missing (layout, &room [c], r);
            at = next;
        }
    }
}
