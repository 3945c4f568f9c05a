// reader_fields: the positions of delimiters and newlines become rows, for CSV and TSV.
//
// Quotes. With multiline, newlines inside quotes are data, and a window ends outside of quotes. Without it no record may have one,
// so records are found by plain newlines, wherever splits begin; a newline that the file's author meant to be inside quotes then
// cuts a record in two halves, each with an odd number of quotes, and whichever split meets a half fails the job. So parity of each
// record is a complete check: no state passes from split to split.
//
// A quote that does not open a field is not data by RFC 4180. Parity makes two of them hide the delimiters in between, and what the
// author meant is anybody's guess: a record with such a field is a bad record, in whichever field it is.
//
// The grid. If every record of a window has as many fields as it should, the positions are the grid. Otherwise the positions of the
// good records are moved together, in place: there are never more of them than have been read.
#include "store/reader_parts.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <string.h>

static status_t s_quoted_newline (reader_t *self, error_t *error)
{
    const char *data = self->text.data, *end = data + self->text.size, *next;
    for (const char *begin = data; begin < end; begin = next) {
        next = (const char *) memchr (begin, '\n', (size_t) (end - begin)) + 1;
        if (kernel->count_byte (begin, (size_t) (next - begin), '"') % 2)
            return error_set_kind (error, ERROR_DATA, "%s: byte %llu: a record with an odd number of quotes, as by a newline inside "
                "quotes: use --multiline", self->file->path, (unsigned long long) self->text.offset + (size_t) (begin - data));
    }
    return OK;
}

// Counts lines, and the quotes that enclose a whole field: if these are all there are, the others' places need no look.
static uint64_t s_count_quotes (reader_t *self)
{
    const char *data = self->text.data;
    uint64_t enclosing = 0;
    self->lines = 0;
    for (size_t i = 0, begin = 0; i < self->count; begin = self->at [i++] + 1u) {
        size_t end = self->at [i];
        self->lines += data [end] == '\n';
        end -= data [end] == '\n' && end > begin && data [end - 1] == '\r';
        if (end >= begin + 2 && data [begin] == '"' && data [end - 1] == '"')
            enclosing += 2;
    }
    return enclosing;
}

status_t reader_scan_fields (reader_t *self, error_t *error)
{
    char delimiter = self->options.delimiter;
    const window_text_t *text = &self->text;
    if (self->options.format != RAC_CSV || !memchr (text->data, '"', text->size)) {
        self->quotes = QUOTES_NONE;
        reader_find (self, delimiter, '\n', false, NULL);
        self->lines = kernel->count_byte (text->data, text->size, '\n');
        return OK;
    }
    bool quoted = false;
    uint64_t quotes = reader_find (self, delimiter, '\n', true, &quoted);
    self->quotes = s_count_quotes (self) == quotes ? QUOTES_PLAIN : QUOTES_MIXED;
    if (!self->options.multiline && (quoted || self->lines != kernel->count_byte (text->data, text->size, '\n')))
        return s_quoted_newline (self, error);
    return OK;
}

static bool s_is_empty (const reader_t *self, uint32_t begin, uint32_t end)
{
    return reader_trim (self->text.data, begin, end) == begin;
}

// Index of the position that ends the record of position `from`.
static size_t s_record_end (const reader_t *self, size_t from)
{
    while (self->text.data [self->at [from]] != '\n')
        from++;
    return from;
}

uint32_t reader_count_fields (const reader_t *self)
{
    uint32_t begin = 0;
    for (size_t i = 0; i < self->count; begin = self->at [i++] + 1) {
        size_t last = s_record_end (self, i);
        if (last > i || !s_is_empty (self, begin, self->at [last]))
            return (uint32_t) (last - i + 1);
    }
    return 0;
}

void reader_skip_header (reader_t *self)
{
    while (self->header && self->next < self->count) {
        size_t last = s_record_end (self, self->next);
        self->header = s_is_empty (self, self->cursor, self->at [last]);
        self->next = last + 1;
        self->cursor = self->at [last] + 1;
        self->lines--;
    }
}

void reader_settle_fields (reader_t *self)
{
    size_t left = self->count - self->next, fields = self->fields;
    size_t rows = left / fields;
    self->regular = rows * fields == left && self->lines == rows && self->quotes != QUOTES_MIXED
        && self->text.size <= self->options.record_limit;
    const uint32_t *at = self->at + self->next;
    for (size_t r = 0; self->regular && r < rows; r++)
        self->regular = self->text.data [at [r * fields + fields - 1]] == '\n';
}

// Does the field hold no quote, or is it enclosed in quotes with only doubled ones inside?
static bool s_is_sound (const char *begin, const char *end)
{
    if (begin == end || *begin != '"')
        return !memchr (begin, '"', (size_t) (end - begin));
    if (end - begin < 2 || end [-1] != '"')
        return false;
    end--;
    for (const char *at = begin + 1; (at = memchr (at, '"', (size_t) (end - at))); at += 2)
        if (at + 1 == end || at [1] != '"')
            return false;
    return true;
}

// NULL, or what is wrong with the record whose positions are at [from] to at [last].
static const char *s_fault (const reader_t *self, size_t from, size_t last, uint32_t begin, char *room, size_t size)
{
    size_t fields = last - from + 1;
    const char *data = self->text.data;
    for (size_t i = from; self->quotes == QUOTES_MIXED && i <= last; begin = self->at [i++] + 1) {
        uint32_t end = i == last ? reader_trim (data, begin, self->at [i]) : self->at [i];
        if (s_is_sound (data + begin, data + end))
            continue;
        snprintf (room, size, "field %zu: a quote that neither encloses the field nor is doubled", i - from + 1);
        return room;
    }
    if (fields == self->fields)
        return NULL;
    snprintf (room, size, "%zu field%s instead of %u", fields, fields == 1 ? "" : "s", self->fields);
    return room;
}

// Moves the positions of good records together, from `next` on; returns how many records.
static status_t s_gather (reader_t *self, uint32_t *rows, error_t *error)
{
    size_t in = self->next, out = self->next;
    for (*rows = 0; *rows < self->options.batch_rows && in < self->count; ) {
        size_t last = s_record_end (self, in);
        uint32_t begin = self->cursor, end = self->at [last];
        char why [96];
        const char *fault = s_fault (self, in, last, begin, why, sizeof why);
        TRY (reader_check_length (self, begin, end, error));
        if (self->fields > 1 && s_is_empty (self, begin, end)) {
            // not a record
        } else if (fault)
            TRY (reader_reject (self, begin, end, fault, error));
        else {
            memmove (self->at + out, self->at + in, self->fields * sizeof *self->at);
            out += self->fields;
            self->start [(*rows)++] = begin;
        }
        in = last + 1;
        self->cursor = end + 1;
    }
    self->next = in;
    return OK;
}

status_t reader_take_fields (reader_t *self, error_t *error)
{
    uint32_t rows = 0;
    self->grid = self->at + self->next;
    if (!self->regular) {
        TRY (s_gather (self, &rows, error));
        return reader_fill_columns (self, rows, error);
    }
    size_t fields = self->fields, left = (self->count - self->next) / fields;
    rows = left < self->options.batch_rows ? (uint32_t) left : self->options.batch_rows;
    const uint32_t *last = self->grid + fields - 1;
    uint32_t begin = self->cursor;
    for (uint32_t r = 0; r < rows; r++, last += fields) {
        self->start [r] = begin;
        begin = *last + 1;
    }
    self->cursor = begin;
    self->next += rows * fields;
    return reader_fill_columns (self, rows, error);
}
