// plan_away: workers that others cannot reach, and workers that cannot do a job at all.
//
// A reduce task that could not fetch from a worker is nobody's fault, but somebody's link is broken, and it is not known whose. So a
// complaint costs the one who complains first: it gets no more reduce tasks of this job while what it cannot fetch lies there. Only when
// PLAN_AWAY workers, or all others, complain about the same one, its segments count as lost, and their maps are done elsewhere: it is banned
// from the job, or the next ones would lie behind the same link. When nobody is left without a complaint, the one about whom most complain
// is taken. Each such verdict bans a worker, so that there is an end; were all banned, all are pardoned, and it counts as an oddity of the job.
//
// A worker that cannot do a job (it has no compiler, the job's library is missing there) names itself, and is banned from it.
#include "master/plan_state.h"

#include <string.h>

static bool s_banned (const job_t *job, uint64_t worker)
{
    for (uint32_t i = 0; i < job->bans; i++)
        if (job->banned [i].worker == worker)
            return true;
    return false;
}

static bool s_complains (const job_t *job, uint64_t worker, uint64_t about)     // about 0: anybody
{
    for (uint32_t i = 0; i < job->complaints; i++)
        if (job->complaint [i].worker == worker && (!about || job->complaint [i].about == about))
            return true;
    return false;
}

bool plan_may_take (const job_t *job, uint64_t worker)
{
    return !(job->bans && s_banned (job, worker)) && !(job->complaints && job->phase == PHASE_REDUCE && s_complains (job, worker, 0));
}

// Workers that may still be given something of the job; reducing: and complain about nobody; all but `except`.
static uint32_t s_able (const plan_t *self, const job_t *job, bool reducing, uint64_t except)
{
    uint32_t able = 0;
    for (uint32_t w = 0; w < self->workers; w++) {
        const worker_t *worker = self->worker [w];
        bool may = !worker->draining && worker->number != except && !s_banned (job, worker->number);
        able += may && !(reducing && s_complains (job, worker->number, 0));
    }
    return able;
}

bool plan_has_others (const plan_t *self, const job_t *job, uint64_t worker)
{
    return s_able (self, job, job->phase == PHASE_REDUCE, worker) > 0;
}

static void s_add_ban (job_t *job, uint64_t worker, bool unable)
{
    if (s_banned (job, worker))
        return;
    job->banned = memory_grow (job->banned, (job->bans + 1) * sizeof *job->banned);
    job->banned [job->bans++] = (ban_t) { worker, unable };
    stage_unsettle (&job->stage [0], worker);
    stage_unsettle (&job->stage [1], worker);
}

// Nobody is left: those that could not be reached get another chance.
static void s_pardon (job_t *job)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < job->bans; i++)
        if (job->banned [i].unable)
            job->banned [left++] = job->banned [i];
    job->oddities += left < job->bans;
    job->bans = left;
}

void plan_away_forget (job_t *job, uint64_t worker)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < job->complaints; i++)
        if (job->complaint [i].worker != worker && job->complaint [i].about != worker)
            job->complaint [left++] = job->complaint [i];
    job->complaints = left;
}

// The worker about whom most complain, the first of them; *count: how many. 0: nobody does.
static uint64_t s_worst (const job_t *job, uint32_t *count)
{
    uint64_t worst = 0;
    *count = 0;
    for (uint32_t i = 0; i < job->complaints; i++) {
        uint32_t same = 0;
        for (uint32_t k = 0; k < job->complaints; k++)
            same += job->complaint [k].about == job->complaint [i].about;
        if (same > *count) {
            *count = same;
            worst = job->complaint [i].about;
        }
    }
    return worst;
}

void plan_away_judge (plan_t *self, job_t *job)
{
    uint32_t count;
    for (uint64_t worst; (worst = s_worst (job, &count)) != 0; ) {
        if (count < PLAN_AWAY && count < s_able (self, job, false, worst) && s_able (self, job, true, 0))
            break;
        plan_job_segments_lost (job, worst);
        plan_away_forget (job, worst);
        s_add_ban (job, worst, false);
    }
    if (job->bans && !s_able (self, job, false, 0))
        s_pardon (job);
}

void plan_complain (plan_t *self, job_t *job, uint64_t worker, uint64_t about)
{
    if (s_complains (job, worker, about))
        return;
    job->complaint = memory_grow (job->complaint, (job->complaints + 1) * sizeof *job->complaint);
    job->complaint [job->complaints++] = (complaint_t) { worker, about };
    stage_unsettle (&job->stage [1], worker);
    plan_away_judge (self, job);
}

bool plan_ban (plan_t *self, job_t *job, uint64_t worker)
{
    s_add_ban (job, worker, true);
    plan_away_judge (self, job);
    return s_able (self, job, false, 0) > 0;
}
