// stage: segments of other workers, as far as a reduce task needs them, as sparse files of the same size in this node's scratch.
//
//     staging_t    one segment of another worker, shared by all reduce tasks of its job here, kept until FORGET
//                  TAIL: its last bytes are asked for -> INDEX: the rest of its index -> OPEN: blocks, as stages want them
//     stage_t      one reduce task: a leg for each segment that is not this worker's own: the blocks of its range of keys
//
// A task is told that all is there only when every block of its range is: the executor then reads plain files, and a worker that dies
// in the middle of a transfer costs the transfer and never half a group. Tasks are served in the order of their coming, so that the one at
// the head of a slot's queue is complete first; within a task each node begins with another owner, so that they do not all ask the same one.
#include "worker/fetch_parts.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/segment.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { CRATE = 4 * FETCH_BYTES };

typedef struct crate crate_t;
typedef enum { FRESH, TAIL, INDEX, OPEN } staging_state_t;
typedef enum { ABSENT = 0, COMING, THERE } have_t;

struct staging {
    staging_t *next;
    fetcher_t *fetcher;
    uint64_t job, worker, number, bytes;
    char *path;
    int fd;
    staging_state_t state;
    segment_t *segment;
    uint8_t *have;                                      // have_t of each block
    crate_t *crates;                                    // under way
    bool lost;                                          // failed: the next task that needs it begins anew
    uint32_t users;
};

// Bytes on their way; [first, end): the blocks in them, none of an index.
struct crate {
    crate_t *next;
    staging_t *staging;
    uint64_t id;                                        // of the stage that asked
    uint32_t first, end;
    haul_t haul;
};

typedef struct {
    staging_t *staging;                                 // NULL: the worker's own segment
    bool known;                                         // block is filled in
    uint32_t *block, blocks;                            // that the task needs, ascending
    uint32_t asked, there;                              // of them, from the first on
} leg_t;

struct stage {
    stage_t *next;
    uint64_t id, own;
    message_t reduce;
    leg_t *leg;
    bool told;                                          // that all is there, or that it failed
};

// ---- the end of a stage's wait

static void s_tell_all (fetcher_t *self, stage_t *stage)
{
    const wire_texts_t *named = &stage->reduce.reduce.segments;
    fetched_t *news = fetched_new (FETCHED_ALL, stage->id);
    news->paths.item = memory_new ((named->count + 1) * sizeof *news->paths.item);
    for (uint32_t i = 0; i < named->count; i++)
        news->paths.item [news->paths.count++] = memory_text (stage->leg [i].staging ? stage->leg [i].staging->path : named->item [i]);
    stage->told = true;
    fetcher_tell (self, news);
}

static bool s_leg_is_there (leg_t *leg)
{
    if (!leg->staging)
        return true;
    while (leg->known && leg->there < leg->blocks && leg->staging->have [leg->block [leg->there]] == THERE)
        leg->there++;
    return leg->known && leg->there == leg->blocks;
}

static void s_look (fetcher_t *self, stage_t *stage)
{
    for (uint32_t i = 0; i < stage->reduce.reduce.segments.count; i++)
        if (!s_leg_is_there (&stage->leg [i]))
            return;
    s_tell_all (self, stage);
}

// away: the owner cannot be reached or has not what it should; else it is this node's disk.
static void s_fail (staging_t *self, bool away, const error_t *error)
{
    self->lost = true;
    for (stage_t *stage = self->fetcher->stages; stage; stage = stage->next)
        for (uint32_t i = 0; i < stage->reduce.reduce.segments.count && !stage->told; i++)
            if (stage->leg [i].staging == self) {
                stage->told = true;
                fetcher_fail (self->fetcher, stage->id, away ? self->worker : 0, error);
            }
}

// ---- bytes

static void s_crate_free (crate_t *crate)
{
    for (crate_t **at = &crate->staging->crates; *at; at = &(*at)->next)
        if (*at == crate) {
            *at = crate->next;
            break;
        }
    free (crate->haul.bytes);
    free (crate);
}

static status_t s_write (const staging_t *self, const haul_t *haul, error_t *error)
{
    for (uint64_t at = 0; at < haul->size; ) {
        ssize_t n = pwrite (self->fd, haul->bytes + at, (size_t) (haul->size - at), (off_t) (haul->offset + at));
        if (n < 0 && errno != EINTR)
            return error_errno (error, "%s: cannot write", self->path);
        at += n > 0 ? (uint64_t) n : 0;
    }
    return OK;
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

static void s_start (staging_t *self, link_t *link, uint64_t id, uint64_t offset, uint64_t size, uint32_t first, uint32_t end);

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
    bool away = true;
    if (!failure && s_write (self, haul, &error)) {
        away = false;
        failure = &error;
    }
    for (uint32_t b = crate->first; !failure && b < crate->end; b++)
        self->have [b] = THERE;
    if (!failure && crate->first == crate->end && s_index_came (self, &error))
        failure = &error;
    fetched_t *news = fetched_new (FETCHED_BYTES, crate->id);
    news->moved = haul->size;
    news->carried = haul->carried;
    fetcher_tell (fetcher, news);
    s_crate_free (crate);
    if (failure)
        s_fail (self, away, failure);
    for (stage_t *stage = fetcher->stages; stage && !failure; stage = stage->next)
        if (!stage->told)
            s_look (fetcher, stage);
}

