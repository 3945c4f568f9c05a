// scan: msgpack headers are promises: five bytes can announce four billion elements, and msgpack-c believes them and allocates
// (5 bytes made it ask for 8 GB). So one pass over the headers, without memory of its own but a small stack of counts, holds each
// promise against the bytes that are there. Every element takes a byte at least, hence count <= bytes left.
#include "wire/scan.h"
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *at, *end;
    size_t nodes;
} scan_t;

static uint64_t s_big_endian (const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at [i];
    return value;
}

// Sorts of a value: `length` bytes follow its head, or `children` values do.
typedef struct { size_t head; uint64_t length, children; bool known; } shape_t;

static shape_t s_shape_long (const uint8_t *at, size_t left)
{
    static const uint8_t width [] = { 1, 2, 4 };
    static const uint8_t fixed [] = { 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17 };     // float32 .. fixext 16
    uint8_t tag = *at;
    if (tag == 0xc0 || tag == 0xc2 || tag == 0xc3)
        return (shape_t) { 1, 0, 0, true };
    if (tag >= 0xca && tag <= 0xd8)
        return (shape_t) { 1, fixed [tag - 0xca], 0, true };
    size_t size = 0, extra = 0;
    if (tag >= 0xc4 && tag <= 0xc6)
        size = width [tag - 0xc4];
    else if (tag >= 0xc7 && tag <= 0xc9)
        size = width [tag - 0xc7], extra = 1;
    else if (tag >= 0xd9 && tag <= 0xdb)
        size = width [tag - 0xd9];
    else if (tag >= 0xdc && tag <= 0xdf)
        size = tag & 1 ? 4 : 2;
    if (!size || left < 1 + size)
        return (shape_t) { 0 };
    uint64_t count = s_big_endian (at + 1, size);
    if (tag >= 0xdc)
        return (shape_t) { 1 + size, 0, tag >= 0xde ? 2 * count : count, true };
    return (shape_t) { 1 + size, count + extra, 0, true };
}

static shape_t s_shape (const uint8_t *at, size_t left)
{
    uint8_t tag = *at;
    if (tag < 0x80 || tag >= 0xe0)
        return (shape_t) { 1, 0, 0, true };
    if (tag < 0x90)
        return (shape_t) { 1, 0, 2 * (uint64_t) (tag & 15), true };
    if (tag < 0xa0)
        return (shape_t) { 1, 0, tag & 15, true };
    if (tag < 0xc0)
        return (shape_t) { 1, tag & 31, 0, true };
    return s_shape_long (at, left);
}

// Reads one value's head and, if it has no children, its body; returns its children in *children.
static status_t s_value (scan_t *self, uint64_t *children, error_t *error)
{
    if (self->at == self->end)
        return error_set (error, "the body ends too early");
    if (++self->nodes > SCAN_NODES)
        return error_set (error, "more than %d values", SCAN_NODES);
    size_t left = (size_t) (self->end - self->at);
    shape_t shape = s_shape (self->at, left);
    if (!shape.known || shape.head > left)
        return error_set (error, "not msgpack: byte 0x%02x", *self->at);
    left -= shape.head;
    if (shape.length > left || shape.children > left)
        return error_set (error, "a count is larger than the body");
    self->at += shape.head + shape.length;
    *children = shape.children;
    return OK;
}

status_t scan_msgpack (const void *bytes, size_t size, error_t *error)
{
    scan_t self = { .at = bytes, .end = (const uint8_t *) bytes + size };
    uint64_t open [SCAN_DEPTH + 1] = { 1 };              // values still to come at each depth
    for (int depth = 0; depth >= 0; ) {
        if (!open [depth]) {
            depth--;
            continue;
        }
        open [depth]--;
        uint64_t children = 0;
        TRY (s_value (&self, &children, error));
        if (children && depth == SCAN_DEPTH)
            return error_set (error, "nested deeper than %d", SCAN_DEPTH);
        if (children)
            open [++depth] = children;
    }
    if (self.at != self.end)
        return error_set (error, "%zu bytes behind the body", (size_t) (self.end - self.at));
    return OK;
}

// Length of the sequence at `at`, 0 if it is none (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
static size_t s_sequence (const uint8_t *at, size_t left)
{
    uint8_t lead = at [0];
    if (lead < 0x80)
        return lead ? 1 : 0;
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at [i] & 0xc0) != 0x80)
            return 0;
    bool bad = (lead == 0xe0 && at [1] < 0xa0) || (lead == 0xed && at [1] > 0x9f) || (lead == 0xf0 && at [1] < 0x90)
        || (lead == 0xf4 && at [1] > 0x8f);
    return bad ? 0 : size;
}

bool scan_utf8 (const char *text, size_t size)
{
    const uint8_t *at = (const uint8_t *) text;
    for (size_t i = 0; i < size; ) {
        size_t n = s_sequence (at + i, size - i);
        if (!n)
            return false;
        i += n;
    }
    return true;
}
