// inlet: the input of one map task that this node does not see, block by block from the head into the chunk cache.
//
//       split:  ........[=====================]....
//       blocks:       low         there        high        end
//                      |############|----------->.............|
//                      |  pinned, read or asked  |  to come   |
//
// An executor says how far it is by NEED (inlet_need): what lies before is unpinned, what lies behind is read ahead while there is room in the
// cache and on the link. Of all inlets that one takes the next step which is least far ahead of its reader, so that whoever waits comes
// first and the others share; an order that still waits in its slot's queue counts as some blocks ahead. One answer allows an executor
// to read GRANT blocks at most, and only half of what is there: low must move on for the rest to come.
//
// A block that two inlets want is asked for once (unit_t). If the job that asked for it ends before, the other inlet asks again.
#include "worker/fetch_parts.h"
#include "base/clock.h"
#include <sys/stat.h>

enum { GRANT = 16, AHEAD_MOST = 64, QUEUED = 4, PINS_LEAST = 8, PINS_MOST = 256 };      // blocks

struct inlet {
    inlet_t *next;
    uint64_t id;
    message_t map;
    cache_file_t *file;
    uint64_t low, high, end;
    bool asked;                                         // an executor waits for block `low`
    bool started;                                       // it has asked before
    bool failed; error_t error;
};

// A block on its way.
struct unit {
    unit_t *next;
    fetcher_t *fetcher;
    uint64_t id;                                        // of the inlet that has asked first
    cache_file_t *file;
    uint64_t block;
    haul_t haul;
    char bytes [CACHE_BLOCK];
};

static inlet_t *s_find (const fetcher_t *self, uint64_t id)
{
    inlet_t *inlet = self->inlets;
    while (inlet && inlet->id != id)
        inlet = inlet->next;
    return inlet;
}

static void s_fail (fetcher_t *self, inlet_t *inlet, const error_t *error)
{
    if (!inlet->failed)
        inlet->error = *error;
    inlet->failed = true;
    inlet->asked = false;
    fetcher_fail (self, inlet->id, 0, &inlet->error);
}

static void s_pin_from (inlet_t *inlet, uint64_t block)
{
    while (inlet->low < inlet->high)
        cache_unpin (inlet->file, inlet->low++);
    inlet->low = inlet->high = block;
}

static void s_cut_at (inlet_t *inlet, uint64_t block)
{
    while (inlet->high > block && inlet->high > inlet->low)
        cache_unpin (inlet->file, --inlet->high);
}

// ---- answers

static void s_answer (fetcher_t *self, inlet_t *inlet)
{
    uint64_t there = inlet->low;
    while (inlet->asked && there < inlet->high && cache_has (self->cache, inlet->file, there))
        there++;
    uint64_t blocks = there - inlet->low;
    if (!blocks)
        return;
    uint64_t grant = (blocks + 1) / 2 < GRANT ? (blocks + 1) / 2 : GRANT, upto = (inlet->low + grant) * CACHE_BLOCK;
    fetched_t *news = fetched_new (FETCHED_UPTO, inlet->id);
    news->upto = upto < inlet->map.map.size ? upto : inlet->map.map.size;
    inlet->asked = false;
    fetcher_tell (self, news);
}

void inlet_need (fetcher_t *self, uint64_t id, uint64_t offset)
{
    inlet_t *inlet = s_find (self, id);
    if (!inlet)
        return;
    uint64_t block = offset / CACHE_BLOCK;
    error_t error = { 0 };
    if (inlet->failed || offset >= inlet->map.map.size) {
        error_set (&error, "%s: byte %llu lies behind its end", inlet->map.map.path, (unsigned long long) offset);
        s_fail (self, inlet, &error);
        return;
    }
    if (block < inlet->low || block > inlet->high)
        s_pin_from (inlet, block);
    while (inlet->low < block)
        cache_unpin (inlet->file, inlet->low++);
    if (inlet->end <= block)
        inlet->end = block + 1;                         // records end behind their split
    inlet->asked = inlet->started = true;
    s_answer (self, inlet);
}

// ---- blocks

static void s_unit_free (fetcher_t *self, unit_t *unit)
{
    for (unit_t **at = &self->units; *at; at = &(*at)->next)
        if (*at == unit) {
            *at = unit->next;
            break;
        }
    cache_close (self->cache, &unit->file);
    free (unit);
}

static void s_block_lost (fetcher_t *self, const unit_t *unit, const error_t *error)
{
    for (inlet_t *inlet = self->inlets; inlet; inlet = inlet->next)
        if (inlet->file == unit->file && unit->block >= inlet->low && unit->block < inlet->high && !inlet->failed) {
            if (inlet->map.map.job == unit->haul.job)
                s_fail (self, inlet, error);
            else
                s_cut_at (inlet, unit->block);
        }
}

static void s_done (haul_t *haul, const error_t *failure)
{
    unit_t *unit = haul->context;
    fetcher_t *self = unit->fetcher;
    error_t error = { 0 };
    if (!failure && cache_put (self->cache, unit->file, unit->block, unit->bytes, &error))
        failure = &error;
    if (failure)
        s_block_lost (self, unit, failure);
    else {
        fetched_t *news = fetched_new (FETCHED_BYTES, unit->id);
        news->moved = haul->size;
        news->carried = haul->carried;
        fetcher_tell (self, news);
        for (inlet_t *inlet = self->inlets; inlet; inlet = inlet->next)
            if (inlet->asked && inlet->file == unit->file)
                s_answer (self, inlet);
    }
    s_unit_free (self, unit);
}

