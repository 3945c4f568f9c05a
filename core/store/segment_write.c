// segment_write: the writing half of segment.h.
//
// Rows gather in four buffers (two of lengths, strings, states) until a block is full; they go out in one write, not copied again. The index is kept in memory:
// some 90 bytes for every 128 KiB.
#include "store/segment_format.h"
#include "base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

enum { BLOCK = 128 * 1024 };

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
    volatile uint64_t *watched;                         // NULL: by nobody
    pace_t *pace;                                       // NULL: nothing is packed
};

// A failure to write is the scratch disk's fault, whoever reported it.
static status_t s_scratch_fault (status_t rc, error_t *error)
{
    if (rc && error)
        error->kind = ERROR_SCRATCH;
    return rc;
}

segment_writer_t *segment_create (const char *path, const segment_layout_t *layout, error_t *error)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        (void) s_scratch_fault (error_errno (error, "%s: cannot create", path), error);
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
    TRY (s_scratch_fault (file_write_all (self->fd, bytes, size, self->path, error), error));
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

static status_t s_write_parts (segment_writer_t *self, const block_part_t *part, uint32_t parts, error_t *error)
{
    struct iovec piece [BLOCK_PARTS + 1];
    size_t all = 0;
    for (uint32_t i = 0; i < parts; i++) {
        piece [i] = (struct iovec) { (void *) part [i].data, part [i].size };
        all += part [i].size;
    }
    ssize_t written = writev (self->fd, piece, (int) parts);
    self->at += written > 0 ? (uint64_t) written : 0;
    if (written >= 0 && (size_t) written == all)
        return OK;
    for (uint32_t i = 0; i < parts; i++) {              // rare: interrupted, or the disk is full
        size_t done = written > 0 ? (size_t) written < part [i].size ? (size_t) written : part [i].size : 0;
        written -= (ssize_t) done;
        TRY (s_write (self, part [i].data + done, part [i].size - done, error));
    }
    return OK;
}

// The body deflated, if that makes it smaller.
static bool s_deflate (segment_writer_t *self, const block_part_t *part, block_header_t *header)
{
    buffer_t *out = &self->out;
    uLongf room = compressBound (header->raw);
    out->size = 0;
    for (uint32_t i = 0; i < BLOCK_PARTS; i++)
        buffer_add (out, part [i].data, part [i].size);
    buffer_reserve (out, room);
    if (compress2 ((Bytef *) out->data + out->size, &room, (const Bytef *) out->data, header->raw, 1) != Z_OK || room >= header->raw)
        return false;
    header->stored = (uint32_t) room;
    header->codec = CODEC_ZLIB;
    return true;
}

// Header and body, in `parts` behind part [0], which is room for the header.
static status_t s_put_block (segment_writer_t *self, block_header_t *header, block_part_t *part, uint32_t parts, error_t *error)
{
    header->checksum = block_checksum (header, part + 1, parts);
    part [0] = (block_part_t) { (const char *) header, sizeof *header };
    s_index (self, (uint32_t) sizeof *header + header->stored);
    self->all_rows += self->rows;
    if (self->watched)
        *self->watched = *self->watched + 1;
    return s_write_parts (self, part, parts + 1, error);
}

// As the pace says, which learns what packing and writing took.
static status_t s_put_at_pace (segment_writer_t *self, block_header_t *header, block_part_t *part, error_t *error)
{
    uint32_t parts = BLOCK_PARTS;
    int64_t start = clock_us ();
    if (pace_packs (self->pace) && s_deflate (self, part + 1, header)) {
        part [1] = (block_part_t) { self->out.data + self->out.size, header->stored };
        parts = 1;
    }
    status_t rc = s_put_block (self, header, part, parts, error);
    pace_block (self->pace, header->raw, (uint64_t) (clock_us () - start));
    return rc;
}

static status_t s_flush (segment_writer_t *self, error_t *error)
{
    if (!self->rows)
        return OK;
    static const char zeros [8] = { 0 };
    size_t columns = self->sizes.size + self->keys.size + self->texts.size, pad = (8 - (columns + sizeof (block_header_t)) % 8) % 8;
    block_part_t part [BLOCK_PARTS + 1] = {
        { NULL, 0 }, { self->sizes.data, self->sizes.size }, { self->keys.data, self->keys.size }, { self->texts.data, self->texts.size },
        { zeros, pad }, { self->states.data, self->states.size },
    };
    uint32_t raw = (uint32_t) (columns + pad + self->states.size);
    block_header_t header = { .magic = BLOCK_MAGIC, .rows = self->rows, .state_bytes = self->layout.state_bytes, .records = self->layout.records,
                              .raw = raw, .stored = raw };
    status_t rc = self->pace ? s_put_at_pace (self, &header, part, error) : s_put_block (self, &header, part, BLOCK_PARTS, error);
    self->rows = 0;
    self->sizes.size = self->keys.size = self->texts.size = self->states.size = 0;
    return rc;
}

void segment_begin_run (segment_writer_t *self)
{
    self->runs++;
}

status_t segment_add (segment_writer_t *self, rac_bytes text, uint32_t key_size, const char *state, error_t *error)
{
    if (__builtin_expect (text.size > SEGMENT_ROW, 0))
        return error_set_kind (error, ERROR_DATA, "a key (with its values) of %u bytes: at most %u are possible", text.size, SEGMENT_ROW);
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

void segment_watch (segment_writer_t *self, volatile uint64_t *blocks)
{
    self->watched = blocks;
}

void segment_pack (segment_writer_t *self, pace_t *pace)
{
    self->pace = pace;
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
        rc = s_scratch_fault (error_errno (error, "%s: cannot write", self->path), error);
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
