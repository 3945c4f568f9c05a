// staging: a segment of another worker as a sparse file of the same size in this node's scratch.
//
// Shared by all reduce tasks of its job here, and kept until FORGET, but for the blocks of ranges that are done. Its index comes first (TAIL: its
// last bytes are asked for; INDEX: the rest of it; then it is OPEN), then blocks, as stages want them. A crate is what one haul brings:
// neighbours in the file. One that is lost (its owner is gone, has other bytes than it said, or this disk is full) stays for those who use it,
// and is made anew for the next. Bytes are written as they come: how long a block or an index is, is what another node says, and no reason to
// have so much memory.
#define _GNU_SOURCE                                     // fallocate
#include "worker/stage_parts.h"
#include "base/clock.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

// Bytes on their way; [first, end): the blocks in them, none of an index.
struct crate {
    crate_t *next;
    staging_t *staging;
    uint64_t id;                                        // of the stage that asked
    uint32_t first, end;
    haul_t haul;
};

void staging_fail (staging_t *self, bool away, const error_t *error)
{
    self->lost = true;
    stage_failed (self, away ? self->worker : 0, error);
}

// ---- bytes that come

static void s_crate_free (crate_t *crate)
{
    for (crate_t **at = &crate->staging->crates; *at; at = &(*at)->next)
        if (*at == crate) {
            *at = crate->next;
            break;
        }
    free (crate);
}

static status_t s_open_index (staging_t *self, error_t *error)
{
    self->segment = segment_open (self->path, &(segment_layout_t) { 0 }, error);
    if (!self->segment)
        return FAILED;
    self->have = memory_new (segment_blocks (self->segment) + 1);
    for (uint32_t i = 0; i < segment_blocks (self->segment); i++) {
        const segment_block_t *block = segment_block (self->segment, i);
        if (block->offset > self->bytes || block->stored > self->bytes - block->offset || !block->stored)
            return error_set (error, "%s: its index points outside of it", self->path);
    }
    self->state = OPEN;
    return OK;
}

static uint64_t s_tail_size (const staging_t *self)
{
    return self->bytes < FETCH_BYTES ? self->bytes : FETCH_BYTES;
}

// The tail or the rest of the index is there.
static status_t s_index_came (staging_t *self, error_t *error)
{
    if (self->state == TAIL) {
        uint64_t index = 0;
        TRY (segment_index (self->path, &index, error));
        if (index < self->bytes - s_tail_size (self)) {
            self->state = INDEX;                        // stage_turn asks for it
            return OK;
        }
    }
    return s_open_index (self, error);
}

static void s_done (haul_t *haul, const error_t *failure)
{
    crate_t *crate = haul->context;
    staging_t *self = crate->staging;
    fetcher_t *fetcher = self->fetcher;
    error_t error = { 0 };
    bool away = !failure || failure->kind != ERROR_SCRATCH;
    for (uint32_t b = crate->first; !failure && b < crate->end; b++)
        self->have [b] = THERE;
    if (!failure && crate->first == crate->end && s_index_came (self, &error))
        failure = &error;
    stage_came (fetcher, crate->id, haul->size, haul->carried);
    s_crate_free (crate);
    if (failure)
        staging_fail (self, away, failure);
    else
        stage_look (fetcher);
}

// ---- asking

static void s_start (staging_t *self, link_t *link, uint64_t id, uint64_t offset, uint64_t size, uint32_t first, uint32_t end)
{
    crate_t *crate = memory_new (sizeof *crate);
    *crate = (crate_t) { .next = self->crates, .staging = self, .id = id, .first = first, .end = end };
    crate->haul = (haul_t) { .what = FETCH_SEGMENT, .job = self->job, .index = self->number, .offset = offset, .size = size,
                             .fd = self->fd, .path = self->path, .done = s_done, .context = crate };
    self->crates = crate;
    link_start (link, &crate->haul, clock_us ());
}

