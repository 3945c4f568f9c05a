// merge: many sorted cursors as one ascending stream, by a tree of losers (Knuth, The Art of Computer Programming 3, 5.4.1).
//
// One thread's. Borrows the cursors. Each step costs one comparison for each level of the tree, mostly of two 8-byte prefixes.
#pragma once
#include "store/segment.h"

typedef struct merge merge_t;

merge_t *merge_new (cursor_t **cursor, uint32_t count);
void merge_destroy (merge_t **self_p);
cursor_t *merge_top (const merge_t *self);              // stands on the least row; NULL: all are done
CHECKED status_t merge_next (merge_t *self, error_t *error);   // moves the top one on
