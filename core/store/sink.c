// sink: see sink.h.
//
// Rows are put together in one buffer and written a mebibyte at a time. What a value may not hold as it stands (TSV: delimiter and
// newline; CSV: also the quote and the carriage return) is looked for by a loop over 16 bytes at once, which the compiler turns
// into vector compares; most values have none of it and are one memcpy. Numbers cannot hold any of it unless the delimiter is a
// character that numbers are made of; then they are treated as text.
#include "store/sink.h"
#include "base/file.h"
#include "base/memory.h"
#include "kernel/print.h"
#include "kernel/value.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_AT = 1 << 20 };

struct sink {
    char *path;
    int fd;
    bool csv, sync, scratch;
    bool guarded;                                       // numbers may hold the delimiter
    bool alone;                                         // TSV of one column: a delimiter separates nothing
    char delimiter;
    uint32_t columns;
    rac_type *type;
    buffer_t buffer;
    uint64_t bytes, rows;                               // bytes: written to the file; rows: without the header
};

static error_kind_t s_kind (bool scratch)
{
    return scratch ? ERROR_SCRATCH : ERROR_OUTPUT;
}

// A failure to write is the disk's fault, whoever reported it.
static status_t s_disk_fault (const sink_t *self, status_t rc, error_t *error)
{
    if (rc && error)
        error->kind = s_kind (self->scratch);
    return rc;
}

static status_t s_flush (sink_t *self, error_t *error)
{
    status_t rc = file_write_all (self->fd, self->buffer.data, self->buffer.size, self->path, error);
    self->bytes += self->buffer.size;
    self->buffer.size = 0;
    return s_disk_fault (self, rc, error);
}

// Is one of the four in the text?
static bool s_holds (const char *data, size_t size, char a, char b, char c, char d)
{
    enum { STRIDE = 16 };
    size_t at = 0;
    for (; at + STRIDE <= size; at += STRIDE) {
        unsigned char hit = 0;
        for (size_t i = at; i < at + STRIDE; i++)
            hit |= (unsigned char) ((data [i] == a) | (data [i] == b) | (data [i] == c) | (data [i] == d));
        if (hit)
            return true;
    }
    for (; at < size; at++)
        if (data [at] == a || data [at] == b || data [at] == c || data [at] == d)
            return true;
    return false;
}

static void s_put_quoted (buffer_t *buffer, const char *data, size_t size)
{
    buffer_reserve (buffer, 2 * size + 2);
    char *to = buffer->data + buffer->size;
    *to++ = '"';
    for (size_t i = 0; i < size; i++) {
        if (data [i] == '"')
            *to++ = '"';
        *to++ = data [i];
    }
    *to++ = '"';
    buffer->size = (size_t) (to - buffer->data);
}

static status_t s_put_text (sink_t *self, const char *data, size_t size, error_t *error)
{
    char delimiter = self->delimiter;
    if (self->csv && s_holds (data, size, delimiter, '"', '\r', '\n')) {
        s_put_quoted (&self->buffer, data, size);
        return OK;
    }
    if (!self->csv && s_holds (data, size, self->alone ? '\n' : delimiter, '\n', '\n', '\n'))
        return error_set_kind (error, ERROR_OUTPUT, "%s: row %llu: a value holds %s, which TSV cannot: use --output-format csv", self->path,
            (unsigned long long) self->rows, memchr (data, '\n', size) ? "a newline" : "the delimiter");
    buffer_add (&self->buffer, data, size);
    return OK;
}

static status_t s_put_number (sink_t *self, const rac_column *column, uint32_t row, error_t *error)
{
    char text [PRINT_ROOM];
    if (self->guarded)
        return s_put_text (self, text, print_value (text, column->type, column, row), error);
    buffer_reserve (&self->buffer, PRINT_ROOM);
    self->buffer.size += print_value (self->buffer.data + self->buffer.size, column->type, column, row);
    return OK;
}

