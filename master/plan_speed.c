// plan_speed: what was measured, and who should rather not take a task.
//
// The model is one product: a task of `cost` (its bytes and a constant) takes cost * rate / power, with a rate for each stage of a job and a
// power for each worker. Both follow the tasks that have ended, as exponential means. Bytes a second alone would not do: a worker that got
// the tasks of a slow job would count as a slow worker.
//
// Pull scheduling gives fast slots more tasks by itself, and ends badly in one way: a slow slot takes one of the last tasks and everybody
// waits for it. So a slot is refused a task that it would end after the others had done all that waits, and after the first of them to be
// free had done this one (an earliest-finish-time rule, as in HEFT; Topcuoglu et al. 2002). Tasks at home are taken from their owner by the
// same comparison: if the thief, who has to fetch the bytes first over a link that all share, would end before the owner gets there. That
// leaves short tasks where they are: to fetch a mebibyte takes a gigabit link as long as to count the words of it.
//
// Nothing starves by it. One is refused only while somebody who may take the task is at work, whose answer is the next event; and after a
// refusal has lasted as long as the task would have, it is over: estimates may be wrong, or those others may have better things to do.
#include "master/plan_state.h"

static const double LEARN = 0.25, POWER_LEAST = 1.0 / 256, POWER_MOST = 256;
enum { FETCHING = 2, LINK = 117 };                      // who has to fetch input: times as long as at home; bytes a us of the head's link, for all

// ---- learning

static double s_mean (double old, double sample)
{
    return old > 0 ? old + LEARN * (sample - old) : sample;
}

void plan_learn (plan_t *self, worker_t *worker, job_t *job, const message_done_t *done)
{
    stage_t *stage = &job->stage [done->stage];
    double us = (double) done->time_us, bytes = (double) stage->task [done->task].bytes, cost = (double) stage_cost (stage, (uint32_t) done->task);
    if (!done->stage)
        worker->streams = done->moved != 0;
    if (us <= 0) {
        worker->measured = true;                        // too short for its clock
        return;
    }
    if (!done->stage && !job->numbered)
        worker->bytes_per_us = s_mean (worker->bytes_per_us, bytes / us);
    if (stage->measured) {
        double sample = cost * stage->rate / us;
        sample = sample < POWER_LEAST ? POWER_LEAST : sample > POWER_MOST ? POWER_MOST : sample;
        double power = s_mean (worker->measured ? worker->power : 0, sample);
        if (!worker->draining)
            self->power += (power - worker->power) * worker->slots;
        worker->power = power;
    }
    stage->rate = s_mean (stage->measured ? stage->rate : 0, us * worker->power / cost);
    stage->measured = worker->measured = true;
}

int64_t plan_expect (const worker_t *worker, const stage_t *stage, uint64_t cost)
{
    return (int64_t) ((double) cost * stage->rate / worker->power);
}

// ---- refusing

// When the first slot that is at work elsewhere, or beside this one, would have done it. -1: nobody who may take it is at work.
static int64_t s_soonest (const plan_t *self, const job_t *job, const stage_t *stage, uint64_t cost)
{
    int64_t soonest = -1;
    for (uint32_t w = 0; w < self->workers; w++) {
        const worker_t *worker = self->worker [w];
        if (worker->draining || !plan_may_take (job, worker->number))
            continue;
        int64_t alone = plan_expect (worker, stage, cost);
        for (uint32_t s = 0; s < worker->slots; s++) {
            int64_t then = slot_busy_us (&worker->slot [s], self->now_us) + alone;
            if (worker->slot [s].givens && (soonest < 0 || then < soonest))
                soonest = then;
        }
    }
    return soonest;
}

// Remembers a refusal, so that slower ones need not ask again in this step.
static void s_refuse (plan_t *self, const slot_t *slot, stage_t *stage)
{
    bool again = stage->refused_step == self->step && stage->refused_power > slot->worker->power;
    stage->refused_power = again ? stage->refused_power : slot->worker->power;
    stage->refused_step = self->step;
    if (!stage->refused_us)
        stage->refused_us = self->now_us;
}

// Has it been refused for so long that it could have been done?
static bool s_enough (const plan_t *self, const stage_t *stage, int64_t alone)
{
    return stage->refused_us && self->now_us - stage->refused_us >= alone;
}

bool plan_ends_late (plan_t *self, const slot_t *slot, const job_t *job, stage_t *stage, uint64_t cost)
{
    const worker_t *worker = slot->worker;
    double others = self->power - worker->power * worker->slots;
    if (self->workers == 1 || !worker->measured || others <= 0)
        return false;
    int64_t alone = plan_expect (worker, stage, cost), mine = alone + slot_busy_us (slot, self->now_us);
    if ((double) mine <= (double) stage->cost * stage->rate / others)
        return false;
    if (slot->givens)                                   // one ahead is a favour
        return true;
    if (s_enough (self, stage, alone))
        return false;
    bool known = stage->refused_step == self->step && worker->power <= stage->refused_power;
    int64_t soonest = known ? 0 : s_soonest (self, job, stage, cost);
    bool late = known || (soonest >= 0 && mine > soonest);
    if (late)
        s_refuse (self, slot, stage);
    return late;
}

// ---- stealing

// How long the worker will need until it has done what waits for it, with all of its slots.
static int64_t s_remaining (const plan_t *self, const worker_t *worker, const stage_t *stage, const home_t *home)
{
    int64_t busy = 0;
    for (uint32_t s = 0; s < worker->slots; s++)
        busy += slot_busy_us (&worker->slot [s], self->now_us);
    return (busy + plan_expect (worker, stage, home->cost)) / worker->slots;
}

// The home whose tasks would take longest. That of a worker that may not do them: at once.
static home_t *s_victim (const plan_t *self, const job_t *job, const stage_t *stage, int64_t *remaining)
{
    home_t *victim = NULL;
    for (uint32_t h = 0; h < stage->homes; h++) {
        home_t *home = &stage->home [h];
        if (!home->queue.count)
            continue;
        const worker_t *worker = plan_worker (self, home->worker);
        bool able = worker && plan_may_take (job, home->worker);
        int64_t us = able ? s_remaining (self, worker, stage, home) : INT64_MAX;
        if (!victim || us > *remaining) {
            victim = home;
            *remaining = us;
        }
    }
    return victim;
}

home_t *plan_steal (plan_t *self, const slot_t *slot, const job_t *job, stage_t *stage)
{
    if (slot->givens || !stage->homes || (stage->refused_step == self->step && slot->worker->power <= stage->refused_power))
        return NULL;
    int64_t remaining = 0;
    home_t *victim = s_victim (self, job, stage, &remaining);
    if (!victim)
        return NULL;
    uint64_t cost = victim->cost / victim->queue.count;
    int64_t mine = plan_expect (slot->worker, stage, cost);
    if (job->phase == PHASE_MAP)
        mine = FETCHING * mine + (int64_t) (cost * self->workers / LINK);
    else                                                // its owner has it by then; links between nodes are nobody else's
        mine += (int64_t) (cost / LINK);
    if (mine < remaining || s_enough (self, stage, mine))
        return victim;
    s_refuse (self, slot, stage);
    return NULL;
}
