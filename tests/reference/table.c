// table: sorting by qsort over whole rows, folding by a walk from a group's first row to its last. What the engine does with hashes,
// runs and spills is here one loop each, so that a reader can hold it against doc/semantics.md line by line.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                                     // qsort_r
#endif
#include "table.h"
#include "sum.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void fail (int code, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fputs ("reference: ", stderr);
    vfprintf (stderr, format, arguments);
    fputc ('\n', stderr);
    va_end (arguments);
    exit (code);
}

value_t *table_add (table_t *self)
{
    if (self->rows == self->room) {
        self->room = self->room ? self->room * 2 : 1024;
        self->cell = realloc (self->cell, self->room * self->columns * sizeof *self->cell);
        if (!self->cell)
            fail (1, "not enough memory");
    }
    value_t *row = self->cell + self->rows++ * self->columns;
    memset (row, 0, self->columns * sizeof *row);
    return row;
}

value_t *table_row (const table_t *self, size_t row)
{
    return self->cell + row * self->columns;
}

typedef struct { const order_t *order; size_t orders; } sorting_t;

static int s_compare_rows (const void *a, const void *b, void *context)
{
    const sorting_t *sorting = context;
    const value_t *x = a, *y = b;
    for (size_t i = 0; i < sorting->orders; i++) {
        size_t column = sorting->order [i].column;
        int order = value_compare (x + column, y + column);
        if (order)
            return sorting->order [i].descending ? -order : order;
    }
    return 0;
}

void table_sort (table_t *self, const order_t *order, size_t orders)
{
    sorting_t sorting = { order, orders };
    if (self->rows)
        qsort_r (self->cell, self->rows, self->columns * sizeof *self->cell, s_compare_rows, &sorting);
}

void table_sort_by_column (table_t *self)
{
    order_t order [16] = { 0 };
    for (size_t i = 0; i < self->columns; i++)
        order [i].column = i;
    table_sort (self, order, self->columns);
}

bool table_equal (const table_t *self, size_t a, size_t b, size_t keys)
{
    for (size_t i = 0; i < keys; i++)
        if (value_compare (table_row (self, a) + i, table_row (self, b) + i))
            return false;
    return true;
}

size_t table_group_end (const table_t *self, size_t from, size_t keys)
{
    size_t to = from + 1;
    while (to < self->rows && table_equal (self, from, to, keys))
        to++;
    return to;
}

// ---------------------------------------------------------------------------------------------------------------------
// Folds

typedef struct { size_t present; __int128 whole; sum_t exact; const value_t *least, *greatest; } totals_t;

static void s_total (const table_t *table, size_t from, size_t to, size_t column, totals_t *totals)
{
    *totals = (totals_t) { 0 };
    for (size_t row = from; row < to; row++) {
        const value_t *value = table_row (table, row) + column;
        if (value->missing)
            continue;
        totals->present++;
        if (value->kind == F64 || value->kind == F32)
            sum_add (&totals->exact, value->f);
        else
            totals->whole += value->i;
        if (!totals->least || value_compare (value, totals->least) < 0)
            totals->least = value;
        if (!totals->greatest || value_compare (value, totals->greatest) > 0)
            totals->greatest = value;
    }
}

static value_t s_sum (totals_t *totals, const value_t *like)
{
    if (like->kind == F64 || like->kind == F32)
        return value_f64 (sum_result (&totals->exact));
    if (totals->whole > INT64_MAX || totals->whole < INT64_MIN)
        fail (3, "a sum is beyond 64 bits");
    return (value_t) { .kind = like->kind, .digits = like->digits, .i = (int64_t) totals->whole };
}