static void s_start (staging_t *self, link_t *link, uint64_t id, uint64_t offset, uint64_t size, uint32_t first, uint32_t end)
{
    crate_t *crate = memory_new (sizeof *crate);
    *crate = (crate_t) { .next = self->crates, .staging = self, .id = id, .first = first, .end = end };
    crate->haul = (haul_t) { .what = FETCH_SEGMENT, .job = self->job, .index = self->number, .offset = offset, .size = size,
                             .bytes = memory_grow (NULL, (size_t) size), .done = s_done, .context = crate };
    self->crates = crate;
    link_start (link, &crate->haul, clock_us ());
}

// ---- turns

static status_t s_create (staging_t *self, error_t *error)
{
    self->fd = open (self->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (self->fd < 0 || ftruncate (self->fd, (off_t) self->bytes))
        return error_errno (error, "%s: cannot be made", self->path);
    return OK;
}

// The rest of the index lies before the tail; the crate of a TAIL or INDEX has no blocks.
static bool s_ask_index (staging_t *self, link_t *link, uint64_t id)
{
    error_t error = { 0 };
    uint64_t tail = s_tail_size (self), index = 0;
    if (self->crates)
        return false;                                   // asked for already
    if (self->state == FRESH) {
        if (s_create (self, &error)) {
            s_fail (self, false, &error);
            return true;
        }
        self->state = TAIL;
        s_start (self, link, id, self->bytes - tail, tail, 0, 0);
    }
    else if (segment_index (self->path, &index, &error))
        s_fail (self, true, &error);
    else
        s_start (self, link, id, index, self->bytes - tail - index, 0, 0);
    return true;
}

// Which blocks the task needs of this segment.
static void s_know (stage_t *stage, leg_t *leg)
{
    const message_reduce_t *reduce = &stage->reduce.reduce;
    rac_bytes low = { reduce->low.data, reduce->low.size, 0 }, high = { reduce->last ? NULL : reduce->high.data, reduce->high.size, 0 };
    const segment_t *segment = leg->staging->segment;
    leg->block = memory_new ((segment_blocks (segment) + 1) * sizeof *leg->block);
    for (uint32_t run = 1; run <= segment_runs (segment); run++) {
        uint32_t first, end;
        segment_span (segment, run, low, high, &first, &end);
        while (first < end)
            leg->block [leg->blocks++] = first++;
    }
    leg->known = true;
}

// Neighbours in the file that nobody has asked for yet, up to a crate full; a longer block goes alone.
static bool s_ask_blocks (stage_t *stage, leg_t *leg, link_t *link)
{
    staging_t *staging = leg->staging;
    while (leg->asked < leg->blocks && staging->have [leg->block [leg->asked]] != ABSENT)
        leg->asked++;
    if (leg->asked == leg->blocks)
        return false;
    uint32_t first = leg->block [leg->asked], end = first;
    uint64_t offset = segment_block (staging->segment, first)->offset, size = 0;
    for (; leg->asked < leg->blocks && leg->block [leg->asked] == end && staging->have [end] == ABSENT; leg->asked++, end++) {
        const segment_block_t *block = segment_block (staging->segment, end);
        if (end > first && (block->offset != offset + size || size + block->stored > CRATE))
            break;
        size += block->stored;
        staging->have [end] = COMING;
    }
    s_start (staging, link, stage->id, offset, size, first, end);
    return true;
}

static bool s_leg_turn (fetcher_t *self, stage_t *stage, leg_t *leg)
{
    staging_t *staging = leg->staging;
    if (!staging || staging->lost || (leg->known && leg->asked == leg->blocks))
        return false;
    if (staging->state == OPEN && !leg->known) {
        s_know (stage, leg);                            // all of it may be here, for another task
        s_look (self, stage);
        return true;
    }
    error_t error = { 0 };
    node_t *node = fetcher_node (self, staging->worker);
    link_t *link = node ? fetcher_link (self, node, &error) : NULL;
    if (!link) {
        error_set (&error, "worker %llu is not there any more", (unsigned long long) staging->worker);
        s_fail (staging, true, &error);
        return true;
    }
    if (!link_has_room (link) || fetcher_requests (self) >= REQUESTS_MOST)
        return false;
    if (staging->state != OPEN)
        return s_ask_index (staging, link, stage->id);
    return s_ask_blocks (stage, leg, link);
}

bool stage_turn (fetcher_t *self)
{
    for (stage_t *stage = self->stages; stage; stage = stage->next) {
        uint32_t legs = stage->reduce.reduce.segments.count;
        for (uint32_t i = 0; i < legs && !stage->told; i++)
            if (s_leg_turn (self, stage, &stage->leg [(i + stage->own) % legs]))
                return true;
    }
    return false;
}

// ---- life

static void s_staging_free (fetcher_t *self, staging_t *staging)
{
    for (staging_t **at = &self->stagings; *at; at = &(*at)->next)
        if (*at == staging) {
            *at = staging->next;
            break;
        }
    node_t *node = fetcher_node (self, staging->worker);
    while (staging->crates) {
        if (node && node->link)
            link_drop (node->link, &staging->crates->haul);
        s_crate_free (staging->crates);
    }
    segment_close (&staging->segment);
    if (staging->fd >= 0)
        close (staging->fd);
    unlink (staging->path);
    free (staging->have);
    free (staging->path);
    free (staging);
}

static staging_t *s_staging (fetcher_t *self, uint64_t job, uint64_t worker, uint64_t number, uint64_t bytes, const char *folder)
{
    for (staging_t *staging = self->stagings; staging; staging = staging->next)
        if (staging->job == job && staging->worker == worker && staging->number == number && !staging->lost)
            return staging;
    staging_t *staging = memory_new (sizeof *staging);
    static uint64_t turn;                               // a lost one of the same number may still be there
    char name [96];
    snprintf (name, sizeof name, "staged-%llu-%llu-%llu", (unsigned long long) worker, (unsigned long long) number, (unsigned long long) turn++);
    *staging = (staging_t) { .next = self->stagings, .fetcher = self, .job = job, .worker = worker, .number = number, .bytes = bytes,
                             .path = file_join (folder, name), .fd = -1 };
    self->stagings = staging;
    return staging;
}

void stage_new (fetcher_t *self, uint64_t id, message_t *reduce, uint64_t own, const char *folder)
{
    stage_t *stage = memory_new (sizeof *stage);
    *stage = (stage_t) { .id = id, .own = own, .reduce = *reduce };
    *reduce = (message_t) { 0 };
    const message_reduce_t *of = &stage->reduce.reduce;
    stage->leg = memory_new ((of->segments.count + 1) * sizeof *stage->leg);
    stage_t **at = &self->stages;
    while (*at)
        at = &(*at)->next;
    *at = stage;
    for (uint32_t i = 0; i < of->segments.count; i++)
        if (of->owners.item [i] != own) {
            stage->leg [i].staging = s_staging (self, of->job, of->owners.item [i], of->numbers.item [i], of->bytes.item [i], folder);
            stage->leg [i].staging->users++;
        }
    s_look (self, stage);
}

static void s_stage_free (fetcher_t *self, stage_t **at)
{
    stage_t *stage = *at;
    *at = stage->next;
    for (uint32_t i = 0; i < stage->reduce.reduce.segments.count; i++) {
        staging_t *staging = stage->leg [i].staging;
        free (stage->leg [i].block);
        if (staging && !--staging->users && staging->lost)
            s_staging_free (self, staging);
    }
    message_free (&stage->reduce);
    free (stage->leg);
    free (stage);
}

void stage_release (fetcher_t *self, uint64_t id)
{
    for (stage_t **at = &self->stages; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            s_stage_free (self, at);
            return;
        }
}

void stage_forget (fetcher_t *self, uint64_t job)
{
    for (stage_t **at = &self->stages; *at; )
        if ((*at)->reduce.reduce.job == job)
            s_stage_free (self, at);
        else
            at = &(*at)->next;
    for (staging_t *staging = self->stagings, *next; staging; staging = next) {
        next = staging->next;
        if (staging->job == job)
            s_staging_free (self, staging);
    }
}

void stage_lost (fetcher_t *self, uint64_t worker)
{
    error_t error = { 0 };
    error_set (&error, "worker %llu is not there any more", (unsigned long long) worker);
    node_t *node = fetcher_node (self, worker);
    for (staging_t *staging = self->stagings, *next; staging; staging = next) {
        next = staging->next;
        if (staging->worker != worker)
            continue;
        while (staging->crates) {
            if (node && node->link)
                link_drop (node->link, &staging->crates->haul);
            s_crate_free (staging->crates);
        }
        s_fail (staging, true, &error);
        if (!staging->users)
            s_staging_free (self, staging);
    }
}

void stages_free (fetcher_t *self)
{
    while (self->stages)
        s_stage_free (self, &self->stages);
    while (self->stagings)
        s_staging_free (self, self->stagings);
}
