// whole: the side files of jobs, which executors read from beginning to end before their first row: each whole in the chunk cache, block by
// block from the head, unless this node sees the same file itself.
//
// What is there stays pinned until its job ends: executors come and go, and each of them reads it. So much of the cache is out of reach for inputs
// (inlet.c counts it), and no more than SHARE of SHARES of it can be side files'. Inputs and side files take turns on the link.
//
// Two jobs that want the same file get it one after the other: the second finds all blocks there.
#include "worker/fetch_parts.h"
#include "base/clock.h"
#include <sys/stat.h>

enum { SHARE = 3, SHARES = 4, UNITS = 4 };              // blocks of one file that are under way at a time

typedef struct part {                                   // a block on its way
    struct part *next;
    whole_t *of;
    uint64_t block;
    haul_t haul;
    char bytes [CACHE_BLOCK];
} part_t;

struct whole {
    whole_t *next;
    fetcher_t *fetcher;
    uint64_t id;
    message_t map;
    cache_file_t *file;                                 // NULL: not from the cache
    uint64_t blocks, pinned, there;                     // of it; asked for or there; there
    part_t *parts; uint32_t under_way;
    bool failed;                                        // and told so
};

static void s_drop (whole_t *self)
{
    while (self->parts) {
        part_t *part = self->parts;
        self->parts = part->next;
        link_drop (self->fetcher->head, &part->haul);
        free (part);
    }
    self->under_way = 0;
    while (self->pinned)
        cache_unpin (self->file, --self->pinned);
    if (self->file)
        cache_close (self->fetcher->cache, &self->file);
}

static void s_fail (whole_t *self, const error_t *error)
{
    if (self->failed)
        return;
    self->failed = true;
    fetcher_fail (self->fetcher, self->id, 0, error);
}

// It can be read at `path` from now on; in the cache: nobody else writes to it.
static void s_tell_place (whole_t *self, const char *path, bool cached)
{
    fetched_t *news = fetched_new (FETCHED_PLACE, self->id);
    news->path = memory_text (path);
    news->guarded = cached;
    fetcher_tell (self->fetcher, news);
}

// ---- blocks

static void s_there (whole_t *self)
{
    if (++self->there == self->blocks)
        s_tell_place (self, cache_path (self->file), true);
}

static void s_unlist (part_t *part)
{
    part_t **at = &part->of->parts;
    while (*at != part)
        at = &(*at)->next;
    *at = part->next;
    part->of->under_way--;
}

static void s_done (haul_t *haul, const error_t *failure)
{
    part_t *part = haul->context;
    whole_t *self = part->of;
    error_t error = { 0 };
    s_unlist (part);
    if (!failure && cache_put (self->fetcher->cache, self->file, part->block, part->bytes, &error))
        failure = &error;
    if (failure)
        s_fail (self, failure);
    else {
        fetched_t *news = fetched_new (FETCHED_BYTES, self->id);
        news->moved = haul->size;
        news->carried = haul->carried;
        fetcher_tell (self->fetcher, news);
        s_there (self);
    }
    free (part);
}

static void s_ask (whole_t *self, link_t *head, uint64_t block)
{
    part_t *part = memory_grow (NULL, sizeof *part);    // not zeroed: a MiB that will be written anyway
    const message_map_t *map = &self->map.map;
    part->of = self;
    part->block = block;
    part->haul = (haul_t) { .what = FETCH_SIDE, .job = map->job, .index = map->file, .offset = block * CACHE_BLOCK,
                            .size = cache_block_size (self->file, block), .bytes = part->bytes, .done = s_done, .context = part };
    part->next = self->parts;
    self->parts = part;
    self->under_way++;
    link_start (head, &part->haul, clock_us ());
}

// Somebody before it brings the same file.
static bool s_is_second (const whole_t *self)
{
    for (const whole_t *other = self->fetcher->wholes; other != self; other = other->next)
        if (other->file == self->file && other->there < other->blocks && !other->failed)
            return true;
    return false;
}

bool whole_turn (fetcher_t *fetcher)
{
    whole_t *self = fetcher->wholes;
    while (self && (!self->file || self->failed || self->pinned == self->blocks || self->under_way == UNITS || s_is_second (self)))
        self = self->next;
    if (!self)
        return false;
    uint64_t block = self->pinned;
    bool there = cache_has (fetcher->cache, self->file, block);
    if (!there) {
        error_t error = { 0 };
        link_t *head = fetcher_head (fetcher, &error);
        if (head && (!link_has_room (head) || fetcher_requests (fetcher) >= REQUESTS_MOST))
            return false;
        if (!head) {
            s_fail (self, &error);
            return true;
        }
        s_ask (self, head, block);
    }
    cache_pin (self->file, self->pinned++);
    if (there)
        s_there (self);
    return true;
}

// ---- life

uint64_t wholes_blocks (const fetcher_t *self)
{
    uint64_t blocks = 0;
    for (const whole_t *whole = self->wholes; whole; whole = whole->next) {
        const whole_t *same = self->wholes;             // what several jobs want takes its room once
        while (same->file != whole->file)
            same = same->next;
        blocks += whole->file && same == whole ? whole->blocks : 0;
    }
    return blocks;
}

static status_t s_open (whole_t *self, error_t *error)
{
    fetcher_t *fetcher = self->fetcher;
    const message_map_t *map = &self->map.map;
    uint64_t limit = cache_limit (fetcher->cache) / CACHE_BLOCK * SHARE / SHARES, blocks = (map->size + CACHE_BLOCK - 1) / CACHE_BLOCK;
    cache_identity_t identity = fetcher_identity (map);
    self->file = cache_open (fetcher->cache, &identity, map->job, error);
    if (!self->file)
        return FAILED;
    self->blocks = blocks;
    if (wholes_blocks (fetcher) <= limit)
        return OK;
    cache_close (fetcher->cache, &self->file);
    return error_set (error, "side file %s: its %llu MiB do not fit into this node's cache beside other jobs' (%llu MiB can be side files): "
        "a larger cache_size helps", map->path, (unsigned long long) blocks, (unsigned long long) limit);
}

void whole_new (fetcher_t *fetcher, uint64_t id, message_t *map)
{
    whole_t *self = memory_new (sizeof *self);
    uint64_t inode, device;
    error_t error = { 0 };
    *self = (whole_t) { .fetcher = fetcher, .id = id, .map = *map };
    *map = (message_t) { 0 };
    whole_t **at = &fetcher->wholes;
    while (*at)
        at = &(*at)->next;
    *at = self;
    message_map_t seen = self->map.map;
    seen.file = UINT64_MAX;                             // of no input: nothing is remembered
    if (seen.inode && locate_file (fetcher->locate, &seen, &inode, &device))
        s_tell_place (self, seen.path, false);
    else if (!seen.size)
        s_tell_place (self, "/dev/null", true);
    else if (s_open (self, &error))
        s_fail (self, &error);
}

static void s_free (whole_t **at)
{
    whole_t *self = *at;
    *at = self->next;
    s_drop (self);
    message_free (&self->map);
    free (self);
}

void whole_release (fetcher_t *fetcher, uint64_t id)
{
    for (whole_t **at = &fetcher->wholes; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            s_free (at);
            return;
        }
}

void wholes_free (fetcher_t *fetcher)
{
    while (fetcher->wholes)
        s_free (&fetcher->wholes);
}
