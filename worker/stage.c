// stage: what reduce tasks read of other workers' segments: which blocks each needs, and in which order they are asked for.
//
// A task has a leg for each segment that is not this worker's own: the blocks of its range of keys. It is told that all is there only when every
// block is: the executor then reads plain files, and a worker that dies in the middle of a transfer costs the transfer and never half a group.
// Tasks are served in the order of their coming, so that the one at the head of a slot's queue is complete first; within a task each node
// begins with another owner, so that they do not all ask the same one.
//
// A stage that is `ahead` is not this node's yet (AHEAD). It is served when no other wants anything, up to a share of the memory, so that the
// link is busy also while slots are; the task, if it comes, finds what there is of it.
#include "worker/stage_parts.h"

enum { CRATE = 4 * FETCH_BYTES, AHEAD_SHARE = 2 };      // AHEAD_SHARE: this part of the memory for tasks may be ahead

typedef struct {
    staging_t *staging;                                 // NULL: the worker's own segment
    bool known;                                         // block is filled in
    uint32_t *block, blocks;                            // that the task needs, ascending
    bool *first;                                        // of them: begins a run's
    uint32_t asked, there;                              // of them, from the first on
} leg_t;

struct stage {
    stage_t *next;
    uint64_t id, own;
    message_t reduce;
    leg_t *leg;
    bool told;                                          // that all is there, or that it failed
    bool ahead;                                         // nobody waits for it, and nobody is told
    uint64_t asked, moved, carried;                     // ahead: bytes asked for; what has come
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
    for (uint32_t i = 0; i < stage->reduce.reduce.owners.count; i++)
        if (!s_leg_is_there (&stage->leg [i]))
            return;
    s_tell_all (self, stage);
}

void stage_look (fetcher_t *self)
{
    for (stage_t *stage = self->stages; stage; stage = stage->next)
        if (!stage->told && !stage->ahead)
            s_look (self, stage);
}

void stage_failed (staging_t *staging, uint64_t away, const error_t *error)
{
    fetcher_t *self = staging->fetcher;
    for (stage_t *stage = self->stages; stage; stage = stage->next)
        for (uint32_t i = 0; i < stage->reduce.reduce.owners.count && !stage->told && !stage->ahead; i++)
            if (stage->leg [i].staging == staging) {
                stage->told = true;
                fetcher_fail (self, stage->id, away, error);
            }
}

static void s_tell_bytes (fetcher_t *self, uint64_t id, uint64_t moved, uint64_t carried)
{
    fetched_t *news = fetched_new (FETCHED_BYTES, id);
    news->moved = moved;
    news->carried = carried;
    fetcher_tell (self, news);
}

// What was fetched ahead is told when its task comes.
void stage_came (fetcher_t *self, uint64_t id, uint64_t moved, uint64_t carried)
{
    stage_t *stage = self->stages;
    while (stage && stage->id != id)
        stage = stage->next;
    if (!stage || !stage->ahead) {
        s_tell_bytes (self, id, moved, carried);
        return;
    }
    stage->moved += moved;
    stage->carried += carried;
}

// ---- turns

// Which blocks the task needs of this segment.
static void s_know (stage_t *stage, leg_t *leg)
{
    const message_reduce_t *reduce = &stage->reduce.reduce;
    rac_bytes low = { reduce->low.data, reduce->low.size, 0 }, high = { reduce->last ? NULL : reduce->high.data, reduce->high.size, 0 };
    const segment_t *segment = leg->staging->segment;
    leg->block = memory_new ((segment_blocks (segment) + 1) * sizeof *leg->block);
    leg->first = memory_new ((segment_blocks (segment) + 1) * sizeof *leg->first);
    for (uint32_t run = 1; run <= segment_runs (segment); run++) {
        uint32_t first, end;
        segment_span (segment, run, low, high, &first, &end);
        leg->first [leg->blocks] = true;
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
    }
    staging_ask (staging, link, stage->id, first, end);
    stage->asked += size;
    return true;
}

static bool s_leg_turn (fetcher_t *self, stage_t *stage, leg_t *leg)
{
    staging_t *staging = leg->staging;
    if (!staging || staging->lost || (leg->known && leg->asked == leg->blocks))
        return false;
    if (staging->state == OPEN && !leg->known) {
        s_know (stage, leg);                            // all of it may be here, for another task
        if (!stage->ahead)
            s_look (self, stage);
        return true;
    }
    error_t error = { 0 };
    node_t *node = fetcher_node (self, staging->worker);
    link_t *link = node ? fetcher_link (self, node, &error) : NULL;
    if (!link) {
        error_set (&error, "worker %llu is not there any more", (unsigned long long) staging->worker);
        staging_fail (staging, true, &error);
        return true;
    }
    if (!link_has_room (link) || fetcher_requests (self) >= REQUESTS_MOST)
        return false;
    if (staging->state != OPEN)
        return staging_ask_index (staging, link, stage->id);
    return s_ask_blocks (stage, leg, link);
}

// Bytes asked for whose tasks have not come.
static uint64_t s_ahead (const fetcher_t *self)
{
    uint64_t asked = 0;
    for (const stage_t *stage = self->stages; stage; stage = stage->next)
        asked += stage->ahead ? stage->asked : 0;
    return asked;
}

static bool s_turn (fetcher_t *self, bool ahead)
{
    for (stage_t *stage = self->stages; stage; stage = stage->next) {
        uint32_t legs = stage->reduce.reduce.owners.count;
        for (uint32_t i = 0; i < legs && !stage->told && stage->ahead == ahead; i++)
            if (s_leg_turn (self, stage, &stage->leg [(i + stage->own) % legs]))
                return true;
    }
    return false;
}