// The exact sum as a decimal number, rounded once by strtod.
static value_t s_mean (totals_t *totals, const value_t *like)
{
    if (totals->present == 0)
        return value_missing (F64);
    double sum = sum_result (&totals->exact);
    if (like->kind != F64 && like->kind != F32) {
        char text [64] = { 0 };
        size_t at = sizeof text - 8;
        snprintf (text + at, 8, "e-%d", like->digits);
        bool negative = totals->whole < 0;
        unsigned __int128 rest = negative ? -(unsigned __int128) totals->whole : (unsigned __int128) totals->whole;
        for (; rest || text [at] == 'e'; rest /= 10)
            text [--at] = (char) ('0' + (int) (rest % 10));
        sum = strtod (text + at, NULL) * (negative ? -1 : 1);
    }
    return value_f64 (sum / (double) totals->present);
}

value_t table_fold (const table_t *self, size_t from, size_t to, folded_t folded)
{
    if (folded.fold == FOLD_ROWS)
        return value_i64 ((int64_t) (to - from));
    totals_t totals;
    s_total (self, from, to, folded.column, &totals);
    if (folded.fold == FOLD_COUNT)
        return value_i64 ((int64_t) totals.present);
    // Without any row the kind is unknown here; only a sum without key can meet that, and its caller prints 0 for every kind.
    const value_t *like = from < to ? table_row (self, from) + folded.column : &(value_t) { .kind = I64 };
    if (folded.fold == FOLD_SUM)
        return s_sum (&totals, like);
    if (folded.fold == FOLD_MEAN)
        return s_mean (&totals, like);
    const value_t *found = folded.fold == FOLD_MIN ? totals.least : totals.greatest;
    value_t result = found ? *found : value_missing (like->kind);
    if (result.kind == F64 && result.f != result.f)
        result.f = (double) NAN;
    return result;
}

table_t table_fold_groups (const table_t *self, size_t keys, const folded_t *folds, size_t count)
{
    table_t result = { .columns = keys + count };
    size_t to;
    for (size_t from = 0; from < self->rows || (keys == 0 && result.rows == 0); from = to) {
        to = keys ? table_group_end (self, from, keys) : self->rows;
        value_t *row = table_add (&result);
        if (keys)
            memcpy (row, table_row (self, from), keys * sizeof *row);
        for (size_t i = 0; i < count; i++)
            row [keys + i] = table_fold (self, from, to, folds [i]);
    }
    return result;
}

// ---------------------------------------------------------------------------------------------------------------------
// Output

static bool s_holds (const value_t *value, const char *any)
{
    for (size_t i = 0; i < value->size; i++)
        if (value->data [i] && strchr (any, value->data [i]))
            return true;
    return false;
}

static void s_print_field (const value_t *value, const output_t *output, FILE *to)
{
    char special [] = { '"', '\r', '\n', output->delimiter, 0 };
    if (!output->csv || value->kind != BYTES || value->missing || !s_holds (value, special)) {
        value_print (to, value);
        return;
    }
    fputc ('"', to);
    for (size_t i = 0; i < value->size; i++) {
        if (value->data [i] == '"')
            fputc ('"', to);
        fputc (value->data [i], to);
    }
    fputc ('"', to);
}

void print_row (const value_t *row, size_t columns, const output_t *output, FILE *to)
{
    for (size_t i = 0; i < columns; i++) {
        if (!output->csv && columns > 1 && row [i].kind == BYTES && !row [i].missing && s_holds (row + i, "\t\n"))
            fail (5, "a value holds a tab or newline: use --output-format csv");
        if (i)
            fputc (output->delimiter, to);
        s_print_field (row + i, output, to);
    }
    fputc ('\n', to);
}

void print_header (const output_t *output, FILE *to)
{
    if (!output->header)
        return;
    for (const char *at = output->names; *at; at++)
        fputc (*at == ',' ? output->delimiter : *at, to);
    fputc ('\n', to);
}

void table_print (const table_t *self, const output_t *output, FILE *to)
{
    print_header (output, to);
    for (size_t i = 0; i < self->rows; i++)
        print_row (table_row (self, i), self->columns, output, to);
}
