// plan_faults: what a FAULT means for its job.
//
// Another attempt helps against crashes and lost machines, not against wrong data or wrong calls: those end the job at once. A task's own
// faults count, four end the job; what a slot held for other tasks when it died is repeated and counts against nobody. Deaths between
// messages belong to no task, and only their number can end a job.
#include "master/plan_state.h"
#include "master/master.h"

static bool s_hopeless (uint64_t kind)
{
    return kind == ERROR_DATA || kind == ERROR_USAGE || kind == ERROR_OUTPUT;
}

// It could not fetch from a worker that has segments of the job; or it can do nothing of the job, and says so by naming itself.
static bool s_away (const job_t *job, uint64_t worker, const message_fault_t *fault)
{
    return fault->away && (fault->away == worker || (fault->verb == MESSAGE_REDUCE && plan_job_reads (job, fault->away)));
}

static void s_absent (plan_t *self, job_t *job, uint64_t worker, const message_fault_t *fault)
{
    bool able = true;
    if (fault->away != worker)
        plan_complain (self, job, worker, fault->away);
    else
        able = plan_ban (self, job, worker);
    if (able)
        plan_advance (self, job);
    else
        plan_finish (self, job, (uint64_t) master_exit_of (fault->kind), fault->error, fault->compiler);
}

static void s_task_failed (plan_t *self, job_t *job, uint64_t worker, const message_fault_t *fault)
{
    task_t *task = &job->stage [fault->stage].task [fault->task];
    if (s_hopeless (fault->kind)) {
        plan_finish (self, job, (uint64_t) master_exit_of (fault->kind), fault->error, fault->compiler);
        return;
    }
    bool away = !task->excused && s_away (job, worker, fault);
    if (!task->excused && !away) {
        task->faults++;
        task->failed_at = worker;
    }
    if (task->faults < PLAN_ATTEMPTS) {
        plan_job_requeue (job, (uint32_t) fault->stage, (uint32_t) fault->task);
        if (away)
            s_absent (self, job, worker, fault);
        return;
    }
    uint32_t faults = task->faults;
    uint64_t exit_code = fault->lost ? EXIT_JOB : (uint64_t) master_exit_of (fault->kind);
    action_t *action = plan_finish (self, job, exit_code, fault->error, fault->compiler);
    action->stage = fault->stage;
    action->task = fault->task;
    action->faults = faults;
}

static void s_declare_failed (plan_t *self, job_t *job, uint64_t worker, const message_fault_t *fault)
{
    if (fault->away == worker) {
        job->phase = PHASE_WAITING;
        s_absent (self, job, worker, fault);
        return;
    }
    bool again = fault->lost && ++job->declare_faults < PLAN_ATTEMPTS;
    if (again)
        job->phase = PHASE_WAITING;
    else
        plan_finish (self, job, fault->lost ? EXIT_JOB : (uint64_t) master_exit_of (fault->kind), fault->error, fault->compiler);
}

static void s_seal_failed (plan_t *self, job_t *job, uint64_t worker, const message_fault_t *fault)
{
    if (fault->away == worker)
        s_absent (self, job, worker, fault);
    else if (s_hopeless (fault->kind) || ++job->seal_faults >= PLAN_ATTEMPTS)
        plan_finish (self, job, fault->lost ? EXIT_JOB : (uint64_t) master_exit_of (fault->kind), fault->error, fault->compiler);
}

void plan_fault (plan_t *self, const event_t *event)
{
    const message_fault_t *fault = event->fault;
    job_t *job = plan_job (self, fault->job);
    slot_t *slot = plan_slot (self, event->worker, fault->slot);
    if (!job || !slot)
        return;
    given_t answer = { .verb = (message_verb_t) fault->verb, .job = fault->job };
    if (fault->verb == MESSAGE_MAP || fault->verb == MESSAGE_REDUCE)
        answer = (given_t) { .verb = answer.verb, .job = fault->job, .stage = fault->stage, .task = fault->task, .attempt = fault->attempt };
    for (uint32_t i = 0; fault->verb == MESSAGE_SEAL && i < slot->givens; i++)
        if (slot->given [i].verb == MESSAGE_SEAL)
            answer.segment = slot->given [i].segment;   // a slot has one SEAL at a time, which a FAULT does not number
    bool matched = slot_answered (self, slot, answer), held = slot->helds && slot->held_job == job->number;
    if (fault->lost || (matched && fault->verb == MESSAGE_SEAL))
        slot_drop_held (slot, job);
    if (!matched && fault->lost && held)                // of what it had loaded, but did not hold, nothing is lost
        plan_odd (self, job, fault->error && *fault->error ? plan_keep_text (self, fault->error) : "an executor died between tasks");
    else if (matched && fault->verb == MESSAGE_DECLARE)
        s_declare_failed (self, job, event->worker, fault);
    else if (matched && fault->verb == MESSAGE_SEAL)
        s_seal_failed (self, job, event->worker, fault);
    else if (matched)
        s_task_failed (self, job, event->worker, fault);
}
