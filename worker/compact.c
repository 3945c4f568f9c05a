// compact: see compact.h.
//
// Folded groups go through the fold in batches of at most RAC_ROWS keys, as in a reduce; what comes out are states, not results.
#include "worker/compact.h"
#include "store/merge.h"
#include <string.h>

enum { BATCH_BYTES = 4 << 20 };                         // of keys: they may be long

typedef struct {
    const job_t *job;
    fold_t *fold;
    segment_t *segment;
    cursor_t **cursor; uint32_t cursors;
    merge_t *merge;
    segment_writer_t *to;
    arena_t *strings;
    rac_bytes *key; uint32_t keys;                      // of the batch: one a group
    uint32_t *group; char *state; uint32_t states;      // rows not merged into the fold yet
    buffer_t last;                                      // unique: the key written last
} compaction_t;

static status_t s_open (compaction_t *self, const shape_t *shape, const char *from, error_t *error)
{
    segment_layout_t layout;
    shape_segment (shape, self->fold, &layout);
    self->segment = segment_open (from, &layout, error);
    if (!self->segment)
        return FAILED;
    self->cursor = memory_new ((segment_runs (self->segment) + 1) * sizeof *self->cursor);
    for (uint32_t run = 1; run <= segment_runs (self->segment); run++) {
        cursor_t *cursor = cursor_open (self->segment, run, (rac_bytes) { 0 }, (rac_bytes) { 0 }, error);
        if (!cursor)
            return FAILED;
        self->cursor [self->cursors++] = cursor;
    }
    self->merge = merge_new (self->cursor, self->cursors);
    return OK;
}

static void s_merge_states (compaction_t *self)
{
    fold_grow (self->fold, self->keys);
    fold_merge (self->fold, self->group, self->state, self->states);
    self->states = 0;
}

static status_t s_write_groups (compaction_t *self, error_t *error)
{
    s_merge_states (self);
    for (uint32_t g = 0; g < self->keys; g++) {
        fold_save (self->fold, g, self->state);
        TRY (segment_add (self->to, self->key [g], self->key [g].size, self->state, error));
        uint32_t extra = fold_extra_rows (self->fold, g);
        for (uint32_t e = 0; e < extra; e++) {
            fold_save_extra (self->fold, g, e, self->state);
            TRY (segment_add (self->to, self->key [g], self->key [g].size, self->state, error));
        }
    }
    fold_reset (self->fold);
    arena_reset (self->strings);
    self->keys = 0;
    return OK;
}

static bool s_same (rac_bytes a, const char *data, size_t size)
{
    return a.size == size && (!size || !memcmp (a.data, data, size));
}

static status_t s_groups (compaction_t *self, error_t *error)
{
    uint32_t bytes = fold_row_bytes (self->fold);
    for (cursor_t *top; (top = merge_top (self->merge)); ) {
        if (!self->keys || !s_same (top->text, self->key [self->keys - 1].data, self->key [self->keys - 1].size)) {
            if (self->keys == RAC_ROWS || arena_bytes (self->strings) > BATCH_BYTES)
                TRY (s_write_groups (self, error));
            char *copy = arena_take (self->strings, top->text.size);
            memcpy (copy, top->text.data, top->text.size);
            self->key [self->keys++] = (rac_bytes) { copy, top->text.size, 0 };
        }
        if (self->states == RAC_ROWS)
            s_merge_states (self);
        self->group [self->states] = self->keys - 1;
        memcpy (self->state + (size_t) self->states++ * bytes, top->state, bytes);
        TRY (merge_next (self->merge, error));
    }
    return s_write_groups (self, error);
}

static status_t s_records (compaction_t *self, error_t *error)
{
    bool any = false;
    for (cursor_t *top; (top = merge_top (self->merge)); ) {
        rac_bytes key = { top->text.data, top->key_size, 0 };
        if (!self->job->unique || !any || !s_same (key, self->last.data, self->last.size)) {
            self->last.size = 0;
            if (self->job->unique)
                buffer_add (&self->last, key.data, key.size);
            any = true;
            TRY (segment_add (self->to, top->text, top->key_size, NULL, error));
        }
        TRY (merge_next (self->merge, error));
    }
    return OK;
}

status_t compact_runs (const job_t *job, const shape_t *shape, fold_t *fold, const char *from, segment_writer_t *to, error_t *error)
{
    compaction_t self = { .job = job, .fold = fold, .to = to, .strings = arena_new (1 << 18) };
    self.key = memory_new (RAC_ROWS * sizeof *self.key);
    self.group = memory_new (RAC_ROWS * sizeof *self.group);
    self.state = memory_new (fold ? (size_t) RAC_ROWS * fold_row_bytes (fold) + 8 : 8);
    segment_begin_run (to);
    status_t rc = s_open (&self, shape, from, error);
    if (!rc)
        rc = fold ? s_groups (&self, error) : s_records (&self, error);
    if (!rc)
        rc = segment_end_run (to, error);
    if (fold)
        fold_reset (fold);
    merge_destroy (&self.merge);
    for (uint32_t i = 0; i < self.cursors; i++)
        cursor_close (&self.cursor [i]);
    segment_close (&self.segment);
    arena_destroy (&self.strings);
    buffer_free (&self.last);
    free (self.cursor); free (self.key); free (self.group); free (self.state);
    return rc;
}
