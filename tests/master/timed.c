// timed: see timed.h. Moments to come lie in a heap; those of the same time keep their order.
#include "tests/master/timed.h"
#include "base/memory.h"

#include <time.h>

world_t *timed;

void timed_begin (void)
{
    timed = memory_new (sizeof *timed);
    timed->plan = plan_new ();
    timed->transfer = 1;
}

void timed_end (void)
{
    for (uint32_t n = 1; n <= timed->nodes; n++) {
        for (uint32_t s = 0; s < SLOTS; s++) {
            free (timed->node [n]->slot [s].held);
            free (timed->node [n]->slot [s].held_attempt);
        }
        free (timed->node [n]);
    }
    for (uint32_t j = 1; j <= timed->jobs; j++) {
        free (timed->job [j].home_of);
        free (timed->job [j].ran_at);
    }
    plan_destroy (&timed->plan);
    free (timed->actions.item);
    free (timed->moment);
    free (timed);
}

// ---- moments

static bool s_before (const moment_t *a, const moment_t *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void timed_at (int64_t at_us, moment_t moment)
{
    if (timed->moments == timed->room) {
        timed->room = timed->room ? timed->room * 2 : 64;
        timed->moment = memory_grow (timed->moment, timed->room * sizeof moment);
    }
    moment.at_us = at_us;
    moment.order = timed->ordered++;
    uint32_t at = timed->moments++;
    for (; at && s_before (&moment, &timed->moment [(at - 1) / 2]); at = (at - 1) / 2)
        timed->moment [at] = timed->moment [(at - 1) / 2];
    timed->moment [at] = moment;
}

static moment_t s_next (void)
{
    moment_t first = timed->moment [0], last = timed->moment [--timed->moments];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < timed->moments; at = child) {
        if (child + 1 < timed->moments && s_before (&timed->moment [child + 1], &timed->moment [child]))
            child++;
        if (!s_before (&timed->moment [child], &last))
            break;
        timed->moment [at] = timed->moment [child];
    }
    timed->moment [at] = last;
    return first;
}

// ---- what nodes do

static int64_t s_duration (const node_t *node, const order_t *order)
{
    const task_list_t *job = &timed->job [order->job];
    if (order->verb == MESSAGE_DECLARE || order->verb == MESSAGE_SEAL)
        return SEAL_US;
    uint64_t bytes = order->stage ? job->bytes * job->tasks / PARTS / 10 : job->bytes;
    double us = (double) bytes / node->speed;
    if (!order->stage && job->home_of && job->home_of [order->task] != node->number)
        us *= timed->transfer;
    double chance = (double) (rac_random (timed->seed, timed->chance++) % 1000) / 1000;
    return (int64_t) (us * (1 + timed->noise * (chance - 0.5))) + 1;
}

static void s_start (node_t *node, uint32_t slot)
{
    int64_t us = s_duration (node, &node->slot [slot].order [0]);
    node->slot [slot].busy_us = us;
    timed_at (timed->now_us + us, (moment_t) { .kind = END, .number = node->number, .slot = slot });
}

static void s_order (const action_t *action, message_verb_t verb)
{
    node_t *node = timed->node [action->worker];
    unit_t *slot = &node->slot [action->slot];
    ck_assert (!node->dismissed && slot->orders < PLAN_AHEAD);
    slot->order [slot->orders++] = (order_t) { verb, action->job, action->stage, action->task, action->attempt, action->segment };
    timed->job [action->job].attempts += verb == MESSAGE_MAP;
    if (slot->orders == 1)
        s_start (node, (uint32_t) action->slot);
}

static void s_note_time (int64_t *first_us)
{
    *first_us = *first_us ? *first_us : timed->now_us;
}

