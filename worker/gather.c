// gather: see gather.h.
#include "worker/gather.h"

#include <string.h>

enum { BATCH_BYTES = 4 << 20 };                         // of keys: they may be long; of states: a job's own folds may be many of 4 KiB

static uint32_t s_most (const fold_t *fold)
{
    uint32_t bytes = fold_row_bytes (fold), most = bytes ? BATCH_BYTES / bytes : RAC_ROWS;
    return most > RAC_ROWS ? RAC_ROWS : most ? most : 1;
}

gather_t gather_new (fold_t *fold, volatile uint64_t *rows)
{
    uint32_t most = s_most (fold);
    return (gather_t) {
        .fold = fold, .rows = rows, .strings = arena_new (1 << 18), .key = memory_new (most * sizeof (rac_bytes)),
        .group = memory_new (most * sizeof (uint32_t)), .state = memory_new ((size_t) most * fold_row_bytes (fold) + 8), .most = most,
    };
}

void gather_free (gather_t *self)
{
    arena_destroy (&self->strings);
    free (self->key); free (self->group); free (self->state);
    *self = (gather_t) { 0 };
}

static void s_merge_states (gather_t *self)
{
    fold_grow (self->fold, self->keys);
    fold_merge (self->fold, self->group, self->state, self->states);
    self->states = 0;
}

static void s_forget (gather_t *self)
{
    fold_reset (self->fold);
    arena_reset (self->strings);
    self->keys = 0;
}

static bool s_is_last_key (const gather_t *self, rac_bytes text)
{
    const rac_bytes *last = &self->key [self->keys - 1];
    return last->size == text.size && (!text.size || !memcmp (last->data, text.data, text.size));       // an empty one may be NULL
}

static void s_add_key (gather_t *self, rac_bytes text)
{
    char *copy = arena_take (self->strings, text.size);
    memcpy (copy, text.data, text.size);
    self->key [self->keys++] = (rac_bytes) { copy, text.size, 0 };
}

status_t gather_next (gather_t *self, merge_t *merge, error_t *error)
{
    uint32_t bytes = fold_row_bytes (self->fold);
    s_forget (self);
    for (cursor_t *top; (top = merge_top (merge)); ) {
        if (!self->keys || !s_is_last_key (self, top->text)) {
            if (self->keys == self->most || arena_bytes (self->strings) > BATCH_BYTES)
                break;
            s_add_key (self, top->text);
        }
        if (self->states == self->most)
            s_merge_states (self);
        self->group [self->states] = self->keys - 1;
        memcpy (self->state + (size_t) self->states++ * bytes, top->state, bytes);
        if (self->rows)
            *self->rows = *self->rows + 1;
        TRY (merge_next (merge, error));
    }
    s_merge_states (self);
    return OK;
}

void gather_no_rows (gather_t *self)
{
    s_forget (self);
    self->key [self->keys++] = (rac_bytes) { "", 0, 0 };
    s_merge_states (self);
}
