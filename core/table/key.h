// key: rows of columns as byte strings whose memcmp order is the order of doc/semantics.md.
//
// Everything behind the map (grouping, sorting, spilling, merging, cutting into partitions) then knows only byte strings. The encoding
// is also complete: the columns can be read back. A layout lists the columns of the string in their order of comparison.
//
//   bytes, the last column and ascending    the bytes themselves
//   bytes, elsewhere                        each 00 becomes 00 01, and 00 00 ends it
//   i64, decimal, time                      00 if missing, else 01 and the number big-endian, sign bit flipped
//   f64, f32                                00 if missing, else 01 and the IEEE bits big-endian, flipped into total order
//   descending                              all bytes of the column complemented
//
// With `prefix` a 2-byte big-endian partition number comes first.
#pragma once
#include "base/memory.h"
#include <racimo.h>
#include <stdbool.h>

typedef struct { rac_type type; bool descending; bool key; } key_column_t;   // key: -0 becomes +0 and every NaN the same one

typedef struct {
    uint32_t columns;
    key_column_t column [64];
} key_layout_t;

// Is the string of a row simply the bytes of its only column? Then nothing need be copied.
bool key_is_plain (const key_layout_t *self);

// Appends the strings of `rows` rows to `into` and fills text [r]; the pointers are good until `into` grows again or is freed. part: the
// partition of each row, or NULL for no prefix. from [i]: which column feeds layout column i; NULL: column i.
void key_encode (const key_layout_t *self, const rac_column *column, const uint32_t *from, const uint32_t *part, uint32_t from_row, uint32_t rows,
                 buffer_t *into, rac_bytes *text);

// Bytes of the encoded columns [0, columns): where the key ends in a string that goes on with values.
uint32_t key_length (const key_layout_t *self, uint32_t columns, bool prefix, rac_bytes text);

// Reads the columns back, as many rows as texts. Room for values: each `column [i].at` points to an array of its type that the caller
// owns, valid to (rows + 63) / 64 words; unescaped bytes are taken from `arena`. Columns of bytes may point into text.
typedef struct { void *at; uint64_t *valid; } key_room_t;
void key_decode (const key_layout_t *self, bool prefix, const rac_bytes *text, uint32_t rows, const key_room_t *room, arena_t *arena);
