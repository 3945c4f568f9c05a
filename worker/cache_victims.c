// cache_victims: which blocks go when there are more than the cache may hold.
//
// Jobs read their input from its beginning to its end, and the next job reads it again. For that the usual rule, what was used longest ago
// goes, is the worst there is: of an input a little larger than the cache nothing is left when the second job comes by. What a scan has
// just read is what it needs last, so of a scan's own blocks the one read most recently goes, and the rest stays and is found again: of an
// input twice as large as the cache, half. (H.-T. Chou and D. DeWitt, An Evaluation of Buffer Management Strategies for Relational
// Database Systems, VLDB 1985: a looping scan's buffers are replaced in MRU order, and each relation's apart.) Between jobs it
// is the other way round: what was last read by a job that has ended, and by the earliest of these, goes first.
//
//     first   files of jobs that have ended: the earlier job's first; of one job what was read last
//     then    files of jobs under way: what was read last, but for a window, the most recent sixteenth
//     last    that window: what was read first
//
// The window is for what is used twice in a short time: the block in which two tasks meet, the first of which ends when the second
// has long read it.
//
// There is no list in that order: when room is needed the candidates are gathered and sorted. The caller frees some at once, so that a sort of some
// thousand stamps is paid once in a hundred blocks.
#include "worker/cache_parts.h"
#include "base/memory.h"

enum { WINDOW = 16 };                                   // a sixteenth of the limit

typedef struct { cache_file_t *file; uint64_t block; uint32_t stamp; } victim_t;

static int s_by_worth (const void *a, const void *b)
{
    const victim_t *first = a, *second = b;
    if (first->file->live != second->file->live)
        return first->file->live ? 1 : -1;
    if (!first->file->live && first->file->turn != second->file->turn)
        return first->file->turn > second->file->turn ? 1 : -1;
    return (first->stamp < second->stamp) - (first->stamp > second->stamp);
}

static uint64_t s_gather (const cache_t *self, victim_t *victim, uint64_t *idle)
{
    uint64_t victims = 0;
    *idle = 0;
    for (uint32_t f = 0; f < self->files; f++)
        for (uint64_t b = 0; self->file [f]->present && b < self->file [f]->blocks; b++) {
            const block_t *block = &self->file [f]->block [b];
            if (!block->sum || block->pins)
                continue;
            victim [victims++] = (victim_t) { self->file [f], b, block->stamp };
            *idle += !self->file [f]->live;
        }
    if (victims)
        qsort (victim, victims, sizeof *victim, s_by_worth);
    return victims;
}

// Where the i-th to go is among the sorted: of files under way the window, at whose end the oldest is, comes last.
static uint64_t s_turn_of (uint64_t i, uint64_t idle, uint64_t victims, uint64_t window)
{
    uint64_t busy = victims - idle;
    if (i < idle)
        return i;
    if (window > busy)
        window = busy;
    return i + window < victims ? i + window : idle + (victims - 1 - i);
}

void cache_evict (cache_t *self, uint64_t blocks)
{
    victim_t *victim = memory_new ((self->held + 1) * sizeof *victim);
    uint64_t idle, victims = s_gather (self, victim, &idle);
    for (uint64_t i = 0; i < victims && i < blocks; i++) {
        const victim_t *gone = &victim [s_turn_of (i, idle, victims, self->limit / WINDOW)];
        cache_file_drop (self, gone->file, gone->block);
    }
    free (victim);
    for (uint32_t f = self->files; f-- > 0; )
        if (!self->file [f]->present && !self->file [f]->users)
            cache_file_remove (self, self->file [f]);
}
