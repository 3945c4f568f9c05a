// plan_workers: workers come, are lost, and go.
//
// What a lost worker had in hand goes back to the queues, and so do the maps whose segments lay there, of all jobs; their faults count
// against nobody. One that drains ends what it was given, puts down what it holds, and stays for others to read from until no reduce task
// that is still to come needs a segment of it; then it is dismissed, and its loss costs nothing.
#include "master/plan_state.h"

void plan_joined (plan_t *self, const event_t *event)
{
    if (!plan_worker (self, event->worker) && event->slots)
        plan_worker_enter (self, event->worker, (uint32_t) event->slots);
}

static void s_slot_lost (plan_t *self, slot_t *slot)
{
    while (slot->givens) {
        given_t given = slot_release (self, slot, 0);
        job_t *job = plan_job (self, given.job);
        if (given.verb == MESSAGE_DECLARE)
            job->phase = PHASE_WAITING;
        else if (given.verb != MESSAGE_SEAL)
            plan_job_requeue (job, (uint32_t) given.stage, (uint32_t) given.task);
    }
    if (slot->helds)
        slot_drop_held (slot, plan_job (self, slot->held_job));
}

// There is a worker less to read from, or to do what the others cannot.
static void s_fewer (plan_t *self, uint64_t worker, bool gone)
{
    for (uint32_t j = 0; j < self->jobs; j++) {
        job_t *job = self->job [j];
        if (gone) {
            plan_job_segments_lost (job, worker);
            plan_away_forget (job, worker);
        }
        plan_away_judge (self, job);
        plan_advance (self, job);
    }
}

void plan_lost (plan_t *self, const event_t *event)
{
    worker_t *worker = plan_worker (self, event->worker);
    if (!worker)
        return;
    for (uint32_t s = 0; s < worker->slots; s++)
        s_slot_lost (self, &worker->slot [s]);
    plan_worker_leave (self, worker);
    s_fewer (self, event->worker, true);
}

void plan_draining (plan_t *self, const event_t *event)
{
    worker_t *worker = plan_worker (self, event->worker);
    if (!worker)
        return;
    plan_worker_drain (self, worker);
    s_fewer (self, event->worker, false);
}

static bool s_needed (const plan_t *self, const worker_t *worker)
{
    bool needed = false;
    for (uint32_t s = 0; s < worker->slots && !needed; s++)
        needed = worker->slot [s].givens || worker->slot [s].helds;
    for (uint32_t j = 0; j < self->jobs && !needed; j++)
        needed = plan_job_reads (self->job [j], worker->number);
    return needed;
}

void plan_dismiss (plan_t *self)
{
    for (uint32_t w = 0; self->draining && w < self->workers; w++) {
        worker_t *worker = self->worker [w];
        if (!worker->draining || worker->dismissed || s_needed (self, worker))
            continue;
        worker->dismissed = true;
        plan_act (self, ACTION_DISMISS, NULL)->worker = worker->number;
    }
}
