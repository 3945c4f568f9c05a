// group: gives every distinct key a number, 0, 1, 2 ... in order of first sight.
//
// Keys are copied when they are new. A hash table of open addressing; nothing depends on the hash but speed. One thread's.
#pragma once
#include "base/memory.h"
#include <racimo.h>

typedef struct group group_t;

group_t *group_new (void);
void group_destroy (group_t **self_p);
void group_reset (group_t *self);
// number [r] becomes that of key [r]; at most RAC_ROWS rows. Keys may lie anywhere (nothing is read behind them but within their pages).
void group_find (group_t *self, const rac_bytes *key, uint32_t rows, uint32_t *number);
uint32_t group_count (const group_t *self);
size_t group_bytes (const group_t *self);               // memory that it takes
rac_bytes group_key (const group_t *self, uint32_t number);
// The numbers of all groups, sorted by key; the array belongs to the group until it is changed.
const uint32_t *group_sorted (group_t *self);
