// plan_place: where reduce tasks should run, and how much each has to read.
//
// The samples that cut the keys into ranges (plan_borders) say also how many bytes of each range lie at which worker. A range goes to the
// worker that has most of it, so that least has to be fetched, as long as that one has not got its part of the ranges, which is its part of all
// bytes. That keeps links busy alike: who has the part s and reduces the part r sends s (1 - r) and receives r (1 - s) of what is
// shuffled, and with r = s both are the same, at each worker, whereas with equal r the link of who mapped most would be the last to end. And who
// mapped much is fast, or nobody else was there. It is a wish: who is idle takes from others what they would not have begun for long.
#include "master/plan_state.h"

static int s_compare (const wire_bytes_t *a, const wire_bytes_t *b)
{
    return memory_compare (a->data, a->size, b->data, b->size);
}

// The bytes of one segment, by its sample, to the ranges in which its keys lie. They ascend within each of its runs.
static void s_spread (const segment_t *segment, const wire_bytes_t *border, uint32_t ranges, uint64_t *bytes)
{
    uint32_t range = 0;
    for (uint32_t k = 0; k < segment->keys.count; k++) {
        uint64_t from = segment->weights.item [k];
        uint64_t next = k + 1 < segment->keys.count ? segment->weights.item [k + 1] : segment->bytes;
        if (k && s_compare (&segment->keys.item [k], &segment->keys.item [k - 1]) < 0)
            range = 0;
        while (range + 1 < ranges && s_compare (&segment->keys.item [k], &border [range]) >= 0)
            range++;
        bytes [range] += next > from ? next - from : 0;
    }
}

uint64_t *plan_job_spread (const job_t *job, uint32_t ranges)
{
    uint64_t *bytes = memory_new (ranges * sizeof *bytes);
    for (uint32_t i = 0; i < job->segments; i++)
        s_spread (&job->segment [i], job->border, ranges, bytes);
    return bytes;
}

// Bytes of the job's segments that each worker will have, if what its slots hold becomes like what they have sealed. Returns the sum.
static double s_expect (const plan_t *self, const job_t *job, const uint64_t *owned, uint32_t ranges, double *bytes)
{
    double all = 0;
    for (uint32_t w = 0; w < self->workers; w++) {
        const worker_t *worker = self->worker [w];
        uint64_t held = 0, sealed = 1;
        for (uint32_t s = 0; s < worker->slots; s++)
            held += worker->slot [s].helds && worker->slot [s].held_job == job->number ? worker->slot [s].held_bytes : 0;
        for (uint32_t i = 0; i < job->segments && held; i++)
            for (uint32_t t = 0; job->segment [i].worker == worker->number && t < job->segment [i].tasks; t++)
                sealed += job->stage [0].task [job->segment [i].task [t]].bytes;
        for (uint32_t r = 0; r < ranges; r++)
            bytes [w] += (double) owned [(size_t) w * ranges + r];
        bytes [w] *= (double) (sealed + held) / (double) sealed;
        all += bytes [w];
    }
    return all;
}

// How many ranges each worker should get at most: as its part of the bytes is.
static uint32_t *s_shares (const plan_t *self, const job_t *job, const uint64_t *owned, uint32_t ranges)
{
    uint32_t *share = memory_new (self->workers * sizeof *share);
    double *bytes = memory_new (self->workers * sizeof *bytes), all = s_expect (self, job, owned, ranges, bytes);
    for (uint32_t w = 0; w < self->workers; w++) {
        const worker_t *worker = self->worker [w];
        if (bytes [w] > 0 && !worker->draining && plan_may_take (job, worker->number))
            share [w] = (uint32_t) (bytes [w] / all * ranges) + 1;
    }
    free (bytes);
    return share;
}

static uint64_t s_choose (const plan_t *self, const uint64_t *owned, uint32_t ranges, uint32_t range, uint32_t *share)
{
    uint64_t most = 0;
    uint32_t best = 0;
    for (uint32_t w = 0; w < self->workers; w++)
        if (share [w] && owned [(size_t) w * ranges + range] > most) {
            most = owned [(size_t) w * ranges + range];
            best = w;
        }
    if (!most)
        return 0;
    share [best]--;
    return self->worker [best]->number;
}

// Its place among the workers; behind them all: it is gone.
static uint32_t s_index (const plan_t *self, uint64_t worker)
{
    uint32_t w = 0;
    while (w < self->workers && self->worker [w]->number != worker)
        w++;
    return w;
}

// A task of which a worker has been told stays there, and what it was told is kept, unless that one has got its share.
static void s_keep (plan_t *self, job_t *job, uint64_t *home_of, uint32_t *told, uint32_t *share)
{
    const stage_t *reduce = &job->stage [1];
    for (uint32_t t = 0; t < reduce->tasks; t++) {
        const task_t *task = &reduce->task [t];
        const home_t *home = task->told && task->home ? &reduce->home [task->home - 1] : NULL;
        uint32_t w = home ? s_index (self, home->worker) : 0;
        if (home && (home->left || w == self->workers || !share [w]))
            plan_ahead_not (self, job, t);
        else if (home) {
            share [w]--;
            home_of [t] = home->worker;
            told [t] = task->told;
        }
    }
}

void plan_job_place (plan_t *self, job_t *job, uint32_t ranges)
{
    stage_t *reduce = &job->stage [1];
    uint64_t *bytes = memory_new (ranges * sizeof *bytes), *home_of = memory_new (ranges * sizeof *home_of);
    uint64_t *owned = memory_new (((size_t) self->workers + 1) * ranges * sizeof *owned);       // the last: of who is gone
    uint32_t *told = memory_new (ranges * sizeof *told);
    for (uint32_t i = 0; i < job->segments; i++)
        s_spread (&job->segment [i], job->border, ranges, owned + (size_t) s_index (self, job->segment [i].worker) * ranges);
    for (size_t i = 0; i < ((size_t) self->workers + 1) * ranges; i++)
        bytes [i % ranges] += owned [i];
    uint32_t *share = s_shares (self, job, owned, ranges);
    s_keep (self, job, home_of, told, share);
    for (uint32_t r = 0; r < ranges; r++)
        home_of [r] = home_of [r] ? home_of [r] : s_choose (self, owned, ranges, r, share);
    stage_free (reduce);
    *reduce = (stage_t) { 0 };
    stage_fill (reduce, ranges, bytes, job->seed);
    if (self->workers > 1)
        stage_settle (reduce, self, home_of);
    for (uint32_t r = 0; r < ranges; r++)
        reduce->task [r].told = reduce->task [r].home ? told [r] : 0;
    free (bytes);
    free (home_of);
    free (owned);
    free (share);
    free (told);
}
