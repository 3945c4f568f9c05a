// segment_read: the reading half of segment.h.
//
// Nothing that a file says is believed before its checksum and its lengths have been checked: a torn or foreign file is an error with its
// name and offset, never a crash.
#include "store/segment_format.h"
#include "table/sort.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t block_checksum (const block_header_t *header, const block_part_t *part, uint32_t parts)
{
    block_header_t copy = *header;
    copy.checksum = 0;
    uint64_t seed = XXH3_64bits (&copy, sizeof copy);
    if (parts == 1)
        return XXH3_64bits_withSeed (part [0].data, part [0].size, seed);
    XXH3_state_t state;
    XXH3_INITSTATE (&state);
    XXH3_64bits_reset_withSeed (&state, seed);
    for (uint32_t i = 0; i < parts; i++)
        XXH3_64bits_update (&state, part [i].data, part [i].size);
    return XXH3_64bits_digest (&state);
}

uint64_t footer_checksum (const footer_t *footer, const void *index)
{
    footer_t copy = *footer;
    copy.checksum = 0;
    return XXH3_64bits_withSeed (index, footer->blocks * sizeof (segment_block_t), XXH3_64bits (&copy, sizeof copy));
}

struct segment {
    char *path;
    int fd;
    segment_layout_t layout;
    segment_block_t *block; uint32_t blocks, runs;
};

static status_t s_load_footer (int fd, const char *path, footer_t *footer, error_t *error)
{
    struct stat is;
    if (fstat (fd, &is) || (uint64_t) is.st_size < sizeof *footer)
        return error_set (error, "%s: is not a whole segment", path);
    uint64_t size = (uint64_t) is.st_size;
    if (file_read_at (fd, footer, sizeof *footer, size - sizeof *footer, path, error))
        return error_set (error, "%s: cannot be read at its end", path);
    uint64_t bytes = footer->blocks * (uint64_t) sizeof (segment_block_t);
    if (footer->magic != FOOTER_MAGIC || footer->index > size || bytes > size - footer->index)
        return error_set (error, "%s: is not a whole segment", path);
    return OK;
}

static status_t s_load_index (segment_t *self, error_t *error)
{
    footer_t footer;
    TRY (s_load_footer (self->fd, self->path, &footer, error));
    uint64_t bytes = footer.blocks * (uint64_t) sizeof (segment_block_t);
    self->block = memory_new (bytes);
    self->blocks = footer.blocks;
    self->runs = footer.runs;
    if (file_read_at (self->fd, self->block, bytes, footer.index, self->path, error))
        return error_set (error, "%s: ends within its index", self->path);
    if (footer_checksum (&footer, self->block) != footer.checksum)
        return error_set (error, "%s: the checksum of its index differs", self->path);
    return OK;
}

status_t segment_index (const char *path, uint64_t *offset, error_t *error)
{
    footer_t footer;
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno (error, "%s: cannot open", path);
    status_t rc = s_load_footer (fd, path, &footer, error);
    close (fd);
    *offset = rc ? 0 : footer.index;
    return rc;
}

segment_t *segment_open (const char *path, const segment_layout_t *layout, error_t *error)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        (void) error_errno (error, "%s: cannot open", path);
        return NULL;
    }
    segment_t *self = memory_new (sizeof *self);
    self->path = memory_text (path);
    self->fd = fd;
    self->layout = *layout;
    if (s_load_index (self, error))
        segment_close (&self);
    return self;
}

void segment_close (segment_t **self_p)
{
    segment_t *self = *self_p;
    if (!self)
        return;
    close (self->fd);
    free (self->path);
    free (self->block);
    free (self);
    *self_p = NULL;
}

uint32_t segment_runs (const segment_t *self)
{
    return self->runs;
}

uint32_t segment_blocks (const segment_t *self)
{
    return self->blocks;
}

const segment_block_t *segment_block (const segment_t *self, uint32_t index)
{
    return &self->block [index];
}

// ---- cursor

typedef struct {
    cursor_t row;                                       // first: what the caller sees
    segment_t *segment;
    uint32_t next, end;                                 // blocks of the run that are still to be read
    rac_bytes high;
    char *stored, *raw; size_t stored_room, raw_room;
    uint32_t rows, at;                                  // of the block in hand
    const char *sizes, *keys, *texts, *states;          // its columns; texts: of the row it stands on
} reading_t;

static int s_compare (rac_bytes a, rac_bytes b)
{
    return memory_compare (a.data, a.size, b.data, b.size);
}

static void s_room (char **at, size_t *room, size_t bytes)
{
    if (*room >= bytes)
        return;
    *at = memory_grow (*at, bytes + 64);
    *room = bytes;
}

// Checks that the columns fill the body exactly, and finds where they begin.
static status_t s_columns (reading_t *self, const block_header_t *header, const char *body)
{
    uint64_t rows = header->rows, at = rows * (header->records ? 8 : 4), texts = 0;
    if (!rows || at > header->raw)
        return FAILED;
    self->sizes = body;
    self->keys = header->records ? body + rows * 4 : body;
    self->texts = body + at;
    for (uint64_t r = 0; r < rows; r++) {
        uint32_t size, key;
        memcpy (&size, self->sizes + 4 * r, 4);
        memcpy (&key, self->keys + 4 * r, 4);
        texts += size;
        if (key > size)
            return FAILED;
    }
    at += texts;
    at += (8 - (at + sizeof *header) % 8) % 8;
    if (at + rows * header->state_bytes != header->raw)
        return FAILED;
    self->states = body + at;
    self->rows = header->rows;
    return OK;
}

