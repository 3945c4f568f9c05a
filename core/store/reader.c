// reader: see reader.h and, for the parts, reader_parts.h.
//
// The bytes of a window are touched a few times while they are in cache, each time by a loop over many: (1) a kernel turns them into
// positions of delimiters and newlines; (2) the positions become a grid, `fields` of them a row, which for a regular file is
// the array of positions itself; (3) each declared column is a strided walk over the grid, then one call of a parse kernel.
// A window gives several batches; a batch never spans windows, and the output does not depend on where either ends.
#include "store/reader_parts.h"
#include "kernel/kernel.h"
#include "kernel/value.h"

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

static status_t s_next_window (reader_t *self, error_t *error)
{
    TRY (window_next (self->window, &self->text, error));
    if (!self->text.size) {
        self->ended = true;
        return OK;
    }
    TRY (s_scan (self, error));
    reader_skip_header (self);
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
        self->store [c].values = s_take (self, rows, value_bytes (copy [c].type));
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

static window_t *s_window (const reader_t *self, uint64_t offset, uint64_t length, size_t step, error_t *error)
{
    return window_open (&(window_options_t) { .file = self->file, .offset = offset, .length = length,
        .multiline = self->options.multiline && self->options.format == RAC_CSV, .step = step,
        .record_limit = self->options.record_limit }, error);
}

// The number of fields is the file's, not the split's: a split may begin with a broken record, or hold nothing but empty lines. The
// first record that has a character tells it. If there is none, no column is out of reach, and there are records if one is read.
static status_t s_learn_fields (reader_t *self, error_t *error)
{
    enum { LITTLE = 4096 };
    self->window = s_window (self, 0, self->file->size, LITTLE, error);
    if (!self->window)
        return FAILED;
    while (!self->fields) {
        TRY (window_next (self->window, &self->text, error));
        if (!self->text.size)
            break;
        TRY (s_scan (self, error));
        self->fields = reader_count_fields (self);
    }
    for (uint32_t c = 0; !self->text.size && c < self->options.columns; c++)
        if (self->fields <= self->options.column [c].position)
            self->fields = self->options.column [c].position + 1;
    self->count = self->next = 0;
    window_close (&self->window);
    return OK;
}

static status_t s_check_columns (const reader_t *self, error_t *error)
{
    for (uint32_t c = 0; c < self->options.columns; c++)
        if (self->options.column [c].position >= self->fields)
            return error_set_kind (error, ERROR_DATA, "%s: column '%s' is field %u, but records have %u", self->file->path,
                self->options.column [c].name, self->options.column [c].position + 1, self->fields);
    return OK;
}

// The header is the first line with a character: where empty lines stand before it, it may begin in a later split than the first.
static status_t s_find_header (reader_t *self, uint64_t offset, error_t *error)
{
    enum { STEP_BACK = 4096, LIMIT = 1 << 20 };         // input_first_line looks no further
    self->header = self->options.header && self->options.format != RAC_LINES;
    if (!self->header || !offset)
        return OK;
    source_t *source = source_open (self->file, 0, error);
    buffer_t text = { 0 };
    size_t first = 0;
    status_t rc = source ? OK : FAILED;
    for (size_t more = 1; !rc && more && first + 1 >= text.size && text.size < offset && text.size < LIMIT; ) {
        buffer_reserve (&text, STEP_BACK);
        rc = source_read (source, text.data + text.size, STEP_BACK, &more, error);
        text.size += rc ? 0 : more;
        first = input_first_character (text.data, text.size);
    }
    self->header = first >= offset;
    buffer_free (&text);
    source_close (&source);
    return rc;
}

// Everything of reader_open that can fail.
static status_t s_open (reader_t *self, uint64_t offset, uint64_t length, error_t *error)
{
    TRY (s_find_header (self, offset, error));
    if (self->options.format != RAC_LINES) {
        if (strchr ("\n\r\"", self->options.delimiter))
            return error_set_kind (error, ERROR_USAGE, "byte %u cannot be a delimiter", (unsigned char) self->options.delimiter);
        if (!self->fields)
            TRY (s_learn_fields (self, error));
        TRY (s_check_columns (self, error));
    }
    self->window = s_window (self, offset, length, self->options.batch_bytes ? self->options.batch_bytes : STEP, error);
    return self->window ? OK : FAILED;
}

reader_t *reader_open (const input_file_t *file, uint64_t offset, uint64_t length, const reader_options_t *options, error_t *error)
{
    assert (options->batch_rows >= 1 && options->batch_rows <= RAC_ROWS);
    assert (options->format != RAC_LINES || options->columns <= 1);
    reader_t *self = memory_new (sizeof *self);
    self->options = *options;
    self->file = file;
    self->fields = options->fields;
    uint64_t limit = options->record_limit ? options->record_limit : RECORD_LIMIT;
    self->options.record_limit = limit < WINDOW_RECORD_MOST ? limit : WINDOW_RECORD_MOST;
    self->arena = arena_new (STEP);
    self->scratch = arena_new (STEP);
    s_make_columns (self);
    if (s_open (self, offset, length, error))
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
