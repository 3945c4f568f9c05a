// memory: see memory.h.
#include "base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PAD = 64 };                                      // bytes readable past an end

static void s_no_memory (size_t bytes)
{
    char text [80];
    int n = snprintf (text, sizeof text, "racimo: out of memory asking for %zu bytes\n", bytes);
    if (write (2, text, (size_t) n) < 0) { }
    abort ();
}

void *memory_new (size_t bytes)
{
    void *at = calloc (1, bytes ? bytes : 1);
    if (!at)
        s_no_memory (bytes);
    return at;
}

void *memory_grow (void *at, size_t bytes)
{
    at = realloc (at, bytes ? bytes : 1);
    if (!at)
        s_no_memory (bytes);
    return at;
}

char *memory_text (const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen (text) + 1;
    return memcpy (memory_new (size), text, size);
}

void buffer_reserve (buffer_t *self, size_t more)
{
    if (more <= self->room - self->size)
        return;
    size_t room = self->room * 2;
    if (room < self->size + more)
        room = self->size + more;
    if (room < 256)
        room = 256;
    self->data = memory_grow (self->data, room + PAD);
    self->room = room;
}

void buffer_add (buffer_t *self, const void *bytes, size_t size)
{
    buffer_reserve (self, size);
    if (size)
        memcpy (self->data + self->size, bytes, size);
    self->size += size;
}

void buffer_print (buffer_t *self, const char *format, ...)
{
    for (size_t room = 128; ; room *= 2) {
        buffer_reserve (self, room);
        va_list list;
        va_start (list, format);
        int n = vsnprintf (self->data + self->size, room, format, list);
        va_end (list);
        assert (n >= 0);
        if ((size_t) n < room) {
            self->size += (size_t) n;
            return;
        }
    }
}

void buffer_free (buffer_t *self)
{
    free (self->data);
    *self = (buffer_t) { 0 };
}

typedef struct block {
    struct block *next;
    size_t size;                                        // usable bytes after the header
} block_t;

struct arena {
    block_t *blocks;                                    // the newest first; allocations come from it
    size_t used;                                        // of the newest
    size_t block_bytes, held;
};

enum { HEADER = 64 };

static void s_block_add (arena_t *self, size_t size)
{
    void *at = NULL;
    if (posix_memalign (&at, 64, HEADER + size + PAD))
        s_no_memory (size);
    block_t *block = at;
    *block = (block_t) { .next = self->blocks, .size = size };
    self->blocks = block;
    self->used = 0;
    self->held += HEADER + size + PAD;
}

arena_t *arena_new (size_t block_bytes)
{
    arena_t *self = memory_new (sizeof *self);
    self->block_bytes = block_bytes;
    return self;
}

static void s_blocks_free (arena_t *self, block_t *keep)
{
    while (self->blocks != keep) {
        block_t *block = self->blocks;
        self->blocks = block->next;
        self->held -= HEADER + block->size + PAD;
        free (block);
    }
}

void arena_destroy (arena_t **self_p)
{
    arena_t *self = *self_p;
    if (!self)
        return;
    s_blocks_free (self, NULL);
    free (self);
    *self_p = NULL;
}

void *arena_take (arena_t *self, size_t bytes)
{
    size_t align = bytes >= 64 ? 64 : 8;
    size_t from = (self->used + align - 1) & ~(align - 1);
    if (!self->blocks || from + bytes > self->blocks->size) {
        s_block_add (self, bytes > self->block_bytes ? bytes : self->block_bytes);
        from = 0;
    }
    self->used = from + bytes;
    return (char *) self->blocks + HEADER + from;
}

void arena_reset (arena_t *self)
{
    if (!self->blocks)
        return;
    block_t *last = self->blocks;                       // keep the oldest: it has the standard size
    while (last->next)
        last = last->next;
    s_blocks_free (self, last);
    if (last->size > self->block_bytes)
        s_blocks_free (self, NULL);
    self->used = 0;
}

size_t arena_bytes (const arena_t *self)
{
    return self->held;
}
