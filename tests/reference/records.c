// records: a file is read whole, a record is cut at its newline, a field at its delimiter, byte by byte.

#include "records.h"
#include "table.h"
#include <stdlib.h>
#include <string.h>

enum { FIELD_ROOM = 4096 };

static char *s_read_file (const char *path, size_t *size)
{
    FILE *file = fopen (path, "rb");
    if (!file)
        fail (2, "%s: cannot be opened", path);
    size_t room = 65536;
    char *data = malloc (room);
    *size = 0;
    while (data) {
        size_t got = fread (data + *size, 1, room - *size, file);
        if (got == 0)
            break;
        *size += got;
        if (*size == room)
            data = realloc (data, room *= 2);
    }
    fclose (file);
    if (!data)
        fail (1, "not enough memory");
    return data;
}

// The next record without its line end; with multiline a newline inside quotes does not end it.
static bool s_next_record (records_t *self)
{
    if (self->at == self->end)
        return false;
    bool quoted = false;
    const char *to = self->at;
    while (to < self->end && (quoted || *to != '\n')) {
        if (self->options.multiline && *to == '"')
            quoted = !quoted;
        to++;
    }
    self->record = self->at;
    self->record_size = (size_t) (to - self->at);
    if (to < self->end && self->record_size && to [-1] == '\r')
        self->record_size--;
    self->at = to + (to < self->end);
    return true;
}

// A field of a CSV record from `at`; returns what stands behind it.
static const char *s_csv_field (const char *at, const char *end, char delimiter, value_t *field)
{
    if (at == end || *at != '"') {
        const char *to = memchr (at, delimiter, (size_t) (end - at));
        to = to ? to : end;
        *field = value_bytes (at, (size_t) (to - at));
        return to;
    }
    char *plain = malloc ((size_t) (end - at) + 1);
    if (!plain)
        fail (1, "not enough memory");
    size_t size = 0;
    for (at++; at < end && (*at != '"' || (at + 1 < end && at [1] == '"')); at++) {
        at += *at == '"';
        plain [size++] = *at;
    }
    *field = value_bytes (plain, size);
    return at + (at < end);
}

static void s_split_fields (records_t *self)
{
    const char *at = self->record, *end = at + self->record_size;
    self->fields = 0;
    if (self->options.format == LINES) {
        self->field [self->fields++] = value_bytes (at, self->record_size);
        return;
    }
    for (;;) {
        if (self->fields == FIELD_ROOM)
            fail (1, "too many fields for this reference");
        bool csv = self->options.format == CSV;
        const char *to = csv ? s_csv_field (at, end, self->options.delimiter, self->field + self->fields) : NULL;
        if (!csv) {
            to = memchr (at, self->options.delimiter, (size_t) (end - at));
            to = to ? to : end;
            self->field [self->fields] = value_bytes (at, (size_t) (to - at));
        }
        self->fields++;
        if (to >= end)
            return;
        at = to + 1;
    }
}

void records_reject (records_t *self, const char *why)
{
    if (++self->rejects > self->options.max_rejects)
        fail (3, "%s: byte %zu: %s", self->files [self->file - 1],
            (size_t) (self->record - self->end) + self->offset_base, why);
}

static void s_open_file (records_t *self)
{
    size_t size;
    char *data = s_read_file (self->files [self->file++], &size);
    self->at = data;
    self->end = data + size;
    self->offset_base = size;
    if (size >= 3 && !memcmp (data, "\xef\xbb\xbf", 3))
        self->at += 3;
    self->in_file = true;
    if (self->options.format == LINES || self->options.no_header)
        return;
    do
        if (!s_next_record (self))
            return;
    while (self->record_size == 0);                     // empty lines before the header
    if (!self->started) {
        s_split_fields (self);
        self->header_fields = self->fields;
        memcpy (self->header, self->field, self->fields * sizeof *self->header);
        self->columns = self->fields;
        self->started = true;
    }
}

// Opens the first file at once, so that columns can be looked up in its header.
records_t records_open (const format_options_t *options, char **files, size_t count)
{
    records_t self = { .options = *options, .files = files, .file_count = count,
        .field = calloc (FIELD_ROOM, sizeof (value_t)), .header = calloc (FIELD_ROOM, sizeof (value_t)) };
    if (!self.field || !self.header)
        fail (1, "not enough memory");
    if (count)
        s_open_file (&self);
    return self;
}

static bool s_good (records_t *self)
{
    size_t quotes = 0;
    for (size_t i = 0; i < self->record_size; i++)
        quotes += self->record [i] == '"';
    if (self->options.format == CSV && quotes % 2)
        fail (3, "%s: byte %zu: newline inside quotes", self->files [self->file - 1],
            (size_t) (self->record - self->end) + self->offset_base);
    s_split_fields (self);
    if (self->header_fields == 0)
        self->header_fields = self->fields;
    if (self->options.format == LINES || self->fields == self->header_fields)
        return true;
    records_reject (self, "another number of fields");
    return false;
}

bool records_next (records_t *self)
{
    for (;;) {
        if (!self->in_file) {
            if (self->file == self->file_count)
                return false;
            s_open_file (self);
        }
        self->in_file = s_next_record (self);
        if (!self->in_file)
            continue;
        if (self->options.format != LINES && self->record_size == 0 && self->header_fields != 1)
            continue;
        if (s_good (self))
            return true;
    }
}

size_t records_column (const records_t *self, const char *name)
{
    for (size_t i = 0; i < self->columns; i++)
        if (self->header [i].size == strlen (name) && !memcmp (self->header [i].data, name, strlen (name)))
            return i;
    char *end;
    unsigned long number = strtoul (name, &end, 10);
    if (*end || number == 0)
        fail (2, "no column %s", name);
    return number - 1;
}
