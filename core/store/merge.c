// merge: see merge.h.
//
// node [i] holds the loser of the match played at i, node [0] the winner. Cursor c is a leaf at count + c. After the winner has moved on, only
// the matches on its path are played again. Cursors that are done lose against all others.
#include "store/merge.h"

struct merge {
    cursor_t **cursor;
    uint32_t count;
    uint32_t *node;
};

static bool s_before (const merge_t *self, uint32_t a, uint32_t b)
{
    const cursor_t *x = self->cursor [a], *y = self->cursor [b];
    if (x->done || y->done)
        return !x->done;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix;
    int order = memory_compare (x->text.data, x->text.size, y->text.data, y->text.size);
    return order ? order < 0 : a < b;
}

static uint32_t s_play (merge_t *self, uint32_t at)
{
    if (at >= self->count)
        return at - self->count;
    uint32_t left = s_play (self, 2 * at), right = s_play (self, 2 * at + 1);
    bool left_wins = s_before (self, left, right);
    self->node [at] = left_wins ? right : left;
    return left_wins ? left : right;
}

merge_t *merge_new (cursor_t **cursor, uint32_t count)
{
    merge_t *self = memory_new (sizeof *self);
    self->cursor = cursor;
    self->count = count;
    self->node = memory_new ((count + 1) * sizeof *self->node);
    if (count)
        self->node [0] = s_play (self, 1);
    return self;
}

void merge_destroy (merge_t **self_p)
{
    if (!*self_p)
        return;
    free ((*self_p)->node);
    free (*self_p);
    *self_p = NULL;
}

cursor_t *merge_top (const merge_t *self)
{
    if (!self->count || self->cursor [self->node [0]]->done)
        return NULL;
    return self->cursor [self->node [0]];
}

status_t merge_next (merge_t *self, error_t *error)
{
    uint32_t winner = self->node [0];
    TRY (cursor_next (self->cursor [winner], error));
    for (uint32_t at = (winner + self->count) / 2; at; at /= 2)
        if (s_before (self, self->node [at], winner)) {
            uint32_t other = self->node [at];
            self->node [at] = winner;
            winner = other;
        }
    self->node [0] = winner;
    return OK;
}
