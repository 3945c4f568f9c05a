// plan_slots: what each slot was given and holds. See plan.h: a slot answers once and in order, so this is known from answers alone.
#include "master/plan_state.h"

#include <string.h>

worker_t *plan_worker (plan_t *self, uint64_t number)
{
    for (uint32_t i = 0; i < self->workers; i++)
        if (self->worker [i].number == number)
            return &self->worker [i];
    return NULL;
}

slot_t *plan_slot (plan_t *self, uint64_t number, uint64_t slot)
{
    worker_t *worker = plan_worker (self, number);
    return worker && slot < worker->slots ? &worker->slot [slot] : NULL;
}

void slot_hold (slot_t *self, uint32_t task)
{
    if (self->helds == self->room) {
        self->room = self->room ? self->room * 2 : 64;
        self->held = memory_grow (self->held, self->room * sizeof *self->held);
    }
    self->held [self->helds++] = task;
}

void slot_drop_held (slot_t *self, job_t *job)
{
    for (uint32_t i = 0; i < self->helds; i++)
        plan_job_requeue (job, 0, self->held [i]);
    self->helds = 0;
}

bool slot_answered (slot_t *self, given_t answer)
{
    for (uint32_t i = 0; i < self->givens; i++) {
        given_t *given = &self->given [i];
        bool same = given->verb == answer.verb && given->stage == answer.stage && given->task == answer.task
            && given->attempt == answer.attempt && given->segment == answer.segment;
        if (!same)
            continue;
        self->givens--;
        memmove (given, given + 1, (self->givens - i) * sizeof *given);
        return true;
    }
    return false;
}
