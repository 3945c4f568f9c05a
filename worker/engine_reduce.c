// engine_reduce: a reduce task: all segments' rows of one range of keys, merged, folded or handed to the job's reduce, into one part.
//
// Rows come from the merge one by one and are gathered into batches: folded ones by worker/gather.h, others here, their strings copied to an
// arena. A batch ends at RAC_ROWS rows, or when their strings are BATCH_BYTES. A group that the end would cut begins the next batch instead:
// only one that fits into no batch goes over several, so that none has to fit in memory, and where it is cut depends on it alone.
#include "base/clock.h"
#include "kernel/value.h"
#include "store/merge.h"
#include "worker/engine_parts.h"
#include "worker/gather.h"

#include <string.h>

enum { BATCH_BYTES = 4 << 20 };

typedef struct {
    engine_t *engine;
    segment_t **segment; uint32_t segments;
    cursor_t **cursor; uint32_t cursors;
    merge_t *merge;
    fold_t *fold;
    arena_t *strings, *spare;                           // of the batch's rows; empty, for the next ones
    arena_t *decoded;
    arena_t *lasting;                                   // what lives as long as the task: aligned and padded, as the job may count on
    rac_bytes *text;                                    // rows of the batch
    uint32_t rows;
    uint32_t *start; uint32_t groups;                   // reduce: first row of each group
    bool opened;                                        // reduce: group 0 went on from the last call
    key_room_t *room; rac_column *column;               // decoded columns, and how the job or sink sees them
    buffer_t last_key;                                  // unique: of the last row written
    bool last_set;
    uint64_t all_rows;
} reduction_t;

// ---- the stream

static status_t s_open_cursors (reduction_t *self, const message_reduce_t *reduce, error_t *error)
{
    engine_t *engine = self->engine;
    segment_layout_t layout;
    shape_segment (&engine->shape, self->fold, &layout);
    rac_bytes low = { reduce->low.data, reduce->low.size, 0 }, high = { reduce->last ? NULL : reduce->high.data, reduce->high.size, 0 };
    self->segment = memory_new ((reduce->segments.count + 1) * sizeof *self->segment);
    for (uint32_t s = 0; s < reduce->segments.count; s++) {
        segment_t *segment = segment_open (reduce->segments.item [s], &layout, error);
        if (!segment)
            return FAILED;
        self->segment [self->segments++] = segment;
        self->cursor = memory_grow (self->cursor, (self->cursors + segment_runs (segment) + 1) * sizeof *self->cursor);
        for (uint32_t run = 1; run <= segment_runs (segment); run++) {
            cursor_t *cursor = cursor_open (segment, run, low, high, error);
            if (!cursor)
                return FAILED;
            self->cursor [self->cursors++] = cursor;
        }
    }
    self->merge = merge_new (self->cursor, self->cursors);
    return OK;
}

// The columns emitted, then the results (of folds) or the keys of groups (of a reduce): there may be more keys than results.
static uint32_t s_columns (const job_t *job)
{
    return job->columns + (job->results > job->keys ? job->results : job->keys);
}

static void s_arrays (reduction_t *self)
{
    uint32_t columns = s_columns (self->engine->job);
    self->strings = arena_new (1 << 20);
    self->spare = arena_new (1 << 20);
    self->decoded = arena_new (1 << 18);
    self->text = memory_new (RAC_ROWS * sizeof *self->text);
    self->start = memory_new ((RAC_ROWS + 1) * sizeof *self->start);
    self->room = memory_new (columns * sizeof *self->room);
    self->column = memory_new (columns * sizeof *self->column);
    self->lasting = arena_new (1 << 18);
    for (uint32_t i = 0; i < columns; i++) {
        self->room [i].at = arena_take (self->lasting, RAC_ROWS * sizeof (rac_bytes));
        self->room [i].valid = arena_take (self->lasting, RAC_ROWS / 8);
    }
}

static void s_free (reduction_t *self)
{
    merge_destroy (&self->merge);
    for (uint32_t i = 0; i < self->cursors; i++)
        cursor_close (&self->cursor [i]);
    for (uint32_t i = 0; i < self->segments; i++)
        segment_close (&self->segment [i]);
    fold_destroy (&self->fold);
    arena_destroy (&self->strings);
    arena_destroy (&self->spare);
    arena_destroy (&self->decoded);
    arena_destroy (&self->lasting);
    free (self->cursor); free (self->segment); free (self->text); free (self->start); free (self->room); free (self->column);
    buffer_free (&self->last_key);
}

