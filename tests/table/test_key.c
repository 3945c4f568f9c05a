// test_key: rows encoded as strings stand in the order of doc/semantics.md, compared here value by value; and the strings give the rows back.
#include "help.h"
#include "base/memory.h"
#include "table/key.h"

#include <math.h>

enum { ROWS = 300 };

static const rac_type s_types [] = { RAC_BYTES, RAC_I64, RAC_F64, RAC_F32, RAC_TIME, RAC_DECIMAL (4) };

typedef struct {
    key_layout_t layout;
    rac_column column [64];
    bool prefix;
    uint32_t part [ROWS];
    arena_t *memory;
    buffer_t strings;
    rac_bytes text [ROWS];
} table_t;

// ---- rows that are hard to tell apart

static rac_bytes s_some_bytes (arena_t *memory)
{
    static const char letters [] = "\x00\x01\xff\xfe" "a";
    uint32_t size = s_below (5) ? s_below (4) : s_below (30);
    char *data = arena_take (memory, size + 1);
    for (uint32_t i = 0; i < size; i++)
        data [i] = letters [s_below (s_below (2) ? 2 : 5)];
    return (rac_bytes) { size || s_below (2) ? data : NULL, size, 0 };
}

static double s_some_double (void)
{
    static const double hard [] = { 0.0, -0.0, NAN, -NAN, INFINITY, -INFINITY, 1, -1, 0x1p-1074, -0x1p-1074, 1e300, -1e300 };
    return s_below (3) ? hard [s_below (COUNT_OF (hard))] : (double) (int64_t) s_random ();
}

static int64_t s_some_number (void)
{
    static const int64_t hard [] = { 0, 1, -1, INT64_MAX, INT64_MIN, 255, 256, -256 };
    return s_below (3) ? hard [s_below (COUNT_OF (hard))] : (int64_t) s_random () >> s_below (60);
}

static void s_fill (table_t *self, uint32_t c, rac_type type)
{
    void *at = arena_take (self->memory, ROWS * sizeof (rac_bytes));
    uint64_t *valid = arena_take (self->memory, ROWS);
    bool gaps = s_below (2);
    for (uint32_t w = 0; w <= ROWS / 64; w++)
        valid [w] = gaps ? s_random () | s_random () : ~0ull;
    for (uint32_t r = 0; r < ROWS; r++) {
        bool there = valid [r / 64] >> r % 64 & 1;
        if (type == RAC_BYTES)
            ((rac_bytes *) at) [r] = there ? s_some_bytes (self->memory) : (rac_bytes) { 0 };
        else if (type == RAC_F64)
            ((double *) at) [r] = there ? s_some_double () : 0;
        else if (type == RAC_F32)
            ((float *) at) [r] = there ? (float) s_some_double () : 0;
        else
            ((int64_t *) at) [r] = there ? s_some_number () : 0;
    }
    self->column [c] = rac_column_of (type, at);
    self->column [c].valid = gaps ? valid : NULL;
}

static table_t *s_table (uint32_t columns, bool prefix)
{
    table_t *self = memory_new (sizeof *self);
    self->memory = arena_new (1 << 16);
    self->prefix = prefix;
    self->layout.columns = columns;
    for (uint32_t c = 0; c < columns; c++) {
        rac_type type = s_types [s_below (COUNT_OF (s_types))];
        self->layout.column [c] = (key_column_t) { .type = type, .descending = s_below (2), .key = s_below (2) };
        s_fill (self, c, type);
    }
    for (uint32_t r = 0; r < ROWS; r++)
        self->part [r] = s_below (2) ? s_below (3) : s_below (65536);
    return self;
}

static void s_table_free (table_t *self)
{
    buffer_free (&self->strings);
    arena_destroy (&self->memory);
    free (self);
}

// ---- the rules of the page, value by value

static bool s_is_missing (const rac_column *column, uint32_t r)
{
    return (column->valid && !(column->valid [r / 64] >> r % 64 & 1)) || (column->type == RAC_BYTES && !column->at.bytes [r].size);
}