static bool s_is_on_its_way (const fetcher_t *self, const inlet_t *inlet, uint64_t block)
{
    for (const unit_t *unit = self->units; unit; unit = unit->next)
        if (unit->file == inlet->file && unit->block == block)
            return true;
    return false;
}

static void s_ask (fetcher_t *self, link_t *head, const inlet_t *inlet, uint64_t block)
{
    unit_t *unit = memory_grow (NULL, sizeof *unit);    // not zeroed: a MiB that will be written anyway
    unit->fetcher = self;
    unit->id = inlet->id;
    unit->file = cache_again (inlet->file);
    unit->block = block;
    unit->haul = (haul_t) { .what = FETCH_INPUT, .job = inlet->map.map.job, .index = inlet->map.map.file, .offset = block * CACHE_BLOCK,
                            .size = cache_block_size (unit->file, block), .bytes = unit->bytes, .done = s_done, .context = unit };
    unit->next = self->units;
    self->units = unit;
    link_start (head, &unit->haul, clock_us ());
}

// ---- read-ahead

static uint64_t s_rank (const inlet_t *inlet)
{
    return inlet->high - inlet->low + (inlet->started ? 0 : QUEUED);
}

// Of all inlets together: what is read ahead displaces what a later job would have found, and a second or two of the link is enough.
static uint64_t s_pins_most (const cache_t *cache)
{
    uint64_t limit = cache_limit (cache) / CACHE_BLOCK, most = limit / 16, bound = limit * 7 / 8;
    most = most < PINS_LEAST ? PINS_LEAST : most > PINS_MOST ? PINS_MOST : most;
    return most < bound ? most : bound;
}

static bool s_may_go_on (const fetcher_t *self, const inlet_t *inlet, uint64_t pinned)
{
    if (inlet->failed || inlet->high >= inlet->end || inlet->high - inlet->low >= AHEAD_MOST)
        return false;
    if (inlet->asked && inlet->high == inlet->low)
        return true;                                    // somebody waits: whatever the limit says
    return pinned < s_pins_most (self->cache);
}

// The inlet that takes the next step; NULL: none can.
static inlet_t *s_next (const fetcher_t *self)
{
    inlet_t *best = NULL;
    uint64_t pinned = wholes_blocks (self);
    for (const inlet_t *inlet = self->inlets; inlet; inlet = inlet->next)
        pinned += inlet->high - inlet->low;
    for (inlet_t *inlet = self->inlets; inlet; inlet = inlet->next)
        if (s_may_go_on (self, inlet, pinned) && (!best || s_rank (inlet) < s_rank (best)))
            best = inlet;
    return best;
}

bool inlet_turn (fetcher_t *self)
{
    inlet_t *inlet = s_next (self);
    if (!inlet)
        return false;
    uint64_t block = inlet->high;
    bool there = cache_has (self->cache, inlet->file, block);
    if (!there && !s_is_on_its_way (self, inlet, block)) {
        error_t error = { 0 };
        link_t *head = fetcher_head (self, &error);
        if (!head) {
            s_fail (self, inlet, &error);
            return true;
        }
        if (!link_has_room (head) || fetcher_requests (self) >= REQUESTS_MOST)
            return false;
        s_ask (self, head, inlet, block);
    }
    cache_pin (inlet->file, block);
    inlet->high++;
    if (there)
        s_answer (self, inlet);
    return true;
}

// ---- life

void inlet_new (fetcher_t *self, uint64_t id, message_t *map)
{
    error_t error = { 0 };
    fetched_t *news = fetched_new (FETCHED_PLACE, id);
    if (locate_file (self->locate, &map->map, &news->inode, &news->device)) {
        news->path = memory_text (map->map.path);
        fetcher_tell (self, news);
        message_free (map);
        return;
    }
    cache_identity_t identity = fetcher_identity (&map->map);
    cache_file_t *file = cache_open (self->cache, &identity, map->map.job, &error);
    struct stat facts;
    if (!file || stat (cache_path (file), &facts)) {
        error_set (&error, "%s: cannot be looked at", file ? cache_path (file) : "the chunk cache");
        fetcher_fail (self, id, 0, &error);
        if (file)
            cache_close (self->cache, &file);
        fetched_free (&news);
        message_free (map);
        return;
    }
    inlet_t *inlet = memory_new (sizeof *inlet);
    *inlet = (inlet_t) { .id = id, .map = *map, .file = file };
    *map = (message_t) { 0 };
    const message_map_t *of = &inlet->map.map;
    inlet->low = inlet->high = of->offset / CACHE_BLOCK;
    uint64_t end = of->offset + of->length < of->size ? of->offset + of->length : of->size;
    inlet->end = (end + CACHE_BLOCK - 1) / CACHE_BLOCK;
    inlet_t **at = &self->inlets;
    while (*at)
        at = &(*at)->next;
    *at = inlet;
    news->path = memory_text (cache_path (file));
    news->inode = facts.st_ino;
    news->device = facts.st_dev;
    news->guarded = true;
    fetcher_tell (self, news);
}

static void s_free (fetcher_t *self, inlet_t **at)
{
    inlet_t *inlet = *at;
    *at = inlet->next;
    s_pin_from (inlet, 0);
    cache_close (self->cache, &inlet->file);
    message_free (&inlet->map);
    free (inlet);
}

void inlet_release (fetcher_t *self, uint64_t id)
{
    for (inlet_t **at = &self->inlets; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            s_free (self, at);
            return;
        }
}

void inlets_free (fetcher_t *self)
{
    while (self->inlets)
        s_free (self, &self->inlets);
    while (self->units) {
        link_drop (self->head, &self->units->haul);
        s_unit_free (self, self->units);
    }
}