static status_t s_unpack (reading_t *self, const block_header_t *header, const char **body)
{
    const char *stored = self->stored + sizeof *header;
    *body = stored;
    if (header->codec == CODEC_NONE)
        return header->raw == header->stored ? OK : FAILED;
    uLongf size = header->raw;
    if (header->codec != CODEC_ZLIB || header->raw > 1u << 30)
        return FAILED;
    s_room (&self->raw, &self->raw_room, header->raw);
    *body = self->raw;
    return uncompress ((Bytef *) self->raw, &size, (const Bytef *) stored, header->stored) == Z_OK && size == header->raw ? OK : FAILED;
}

static status_t s_load (reading_t *self, error_t *error)
{
    segment_t *segment = self->segment;
    const segment_block_t *block = &segment->block [self->next++];
    block_header_t header;
    const char *body = NULL;
    s_room (&self->stored, &self->stored_room, block->stored);
    status_t rc = block->stored < sizeof header ? FAILED : file_read_at (segment->fd, self->stored, block->stored, block->offset, segment->path, error);
    if (!rc) {
        memcpy (&header, self->stored, sizeof header);
        bool whole = header.magic == BLOCK_MAGIC && header.stored == block->stored - sizeof header && header.state_bytes == segment->layout.state_bytes
            && header.records == segment->layout.records
            && block_checksum (&header, &(block_part_t) { self->stored + sizeof header, header.stored }, 1) == header.checksum;
        rc = whole ? s_unpack (self, &header, &body) : FAILED;
    }
    if (!rc)
        rc = s_columns (self, &header, body);
    if (rc)
        return error_set (error, "%s: block at byte %llu: checksum or lengths differ", segment->path, (unsigned long long) block->offset);
    self->at = 0;
    return OK;
}

// Stands on row `at` of the block in hand.
static void s_stand (reading_t *self)
{
    cursor_t *row = &self->row;
    memcpy (&row->text.size, self->sizes + 4 * (size_t) self->at, 4);
    memcpy (&row->key_size, self->keys + 4 * (size_t) self->at, 4);
    row->text.data = self->texts;
    row->state = self->states + (size_t) self->at * self->segment->layout.state_bytes;
    row->prefix = sort_prefix (row->text, 0);
    if (self->high.data && s_compare (row->text, self->high) >= 0)
        row->done = true;
}

status_t cursor_next (cursor_t *cursor, error_t *error)
{
    reading_t *self = (reading_t *) cursor;
    self->texts += cursor->text.size;
    self->at++;
    while (self->at == self->rows) {
        if (self->next == self->end) {
            cursor->done = true;
            return OK;
        }
        TRY (s_load (self, error));
    }
    s_stand (self);
    return OK;
}

// The first block that can hold a string >= low: the last one that surely begins below low. The index has only the beginnings of keys, so
// low is cut to the same length: if those are equal, the block before may still hold strings >= low.
static uint32_t s_seek (const segment_t *segment, uint32_t first, uint32_t end, rac_bytes low)
{
    if (low.size > SEGMENT_KEY)
        low.size = SEGMENT_KEY;
    while (end - first > 1) {
        uint32_t middle = first + (end - first) / 2;
        const segment_block_t *block = &segment->block [middle];
        if (s_compare ((rac_bytes) { block->key, block->key_size, 0 }, low) < 0)
            first = middle;
        else
            end = middle;
    }
    return first;
}

// The first block whose strings are all >= high: a key is not less than its beginning.
static uint32_t s_seek_end (const segment_t *segment, uint32_t first, uint32_t end, rac_bytes high)
{
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        const segment_block_t *block = &segment->block [middle];
        if (s_compare ((rac_bytes) { block->key, block->key_size, 0 }, high) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return end;
}

void segment_span (const segment_t *self, uint32_t run, rac_bytes low, rac_bytes high, uint32_t *first, uint32_t *end)
{
    uint32_t from = 0, to;
    while (from < self->blocks && self->block [from].run < run)
        from++;
    for (to = from; to < self->blocks && self->block [to].run == run; )
        to++;
    *end = high.data ? s_seek_end (self, from, to, high) : to;
    *first = low.size && from < *end ? s_seek (self, from, *end, low) : from;
}

static status_t s_open (reading_t *self, rac_bytes low, error_t *error)
{
    self->row.done = self->next == self->end;
    if (self->row.done)
        return OK;
    TRY (s_load (self, error));
    s_stand (self);
    while (!self->row.done && low.size && s_compare (self->row.text, low) < 0)
        TRY (cursor_next (&self->row, error));
    return OK;
}

cursor_t *cursor_open (segment_t *segment, uint32_t run, rac_bytes low, rac_bytes high, error_t *error)
{
    reading_t *self = memory_new (sizeof *self);
    self->segment = segment;
    self->high = high;
    segment_span (segment, run, low, high, &self->next, &self->end);
    cursor_t *cursor = &self->row;
    if (s_open (self, low, error))
        cursor_close (&cursor);
    return cursor;
}

void cursor_close (cursor_t **self_p)
{
    reading_t *self = (reading_t *) *self_p;
    if (!self)
        return;
    free (self->stored);
    free (self->raw);
    free (self);
    *self_p = NULL;
}
