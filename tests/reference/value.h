// value: one value of a column as doc/semantics.md has it: how it is read, ordered and printed.
//
// Plain data; bytes are borrowed from the input, which the reference keeps in memory until it ends.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum { BYTES = 1, I64, F64, F32, TIME, DECIMAL } kind_t;

typedef struct {
    kind_t kind;
    int digits;                                         // DECIMAL: places behind the point
    bool missing;
    int64_t i;                                          // I64, DECIMAL in units of 10^-digits, TIME in microseconds
    double f;                                           // F64, F32
    const char *data; size_t size;                      // BYTES
} value_t;

value_t value_bytes (const char *data, size_t size);    // empty is missing
value_t value_i64 (int64_t i);
value_t value_f64 (double f);
value_t value_missing (kind_t kind);
// The field as a value of the kind; false: it is none, so its record is bad.
bool value_parse (kind_t kind, int digits, const char *text, size_t size, value_t *into);
value_t value_as_key (value_t value);                   // one zero, one NaN
int value_compare (const value_t *a, const value_t *b); // the total order of the page, missing first
void value_print (FILE *to, const value_t *value);      // bytes as they are; a missing value prints nothing
void print_f64 (FILE *to, double value);
