// window: see window.h.
//
// A record belongs to the split in which its first byte lies. A split that does not begin the file therefore reads one byte
// before its offset and drops everything through the first newline it meets: if that byte is a newline, nothing but it. At its
// other end it reads on until the record that it has begun is whole. Both ends follow one rule, so each record is read once.
//
//     file    ......n.........n.......n.............n......n      n: newline
//     split             |--------------------|
//     read             |-drop-|=======|=============|             = : two records, both of this split
//
// Memory holds `held` bytes of the file from `offset` on; the first `whole` of them are whole records and go to the reader. The
// rest, a record's beginning, is moved to the front of the next window. When no record is whole, the window doubles until one is.
//
// With multiline a newline ends a record only if the quotes before it are even in number (RFC 4180 doubles a quote inside quotes,
// so each pair toggles twice). Such a split is the whole file, and each window begins at a record, so counting starts at zero.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                                     // memrchr
#endif
#include "store/window.h"
#include "kernel/kernel.h"

#include <string.h>

enum {
    PAD = 64,                                           // bytes readable before and behind
    SLACK = 4096,                                       // read past the split's end at first, for its last record
    MARK = 3,                                           // bytes of a UTF-8 byte order mark
};

struct window {
    window_options_t options;
    source_t *source;
    uint64_t end;                                       // of the split; a packed file's is out of reach
    char *memory;                                       // PAD, room, PAD
    size_t room, held, whole, added;
    uint64_t offset;
    bool ended;                                         // the source is at its end
    bool begun;                                         // the first window is out
};

static char *s_data (const window_t *self)
{
    return self->memory + PAD;
}

static void s_make_room (window_t *self, size_t room)
{
    if (room <= self->room)
        return;
    bool first = !self->memory;
    self->memory = memory_grow (self->memory, PAD + room + PAD);
    self->room = room;
    if (first)
        memset (self->memory, 0, PAD);
}

static void s_drop (window_t *self, size_t size)
{
    memmove (s_data (self), s_data (self) + size, self->held - size);
    self->held -= size;
    self->offset += size;
    self->whole = 0;
}

// The last record gets the newline that the file lacks. A carriage return that ends the file is data, so it gets another one: the
// readers take one away before every newline.
static void s_end_last_record (window_t *self)
{
    char *data = s_data (self);
    if (!self->held || data [self->held - 1] == '\n')
        return;
    if (data [self->held - 1] == '\r')
        data [self->held + self->added++] = '\r';
    data [self->held + self->added++] = '\n';
    self->held += self->added;
}

// Reads until at least goal bytes are held, or the source ends.
static status_t s_fill (window_t *self, size_t goal, error_t *error)
{
    s_make_room (self, goal + 2);                       // 2: for s_end_last_record
    while (!self->ended && self->held < goal) {
        size_t size;
        TRY (source_read (self->source, s_data (self) + self->held, goal - self->held, &size, error));
        self->held += size;
        if (!size) {
            self->ended = true;
            s_end_last_record (self);
        }
    }
    memset (s_data (self) + self->held, 0, PAD);
    return OK;
}

// Bytes to hold: step, but not much more than the rest of the split; what is read behind it grows as step does.
static size_t s_goal (const window_t *self, size_t step)
{
    uint64_t rest = self->end > self->offset ? self->end - self->offset : 0;
    uint64_t most = rest + SLACK * (uint64_t) (step / self->options.step);
    return most < step ? (size_t) most : step;
}

static size_t s_through_last (const char *data, size_t size, char byte)
{
    const char *at = size ? memrchr (data, byte, size) : NULL;
    return at ? (size_t) (at - data) + 1 : 0;
}

static size_t s_whole_lines (const window_t *self)
{
    const char *data = s_data (self);
    uint64_t rest = self->end > self->offset ? self->end - self->offset : 1;
    if (rest <= self->held) {                           // the last record begins before rest and ends at or behind rest - 1
        const char *last = memchr (data + rest - 1, '\n', self->held - (size_t) rest + 1);
        if (last)
            return (size_t) (last - data) + 1;
    }
    return s_through_last (data, self->held, '\n');
}