static bool s_is_full (const reduction_t *self)
{
    return self->rows == RAC_ROWS || (self->rows && arena_bytes (self->strings) > BATCH_BYTES);
}

static void s_copy_row (reduction_t *self, uint32_t row, rac_bytes text)
{
    char *copy = arena_take (self->strings, text.size);
    memcpy (copy, text.data, text.size);
    self->text [row] = (rac_bytes) { copy, text.size, 0 };
}

static rac_column s_column (const key_room_t *room, rac_type type, uint32_t rows)
{
    bool whole = true;
    for (uint32_t r = 0; r < rows && whole; r += 64) {
        uint64_t all = rows - r >= 64 ? ~0ull : (1ull << (rows - r)) - 1;
        whole = (room->valid [r >> 6] & all) == all;
    }
    return (rac_column) { .at.any = room->at, .valid = whole ? NULL : room->valid, .type = type };
}

// ---- folds

static status_t s_write_groups (reduction_t *self, const gather_t *gather, error_t *error)
{
    const job_t *job = self->engine->job;
    const shape_t *shape = &self->engine->shape;
    fold_room_t room [256];
    for (uint32_t i = 0; i < job->folds; i++)
        room [i] = (fold_room_t) { self->room [job->keys + i].at, self->room [job->keys + i].valid };
    TRY (fold_result (self->fold, room, error));
    key_decode (&shape->key, shape->prefix, gather->key, gather->keys, self->room, self->decoded);
    for (uint32_t i = 0; i < job->results; i++)
        self->column [i] = s_column (&self->room [i], job->result [i].type, gather->keys);
    TRY (sink_write (self->engine->sink, gather->keys, self->column, error));
    arena_reset (self->decoded);
    return OK;
}

static status_t s_fold (reduction_t *self, error_t *error)
{
    volatile uint64_t *rows = &self->engine->position->rows;
    gather_t gather = gather_new (self->fold, rows);
    status_t rc = gather_next (&gather, self->merge, error);
    if (!rc && !gather.keys && !self->engine->job->keys && !self->engine->shape.prefix)
        gather_no_rows (&gather);                       // all rows are one group, even if there is none
    while (!rc && gather.keys) {
        rc = s_write_groups (self, &gather, error);
        if (!rc)
            rc = gather_next (&gather, self->merge, error);
    }
    self->all_rows = *rows;
    gather_free (&gather);
    return rc;
}

// ---- sorted rows

// The batch's rows as columns, in the order in which they were declared.
static void s_decode (reduction_t *self)
{
    const shape_t *shape = &self->engine->shape;
    key_decode (&shape->key, shape->prefix, self->text, self->rows, self->room, self->decoded);
    for (uint32_t i = 0; i < shape->key.columns; i++)
        self->column [shape->from [i]] = s_column (&self->room [i], shape->key.column [i].type, self->rows);
}

static status_t s_write_rows (reduction_t *self, error_t *error)
{
    const job_t *job = self->engine->job;
    rac_column shown [JOB_COLUMNS];
    if (!self->rows)
        return OK;
    s_decode (self);
    for (uint32_t i = 0; i < job->results; i++)
        shown [i] = self->column [job->shown [i]];
    TRY (sink_write (self->engine->sink, self->rows, shown, error));
    arena_reset (self->strings);
    arena_reset (self->decoded);
    self->rows = 0;
    return OK;
}

static bool s_same_text (rac_bytes a, rac_bytes b)
{
    return a.size == b.size && (a.size == 0 || !memcmp (a.data, b.data, a.size));       // an empty one may be NULL
}

static bool s_seen (reduction_t *self, const cursor_t *top)
{
    rac_bytes key = { top->text.data, top->key_size, 0 }, last = { self->last_key.data, (uint32_t) self->last_key.size, 0 };
    if (self->last_set && s_same_text (key, last))
        return true;
    self->last_key.size = 0;
    buffer_add (&self->last_key, key.data, key.size);
    self->last_set = true;
    return false;
}

static status_t s_sort (reduction_t *self, error_t *error)
{
    for (cursor_t *top; (top = merge_top (self->merge)); ) {
        if (!self->engine->job->unique || !s_seen (self, top)) {
            s_copy_row (self, self->rows++, top->text);
            if (s_is_full (self))
                TRY (s_write_rows (self, error));
        }
        self->engine->position->rows = ++self->all_rows;
        TRY (merge_next (self->merge, error));
    }
    return s_write_rows (self, error);
}

// ---- the job's reduce

