// segment_write: the writing half of segment.h.
//
// Rows gather in three buffers (lengths, strings, states) until a block is full; a block goes out in one write. The index is kept in memory:
// some 90 bytes for every 128 KiB.
#include "store/segment_format.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { BLOCK = 128 * 1024, ROW_LIMIT = 16 * 1024 * 1024 };

struct segment_writer {
    char *path;
    int fd;
    segment_layout_t layout;
    buffer_t sizes, keys, texts, states, out;
    uint32_t rows;                                      // of the block being gathered
    uint32_t runs;
    uint64_t at, all_rows;
    buffer_t index;
    uint32_t blocks;
};

segment_writer_t *segment_create (const char *path, const segment_layout_t *layout, error_t *error)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        (void) error_errno (error, "%s: cannot create", path);
        return NULL;
    }
    segment_writer_t *self = memory_new (sizeof *self);
    self->path = memory_text (path);
    self->fd = fd;
    self->layout = *layout;
    return self;
}

static void s_free (segment_writer_t **self_p)
{
    segment_writer_t *self = *self_p;
    buffer_free (&self->sizes);
    buffer_free (&self->keys);
    buffer_free (&self->texts);
    buffer_free (&self->states);
    buffer_free (&self->out);
    buffer_free (&self->index);
    free (self->path);
    free (self);
    *self_p = NULL;
}

static status_t s_write (segment_writer_t *self, const void *bytes, size_t size, error_t *error)
{
    TRY (file_write_all (self->fd, bytes, size, self->path, error));
    self->at += size;
    return OK;
}

// Only the key's part of the row goes into the index: ranges are cut where blocks begin, and none may begin within a group.
static void s_index (segment_writer_t *self, uint32_t stored)
{
    uint32_t first;
    memcpy (&first, self->layout.records ? self->keys.data : self->sizes.data, 4);
    segment_block_t entry = { .offset = self->at, .stored = stored, .rows = self->rows, .run = self->runs,
                              .key_size = first < SEGMENT_KEY ? first : SEGMENT_KEY };
    if (entry.key_size)                                 // all strings may be empty: then there is no text yet
        memcpy (entry.key, self->texts.data, entry.key_size);
    buffer_add (&self->index, &entry, sizeof entry);
    self->blocks++;
}

// The body as it is, or deflated if the layout asks for it and it helps.
static void s_pack (segment_writer_t *self, block_header_t *header)
{
    buffer_t *out = &self->out;
    if (self->layout.codec == CODEC_ZLIB) {
        uLongf room = compressBound (header->raw);
        buffer_reserve (out, room);
        if (compress2 ((Bytef *) out->data + out->size, &room, (const Bytef *) out->data + sizeof *header, header->raw, 1) == Z_OK && room < header->raw) {
            memmove (out->data + sizeof *header, out->data + out->size, room);
            header->stored = (uint32_t) room;
            header->codec = CODEC_ZLIB;
        }
    }
    out->size = sizeof *header + header->stored;
    header->checksum = block_checksum (header, out->data + sizeof *header);
    memcpy (out->data, header, sizeof *header);
}

static status_t s_flush (segment_writer_t *self, error_t *error)
{
    if (!self->rows)
        return OK;
    static const char zeros [8] = { 0 };
    block_header_t header = { .magic = BLOCK_MAGIC, .rows = self->rows, .state_bytes = self->layout.state_bytes, .records = self->layout.records };
    buffer_t *out = &self->out;
    out->size = 0;
    buffer_add (out, &header, sizeof header);
    buffer_add (out, self->sizes.data, self->sizes.size);
    buffer_add (out, self->keys.data, self->keys.size);
    buffer_add (out, self->texts.data, self->texts.size);
    buffer_add (out, zeros, (8 - out->size % 8) % 8);
    buffer_add (out, self->states.data, self->states.size);
    header.raw = header.stored = (uint32_t) (out->size - sizeof header);
    s_pack (self, &header);
    s_index (self, (uint32_t) out->size);
    self->all_rows += self->rows;
    self->rows = 0;
    self->sizes.size = self->keys.size = self->texts.size = self->states.size = 0;
    return s_write (self, out->data, out->size, error);
}

void segment_begin_run (segment_writer_t *self)
{
    self->runs++;
}

status_t segment_add (segment_writer_t *self, rac_bytes text, uint32_t key_size, const char *state, error_t *error)
{
    if (__builtin_expect (text.size > ROW_LIMIT, 0))
        return error_set_kind (error, ERROR_DATA, "a key (with its values) of %u bytes: at most %u are possible", text.size, ROW_LIMIT);
    buffer_add (&self->sizes, &text.size, 4);
    if (self->layout.records)
        buffer_add (&self->keys, &key_size, 4);
    buffer_add (&self->texts, text.data, text.size);
    buffer_add (&self->states, state, self->layout.state_bytes);
    self->rows++;
    if (self->texts.size + self->states.size + 8ull * self->rows >= BLOCK)
        return s_flush (self, error);
    return OK;
}

status_t segment_end_run (segment_writer_t *self, error_t *error)
{
    return s_flush (self, error);
}

uint32_t segment_written_runs (const segment_writer_t *self)
{
    return self->runs;
}

status_t segment_finish (segment_writer_t **self_p, uint64_t *bytes, uint64_t *rows, error_t *error)
{
    segment_writer_t *self = *self_p;
    footer_t footer = { .magic = FOOTER_MAGIC, .blocks = self->blocks, .runs = self->runs, .index = self->at, .rows = self->all_rows };
    footer.checksum = footer_checksum (&footer, self->index.data);
    status_t rc = s_write (self, self->index.data, self->index.size, error);
    if (!rc)
        rc = s_write (self, &footer, sizeof footer, error);
    if (close (self->fd) && !rc)
        rc = error_errno (error, "%s: cannot write", self->path);
    if (bytes)
        *bytes = self->at;
    if (rows)
        *rows = self->all_rows;
    s_free (self_p);
    return rc;
}

void segment_discard (segment_writer_t **self_p)
{
    if (!*self_p)
        return;
    close ((*self_p)->fd);
    unlink ((*self_p)->path);
    s_free (self_p);
}
