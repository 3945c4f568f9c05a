// plan: see plan.h for the invariants. One event at a time: change the state, then hand out work to whoever has room.
//
// Why exactness holds: what a slot holds is known from its answers alone (each message is answered once, in order), so a SEALED is believed
// only if it names exactly that set, and a segment enters the job only then. Whatever becomes unreachable (a dead executor, a lost worker)
// puts its tasks back into the queue; the reduce stage is handed out only while every map task lies in a reachable segment. Borders of
// key ranges are chosen once: a reduce task kept before a loss and one run after it then still cut the keys alike.
#include "master/plan_state.h"
#include "master/master.h"

#include <racimo.h>
#include <stdarg.h>
#include <string.h>

// ---- actions and what they point to

action_t *plan_act (plan_t *self, action_kind_t kind, const job_t *job)
{
    action_list_t *list = self->actions;
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 32;
        list->item = memory_grow (list->item, list->room * sizeof *list->item);
    }
    action_t *action = &list->item [list->count++];
    *action = (action_t) { .kind = kind, .job = job ? job->number : 0 };
    return action;
}

const char *plan_keep_text (plan_t *self, const char *text)
{
    size_t size = strlen (text ? text : "") + 1;
    return memcpy (arena_take (self->memory, size), text ? text : "", size);
}

