// reader: see reader.h and, for the parts, reader_parts.h.
//
// The bytes of a window are touched a few times while they are in cache, each time by a loop over many: (1) a kernel turns them into
// positions of delimiters and newlines; (2) the positions become a grid, `fields` of them a row, which for a regular file is
// the array of positions itself; (3) each declared column is a strided walk over the grid, then one call of a parse kernel.
// A window gives several batches; a batch never spans windows, and the output does not depend on where either ends.
#include "store/reader_parts.h"
#include "kernel/kernel.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { STEP = 256 * 1024, PIECE = 256 * 1024, RECORD_LIMIT = 64 << 20 };

uint64_t reader_find (reader_t *self, char a, char b, bool quotes, bool *quoted)
{
    uint64_t seen = 0;
    for (size_t from = 0; from < self->text.size; from += PIECE) {
        size_t size = self->text.size - from < PIECE ? self->text.size - from : PIECE;
        if (self->room < self->count + size + 64) {
            self->room = 2 * self->count + size + 64;
            self->at = memory_grow (self->at, self->room * sizeof *self->at);
        }
        const char *data = self->text.data + from;
        uint32_t *at = self->at + self->count;
        size_t found = quotes ? kernel->find_fields (data, size, a, '"', quoted, &seen, at) : kernel->find_pair (data, size, a, b, at);
        if (from)
            for (size_t i = 0; i < found; i++)
                at [i] += (uint32_t) from;
        self->count += found;
    }
    return seen;
}

status_t reader_reject (reader_t *self, uint32_t begin, uint32_t end, const char *why, error_t *error)
{
    uint64_t offset = self->text.offset + begin;
    if (!self->options.reject)
        return error_set_kind (error, ERROR_DATA, "%s: byte %llu: %s", self->file->path, (unsigned long long) offset, why);
    rac_bytes record = { .data = self->text.data + begin, .size = reader_trim (self->text.data, begin, end) - begin };
    return self->options.reject (self->options.context, offset, record, why, error);
}

status_t reader_check_length (reader_t *self, uint32_t begin, uint32_t end, error_t *error)
{
    if (end - begin <= self->options.record_limit)
        return OK;
    return error_set_kind (error, ERROR_DATA, "%s: byte %llu: a record longer than the limit of %llu bytes", self->file->path,
        (unsigned long long) self->text.offset + begin, (unsigned long long) self->options.record_limit);
}

static status_t s_scan (reader_t *self, error_t *error)
{
    self->count = self->next = 0;
    self->cursor = 0;
    if (self->options.format != RAC_LINES)
        return reader_scan_fields (self, error);
    reader_find (self, '\n', '\n', false, NULL);
    self->lines = self->count;
    return OK;
}

// Drops the first record; where it says how many fields there are, it is believed.
static void s_skip_header (reader_t *self)
{
    size_t fields = 1;
    while (self->text.data [self->at [fields - 1]] != '\n')
        fields++;
    if (!self->fields)
        self->fields = (uint32_t) fields;
    self->next = fields;
    self->cursor = self->at [fields - 1] + 1;
    self->lines--;
}

// The first window: header, number of fields. Lines without any character say nothing about that number, and whether they are
// records depends on it; so if there is nothing else, look further.
static status_t s_begin (reader_t *self, error_t *error)
{
    self->begun = true;
    if (self->options.format == RAC_LINES)
        self->fields = 1;
    if (self->options.header && self->first)
        s_skip_header (self);
    for (size_t size = 0; !self->fields && !reader_learn_fields (self); ) {
        size = self->text.size;
        TRY (window_extend (self->window, &self->text, error));
        TRY (s_scan (self, error));
        if (self->text.size == size)
            self->fields = 1;
    }
    for (uint32_t c = 0; c < self->options.columns; c++)
        if (self->options.column [c].position >= self->fields)
            return error_set_kind (error, ERROR_DATA, "%s: byte %llu: a record of %u fields, but column '%s' is field %u",
                self->file->path, (unsigned long long) self->text.offset + self->cursor, self->fields,
                self->options.column [c].name, self->options.column [c].position + 1);
    return OK;
}

static status_t s_next_window (reader_t *self, error_t *error)
{
    TRY (window_next (self->window, &self->text, error));
    if (!self->text.size) {
        self->ended = true;
        return OK;
    }
    TRY (s_scan (self, error));
    if (!self->begun)
        TRY (s_begin (self, error));
    if (self->options.format != RAC_LINES)
        reader_settle_fields (self);
    return OK;
}

