// plan_give: who gets what next. A slot is given work when it has nothing to do (pull scheduling, so that fast slots do more), and one
// more message ahead while there is plenty. Input order, or the seed's; no other preference yet.
#include "master/plan_state.h"

#include <racimo.h>

static void s_give (plan_t *self, worker_t *worker, slot_t *slot, job_t *job, action_kind_t kind, given_t given)
{
    slot->given [slot->givens++] = given;
    action_t *action = plan_act (self, kind, job);
    action->worker = worker->number;
    action->slot = (uint64_t) (slot - worker->slot);
    action->stage = given.stage;
    action->task = given.task;
    action->attempt = given.attempt;
    action->segment = given.segment;
    action->hold = job->shuffle;
    action->parts = job->shuffle && job->spread != RAC_RANGE ? plan_job_parts (job) : 0;
    if (kind != ACTION_REDUCE)
        return;
    wire_bytes_t none = { 0 };
    action->segments = &job->reachable;
    action->last = given.task + 1 == job->stage [1].tasks;
    action->low = given.task ? job->border [given.task - 1] : none;
    action->high = action->last ? none : job->border [given.task];
}

static void s_give_task (plan_t *self, worker_t *worker, slot_t *slot, job_t *job, uint32_t stage, queue_t *queue)
{
    uint32_t index = stage_take (&job->stage [stage], queue);
    given_t given = { .verb = stage ? MESSAGE_REDUCE : MESSAGE_MAP, .stage = stage, .task = index,
        .attempt = job->stage [stage].task [index].attempts - 1 };
    s_give (self, worker, slot, job, stage ? ACTION_REDUCE : ACTION_MAP, given);
}

static void s_give_declare (plan_t *self, worker_t *worker, slot_t *slot, job_t *job)
{
    job->phase = PHASE_DECLARING;
    s_give (self, worker, slot, job, ACTION_DECLARE, (given_t) { .verb = MESSAGE_DECLARE });
}

// One message for a slot that has nothing to do.
static void s_give_idle (plan_t *self, worker_t *worker, slot_t *slot, job_t *job)
{
    uint32_t number = job->phase == PHASE_REDUCE;
    stage_t *stage = &job->stage [number];
    if (job->phase == PHASE_WAITING)
        s_give_declare (self, worker, slot, job);
    else if (stage->suspect.count && !slot->helds)
        s_give_task (self, worker, slot, job, number, &stage->suspect);
    else if (stage->fresh.count && slot->helds < PLAN_HELD)
        s_give_task (self, worker, slot, job, number, &stage->fresh);
    else if (slot->helds)
        s_give (self, worker, slot, job, ACTION_SEAL, (given_t) { .verb = MESSAGE_SEAL, .segment = job->next_segment++ });
}

// One more for a slot that works, so that it need not wait for us: only while there is plenty, that the last ones go to whoever is
// free first, and only behind a task that has not failed before.
static void s_give_ahead (plan_t *self, worker_t *worker, slot_t *slot, job_t *job)
{
    uint32_t number = job->phase == PHASE_REDUCE;
    stage_t *stage = &job->stage [number];
    const given_t *last = &slot->given [slot->givens - 1];
    bool task = (last->verb == MESSAGE_MAP || last->verb == MESSAGE_REDUCE) && last->stage == number;
    if (!task || stage->task [last->task].faults || stage->fresh.count <= self->slots || slot->helds + slot->givens >= PLAN_HELD)
        return;
    s_give_task (self, worker, slot, job, number, &stage->fresh);
}

void plan_hand_out (plan_t *self)
{
    for (uint32_t depth = 0; depth < PLAN_AHEAD; depth++)
        for (uint32_t w = 0; w < self->workers; w++)
            for (uint32_t s = 0; s < self->worker [w].slots; s++) {
                job_t *job = self->jobs;
                if (!job || job->phase == PHASE_COMMIT || (job->phase == PHASE_DECLARING))
                    return;
                slot_t *slot = &self->worker [w].slot [s];
                if (slot->givens == 0)
                    s_give_idle (self, &self->worker [w], slot, job);
                else if (depth && slot->givens == depth)
                    s_give_ahead (self, &self->worker [w], slot, job);
            }
}
