// table: rows of values in memory, sorted and folded the plain way.
#pragma once
#include "value.h"

typedef struct {
    size_t rows, room, columns;
    value_t *cell;                                      // row after row
} table_t;

typedef struct { size_t column; bool descending; } order_t;
typedef enum { FOLD_ROWS, FOLD_COUNT, FOLD_SUM, FOLD_MIN, FOLD_MAX, FOLD_MEAN } fold_t;
typedef struct { fold_t fold; size_t column; } folded_t;

typedef struct {
    bool csv, header;
    char delimiter;
    const char *names;                                  // of the columns, separated by commas
} output_t;

value_t *table_add (table_t *self);                     // a new row, good until the next
value_t *table_row (const table_t *self, size_t row);
void table_sort (table_t *self, const order_t *order, size_t orders);
void table_sort_by_column (table_t *self);              // all columns ascending, as they come
bool table_equal (const table_t *self, size_t a, size_t b, size_t keys);
size_t table_group_end (const table_t *self, size_t from, size_t keys);   // first row whose first `keys` columns differ from row from's
value_t table_fold (const table_t *self, size_t from, size_t to, folded_t folded);
// A row for each group of the first `keys` columns of a sorted table; keys 0: one row over all.
table_t table_fold_groups (const table_t *self, size_t keys, const folded_t *folds, size_t count);
void table_print (const table_t *self, const output_t *output, FILE *to);
void print_row (const value_t *row, size_t columns, const output_t *output, FILE *to);
void print_header (const output_t *output, FILE *to);
void fail (int code, const char *format, ...) __attribute__ ((noreturn, format (printf, 2, 3)));