status_t reader_next (reader_t *self, const rac_batch **batch, error_t *error)
{
    *batch = NULL;
    for (self->batch.rows = 0; !self->batch.rows; ) {
        while (self->next == self->count && !self->ended)
            TRY (s_next_window (self, error));
        if (self->ended)
            return OK;
        TRY (self->options.format == RAC_LINES ? reader_take_lines (self, error) : reader_take_fields (self, error));
    }
    *batch = &self->batch;
    return OK;
}

// At least 64 bytes, so that the arena aligns to 64.
static void *s_take (reader_t *self, size_t count, size_t size)
{
    size_t bytes = count * size < 64 ? 64 : count * size;
    return memset (arena_take (self->arena, bytes), 0, bytes);
}

static size_t s_value_size (rac_type type)
{
    return type == RAC_BYTES ? sizeof (rac_bytes) : type == RAC_F32 ? sizeof (float) : sizeof (int64_t);
}

static void s_make_columns (reader_t *self)
{
    uint32_t rows = self->options.batch_rows, columns = self->options.columns;
    size_t words = (rows + 63) / 64;
    reader_column_t *copy = s_take (self, columns, sizeof *copy);
    self->store = s_take (self, columns, sizeof *self->store);
    self->column = s_take (self, columns, sizeof *self->column);
    for (uint32_t c = 0; c < columns; c++) {
        copy [c] = self->options.column [c];
        const char *name = copy [c].name ? copy [c].name : "";
        copy [c].name = memcpy (arena_take (self->arena, strlen (name) + 1), name, strlen (name) + 1);
        self->store [c].values = s_take (self, rows, s_value_size (copy [c].type));
        self->store [c].valid = s_take (self, words, sizeof (uint64_t));
        self->column [c] = (rac_column) { .at.any = self->store [c].values, .type = copy [c].type };
    }
    self->options.column = copy;
    self->start = s_take (self, rows, sizeof *self->start);
    self->texts = s_take (self, rows, sizeof *self->texts);
    self->wide = s_take (self, rows, sizeof *self->wide);
    self->bad = s_take (self, words, sizeof *self->bad);
    self->drop = s_take (self, words, sizeof *self->drop);
    self->culprit = s_take (self, rows, sizeof *self->culprit);
    self->offset = s_take (self, rows, sizeof *self->offset);
    self->batch = (rac_batch) { .columns = columns, .input = self->options.input, .column = self->column, .offset = self->offset,
        .file = self->file->path };
}

reader_t *reader_open (const input_file_t *file, uint64_t offset, uint64_t length, const reader_options_t *options, error_t *error)
{
    assert (options->batch_rows >= 1 && options->batch_rows <= RAC_ROWS);
    assert (options->format != RAC_LINES || options->columns <= 1);
    if (options->format != RAC_LINES && strchr ("\n\r\"", options->delimiter)) {
        error_set_kind (error, ERROR_USAGE, "byte %u cannot be a delimiter", (unsigned) (unsigned char) options->delimiter);
        return NULL;
    }
    reader_t *self = memory_new (sizeof *self);
    self->options = *options;
    self->file = file;
    self->first = offset == 0;
    self->fields = options->fields;
    uint64_t limit = options->record_limit ? options->record_limit : RECORD_LIMIT;
    self->options.record_limit = limit < WINDOW_RECORD_MOST ? limit : WINDOW_RECORD_MOST;
    self->arena = arena_new (STEP);
    self->scratch = arena_new (STEP);
    s_make_columns (self);
    self->window = window_open (&(window_options_t) { .file = file, .offset = offset, .length = length,
        .multiline = options->multiline && options->format == RAC_CSV, .step = options->batch_bytes ? options->batch_bytes : STEP,
        .record_limit = self->options.record_limit }, error);
    if (!self->window)
        reader_close (&self);
    return self;
}

void reader_close (reader_t **self_p)
{
    reader_t *self = *self_p;
    if (!self)
        return;
    window_close (&self->window);
    arena_destroy (&self->arena);
    arena_destroy (&self->scratch);
    free (self->at);
    free (self);
    *self_p = NULL;
}

uint64_t reader_bytes (const reader_t *self)
{
    return window_done (self->window);
}

const char *reader_warning (const reader_t *self)
{
    return window_warning (self->window);
}
