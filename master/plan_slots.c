// plan_slots: the workers, and what each of their slots was given and holds. See plan.h: a slot answers once and in order, so this is known
// from answers alone.
//
// A slot that was given nothing stands in the list of idle ones, so that a step looks at those and at the slot that has just answered, and
// not at all slots of a thousand workers.
#include "master/plan_state.h"

#include <string.h>

// ---- the idle ones

static void s_rest (plan_t *self, slot_t *slot)
{
    if (slot->idle || slot->worker->draining)
        return;
    slot->idle = true;
    self->idles++;
    slot->idle_next = NULL;
    slot->idle_before = self->idle_last;
    *(self->idle_last ? &self->idle_last->idle_next : &self->idle) = slot;
    self->idle_last = slot;
}

static void s_wake (plan_t *self, slot_t *slot)
{
    if (!slot->idle)
        return;
    slot->idle = false;
    self->idles--;
    *(slot->idle_before ? &slot->idle_before->idle_next : &self->idle) = slot->idle_next;
    *(slot->idle_next ? &slot->idle_next->idle_before : &self->idle_last) = slot->idle_before;
}

// ---- workers

static uint32_t s_place (const plan_t *self, uint64_t number)
{
    uint32_t low = 0, high = self->workers;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (self->worker [middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

worker_t *plan_worker (const plan_t *self, uint64_t number)
{
    uint32_t at = s_place (self, number);
    return at < self->workers && self->worker [at]->number == number ? self->worker [at] : NULL;
}

slot_t *plan_slot (const plan_t *self, uint64_t number, uint64_t slot)
{
    worker_t *worker = plan_worker (self, number);
    return worker && slot < worker->slots ? &worker->slot [slot] : NULL;
}

void plan_worker_enter (plan_t *self, uint64_t number, uint32_t slots)
{
    worker_t *worker = memory_new (sizeof *worker);
    *worker = (worker_t) { .number = number, .slot = memory_new (slots * sizeof (slot_t)), .slots = slots };
    worker->power = self->slots ? self->power / self->slots : 1;
    self->worker = memory_grow (self->worker, (self->workers + 1) * sizeof *self->worker);
    uint32_t place = s_place (self, number);
    memmove (self->worker + place + 1, self->worker + place, (self->workers++ - place) * sizeof *self->worker);
    self->worker [place] = worker;
    self->slots += slots;
    self->power += worker->power * slots;
    for (uint32_t s = 0; s < slots; s++) {
        worker->slot [s].worker = worker;
        s_rest (self, &worker->slot [s]);
    }
}

// It counts no more among those who get work.
static void s_retire (plan_t *self, worker_t *worker)
{
    self->slots -= worker->slots;
    self->power = self->slots ? self->power - worker->power * worker->slots : 0;
    for (uint32_t s = 0; s < worker->slots; s++)
        s_wake (self, &worker->slot [s]);
    for (uint32_t j = 0; j < self->jobs; j++) {
        stage_unsettle (&self->job [j]->stage [0], worker->number);
        stage_unsettle (&self->job [j]->stage [1], worker->number);
    }
}

void plan_worker_drain (plan_t *self, worker_t *worker)
{
    if (worker->draining)
        return;
    s_retire (self, worker);
    worker->draining = true;
    self->draining++;
}

void plan_worker_leave (plan_t *self, worker_t *worker)
{
    if (worker->draining)
        self->draining--;
    else
        s_retire (self, worker);
    uint32_t place = s_place (self, worker->number);
    memmove (self->worker + place, self->worker + place + 1, (--self->workers - place) * sizeof *self->worker);
    for (uint32_t s = 0; s < worker->slots; s++)
        free (worker->slot [s].held);
    free (worker->slot);
    free (worker);
}

// ---- what a slot holds

void slot_hold (slot_t *self, const job_t *job, uint32_t task)
{
    if (self->helds == self->room) {
        self->room = self->room ? self->room * 2 : 64;
        self->held = memory_grow (self->held, self->room * sizeof *self->held);
    }
    self->held_job = job->number;
    self->held_bytes = (self->helds ? self->held_bytes : 0) + job->stage [0].task [task].bytes;
    self->held [self->helds++] = task;
}

void slot_drop_held (slot_t *self, job_t *job)
{
    if (self->held_job != job->number)
        return;
    for (uint32_t i = 0; i < self->helds; i++)
        plan_job_requeue (job, 0, self->held [i]);
    self->helds = 0;
}

uint32_t slot_will_hold (const slot_t *self, uint64_t *job)
{
    uint32_t count = self->helds;
    *job = self->held_job;
    for (uint32_t i = 0; i < self->givens; i++) {
        const given_t *given = &self->given [i];
        if (given->verb == MESSAGE_SEAL)
            count = 0;
        else if (given->hold) {
            count++;
            *job = given->job;
        }
    }
    return count;
}

// ---- what it was given

// The first of what it was given is at work from now on.
static void s_begin (plan_t *self, slot_t *slot)
{
    slot->since_us = self->now_us;
    if (slot->givens)
        plan_user_begin (plan_job (self, slot->given [0].job), self->now_us);
    else
        s_rest (self, slot);
}

void slot_assign (plan_t *self, slot_t *slot, given_t given)
{
    job_t *job = plan_job (self, given.job);
    job->under_way++;
    s_wake (self, slot);
    slot->given [slot->givens++] = given;
    plan_user_charge (job, given.expected_us);
    if (slot->givens == 1)
        s_begin (self, slot);
}

given_t slot_release (plan_t *self, slot_t *slot, uint32_t at)
{
    given_t given = slot->given [at];
    job_t *job = plan_job (self, given.job);
    memmove (&slot->given [at], &slot->given [at + 1], (--slot->givens - at) * sizeof given);
    job->under_way--;
    plan_user_correct (job, given.expected_us, at ? 0 : self->now_us - slot->since_us);
    if (at)
        return given;                                   // has not begun
    plan_user_end (job, slot->since_us);
    s_begin (self, slot);
    return given;
}

bool slot_answered (plan_t *self, slot_t *slot, given_t answer)
{
    for (uint32_t i = 0; i < slot->givens; i++) {
        given_t *given = &slot->given [i];
        bool same = given->verb == answer.verb && given->job == answer.job && given->stage == answer.stage && given->task == answer.task
            && given->attempt == answer.attempt && given->segment == answer.segment;
        if (!same)
            continue;
        slot_release (self, slot, i);
        self->answered = slot;
        return true;
    }
    return false;
}

int64_t slot_busy_us (const slot_t *self, int64_t now_us)
{
    int64_t busy = 0;
    for (uint32_t i = 0; i < self->givens; i++)
        busy += self->given [i].expected_us;
    int64_t first = self->givens ? self->given [0].expected_us : 0, past = now_us - self->since_us;
    return self->givens ? busy - (past < first ? past : first) : 0;
}