static status_t s_put_value (sink_t *self, const rac_column *column, uint32_t row, error_t *error)
{
    if (value_missing (column, row))
        return OK;
    if (column->type != RAC_BYTES)
        return s_put_number (self, column, row, error);
    const rac_bytes *value = &column->at.bytes [row];
    return s_put_text (self, value->data, value->size, error);
}

static void s_put_byte (sink_t *self, char byte)
{
    buffer_reserve (&self->buffer, 1);
    self->buffer.data [self->buffer.size++] = byte;
}

static status_t s_put_header (sink_t *self, const char *const *header, error_t *error)
{
    for (uint32_t c = 0; c < self->columns; c++) {
        TRY (s_put_text (self, header [c], strlen (header [c]), error));
        s_put_byte (self, c + 1 < self->columns ? self->delimiter : '\n');
    }
    return OK;
}

sink_t *sink_open (const char *path, const sink_options_t *options, error_t *error)
{
    if (strchr ("\n\r\"", options->delimiter)) {
        error_set_kind (error, ERROR_USAGE, "byte %u cannot be a delimiter", (unsigned) (unsigned char) options->delimiter);
        return NULL;
    }
    int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        error_set_kind (error, s_kind (options->scratch), "%s: cannot create: %s", path, strerror (errno));
        return NULL;
    }
    sink_t *self = memory_new (sizeof *self);
    *self = (sink_t) { .path = memory_text (path), .fd = fd, .csv = options->format == RAC_CSV, .sync = options->sync, .scratch = options->scratch,
        .guarded = strchr ("0123456789+-.:aefintTZ", options->delimiter), .alone = options->columns == 1,
        .delimiter = options->delimiter, .columns = options->columns };
    size_t size = options->columns * sizeof *self->type;
    self->type = memcpy (memory_new (size), options->type, size);
    buffer_reserve (&self->buffer, FLUSH_AT + (1 << 16));
    if (options->header && s_put_header (self, options->header, error))
        sink_abandon (&self);
    return self;
}

status_t sink_write (sink_t *self, uint32_t rows, const rac_column *column, error_t *error)
{
    for (uint32_t c = 0; c < self->columns; c++)
        if (column [c].type != self->type [c])
            return error_set_kind (error, ERROR_JOB, "%s: result column %u is of another type than declared", self->path, c + 1);
    for (uint32_t r = 0; r < rows; r++) {
        self->rows++;
        for (uint32_t c = 0; c < self->columns; c++) {
            TRY (s_put_value (self, &column [c], r, error));
            s_put_byte (self, c + 1 < self->columns ? self->delimiter : '\n');
        }
        if (self->buffer.size >= FLUSH_AT)
            TRY (s_flush (self, error));
    }
    return OK;
}

static void s_free (sink_t **self_p)
{
    sink_t *self = *self_p;
    if (self->fd >= 0)
        close (self->fd);
    buffer_free (&self->buffer);
    free (self->type);
    free (self->path);
    free (self);
    *self_p = NULL;
}

status_t sink_close (sink_t **self_p, uint64_t *bytes, uint64_t *rows, error_t *error)
{
    sink_t *self = *self_p;
    status_t rc = s_flush (self, error);
    if (!rc && self->sync && fsync (self->fd))
        rc = s_disk_fault (self, error_errno (error, "%s: cannot sync", self->path), error);
    if (close (self->fd) && !rc)                        // some file systems report only here that there is no room
        rc = s_disk_fault (self, error_errno (error, "%s: cannot write", self->path), error);
    self->fd = -1;
    if (bytes)
        *bytes = self->bytes;
    if (rows)
        *rows = self->rows;
    if (rc)
        sink_abandon (self_p);
    else
        s_free (self_p);
    return rc;
}

void sink_abandon (sink_t **self_p)
{
    if (!*self_p)
        return;
    unlink ((*self_p)->path);
    s_free (self_p);
}
