// reader_values: a grid of positions becomes columns of typed values.
//
// Column by column: a strided walk makes the texts, a kernel parses them all. A bytes value points into the window; only one with
// doubled quotes is copied. Rows with a text that is no number are rare: they are marked while the columns are made, then reported
// in order and squeezed out of all columns at once.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                                     // mempcpy
#endif
#include "store/reader_parts.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <string.h>

// Enclosing quotes go; doubled ones inside become one, in a copy.
static rac_bytes s_unquote (reader_t *self, rac_bytes text)
{
    text.data++;
    text.size -= 2;
    const char *quote = self->quotes == QUOTES_MIXED ? memchr (text.data, '"', text.size) : NULL;
    if (!quote)
        return text;
    char *copy = arena_take (self->scratch, text.size), *to = copy;
    const char *from = text.data, *end = text.data + text.size;
    for (; quote; quote = memchr (from, '"', (size_t) (end - from))) {
        to = mempcpy (to, from, (size_t) (quote + 1 - from));
        from = quote + 2;
    }
    to = mempcpy (to, from, (size_t) (end - from));
    return (rac_bytes) { .data = copy, .size = (uint32_t) (to - copy) };
}

static void s_make_texts (reader_t *self, uint32_t field, uint32_t rows, rac_bytes *to)
{
    const char *data = self->text.data;
    const uint32_t *end = self->grid + field;
    size_t fields = self->fields;
    if (field)
        for (uint32_t r = 0; r < rows; r++, end += fields)
            to [r] = (rac_bytes) { .data = data + end [-1] + 1, .size = end [0] - end [-1] - 1 };
    else
        for (uint32_t r = 0; r < rows; r++, end += fields)
            to [r] = (rac_bytes) { .data = data + self->start [r], .size = end [0] - self->start [r] };
    if (field == fields - 1)
        for (uint32_t r = 0; r < rows; r++)
            to [r].size -= to [r].size && to [r].data [to [r].size - 1] == '\r';
    if (self->quotes != QUOTES_NONE)
        for (uint32_t r = 0; r < rows; r++)
            if (to [r].size && to [r].data [0] == '"')
                to [r] = s_unquote (self, to [r]);
}

static uint32_t s_parse (reader_t *self, rac_type type, uint32_t rows, reader_store_t *store)
{
    const rac_bytes *texts = self->texts;
    uint64_t *valid = store->valid, *bad = self->bad;
    if (type == RAC_I64)
        return kernel->parse_i64 (texts, rows, store->values, valid, bad);
    if (type == RAC_F64)
        return kernel->parse_f64 (texts, rows, store->values, valid, bad);
    if (type == RAC_TIME)
        return kernel->parse_time (texts, rows, store->values, valid, bad);
    if (type != RAC_F32)
        return kernel->parse_decimal (texts, rows, type >> 8, store->values, valid, bad);
    uint32_t odd = kernel->parse_f64 (texts, rows, self->wide, valid, bad);
    float *narrow = store->values;
    for (uint32_t r = 0; r < rows; r++)
        narrow [r] = (float) self->wide [r];
    return odd;
}

static bool s_has (const uint64_t *bits, uint32_t row)
{
    return bits [row / 64] >> (row % 64) & 1;
}

// Marks the rows of the column just parsed that are bad; returns how many are new.
static uint32_t s_mark_bad (reader_t *self, uint32_t column, uint32_t rows)
{
    uint32_t marked = 0;
    for (uint32_t w = 0; w < (rows + 63) / 64; w++) {
        uint64_t fresh = self->bad [w] & ~self->drop [w];
        self->drop [w] |= fresh;
        for (; fresh; fresh &= fresh - 1, marked++)
            self->culprit [w * 64 + (uint32_t) __builtin_ctzll (fresh)] = column;
    }
    return marked;
}

static const char *s_wanted (rac_type type)
{
    return type == RAC_I64 ? "not a whole number of 64 bits" : type == RAC_TIME ? "not a time" :
        type == RAC_F64 || type == RAC_F32 ? "not a number" : "not a number with at most the declared decimals";
}

static status_t s_report (reader_t *self, uint32_t row, error_t *error)
{
    enum { SHOWN = 40 };
    const reader_column_t *column = &self->options.column [self->culprit [row]];
    const uint32_t *end = self->grid + row * (size_t) self->fields + column->position;
    uint32_t begin = column->position ? end [-1] + 1 : self->start [row];
    uint32_t size = *end - begin < SHOWN ? *end - begin : SHOWN;
    char shown [SHOWN + 1], why [256];
    for (uint32_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char) self->text.data [begin + i];
        shown [i] = byte < ' ' || byte == 127 ? '?' : (char) byte;
    }
    shown [size] = '\0';
    snprintf (why, sizeof why, "%.100s: %s: '%s'", column->name, s_wanted (column->type), shown);
    return reader_reject (self, self->start [row], self->grid [(row + 1) * (size_t) self->fields - 1], why, error);
}

static void s_move_value (const rac_column *column, void *values, uint32_t from, uint32_t to)
{
    if (column->type == RAC_BYTES)
        ((rac_bytes *) values) [to] = ((rac_bytes *) values) [from];
    else if (column->type == RAC_F32)
        ((float *) values) [to] = ((float *) values) [from];
    else
        ((int64_t *) values) [to] = ((int64_t *) values) [from];
}

static void s_move_bit (uint64_t *bits, uint32_t from, uint32_t to)
{
    uint64_t bit = 1ull << (to % 64);
    bits [to / 64] = s_has (bits, from) ? bits [to / 64] | bit : bits [to / 64] & ~bit;
}

// Reports the marked rows and closes their gaps; returns the rows that stay. Bits are moved in every column's bitmap, in use or not.
static status_t s_drop_rows (reader_t *self, uint32_t *rows, error_t *error)
{
    uint32_t kept = 0;
    for (uint32_t r = 0; r < *rows; r++) {
        if (s_has (self->drop, r)) {
            TRY (s_report (self, r, error));
            continue;
        }
        self->offset [kept] = self->offset [r];
        for (uint32_t c = 0; c < self->options.columns; c++) {
            s_move_value (&self->column [c], self->store [c].values, r, kept);
            s_move_bit (self->store [c].valid, r, kept);
        }
        kept++;
    }
    *rows = kept;
    return OK;
}

status_t reader_fill_columns (reader_t *self, uint32_t rows, error_t *error)
{
    uint32_t marked = 0;
    self->batch.rows = rows;
    if (!rows)
        return OK;
    arena_reset (self->scratch);
    memset (self->drop, 0, (rows + 63) / 64 * sizeof *self->drop);
    for (uint32_t r = 0; r < rows; r++)
        self->offset [r] = self->text.offset + self->start [r];
    for (uint32_t c = 0; c < self->options.columns; c++) {
        const reader_column_t *column = &self->options.column [c];
        reader_store_t *store = &self->store [c];
        s_make_texts (self, column->position, rows, column->type == RAC_BYTES ? store->values : self->texts);
        uint32_t odd = column->type == RAC_BYTES ? 0 : s_parse (self, column->type, rows, store);
        if (odd)
            marked += s_mark_bad (self, c, rows);
        self->column [c].valid = odd ? store->valid : NULL;
    }
    if (marked)
        TRY (s_drop_rows (self, &rows, error));
    self->batch.rows = rows;
    return OK;
}
