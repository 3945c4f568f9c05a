// plan_ahead: what a worker may fetch before it is its own.
//
// A slot's queue is short, so that the last tasks end together. What it has to fetch should be known long before, or its link rests whenever the
// slot is at work, and works alone afterwards. So a worker is told of the next tasks that wait for it at home, with the segments that there are:
// it fetches their blocks when nothing that it was given wants any. It is advice: a task that goes elsewhere costs some bytes, and what a
// task reads stands in its REDUCE alone.
//
// A worker is told again when there are more segments, and when a task of which it was told is taken by another.
#include "master/plan_state.h"

wire_bytes_t plan_low (const job_t *job, uint64_t range)
{
    return range ? job->border [range - 1] : (wire_bytes_t) { 0 };
}

wire_bytes_t plan_high (const job_t *job, uint64_t range)
{
    return range + 1 < job->stage [1].tasks ? job->border [range] : (wire_bytes_t) { 0 };
}

static void s_tell (plan_t *self, job_t *job, uint64_t worker, uint32_t task)
{
    action_t *action = plan_act (self, ACTION_AHEAD, job);
    action->worker = worker;
    action->stage = 1;
    action->task = task;
    action->segments = plan_job_reachable (job);
    action->low = plan_low (job, task);
    action->high = plan_high (job, task);
    action->last = task + 1 == job->stage [1].tasks;
    job->stage [1].task [task].told = job->seals;
}

// While maps go on, not of every segment, of which there may be thousands: when they have become a quarter more.
static bool s_is_news (const job_t *job, uint32_t told)
{
    return job->phase == PHASE_MAP ? !told || job->seals - told > told / 4 : told != job->seals;
}

static void s_look (plan_t *self, job_t *job)
{
    stage_t *reduce = &job->stage [1];
    for (uint32_t h = 0; h < reduce->homes; h++) {
        const queue_t *queue = &reduce->home [h].queue;
        for (uint32_t i = 0; i < queue->count && i < PLAN_NEAR; i++) {
            uint32_t task = queue->item [(queue->head + i) % queue->room];
            if (s_is_news (job, reduce->task [task].told))
                s_tell (self, job, reduce->home [h].worker, task);
        }
    }
    job->ahead = false;
}

void plan_ahead_not (plan_t *self, job_t *job, uint32_t index)
{
    task_t *task = &job->stage [1].task [index];
    const home_t *home = task->told ? &job->stage [1].home [task->home - 1] : NULL;
    task->told = 0;
    if (!home || home->left)
        return;
    action_t *action = plan_act (self, ACTION_AHEAD, job);
    action->worker = home->worker;
    action->stage = 1;
    action->task = index;
}

void plan_ahead_none (plan_t *self, job_t *job)
{
    for (uint32_t t = 0; t < job->stage [1].tasks; t++)
        plan_ahead_not (self, job, t);
}

void plan_ahead_due (plan_t *self, job_t *job)
{
    job->ahead = (job->cut || job->draft) && job->stage [1].homes;
    self->ahead |= job->ahead;
}

void plan_look_ahead (plan_t *self)
{
    for (uint32_t j = 0; self->ahead && j < self->jobs; j++)
        if (self->job [j]->ahead)
            s_look (self, self->job [j]);
    self->ahead = false;
}