static status_t s_create (staging_t *self, error_t *error)
{
    self->fd = open (self->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool failed = self->fd < 0 || ftruncate (self->fd, (off_t) self->bytes);
    if (self->fd >= 0 && failed && (errno == EFBIG || errno == EINVAL))
        return error_set (error, "worker %llu: a segment of %llu bytes cannot be", (unsigned long long) self->worker, (unsigned long long) self->bytes);
    if (failed)
        return error_set_kind (error, ERROR_SCRATCH, "%s: cannot be made: %s", self->path, strerror (errno));
    return OK;
}

// The rest of the index lies before the tail; the crate of a TAIL or INDEX has no blocks.
bool staging_ask_index (staging_t *self, link_t *link, uint64_t id)
{
    error_t error = { 0 };
    uint64_t tail = s_tail_size (self), index = 0;
    if (self->crates)
        return false;                                   // asked for already
    if (self->state == FRESH) {
        if (s_create (self, &error)) {
            staging_fail (self, error.kind != ERROR_SCRATCH, &error);
            return true;
        }
        self->state = TAIL;
        s_start (self, link, id, self->bytes - tail, tail, 0, 0);
    }
    else if (segment_index (self->path, &index, &error))
        staging_fail (self, true, &error);
    else
        s_start (self, link, id, index, self->bytes - tail - index, 0, 0);
    return true;
}

void staging_ask (staging_t *self, link_t *link, uint64_t id, uint32_t first, uint32_t end)
{
    const segment_block_t *from = segment_block (self->segment, first), *last = segment_block (self->segment, end - 1);
    memset (self->have + first, COMING, end - first);
    s_start (self, link, id, from->offset, last->offset + last->stored - from->offset, first, end);
}

// A disk that makes no holes keeps them.
void staging_give_back (staging_t *self, uint32_t first, uint32_t end)
{
    for (uint32_t b = first; b < end; b++)
        if (self->have [b] != THERE)
            return;
    const segment_block_t *from = segment_block (self->segment, first), *last = segment_block (self->segment, end - 1);
    off_t size = (off_t) (last->offset + last->stored - from->offset);
    if (!fallocate (self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) from->offset, size))
        memset (self->have + first, ABSENT, end - first);
}

void staging_rename (staging_t *self, uint64_t from, uint64_t to)
{
    for (crate_t *crate = self->crates; crate; crate = crate->next)
        crate->id = crate->id == from ? to : crate->id;
}

// ---- life

void staging_drop (staging_t *self)
{
    node_t *node = fetcher_node (self->fetcher, self->worker);
    while (self->crates) {
        if (node && node->link)
            link_drop (node->link, &self->crates->haul);
        s_crate_free (self->crates);
    }
}

void staging_free (staging_t *self)
{
    for (staging_t **at = &self->fetcher->stagings; *at; at = &(*at)->next)
        if (*at == self) {
            *at = self->next;
            break;
        }
    staging_drop (self);
    segment_close (&self->segment);
    if (self->fd >= 0)
        close (self->fd);
    unlink (self->path);
    free (self->have);
    free (self->path);
    free (self);
}

void staging_leave (staging_t *self)
{
    if (!--self->users && self->lost)
        staging_free (self);
}

staging_t *staging_use (fetcher_t *self, uint64_t job, uint64_t worker, uint64_t number, uint64_t bytes, const char *folder)
{
    staging_t *staging = self->stagings;
    while (staging && (staging->job != job || staging->worker != worker || staging->number != number || staging->lost))
        staging = staging->next;
    if (!staging) {
        static uint64_t turn;                           // a lost one of the same number may still be there
        char name [96];
        snprintf (name, sizeof name, "staged-%llu-%llu-%llu", (unsigned long long) worker, (unsigned long long) number, (unsigned long long) turn++);
        staging = memory_new (sizeof *staging);
        *staging = (staging_t) { .next = self->stagings, .fetcher = self, .job = job, .worker = worker, .number = number, .bytes = bytes,
                                 .path = file_join (folder, name), .fd = -1 };
        self->stagings = staging;
    }
    staging->users++;
    return staging;
}
