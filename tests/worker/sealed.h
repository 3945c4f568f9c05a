// sealed: random rows for a collect, and what lies in its segments, merged and written down as text. For the tests of worker/collect only.
#pragma once
#include "store/merge.h"
#include "worker/collect.h"
#include "tests/main.h"

#include <stdio.h>
#include <string.h>

static uint64_t s_counter;

static inline uint32_t s_below (uint32_t bound)
{
    return (uint32_t) (rac_random (4, s_counter++) % bound);
}

// ---- rows

typedef struct {
    rac_bytes word [RAC_ROWS]; double number [RAC_ROWS], value [RAC_ROWS]; int64_t count [RAC_ROWS];
    uint64_t valid [RAC_ROWS / 64];
    uint32_t part [RAC_ROWS];
    rac_column column [4];
} batch_t;

static inline void s_make (batch_t *self, uint32_t rows)
{
    static const char text [] = "abracadabra, a word of more than sixteen bytes";
    static const double numbers [] = { 0.0, -0.0, 1.5, -1e300 };
    for (uint32_t r = 0; r < rows; r++) {
        uint32_t from = s_below (12), size = s_below (4) ? s_below (6) : s_below (34);
        self->word [r] = (rac_bytes) { size ? text + from : NULL, size, 0 };
        self->number [r] = numbers [s_below (4)];
        self->value [r] = s_below (50) ? (double) s_below (1000) / 8 : s_below (2) ? 1e300 : -1e300;
        self->count [r] = (int64_t) s_below (30) - 15;
        self->part [r] = (from * 50 + size) % 300;      // a function of the key's word
    }
    for (uint32_t w = 0; w < RAC_ROWS / 64; w++)
        self->valid [w] = rac_random (5, w) | rac_random (6, w);
    self->column [0] = rac_of_bytes (self->word);
    self->column [1] = rac_of_f64 (self->number);
    self->column [2] = rac_of_f64 (self->value);
    self->column [3] = rac_of_i64 (self->count);
    self->column [2].valid = self->valid;
}

// ---- what lies in segments, merged, as text

typedef struct {
    job_t *job; shape_t shape;
    segment_t *segment [600]; uint32_t segments;
    cursor_t *cursor [6000]; uint32_t cursors;
    uint64_t rows;                                      // as the seals told
} sealed_t;

static inline sealed_t *s_begin (job_declare_fn *declare)
{
    sealed_t *self = memory_new (sizeof *self);
    error_t error = { 0 };
    self->job = job_new (declare, "testjob", NULL, NULL, &error);
    ck_assert_msg (self->job != NULL, "%s", error.text);
    ck_assert_int_eq (shape_of (&self->shape, self->job, NULL), OK);
    return self;
}

static inline void s_close (sealed_t *self)
{
    for (uint32_t i = 0; i < self->cursors; i++)
        cursor_close (&self->cursor [i]);
    for (uint32_t i = 0; i < self->segments; i++)
        segment_close (&self->segment [i]);
    self->cursors = self->segments = 0;
}

static inline void s_end (sealed_t *self)
{
    s_close (self);
    job_destroy (&self->job);
    free (self);
}

static inline void s_open (sealed_t *self, const char *path)
{
    fold_t *fold = self->shape.records ? NULL : shape_fold_new (&self->shape, self->job);
    segment_layout_t layout;
    error_t error = { 0 };
    shape_segment (&self->shape, fold, &layout);
    fold_destroy (&fold);
    segment_t *segment = self->segment [self->segments++] = segment_open (path, &layout, &error);
    ck_assert_msg (segment != NULL, "%s", error.text);
    for (uint32_t run = 1; run <= segment_runs (segment); run++)
        self->cursor [self->cursors++] = cursor_open (segment, run, (rac_bytes) { 0 }, (rac_bytes) { 0 }, NULL);
}

static inline void s_hex (buffer_t *into, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buffer_print (into, "%02x", ((const unsigned char *) bytes) [i]);
    buffer_add (into, " ", 1);
}

static inline void s_add_results (fold_t *fold, const job_t *job, buffer_t *into)
{
    uint64_t value [8], valid [8];
    fold_room_t room [8];
    for (uint32_t f = 0; f < job->folds; f++)
        room [f] = (fold_room_t) { &value [f], &valid [f] };
    ck_assert_int_eq (fold_result (fold, room, NULL), OK);
    for (uint32_t f = 0; f < job->folds; f++)
        buffer_print (into, valid [f] & 1 ? "%llx " : "missing ", (unsigned long long) value [f]);
    buffer_add (into, "\n", 1);
    fold_reset (fold);
}

static inline void s_step (merge_t *merge)
{
    if (merge_next (merge, NULL))
        ck_abort_msg ("a segment cannot be read");
}

// Groups: each key once, with its results.
static inline void s_write_groups (const sealed_t *self, merge_t *merge, buffer_t *into)
{
    static const uint32_t group [1];
    fold_t *fold = shape_fold_new (&self->shape, self->job);
    buffer_t key = { 0 };
    bool first = true;
    for (cursor_t *top; (top = merge_top (merge)); s_step (merge)) {
        if (first || top->text.size != key.size || (key.size && memcmp (top->text.data, key.data, key.size))) {
            if (!first)
                s_add_results (fold, self->job, into);
            first = false;
            key.size = 0;
            buffer_add (&key, top->text.data, top->text.size);
            s_hex (into, key.data, key.size);
            fold_grow (fold, 1);
        }
        fold_merge (fold, group, top->state, 1);
    }
    if (!first)
        s_add_results (fold, self->job, into);
    buffer_free (&key);
    fold_destroy (&fold);
}

// Records: as they come, of a unique job the first of each key.
static inline void s_write_records (const sealed_t *self, merge_t *merge, buffer_t *into)
{
    buffer_t key = { 0 };
    bool first = true;
    for (cursor_t *top; (top = merge_top (merge)); first = false, s_step (merge)) {
        bool again = !first && top->key_size == key.size && !memcmp (top->text.data, key.data, key.size);
        key.size = 0;
        buffer_add (&key, top->text.data, top->key_size);
        if (again && self->job->unique)
            continue;
        s_hex (into, top->text.data, top->text.size);
        buffer_print (into, "%u\n", top->key_size);
    }
    buffer_free (&key);
}

static inline void s_merge (sealed_t *self, buffer_t *into)
{
    merge_t *merge = merge_new (self->cursor, self->cursors);
    (self->shape.records ? s_write_records : s_write_groups) (self, merge, into);
    buffer_add (into, "", 1);
    merge_destroy (&merge);
    s_close (self);
}