static const char *s_format (plan_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
static const char *s_format (plan_t *self, const char *format, ...)
{
    char *text = arena_take (self->memory, 1024);
    va_list list;
    va_start (list, format);
    vsnprintf (text, 1024, format, list);
    va_end (list);
    return text;
}

// ---- the end of a job

static void s_abandon (plan_t *self, const job_t *job, slot_t *slot)
{
    for (uint32_t i = slot->givens; i-- > 0; ) {
        if (slot->given [i].job != job->number)
            continue;
        given_t given = slot_release (self, slot, i);
        if (given.verb != MESSAGE_MAP && given.verb != MESSAGE_REDUCE)
            continue;
        action_t *action = plan_act (self, ACTION_ABANDON, job);
        action->worker = slot->worker->number;
        action->slot = (uint64_t) (slot - slot->worker->slot);
        action->stage = given.stage;
        action->task = given.task;
        action->attempt = given.attempt;
    }
    if (slot->held_job == job->number)
        slot->helds = 0;
}

// Looks at all slots only if one of them has something of the job: most jobs end by themselves.
static void s_abandon_all (plan_t *self, const job_t *job)
{
    if (!job->under_way && job->stage [0].ended == job->stage [0].done)
        return;
    for (uint32_t w = 0; w < self->workers; w++)
        for (uint32_t s = 0; s < self->worker [w]->slots; s++)
            s_abandon (self, job, &self->worker [w]->slot [s]);
}

action_t *plan_finish (plan_t *self, job_t *job, uint64_t exit_code, const char *error, const char *compiler)
{
    s_abandon_all (self, job);
    action_t *action = plan_act (self, ACTION_FINISH, job);
    action->exit_code = exit_code;
    action->error = plan_keep_text (self, error);
    action->compiler = plan_keep_text (self, compiler);
    plan_job_leave (self, job);
    return action;
}

void plan_odd (plan_t *self, job_t *job, const char *what)
{
    if (++job->oddities >= PLAN_ODDITIES)
        plan_finish (self, job, EXIT_JOB, s_format (self, "%s, %d times", what, PLAN_ODDITIES), NULL);
}

// ---- stages

static void s_commit (plan_t *self, job_t *job)
{
    s_abandon_all (self, job);                          // maps that were to be repeated, but now are not needed
    job->phase = PHASE_COMMIT;
    plan_act (self, ACTION_COMMIT, job);
}

void plan_advance (plan_t *self, job_t *job)
{
    if (job->phase != PHASE_MAP && job->phase != PHASE_REDUCE)
        return;
    stage_t *map = &job->stage [0], *reduce = &job->stage [1];
    bool mapped = map->done == map->tasks;
    if (job->shuffle && mapped && !job->cut)
        plan_settle_borders (self, job);
    if (job->shuffle ? job->cut && reduce->done == reduce->tasks : mapped)
        s_commit (self, job);
    else
        job->phase = mapped ? PHASE_REDUCE : PHASE_MAP;
}

// ---- events of jobs

static void s_submitted (plan_t *self, const event_t *event)
{
    plan_job_enter (self, event->job, event->user, event->priority);
}

static void s_declared (plan_t *self, const event_t *event)
{
    const message_declared_t *declared = event->declared;
    job_t *job = plan_job (self, event->job);
    slot_t *slot = plan_slot (self, event->worker, declared->slot);
    if (!job || !slot || !slot_answered (self, slot, (given_t) { .verb = MESSAGE_DECLARE, .job = event->job }))
        return;
    job->shuffle = declared->shuffle != 0;
    job->heavy = declared->heavy != 0;
    job->whole = declared->whole != 0;
    job->numbered = declared->numbered_rows != 0;
    job->spread = declared->spread;
    job->parts = declared->parts;
    job->partitions = event->partitions;
    job->input_bytes = event->input_bytes;
    job->max_rejects = event->max_rejects;
    job->seed = event->shuffle_seed;
    if (event->error) {
        plan_finish (self, job, (uint64_t) master_exit_of (event->error_kind), event->error, NULL);
        return;
    }
    if (job->parts > PLAN_PARTS || job->partitions > PLAN_PARTS) {
        plan_finish (self, job, EXIT_USAGE, s_format (self, "more than %d partitions", PLAN_PARTS), NULL);
        return;
    }
    stage_fill (&job->stage [0], event->tasks, event->bytes_of, job->seed);
    if (event->home_of)
        stage_settle (&job->stage [0], self, event->home_of);
    job->phase = PHASE_MAP;
    plan_advance (self, job);
}

// A result nobody waits for. Its file goes, unless it is a copy of the message that told of the winner.
static void s_late (plan_t *self, job_t *job, const message_done_t *done)
{
    if (!done->part || !*done->part || done->stage > 1)
        return;
    const stage_t *stage = &job->stage [done->stage];
    const char *winner = done->task < stage->tasks ? stage->task [done->task].part : NULL;
    if (!winner || strcmp (winner, done->part))
        plan_act (self, ACTION_DROP, job)->part = plan_keep_text (self, done->part);
}

static bool s_too_many_rejects (plan_t *self, job_t *job, const message_done_t *done)
{
    if (job->rejects <= job->max_rejects)
        return false;
    bool why = done->warning && *done->warning;
    plan_finish (self, job, EXIT_DATA, s_format (self, "%llu rows rejected, --max-rejects allows %llu%s%s", (unsigned long long) job->rejects,
        (unsigned long long) job->max_rejects, why ? ": " : "", why ? done->warning : ""), NULL);
    return true;
}

static void s_done (plan_t *self, const event_t *event)
{
    const message_done_t *done = event->done;
    job_t *job = plan_job (self, done->job);
    if (!job)
        return;
    slot_t *slot = plan_slot (self, event->worker, done->slot);
    given_t answer = { .verb = done->stage ? MESSAGE_REDUCE : MESSAGE_MAP, .job = done->job, .stage = done->stage, .task = done->task,
        .attempt = done->attempt };
    if (!slot || !slot_answered (self, slot, answer)) {
        s_late (self, job, done);
        return;
    }
    bool hold = job->shuffle && !done->stage;
    task_t *task = &job->stage [done->stage].task [done->task];
    plan_job_task_ended (job, (uint32_t) done->stage, (uint32_t) done->task, hold ? TASK_HELD : TASK_KEPT);
    plan_learn (self, slot->worker, job, done);
    task->rejects = done->rejects;
    job->rejects += done->rejects;
    if (s_too_many_rejects (self, job, done))
        return;
    if (hold)
        slot_hold (slot, job, (uint32_t) done->task);
    else
        task->part = memory_text (done->part ? done->part : "");
    action_t *action = plan_act (self, ACTION_KEEP, job);
    action->stage = done->stage;
    action->task = done->task;
    action->attempt = done->attempt;
    action->part = hold ? NULL : plan_keep_text (self, done->part);
    plan_advance (self, job);
}

// Does it name exactly what the slot holds, each once, by its attempt?
static bool s_exact (job_t *job, const slot_t *slot, const message_sealed_t *sealed)
{
    stage_t *map = &job->stage [0];
    bool exact = sealed->tasks.count == slot->helds && sealed->attempts.count == slot->helds;
    for (uint32_t i = 0; i < slot->helds; i++)
        map->task [slot->held [i]].named = true;        // is expected, and not yet named
    for (uint32_t i = 0; exact && i < sealed->tasks.count; i++) {
        uint64_t index = sealed->tasks.item [i];
        exact = index < map->tasks && map->task [index].named && sealed->attempts.item [i] + 1 == map->task [index].attempts;
        if (exact)
            map->task [index].named = false;
    }
    for (uint32_t i = 0; i < slot->helds; i++)
        map->task [slot->held [i]].named = false;
    return exact;
}

static void s_sealed (plan_t *self, const event_t *event)
{
    const message_sealed_t *sealed = event->sealed;
    job_t *job = plan_job (self, sealed->job);
    slot_t *slot = plan_slot (self, event->worker, sealed->slot);
    given_t answer = { .verb = MESSAGE_SEAL, .job = sealed->job, .segment = sealed->segment };
    if (!job || !slot || !slot_answered (self, slot, answer))
        return;
    if (s_exact (job, slot, sealed)) {
        plan_job_segment_add (job, event->worker, sealed);
        slot->helds = 0;
        plan_advance (self, job);
        plan_draft (self, job);
        plan_ahead_due (self, job);
        return;
    }
    slot_drop_held (slot, job);
    plan_odd (self, job, "a worker sealed other tasks than it had done");
}

// ---- the end

static void s_ended (plan_t *self, const event_t *event)
{
    job_t *job = plan_job (self, event->job);
    if (!job)
        return;
    bool committing = job->phase == PHASE_COMMIT;
    if (event->kind == EVENT_CANCELLED)
        plan_finish (self, job, event->exit_code ? event->exit_code : EXIT_CANCELLED, event->error ? event->error : "cancelled", NULL);
    else if (committing && event->kind == EVENT_COMMITTED)
        plan_finish (self, job, EXIT_FINE, NULL, NULL);
    else if (committing)
        plan_finish (self, job, (uint64_t) master_exit_of (event->error_kind), event->error, NULL);
}

// ---- the door

plan_t *plan_new (void)
{
    plan_t *self = memory_new (sizeof *self);
    self->memory = arena_new (64 * 1024);
    return self;
}

void plan_destroy (plan_t **self_p)
{
    plan_t *self = *self_p;
    if (!self)
        return;
    while (self->jobs)
        plan_job_leave (self, self->job [0]);
    while (self->workers)
        plan_worker_leave (self, self->worker [0]);
    plan_users_free (self);
    free (self->job);
    free (self->worker);
    arena_destroy (&self->memory);
    free (self);
    *self_p = NULL;
}

void plan_step (plan_t *self, const event_t *event, action_list_t *actions)
{
    static void (*const handle []) (plan_t *, const event_t *) = {
        [EVENT_WORKER_JOINED] = plan_joined, [EVENT_WORKER_LOST] = plan_lost, [EVENT_WORKER_DRAINING] = plan_draining,
        [EVENT_SUBMITTED] = s_submitted, [EVENT_DECLARED] = s_declared,
        [EVENT_DONE] = s_done, [EVENT_SEALED] = s_sealed, [EVENT_FAULT] = plan_fault,
        [EVENT_CANCELLED] = s_ended, [EVENT_COMMITTED] = s_ended, [EVENT_COMMIT_FAILED] = s_ended,
    };
    arena_reset (self->memory);
    self->actions = actions;
    self->answered = NULL;
    self->now_us = event->now_us > self->now_us ? event->now_us : self->now_us;
    self->step++;
    handle [event->kind] (self, event);
    plan_hand_out (self);
    plan_look_ahead (self);
    plan_dismiss (self);
    self->actions = NULL;
}

void plan_state (const plan_t *self, uint64_t number, message_state_t *into)
{
    *into = (message_state_t) { .job = number, .workers = self->workers };
    const job_t *job = plan_job (self, number);
    if (!job)
        return;
    static const uint64_t phase [] = { STATE_WAITING, STATE_WAITING, STATE_MAP, STATE_REDUCE, STATE_COMMIT };      // by ours
    const stage_t *stage = &job->stage [job->shuffle && job->cut];
    into->phase = phase [job->phase];
    into->bytes_done = job->bytes_done;
    into->bytes_all = job->input_bytes;
    into->tasks_done = stage->ended;
    into->tasks_all = stage->tasks;
}

void plan_worker_state (const plan_t *self, uint64_t number, uint64_t *busy, uint64_t *bytes_per_s)
{
    const worker_t *worker = plan_worker (self, number);
    *busy = *bytes_per_s = 0;
    for (uint32_t s = 0; worker && s < worker->slots; s++)
        *busy += worker->slot [s].givens > 0;
    if (worker)
        *bytes_per_s = (uint64_t) (worker->bytes_per_us * 1e6);
}

uint64_t plan_job_slots (const plan_t *self, uint64_t job)
{
    uint64_t slots = 0;
    for (uint32_t w = 0; w < self->workers; w++)
        for (uint32_t s = 0; s < self->worker [w]->slots; s++) {
            const slot_t *slot = &self->worker [w]->slot [s];
            slots += slot->givens && slot->given [0].job == job;
        }
    return slots;
}