// One row a group: the key columns of each group's first row.
static void s_gather_keys (reduction_t *self, rac_column *key)
{
    const job_t *job = self->engine->job;
    for (uint32_t c = 0; c < job->keys; c++) {
        const rac_column *from = &self->column [c];
        key_room_t *to = &self->room [job->columns + c];
        uint32_t bytes = value_bytes (from->type);
        memset (to->valid, 0xff, RAC_ROWS / 8);
        for (uint32_t g = 0; g < self->groups; g++) {
            uint32_t row = self->start [g];
            memcpy ((char *) to->at + (size_t) g * bytes, (const char *) from->at.any + (size_t) row * bytes, bytes);
            if (value_missing (from, row))
                to->valid [g >> 6] &= ~(1ull << (g & 63));
        }
        key [c] = s_column (to, from->type, self->groups);
    }
}

static status_t s_call_reduce (reduction_t *self, bool unfinished, error_t *error)
{
    engine_t *engine = self->engine;
    const job_t *job = engine->job;
    rac_column key [64];
    if (!self->rows)
        return OK;
    s_decode (self);
    s_gather_keys (self, key);
    self->start [self->groups] = self->rows;
    rac_groups groups = { .groups = self->groups, .flags = (self->opened ? RAC_OPENED : 0u) | (unfinished ? RAC_UNFINISHED : 0u),
                          .starts = self->start, .key = key, .value = self->column + job->keys };
    rac_status rc = job->reduce (engine->state, &groups, &engine->out);
    arena_reset (engine->room);
    engine->lower_of = NULL;
    if (rc != RAC_OK || (error && error->text [0]))
        return error_set_kind (error, ERROR_JOB, "reduce failed after row %llu of its range of keys", (unsigned long long) self->all_rows);
    return OK;
}

// The groups before the last one; that becomes the first of the next batch.
static status_t s_hand_out_whole (reduction_t *self, error_t *error)
{
    uint32_t first = self->start [--self->groups], rows = self->rows;
    self->rows = first;
    TRY (s_call_reduce (self, false, error));
    arena_t *old = self->strings;
    self->strings = self->spare;
    self->spare = old;
    for (uint32_t r = first; r < rows; r++)
        s_copy_row (self, r - first, self->text [r]);
    arena_reset (self->spare);
    arena_reset (self->decoded);
    self->start [0] = 0;
    self->rows = rows - first;
    self->groups = 1;
    self->opened = false;
    return OK;
}

// All of the batch; the last group stays open if the next row belongs to it.
static status_t s_hand_out (reduction_t *self, bool goes_on, error_t *error)
{
    TRY (s_call_reduce (self, goes_on, error));
    self->rows = self->groups = 0;
    self->opened = goes_on;
    arena_reset (self->strings);
    arena_reset (self->decoded);
    return OK;
}

static status_t s_reduce (reduction_t *self, error_t *error)
{
    self->last_set = false;
    for (cursor_t *top; (top = merge_top (self->merge)); ) {
        bool same = s_seen (self, top);
        while (s_is_full (self))
            TRY (same && self->groups > 1 ? s_hand_out_whole (self, error) : s_hand_out (self, same, error));
        if (!same || !self->rows)
            self->start [self->groups++] = self->rows;
        s_copy_row (self, self->rows++, top->text);
        self->engine->position->rows = ++self->all_rows;
        TRY (merge_next (self->merge, error));
    }
    return s_hand_out (self, false, error);
}

// ---- the task

static status_t s_run (reduction_t *self, const message_reduce_t *reduce, error_t *error)
{
    engine_t *engine = self->engine;
    TRY (engine_open_job (engine, error));
    TRY (engine_open_sink (engine, reduce->task == 0, error));
    if (!engine->shape.records)
        self->fold = shape_fold_new (&engine->shape, engine->job);
    s_arrays (self);
    TRY (s_open_cursors (self, reduce, error));
    if (self->fold)
        return s_fold (self, error);
    return engine->job->reduce ? s_reduce (self, error) : s_sort (self, error);
}

status_t engine_reduce (engine_t *self, const message_reduce_t *reduce, message_done_t *done, error_t *error)
{
    int64_t start = clock_us ();
    reduction_t reduction = { .engine = self };
    *done = (message_done_t) { .epoch = reduce->epoch, .job = reduce->job, .stage = reduce->stage, .task = reduce->task,
        .attempt = reduce->attempt, .slot = reduce->slot };
    engine_begin (self, "part", reduce->task, reduce->attempt, error);
    status_t rc = s_run (&reduction, reduce, error);
    done->rows_in = reduction.all_rows;
    s_free (&reduction);
    rc = engine_end (self, rc, done, error);
    done->time_us = (uint64_t) (clock_us () - start);
    return rc;
}