static size_t s_whole_quoted (const window_t *self)
{
    const char *data = s_data (self);
    size_t whole = s_through_last (data, self->held, '\n');
    size_t quotes = kernel->count_byte (data, whole, '"');
    while (whole && quotes % 2) {
        size_t shorter = s_through_last (data, whole - 1, '\n');
        quotes -= kernel->count_byte (data + shorter, whole - shorter, '"');
        whole = shorter;
    }
    return whole;
}

// Reads until at least one record is whole, or none is left.
static status_t s_seek (window_t *self, error_t *error)
{
    const char *path = self->options.file->path;
    for (size_t step = self->options.step; ; step *= 2) {
        TRY (s_fill (self, s_goal (self, step), error));
        self->whole = self->options.multiline ? s_whole_quoted (self) : s_whole_lines (self);
        if (self->whole || (self->ended && !self->held))
            return OK;
        unsigned long long offset = self->offset;
        if (self->ended)
            return error_set_kind (error, ERROR_DATA, "%s: byte %llu: a quote in this record is never closed", path, offset);
        if (self->held > self->options.record_limit)
            return error_set_kind (error, ERROR_DATA, "%s: byte %llu: a record longer than the limit of %llu bytes", path, offset,
                (unsigned long long) self->options.record_limit);
    }
}

static status_t s_skip_mark (window_t *self, error_t *error)
{
    TRY (s_fill (self, MARK, error));
    if (self->held >= MARK && !memcmp (s_data (self), "\xef\xbb\xbf", MARK))
        s_drop (self, MARK);
    return OK;
}

// Drops the record that another split has begun. It may be longer than the whole split: no need to hold it.
static status_t s_skip_partial (window_t *self, error_t *error)
{
    self->begun = true;
    while (self->offset < self->end) {
        TRY (s_fill (self, s_goal (self, self->options.step), error));
        const char *newline = self->held ? memchr (s_data (self), '\n', self->held) : NULL;
        s_drop (self, newline ? (size_t) (newline - s_data (self)) + 1 : self->held);
        if (newline || self->ended)
            break;
    }
    return OK;
}

window_t *window_open (const window_options_t *options, error_t *error)
{
    bool skip = options->offset > 0;
    if (skip && options->multiline) {
        error_set (error, "%s: with newlines inside quotes a file cannot be split", options->file->path);
        return NULL;
    }
    source_t *source = source_open (options->file, options->offset - skip, error);
    if (!source)
        return NULL;
    window_t *self = memory_new (sizeof *self);
    *self = (window_t) { .options = *options, .source = source, .offset = options->offset - skip };
    self->end = options->file->packed ? UINT64_MAX / 2 : options->offset + options->length;
    if (skip ? s_skip_partial (self, error) : s_skip_mark (self, error))
        window_close (&self);
    return self;
}

void window_close (window_t **self_p)
{
    window_t *self = *self_p;
    if (!self)
        return;
    source_close (&self->source);
    free (self->memory);
    free (self);
    *self_p = NULL;
}

status_t window_next (window_t *self, window_text_t *text, error_t *error)
{
    s_drop (self, self->whole);
    // The record behind a byte order mark begins with the mark, so the first window may begin past the split's end.
    if (!self->begun || self->offset < self->end)
        TRY (s_seek (self, error));
    self->begun = true;
    *text = (window_text_t) { .data = s_data (self), .size = self->whole, .offset = self->offset,
        .added = self->whole == self->held ? self->added : 0 };
    return text->size ? OK : source_check (self->source, error);
}

uint64_t window_done (const window_t *self)
{
    uint64_t at = self->options.file->packed ? source_taken (self->source) : self->offset;
    uint64_t start = self->options.offset;
    uint64_t done = at > start ? at - start : 0;
    return done < self->options.length ? done : self->options.length;
}

const char *window_warning (const window_t *self)
{
    return source_warning (self->source);
}