// Of this thread's own work: what else the machine does meanwhile does not count.
static int64_t s_worked_us (void)
{
    struct timespec now;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void s_step (event_t event)
{
    uint64_t commit = 0;
    event.now_us = timed->now_us;
    timed->actions.count = 0;
    int64_t before = s_worked_us ();
    plan_step (timed->plan, &event, &timed->actions);
    timed->plan_us += s_worked_us () - before;
    timed->steps++;
    for (uint32_t i = 0; i < timed->actions.count; i++) {
        const action_t *action = &timed->actions.item [i];
        switch (action->kind) {
        case ACTION_DECLARE: s_order (action, MESSAGE_DECLARE); break;
        case ACTION_MAP: s_order (action, MESSAGE_MAP); break;
        case ACTION_SEAL:
            s_order (action, MESSAGE_SEAL);
            timed->job [action->job].seals++;
            break;
        case ACTION_REDUCE:
            s_order (action, MESSAGE_REDUCE);
            s_note_time (&timed->job [action->job].mapped_us);
            break;
        case ACTION_AHEAD: s_note_time (&timed->job [action->job].ahead_us); break;
        case ACTION_COMMIT: commit = action->job; break;
        case ACTION_DISMISS: timed->node [action->worker]->dismissed = true; break;
        case ACTION_FINISH:
            ck_assert_uint_eq (action->exit_code, 0);
            timed->job [action->job].finished = true;
            timed->job [action->job].end_us = timed->now_us;
            break;
        case ACTION_KEEP: case ACTION_DROP: case ACTION_ABANDON: break;
        }
    }
    if (commit)
        s_step ((event_t) { .kind = EVENT_COMMITTED, .job = commit });
}

static void s_hold (unit_t *slot, const order_t *order)
{
    if (slot->helds == slot->room) {
        slot->room = slot->room ? slot->room * 2 : 16;
        slot->held = memory_grow (slot->held, slot->room * sizeof *slot->held);
        slot->held_attempt = memory_grow (slot->held_attempt, slot->room * sizeof *slot->held_attempt);
    }
    ck_assert (!slot->helds || slot->held_job == order->job);           // what a slot holds is of one job
    slot->held_job = order->job;
    slot->held [slot->helds] = order->task;
    slot->held_attempt [slot->helds++] = order->attempt;
}

static void s_answer_done (const node_t *node, uint32_t number, const order_t *order, int64_t us)
{
    task_list_t *job = &timed->job [order->job];
    message_done_t done = { .job = order->job, .stage = order->stage, .task = order->task, .attempt = order->attempt, .slot = number,
        .held = job->shuffle && !order->stage, .bytes_in = order->stage ? 0 : job->bytes, .time_us = (uint64_t) us, .part = (char *) "part" };
    if (order->stage)
        job->reduced++;
    else {
        job->done++;
        job->at_home += job->home_of && job->home_of [order->task] == node->number;
        job->ran_at [order->task] = node->number;
    }
    job->slot_us += us;
    s_step ((event_t) { .kind = EVENT_DONE, .worker = node->number, .done = &done });
}

static void s_answer (node_t *node, uint32_t number)
{
    unit_t *slot = &node->slot [number];
    order_t order = slot->order [0];
    task_list_t *job = &timed->job [order.job];
    int64_t us = slot->busy_us;
    memmove (slot->order, slot->order + 1, --slot->orders * sizeof order);
    if (order.verb == MESSAGE_MAP && job->shuffle)
        s_hold (slot, &order);
    if (slot->orders)
        s_start (node, number);
    if (order.verb == MESSAGE_DECLARE) {
        static uint64_t bytes [TASKS];
        message_declared_t declared = { .job = order.job, .slot = number, .shuffle = job->shuffle, .whole = job->whole, .spread = RAC_HASH };
        for (uint32_t i = 0; i < job->tasks; i++)
            bytes [i] = job->bytes;
        s_step ((event_t) { .kind = EVENT_DECLARED, .worker = node->number, .job = order.job, .declared = &declared, .tasks = job->tasks,
            .bytes_of = bytes, .partitions = PARTS, .home_of = job->home_of });
    }
    else if (order.verb == MESSAGE_SEAL) {
        char path [64];
        snprintf (path, sizeof path, "%llu-%llu", (unsigned long long) order.job, (unsigned long long) order.segment);
        uint64_t weight [PARTS], bytes = job->bytes * slot->helds;
        char prefix [PARTS] [2];
        wire_bytes_t key [PARTS];
        for (uint32_t p = 0; p < PARTS; p++) {
            memcpy (prefix [p], (char []) { 0, (char) p }, 2);
            key [p] = (wire_bytes_t) { prefix [p], 2 };
            weight [p] = bytes / PARTS * p;
        }
        message_sealed_t sealed = { .job = order.job, .slot = number, .segment = order.segment, .path = path, .bytes = bytes,
            .keys = { key, PARTS }, .weights = { weight, PARTS }, .tasks = { slot->held, slot->helds }, .attempts = { slot->held_attempt, slot->helds } };
        slot->helds = 0;
        s_step ((event_t) { .kind = EVENT_SEALED, .worker = node->number, .sealed = &sealed });
    }
    else
        s_answer_done (node, number, &order, us);
}

// ---- the world

node_t *timed_node (uint32_t slots, double speed)
{
    node_t *node = memory_new (sizeof *node);
    *node = (node_t) { .number = ++timed->nodes, .slots = slots, .speed = speed };
    timed->node [node->number] = node;
    return node;
}

void timed_join (node_t *node)
{
    s_step ((event_t) { .kind = EVENT_WORKER_JOINED, .worker = node->number, .slots = node->slots });
}

task_list_t *timed_job (const char *user, uint64_t priority, uint32_t tasks, uint64_t bytes, int64_t submit_us)
{
    task_list_t *job = &timed->job [++timed->jobs];
    ck_assert (tasks <= TASKS);
    *job = (task_list_t) { .number = timed->jobs, .user = user, .priority = priority, .tasks = tasks, .bytes = bytes,
        .ran_at = memory_new (tasks * sizeof *job->ran_at), .submit_us = submit_us };
    timed_at (submit_us, (moment_t) { .kind = SUBMIT, .number = job->number });
    return job;
}

bool timed_run (void)
{
    while (timed->moments) {
        moment_t moment = s_next ();
        task_list_t *job = &timed->job [moment.number < JOBS ? moment.number : 0];
        timed->now_us = moment.at_us;
        switch (moment.kind) {
        case SUBMIT: s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = job->number, .user = job->user, .priority = job->priority }); break;
        case JOIN: timed_join (timed->node [moment.number]); break;
        case LEAVE: s_step ((event_t) { .kind = EVENT_WORKER_DRAINING, .worker = moment.number }); break;
        case END: s_answer (timed->node [moment.number], moment.slot); break;
        case LOOK: return true;
        }
    }
    for (uint32_t j = 1; j <= timed->jobs; j++)
        ck_assert_msg (timed->job [j].finished, "job %u does not end", j);
    return false;
}
