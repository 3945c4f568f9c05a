// engine_map: a map task: the batches of one split through the job's map (or its columns by name) into the collect or a part.
#include "base/clock.h"
#include "worker/engine_parts.h"

#include <string.h>

static status_t s_reject (void *context, uint64_t offset, rac_bytes record, const char *why, error_t *error)
{
    engine_t *self = context;
    return engine_reject (self, self->batch ? self->batch->file : "", offset, record, why, error);
}

// No map: the columns that were read under the names of keys and values.
static rac_status s_by_name (engine_t *self, const rac_batch *batch)
{
    rac_column column [JOB_COLUMNS];
    for (uint32_t i = 0; i < self->job->columns; i++)
        column [i] = batch->column [self->job->from [i]];
    return self->out.emit (&self->out, batch->rows, column, self->job->columns);
}

static status_t s_map_batch (engine_t *self, const rac_batch *batch, error_t *error)
{
    rac_map_fn *map = self->job->input [0].map;
    self->batch = batch;
    if (batch->rows)
        self->position->offset = batch->offset [0];
    rac_status rc = map ? map (self->state, batch, &self->out) : s_by_name (self, batch);
    arena_reset (self->room);
    self->lower_of = NULL;
    if (rc == RAC_OK && (!error || !error->text [0]))
        return OK;
    return error_set_kind (error, ERROR_JOB, "map failed at %s near byte %llu", batch->file, (unsigned long long) self->position->offset);
}

static status_t s_map_split (engine_t *self, const message_map_t *map, message_done_t *done, error_t *error)
{
    const job_input_t *input = &self->job->input [0];
    input_file_t file = { .path = map->path, .size = map->size, .inode = map->inode, .device = map->device,
                          .mtime_ns = (int64_t) map->mtime_ns, .packed = map->packed, .guard = map->guarded ? self->guard : NULL };
    rac_batch nothing_yet = { .file = map->path };
    self->batch = &nothing_yet;
    reader_column_t *column = memory_new ((input->reads + 1) * sizeof *column);
    for (uint32_t i = 0; i < input->reads; i++)
        column [i] = (reader_column_t) { input->read [i].position, input->read [i].type, input->read [i].name };
    reader_options_t options = { .format = input->format, .delimiter = input->delimiter, .header = input->header, .multiline = self->submit.multiline,
                                 .fields = input->fields, .columns = input->reads, .column = column,
                                 .batch_rows = self->submit.batch_rows ? (uint32_t) self->submit.batch_rows : RAC_ROWS, .reject = s_reject, .context = self };
    reader_t *reader = reader_open (&file, map->offset, map->length, &options, error);
    status_t rc = reader ? OK : FAILED;
    while (!rc) {
        const rac_batch *batch = NULL;
        rc = reader_next (reader, &batch, error);
        if (rc || !batch)
            break;
        rc = s_map_batch (self, batch, error);
        done->rows_in += batch->rows;
        self->position->rows = done->rows_in;
        self->position->bytes = done->bytes_in = reader_bytes (reader);
    }
    if (!rc && reader_warning (reader))
        self->warning = memory_text (reader_warning (reader));
    reader_close (&reader);
    free (column);
    return rc;
}

static status_t s_map_numbers (engine_t *self, const message_map_t *map, message_done_t *done, error_t *error)
{
    arena_t *memory = arena_new (1 << 17);              // aligned and padded, as the job may count on
    int64_t *number = arena_take (memory, RAC_ROWS * sizeof *number);
    uint64_t *offset = arena_take (memory, RAC_ROWS * sizeof *offset);
    uint32_t most = self->submit.batch_rows ? (uint32_t) self->submit.batch_rows : RAC_ROWS;
    rac_column column = { .at.i64 = number, .type = RAC_I64 };
    status_t rc = OK;
    for (uint64_t row = map->offset; !rc && row < map->offset + map->length; row += most) {
        uint64_t left = map->offset + map->length - row;
        rac_batch batch = { .rows = left < most ? (uint32_t) left : most, .columns = 1, .column = &column, .offset = offset, .file = "row" };
        for (uint32_t r = 0; r < batch.rows; r++) {
            number [r] = (int64_t) (row + r);
            offset [r] = row + r;
        }
        rc = s_map_batch (self, &batch, error);
        done->rows_in += batch.rows;
        self->position->rows = done->rows_in;
    }
    arena_destroy (&memory);
    return rc;
}