static double s_double (const rac_column *column, uint32_t r)
{
    return column->type == RAC_F32 ? (double) column->at.f32 [r] : column->at.f64 [r];
}

static int s_order_doubles (double a, double b, bool key)
{
    if (isnan (a) || isnan (b))
        return isnan (a) - isnan (b);
    if (a == 0 && b == 0 && !key)
        return !!signbit (b) - !!signbit (a);
    return (a > b) - (a < b);
}

static int s_order_values (const rac_column *column, bool key, uint32_t a, uint32_t b)
{
    if (s_is_missing (column, a) || s_is_missing (column, b))
        return s_is_missing (column, b) - s_is_missing (column, a);
    if (column->type == RAC_BYTES)
        return s_sign (s_order (column->at.bytes [a], column->at.bytes [b]));
    if (column->type == RAC_F64 || column->type == RAC_F32)
        return s_order_doubles (s_double (column, a), s_double (column, b), key);
    return (column->at.i64 [a] > column->at.i64 [b]) - (column->at.i64 [a] < column->at.i64 [b]);
}

static int s_order_rows (const table_t *self, uint32_t columns, uint32_t a, uint32_t b)
{
    if (self->prefix && self->part [a] != self->part [b])
        return self->part [a] < self->part [b] ? -1 : 1;
    for (uint32_t c = 0; c < columns; c++) {
        int order = s_order_values (&self->column [c], self->layout.column [c].key, a, b);
        if (order)
            return self->layout.column [c].descending ? -order : order;
    }
    return 0;
}

// ---- tests

static void s_check_order (const table_t *self)
{
    for (uint32_t a = 0; a < ROWS; a++)
        for (uint32_t b = a; b < ROWS; b++)
            MUST (s_sign (s_order (self->text [a], self->text [b])) == s_order_rows (self, self->layout.columns, a, b), "rows %u and %u", a, b);
}

// The key parts of two rows are equal, as bytes, exactly if their columns are.
static void s_check_length (const table_t *self)
{
    uint32_t columns = 1 + s_below (self->layout.columns);
    for (uint32_t a = 0; a < ROWS; a++) {
        uint32_t size = key_length (&self->layout, columns, self->prefix, self->text [a]);
        MUST (columns < self->layout.columns ? size <= self->text [a].size : size == self->text [a].size, "row %u", a);
        rac_bytes key = { self->text [a].data, size, 0 };
        for (uint32_t b = a; b < ROWS; b += 1 + b % 7) {
            rac_bytes other = { self->text [b].data, key_length (&self->layout, columns, self->prefix, self->text [b]), 0 };
            MUST ((s_order (key, other) == 0) == (s_order_rows (self, columns, a, b) == 0), "%u columns of rows %u and %u", columns, a, b);
        }
    }
}

static void s_check_value (const rac_column *column, bool key, const key_room_t *room, uint32_t r)
{
    bool there = room->valid [r / 64] >> r % 64 & 1;
    if (column->type == RAC_BYTES) {                    // missing and empty are one
        rac_bytes is = ((rac_bytes *) room->at) [r], was = s_is_missing (column, r) ? (rac_bytes) { "", 0, 0 } : column->at.bytes [r];
        MUST (!s_order (is, was), "row %u", r);
        return;
    }
    MUST (there == !s_is_missing (column, r), "row %u", r);
    if (column->type == RAC_F64 || column->type == RAC_F32) {
        double is = column->type == RAC_F32 ? (double) ((float *) room->at) [r] : ((double *) room->at) [r], was = there ? s_double (column, r) : 0;
        MUST ((isnan (is) && isnan (was)) || (is == was && !signbit (is) == (!signbit (was) || (key && was == 0))), "row %u: %a, was %a", r, is, was);
    } else
        MUST (((int64_t *) room->at) [r] == (there ? column->at.i64 [r] : 0), "row %u", r);
}