bool stage_turn (fetcher_t *self)
{
    return s_turn (self, false) || (s_ahead (self) < self->options->memory / AHEAD_SHARE && s_turn (self, true));
}

// ---- life

static void s_stage_free (stage_t **at)
{
    stage_t *stage = *at;
    *at = stage->next;
    for (uint32_t i = 0; i < stage->reduce.reduce.owners.count; i++) {
        free (stage->leg [i].block);
        free (stage->leg [i].first);
        if (stage->leg [i].staging)
            staging_leave (stage->leg [i].staging);
    }
    message_free (&stage->reduce);
    free (stage->leg);
    free (stage);
}

// What was asked for ahead of this task is its own from now on.
static void s_take_over (fetcher_t *self, stage_t *stage)
{
    const message_reduce_t *of = &stage->reduce.reduce;
    stage_t **at = &self->stages;
    while (*at && !((*at)->ahead && *at != stage && (*at)->reduce.reduce.job == of->job && (*at)->reduce.reduce.task == of->task))
        at = &(*at)->next;
    if (!*at)
        return;
    for (staging_t *staging = self->stagings; staging; staging = staging->next)
        staging_rename (staging, (*at)->id, stage->id);
    stage->asked = (*at)->asked;
    stage->moved = (*at)->moved;
    stage->carried = (*at)->carried;
    s_stage_free (at);
}

static stage_t *s_stage_new (fetcher_t *self, uint64_t id, message_t *reduce, uint64_t own, const char *folder, bool ahead)
{
    stage_t *stage = memory_new (sizeof *stage);
    *stage = (stage_t) { .id = id, .own = own, .reduce = *reduce, .ahead = ahead };
    *reduce = (message_t) { 0 };
    const message_reduce_t *of = &stage->reduce.reduce;
    stage->leg = memory_new ((of->owners.count + 1) * sizeof *stage->leg);
    stage_t **at = &self->stages;
    while (*at)
        at = &(*at)->next;
    *at = stage;
    for (uint32_t i = 0; i < of->owners.count; i++)
        if (of->owners.item [i] != own)
            stage->leg [i].staging = staging_use (self, of->job, of->owners.item [i], of->numbers.item [i], of->bytes.item [i], folder);
    s_take_over (self, stage);
    return stage;
}

void stage_new (fetcher_t *self, uint64_t id, message_t *reduce, uint64_t own, const char *folder)
{
    stage_t *stage = s_stage_new (self, id, reduce, own, folder, false);
    if (stage->moved)
        s_tell_bytes (self, id, stage->moved, stage->carried);
    s_look (self, stage);
}

void stage_ahead (fetcher_t *self, uint64_t id, message_t *ahead, uint64_t own, const char *folder)
{
    const message_ahead_t *of = &ahead->ahead;
    if (of->numbers.count != of->owners.count || of->bytes.count != of->owners.count)
        return;
    message_t reduce = { .verb = MESSAGE_REDUCE, .reduce = { .job = of->job, .task = of->task, .owners = of->owners, .numbers = of->numbers,
        .bytes = of->bytes, .low = of->low, .high = of->high, .last = of->last }, .memory = ahead->memory };
    *ahead = (message_t) { 0 };
    stage_t *stage = s_stage_new (self, id, &reduce, own, folder, true);
    if (!stage->reduce.reduce.owners.count)
        stage_release (self, id);
}

// Is this the only stage of its task here? Another attempt may have begun to read.
static bool s_is_alone (const fetcher_t *self, const stage_t *stage)
{
    const message_reduce_t *of = &stage->reduce.reduce;
    bool alone = true;
    for (const stage_t *other = self->stages; other; other = other->next)
        alone &= other == stage || other->ahead || other->reduce.reduce.job != of->job || other->reduce.reduce.task != of->task;
    return alone;
}

// What nobody else will read goes back to the disk, mostly before it was written there: ranges do not overlap, so that is all of a run's blocks but the
// first and the last, which may hold keys of the neighbours.
static void s_give_back (const stage_t *stage)
{
    for (uint32_t i = 0; i < stage->reduce.reduce.owners.count; i++) {
        const leg_t *leg = &stage->leg [i];
        for (uint32_t at = 0, end; leg->staging && leg->known && !leg->staging->lost && at < leg->blocks; at = end) {
            end = at + 1;
            while (end < leg->blocks && !leg->first [end])
                end++;
            if (end - at > 2)
                staging_give_back (leg->staging, leg->block [at] + 1, leg->block [end - 1]);
        }
    }
}

void stage_release (fetcher_t *self, uint64_t id)
{
    for (stage_t **at = &self->stages; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            if (!(*at)->ahead && s_is_alone (self, *at))
                s_give_back (*at);
            s_stage_free (at);
            return;
        }
}

void stage_forget (fetcher_t *self, uint64_t job)
{
    for (stage_t **at = &self->stages; *at; )
        if ((*at)->reduce.reduce.job == job)
            s_stage_free (at);
        else
            at = &(*at)->next;
    for (staging_t *staging = self->stagings, *next; staging; staging = next) {
        next = staging->next;
        if (staging->job == job)
            staging_free (staging);
    }
}

void stage_lost (fetcher_t *self, uint64_t worker)
{
    error_t error = { 0 };
    error_set (&error, "worker %llu is not there any more", (unsigned long long) worker);
    for (staging_t *staging = self->stagings, *next; staging; staging = next) {
        next = staging->next;
        if (staging->worker != worker)
            continue;
        staging_drop (staging);
        staging_fail (staging, true, &error);
        if (!staging->users)
            staging_free (staging);
    }
}

void stages_free (fetcher_t *self)
{
    while (self->stages)
        s_stage_free (&self->stages);
    while (self->stagings)
        staging_free (self->stagings);
}
