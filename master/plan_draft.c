// plan_draft: what can be known of the reduce stage before the maps are done, so that links are at work meanwhile.
//
// A slot that holds much is sealed although there is more to map: it goes on with an empty hand, and others may fetch. Jobs that fold do not
// need it, for they shuffle little, and would shuffle more; and each segment is one more run to merge, so there are few: SEALS a slot, as
// parts of its fair share of the input, and not more than SEALS_MOST in all.
//
// When each worker has a segment, and together they are of a quarter of the input, borders are drafted from their samples and reduce tasks get
// homes, which are told of them (plan_ahead.c). It is a draft: nothing is reduced before all maps are sealed, and then the borders stand only
// if the ranges are about equal; if the input turned out to be of another kind than its beginning (it was sorted), they are chosen anew, and some
// blocks have travelled in vain, over links that had nothing else to do. Tasks are placed again then, by what each worker has
// in the end; those of which one was told stay there, up to its share. So the rule is the same as ever: borders, once a task was handed out by them, stay.
#include "master/plan_state.h"

enum { SEALS = 3, SEALS_MOST = 64, SEAL_LEAST = 8 << 20, DRAFT = 4 };
static const double UNEVEN = 2.5;                       // a range of so many times the mean

bool plan_seals_early (const plan_t *self, const slot_t *slot)
{
    const job_t *job = slot->helds && slot->held_bytes >= SEAL_LEAST ? plan_job (self, slot->held_job) : NULL;
    if (!job || !job->whole || job->numbered || job->phase != PHASE_MAP || !job->stage [0].waiting || self->workers < 2 || slot->worker->draining)
        return false;
    for (uint32_t i = 0; i < slot->givens; i++)
        if (slot->given [i].verb == MESSAGE_SEAL)
            return false;
    return self->slots * SEALS <= SEALS_MOST && slot->held_bytes >= job->stage [0].bytes / (self->slots * SEALS);
}

// The part of the input that lies in segments, if each worker that may reduce has one; else 0.
static double s_part (const plan_t *self, const job_t *job)
{
    uint64_t bytes = 0;
    uint32_t without = 0;
    for (uint32_t w = 0; w < self->workers; w++) {
        uint32_t i = 0;
        while (i < job->segments && (job->segment [i].worker != self->worker [w]->number || !*job->segment [i].path))
            i++;
        without += i == job->segments && !self->worker [w]->draining && plan_may_take (job, self->worker [w]->number);
    }
    for (uint32_t i = 0; i < job->segments && !without; i++)
        for (uint32_t t = 0; t < job->segment [i].tasks; t++)
            bytes += job->stage [0].task [job->segment [i].task [t]].bytes;
    return bytes ? (double) bytes / (double) job->stage [0].bytes : 0;
}

void plan_draft (plan_t *self, job_t *job)
{
    if (job->cut || job->draft || job->phase != PHASE_MAP || !job->whole || self->workers < 2)
        return;
    double part = s_part (self, job);
    if (part * DRAFT < 1)
        return;
    plan_job_place (self, job, plan_job_cut (job, part));
    job->draft = true;
}

static bool s_even (const job_t *job)
{
    uint32_t ranges = job->stage [1].tasks;
    uint64_t *bytes = plan_job_spread (job, ranges), all = 0, most = 0;
    for (uint32_t r = 0; r < ranges; r++) {
        all += bytes [r];
        most = bytes [r] > most ? bytes [r] : most;
    }
    free (bytes);
    return (double) most * ranges <= UNEVEN * (double) all;
}

void plan_settle_borders (plan_t *self, job_t *job)
{
    uint32_t ranges = job->stage [1].tasks;
    if (!job->draft || !s_even (job)) {
        plan_ahead_none (self, job);
        ranges = plan_job_cut (job, 1);
    }
    plan_job_place (self, job, ranges);
    job->draft = false;
    job->cut = true;
}
