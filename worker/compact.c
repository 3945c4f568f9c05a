// compact: see compact.h.
//
// Folded groups are gathered as in a reduce; what comes out are states, not results.
#include "worker/compact.h"
#include "store/merge.h"
#include "worker/gather.h"
#include <string.h>

typedef struct {
    const job_t *job;
    fold_t *fold;
    segment_t *segment;
    cursor_t **cursor; uint32_t cursors;
    merge_t *merge;
    segment_writer_t *to;
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

static bool s_same (rac_bytes a, const char *data, size_t size)
{
    return a.size == size && (!size || !memcmp (a.data, data, size));
}

static status_t s_groups (compaction_t *self, error_t *error)
{
    gather_t gather = gather_new (self->fold, NULL);
    status_t rc;
    do {
        rc = gather_next (&gather, self->merge, error);
        for (uint32_t g = 0; g < gather.keys && !rc; g++)
            rc = collect_write_group (self->to, self->fold, g, gather.key [g], gather.state, error);
    } while (!rc && gather.keys);
    gather_free (&gather);
    return rc;
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
    compaction_t self = { .job = job, .fold = fold, .to = to };
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
    buffer_free (&self.last);
    free (self.cursor);
    return rc;
}
