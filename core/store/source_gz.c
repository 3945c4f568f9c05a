// source_gz: see source_gz.h.
//
// gzread is not used: at a truncated file it returns a clean end, and it drops what follows the last member without a word.
// Here the file is a sequence of members (RFC 1952, 2.2); between two of them, and only there, the file may end. What follows a
// member and does not begin as a member is not data, as gzip itself sees it, but the user hears of it.
//
//     MEMBER --end of member--> BETWEEN --1f 8b--> MEMBER
//                                  |---file ends---> ENDED
//                                  `---other bytes-> ENDED, with a warning
//
// Memory does not depend on the data: a bomb of 1,030 : 1 comes out in pieces of the caller's room.
#include "store/source_gz.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

enum { RAW_ROOM = 64 * 1024, GZIP_ONLY = 16 + MAX_WBITS };

struct gz {
    const char *path;
    gz_raw_fn *raw;
    void *context;
    z_stream stream;                                    // next_in, avail_in: what of buffer is left
    enum { MEMBER, BETWEEN, ENDED } state;
    uint64_t taken;                                     // raw bytes read so far, avail_in of them not yet inflated
    char *warning;
    char buffer [RAW_ROOM];
};

gz_t *gz_new (const char *path, gz_raw_fn *raw, void *context)
{
    gz_t *self = memory_new (sizeof *self);
    self->path = path;
    self->raw = raw;
    self->context = context;
    if (inflateInit2 (&self->stream, GZIP_ONLY) != Z_OK)
        abort ();                                       // out of memory, as in memory.c
    return self;
}

void gz_destroy (gz_t **self_p)
{
    gz_t *self = *self_p;
    if (!self)
        return;
    inflateEnd (&self->stream);
    free (self->warning);
    free (self);
    *self_p = NULL;
}

static uint64_t s_offset (const gz_t *self)
{
    return self->taken - self->stream.avail_in;
}

// Moves what is left to the front and reads behind it; *more: raw bytes that came.
static status_t s_refill (gz_t *self, size_t *more, error_t *error)
{
    size_t left = self->stream.avail_in;
    if (left)
        memmove (self->buffer, self->stream.next_in, left);
    self->stream.next_in = (const Bytef *) self->buffer;
    *more = 0;
    TRY (self->raw (self->context, self->buffer + left, RAW_ROOM - left, more, error));
    self->stream.avail_in += (uInt) *more;
    self->taken += *more;
    return OK;
}

static void s_ignore_rest (gz_t *self)
{
    buffer_t text = { 0 };
    buffer_print (&text, "%s: byte %llu: what follows the gzip data is not gzip and was ignored", self->path,
        (unsigned long long) s_offset (self));
    self->warning = text.data;
    self->state = ENDED;
}

// Two bytes decide whether another member follows.
static status_t s_between (gz_t *self, error_t *error)
{
    for (size_t more = 1; self->stream.avail_in < 2 && more; )
        TRY (s_refill (self, &more, error));
    if (!self->stream.avail_in)
        self->state = ENDED;
    else if (self->stream.avail_in < 2 || self->stream.next_in [0] != 0x1f || self->stream.next_in [1] != 0x8b)
        s_ignore_rest (self);
    else {
        inflateReset (&self->stream);
        self->state = MEMBER;
    }
    return OK;
}

static status_t s_member (gz_t *self, error_t *error)
{
    if (!self->stream.avail_in) {
        size_t more;
        TRY (s_refill (self, &more, error));
        if (!more)
            return error_set_kind (error, ERROR_DATA, "%s: byte %llu: truncated: the gzip data end in the middle", self->path,
                (unsigned long long) s_offset (self));
    }
    int result = inflate (&self->stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END)
        self->state = BETWEEN;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return error_set_kind (error, ERROR_DATA, "%s: byte %llu: corrupt gzip data: %s", self->path,
            (unsigned long long) s_offset (self), self->stream.msg ? self->stream.msg : zError (result));
    return OK;
}

status_t gz_read (gz_t *self, char *to, size_t room, size_t *size, error_t *error)
{
    uInt step = room < 1u << 30 ? (uInt) room : 1u << 30;
    self->stream.next_out = (Bytef *) to;
    self->stream.avail_out = step;
    *size = 0;
    while (self->state != ENDED && self->stream.avail_out == step)
        TRY (self->state == MEMBER ? s_member (self, error) : s_between (self, error));
    *size = step - self->stream.avail_out;
    return OK;
}

const char *gz_warning (const gz_t *self)
{
    return self->warning;
}