static void s_check_decoded (const table_t *self)
{
    key_room_t room [64];
    for (uint32_t c = 0; c < self->layout.columns; c++)
        room [c] = (key_room_t) { memory_new (ROWS * sizeof (rac_bytes)), memory_new (ROWS) };
    arena_t *arena = arena_new (4096);
    key_decode (&self->layout, self->prefix, self->text, ROWS, room, arena);
    for (uint32_t c = 0; c < self->layout.columns; c++)
        for (uint32_t r = 0; r < ROWS; r++)
            s_check_value (&self->column [c], self->layout.column [c].key, &room [c], r);
    for (uint32_t c = 0; c < self->layout.columns; c++) {
        free (room [c].at);
        free (room [c].valid);
    }
    arena_destroy (&arena);
}

START_TEST (order_and_back)
{
    for (uint32_t turn = 0; turn < 120; turn++) {
        table_t *table = s_table (1 + (turn % 30 ? s_below (4) : 63), turn % 3 == 0);
        key_encode (&table->layout, table->column, NULL, table->prefix ? table->part : NULL, 0, ROWS, &table->strings, table->text);
        s_check_order (table);
        s_check_length (table);
        s_check_decoded (table);
        s_table_free (table);
    }
}
END_TEST

// Rows from the middle, columns by way of `from`, behind what the buffer holds already: the same strings.
START_TEST (slices_and_feeds)
{
    table_t *table = s_table (3, true);
    rac_column shuffled [3] = { table->column [2], table->column [0], table->column [1] };
    static const uint32_t from [] = { 1, 2, 0 };
    key_encode (&table->layout, table->column, NULL, table->part, 0, ROWS, &table->strings, table->text);
    buffer_t other = { 0 };
    rac_bytes text [50];
    buffer_add (&other, "before", 6);
    key_encode (&table->layout, shuffled, from, table->part + 77, 77, 50, &other, text);
    for (uint32_t r = 0; r < 50; r++)
        ck_assert (!s_order (text [r], table->text [77 + r]));
    ck_assert (!memcmp (other.data, "before", 6));
    buffer_free (&other);
    s_table_free (table);
}
END_TEST

START_TEST (as_written_down)
{
    static const rac_bytes bytes = { "a\0b", 3, 0 };
    static const int64_t number = -2;
    static const double real = 1;
    static const uint64_t none = 0;
    rac_column column [] = { rac_of_bytes (&bytes), rac_of_i64 (&number), rac_of_f64 (&real), rac_of_i64 (&number), rac_of_bytes (&bytes) };
    column [3].valid = &none;
    key_layout_t layout = { .columns = 5, .column = { { RAC_BYTES, false, true }, { RAC_I64, false, true }, { RAC_F64, true, true },
                                                      { RAC_I64, false, false }, { RAC_BYTES, false, false } } };
    static const char wanted [] = "\x01\x02" "a\x00\x01" "b\x00\x00" "\x01\x7f\xff\xff\xff\xff\xff\xff\xfe" "\xfe\x40\x0f\xff\xff\xff\xff\xff\xff" "\x00" "a\x00" "b";
    uint32_t part = 258;
    buffer_t into = { 0 };
    rac_bytes text;
    key_encode (&layout, column, NULL, &part, 0, 1, &into, &text);
    ck_assert_uint_eq (text.size, sizeof wanted - 1);
    ck_assert_mem_eq (text.data, wanted, sizeof wanted - 1);
    ck_assert_uint_eq (key_length (&layout, 3, true, text), 2 + 6 + 9 + 9);
    buffer_free (&into);
    ck_assert (!key_is_plain (&layout));
    layout.columns = 1;
    ck_assert (key_is_plain (&layout));
    layout.column [0].descending = true;
    ck_assert (!key_is_plain (&layout));
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { order_and_back, slices_and_feeds, as_written_down };
    return s_run ("key", tests, COUNT_OF (tests));
}
