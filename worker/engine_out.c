// engine_out: what a job may call while it maps or reduces (rac_out): emit, room, reject, count, words, find.
//
// Everything a job hands over is checked here once a batch, so that the loops behind can trust it.
#include "worker/engine_parts.h"
#include "kernel/value.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { COUNTERS = 256, COUNTER_NAME = 100 };            // so that they fit into a message

static engine_t *s_engine (rac_out *out)
{
    return (engine_t *) ((char *) out - offsetof (engine_t, out));
}

static rac_status s_wrong (engine_t *self, const char *what, uint32_t is, uint32_t should)
{
    (void) error_set_kind (self->error, ERROR_JOB, "the job emits %s %u where %u was declared", what, is, should);
    return RAC_FAIL;
}

static status_t s_parts (engine_t *self, const rac_column *column, uint32_t rows)
{
    if (self->job->spread == RAC_CHOSEN) {
        self->job->choose (self->state, column, rows, (uint32_t) self->parts, self->part);
        for (uint32_t r = 0; r < rows; r++)
            if (self->part [r] >= self->parts)
                return error_set_kind (self->error, ERROR_JOB, "the job chose partition %u of %llu", self->part [r], (unsigned long long) self->parts);
        return OK;
    }
    const rac_bytes *key = collect_keys (self->collect, column, rows);
    for (uint32_t r = 0; r < rows; r++)
        self->part [r] = (uint32_t) (XXH3_64bits (key [r].data, key [r].size) % self->parts);
    return OK;
}

// Of the last row, which no other follows.
static uint64_t s_last_size (const rac_batch *batch)
{
    uint32_t last = batch->rows - 1;
    uint64_t size = 0;
    if (batch->text)
        return batch->offset [0] + batch->text_size - batch->offset [last];
    for (uint32_t c = 0; c < batch->columns; c++)
        size += batch->column [c].type == RAC_BYTES ? batch->column [c].at.bytes [last].size : 0;
    return size;
}

// Of a batch in which some row has made a key too long: most likely the longest.
static uint64_t s_offset_of_longest (const rac_batch *batch)
{
    if (!batch->rows)
        return 0;
    uint32_t longest = batch->rows - 1;
    uint64_t most = s_last_size (batch);
    for (uint32_t r = 0; r + 1 < batch->rows; r++)
        if (batch->offset [r + 1] - batch->offset [r] > most) {
            most = batch->offset [r + 1] - batch->offset [r];
            longest = r;
        }
    return batch->offset [longest];
}

static status_t s_collect (engine_t *self, const rac_column *column, uint32_t rows)
{
    error_t why = { 0 };
    status_t rc = collect_add (self->collect, column, rows, self->shape.prefix ? self->part : NULL, &why);
    if (rc && why.kind == ERROR_DATA)
        return error_set_kind (self->error, ERROR_DATA, "%s: byte %llu: %s", self->batch->file, (unsigned long long) s_offset_of_longest (self->batch),
                               why.text);
    return rc ? error_set_kind (self->error, why.kind, "%s", why.text) : OK;
}

static status_t s_take (engine_t *self, const rac_column *column, uint32_t rows)
{
    if (self->sink)
        return sink_write (self->sink, rows, column, self->error);
    if (self->shape.prefix)
        TRY (s_parts (self, column, rows));
    return s_collect (self, column, rows);
}

static rac_status s_emit (rac_out *out, uint32_t rows, const rac_column *column, uint32_t columns)
{
    engine_t *self = s_engine (out);
    const job_column_t *declared = self->sink ? self->job->result : self->job->column;
    uint32_t should = self->sink ? self->job->results : self->job->columns;
    if (columns != should)
        return s_wrong (self, "a number of columns:", columns, should);
    for (uint32_t i = 0; i < columns; i++)
        if (column [i].type != declared [i].type)
            return s_wrong (self, "a column of type", column [i].type, declared [i].type);
    if (rows <= RAC_ROWS)
        return s_take (self, column, rows) ? RAC_FAIL : RAC_OK;
    rac_column *slice = memory_new ((columns + 1) * sizeof *slice);
    rac_status rc = RAC_OK;
    for (uint32_t from = 0; from < rows && rc == RAC_OK; from += RAC_ROWS) {
        for (uint32_t i = 0; i < columns; i++)
            slice [i] = value_slice (&column [i], from);
        rc = s_take (self, slice, rows - from < RAC_ROWS ? rows - from : RAC_ROWS) ? RAC_FAIL : RAC_OK;
    }
    free (slice);
    return rc;
}

static void *s_room (rac_out *out, size_t bytes)
{
    return arena_take (s_engine (out)->room, bytes < 64 ? 64 : bytes);
}

static rac_status s_reject (rac_out *out, uint32_t row, const char *why)
{
    engine_t *self = s_engine (out);
    if (!self->batch || row >= self->batch->rows) {
        (void) error_set_kind (self->error, ERROR_JOB, "rac_reject of row %u, which is not a row of the batch that map was given", row);
        return RAC_FAIL;
    }
    rac_bytes record = { "", 0, 0 };
    if (self->batch->columns && self->batch->column [0].type == RAC_BYTES)
        record = self->batch->column [0].at.bytes [row];
    return engine_reject (self, self->batch->file, self->batch->offset [row], record, why, self->error) ? RAC_FAIL : RAC_OK;
}

static void s_count (rac_out *out, const char *counter, int64_t n)
{
    engine_t *self = s_engine (out);
    for (uint32_t i = 0; i < self->counters; i++)
        if (!strcmp (self->counter [i].name, counter)) {
            self->counter [i].value += n;
            return;
        }
    if (self->counters == COUNTERS)
        return;                                         // a counter's name is not a place for data
    if (strlen (counter) > COUNTER_NAME) {
        (void) error_set_kind (self->error, ERROR_JOB, "a counter's name of %zu bytes: at most %d are possible", strlen (counter), COUNTER_NAME);
        return;
    }
    self->counter = memory_grow (self->counter, (self->counters + 1) * sizeof *self->counter);
    self->counter [self->counters++] = (counter_t) { memory_text (counter), n };
}

static uint32_t s_words (rac_out *out, rac_bytes text, uint32_t *from, uint32_t flags, rac_bytes *word, uint32_t room)
{
    engine_t *self = s_engine (out);
    if (flags & RAC_LOWER && (self->lower_of != text.data || self->lower_size != text.size || !*from)) {
        self->lower = arena_take (self->room, (size_t) text.size + 64);
        self->lower_of = text.data;
        self->lower_size = text.size;
    }
    return kernel->words (text, from, flags, flags & RAC_LOWER ? self->lower : NULL, word, room);
}

static const char *s_find (rac_out *out, const char *text, size_t size, rac_bytes needle)
{
    (void) out;
    return needle.size ? kernel->find (text, size, needle.data, needle.size) : text;
}

void engine_out_init (engine_t *self)
{
    self->out = (rac_out) { .size = sizeof (rac_out), .abi = RAC_ABI, .emit = s_emit, .room = s_room, .reject = s_reject,
                            .count = s_count, .words = s_words, .find = s_find };
}