static void s_hold (engine_t *self, const message_map_t *map)
{
    message_sealed_t *held = &self->held;
    uint32_t count = held->tasks.count;
    held->tasks.item = memory_grow (held->tasks.item, (count + 1) * sizeof *held->tasks.item);
    held->attempts.item = memory_grow (held->attempts.item, (count + 1) * sizeof *held->attempts.item);
    held->tasks.item [count] = map->task;
    held->attempts.item [count] = map->attempt;
    held->tasks.count = held->attempts.count = count + 1;
}

status_t engine_map (engine_t *self, const message_map_t *map, message_done_t *done, error_t *error)
{
    int64_t start = clock_us ();
    bool shuffle = self->job->mode != JOB_MAP_ONLY;
    *done = (message_done_t) { .epoch = map->epoch, .job = map->job, .stage = map->stage, .task = map->task, .attempt = map->attempt, .slot = map->slot };
    engine_begin (self, shuffle ? "map" : "part", map->task, map->attempt, error);
    if (shuffle && !self->collect) {
        self->collect = collect_new (self->job, &self->shape, self->load.memory, self->load.scratch, self->load.twin, self->load.slot);
        collect_watch (self->collect, &self->position->blocks);
    }
    uint64_t spilled = shuffle ? collect_spilled (self->collect) : 0;
    self->parts = map->parts ? map->parts : 1;
    status_t rc = engine_open_job (self, error);
    if (!rc && !shuffle)
        rc = engine_open_sink (self, map->task == 0, error);
    if (!rc)
        rc = *map->path ? s_map_split (self, map, done, error) : s_map_numbers (self, map, done, error);
    rc = engine_end (self, rc, done, error);
    if (shuffle && rc) {                                // its rows are mixed with those of tasks held: all of it is void
        collect_drop (self->collect);
        self->held.tasks.count = self->held.attempts.count = 0;
    } else if (shuffle) {
        s_hold (self, map);
        done->held = 1;
        done->spilled = collect_spilled (self->collect) - spilled;
    }
    done->time_us = (uint64_t) (clock_us () - start);
    return rc;
}

// ---- seal

enum { SAMPLES = 128 };

// Keys from the segment's index, evenly spread, with the bytes of the file before each.
static status_t s_sample (engine_t *self, const char *path, message_sealed_t *sealed, error_t *error)
{
    static wire_bytes_t key [SAMPLES];
    static char text [SAMPLES] [SEGMENT_KEY];
    static uint64_t weight [SAMPLES];
    segment_layout_t layout = { .records = self->shape.records };
    segment_t *segment = segment_open (path, &layout, error);
    if (!segment)
        return FAILED;
    uint32_t blocks = segment_blocks (segment), samples = blocks < SAMPLES ? blocks : SAMPLES;
    for (uint32_t i = 0; i < samples; i++) {
        const segment_block_t *block = segment_block (segment, (uint32_t) ((uint64_t) i * blocks / samples));
        memcpy (text [i], block->key, block->key_size);
        key [i] = (wire_bytes_t) { text [i], block->key_size };
        weight [i] = block->offset;
    }
    sealed->keys = (wire_bytes_list_t) { key, samples };
    sealed->weights = (wire_numbers_t) { weight, samples };
    segment_close (&segment);
    return OK;
}

status_t engine_seal (engine_t *self, const message_seal_t *seal, message_sealed_t *sealed, error_t *error)
{
    int64_t start = clock_us ();
    const char *path = NULL;
    status_t rc = OK;
    *sealed = self->held;
    sealed->epoch = seal->epoch;
    sealed->job = seal->job;
    sealed->stage = seal->stage;
    sealed->slot = seal->slot;
    sealed->segment = seal->segment;
    self->held.tasks.count = self->held.attempts.count = 0;
    if (self->collect)
        rc = collect_seal (self->collect, &path, &sealed->bytes, &sealed->rows, error);
    sealed->path = (char *) (path ? path : "");
    if (!rc && path)
        rc = s_sample (self, path, sealed, error);
    if (rc && self->collect)
        collect_drop (self->collect);
    sealed->time_us = (uint64_t) (clock_us () - start);
    return rc;
}
