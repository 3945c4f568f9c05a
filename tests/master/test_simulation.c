// A cluster that does not exist, under a plan that does not know it: thousands of random schedules of virtual workers with losses, faults,
// deaths, lies, late and duplicate messages, several users' jobs at a time, workers that drain, that cannot reach each other, that can do
// nothing, and clusters of a thousand. What must hold in each of them:
//
// - every REDUCE reads segments of reachable workers that hold each map task exactly once, by attempts that were done;
// - the key ranges of a stage fit together and are the same for every attempt;
// - a job commits once, when each task of its last stage has exactly one winner, and finishes once, with the exit status it deserves;
// - who drains gets no task, and is dismissed once, when it has nothing to do and no reduce task that is still to come reads from it;
// - nothing hangs: while a job is there, some message is under way or some slot is at work. What takes how long is test_simulation_time's.
//
// Each schedule is its seed: a failure prints it, and RACIMO_SEED=N runs that one alone.
#include "master/master.h"
#include "master/plan.h"
#include "tests/main.h"

#include <racimo.h>

enum { WORKERS = 1000, SLOTS = 3, JOBS = 4, TASKS = 12, PARTS = 6, LETTERS = 4096, SEGMENTS = 4096, STEPS = 200000 };

typedef struct {
    message_verb_t verb;
    uint64_t job, stage, task, attempt, segment;
    uint32_t reads, from [2 * TASKS];                   // from: workers whose segments it reads
} order_t;
typedef struct { uint32_t tasks, task [TASKS], attempt [TASKS]; uint64_t job, worker; } set_t;     // a segment, or what an executor holds
typedef struct { order_t order [PLAN_AHEAD]; uint32_t orders; set_t held [JOBS + 1]; } executor_t;       // held: by job
typedef struct { uint64_t number; uint32_t slots; bool draining, dismissed, unable; executor_t slot [SLOTS]; } node_t;     // number 0: not there

typedef struct {                                        // a message on its way to the master
    uint64_t worker, slot;
    order_t order;
    enum { LETTER_DONE, LETTER_DECLARED, LETTER_SEALED, LETTER_FAULT } kind;
    bool lost;
    uint64_t error_kind, away;
    set_t set;
} letter_t;

typedef struct {
    enum { FATE_GOOD, FATE_POISON, FATE_DATA, FATE_CANCEL } fate;
    bool shuffle, submitted, committed, finished;
    uint32_t tasks, parts, victim, reduces;
    uint32_t done [TASKS];                              // bits: attempts whose DONE the plan took
    uint32_t faults [2] [TASKS], winners [TASKS], declare_deaths, seal_faults, oddities;
    uint64_t spread;
} model_t;

typedef struct {
    uint64_t seed, counter, workers_ever;
    uint32_t nodes, cut;                                // nodes: room for so many workers; cut: in a hundred links between two of them
    int64_t now_us;
    plan_t *plan;
    action_list_t actions;
    node_t node [WORKERS];
    model_t job [JOBS + 1];                             // by number, from 1
    letter_t letter [LETTERS];
    uint32_t letters;
    set_t segment [SEGMENTS];
    bool empty [SEGMENTS];                              // has no record, and so no file
    uint32_t segments;
} world_t;

static uint32_t s_random (world_t *self, uint32_t below)
{
    return (uint32_t) (rac_random (self->seed, self->counter++) % below);
}

// ck_assert writes to a file each time it holds, which would take longer than all the rest.
#define DEMAND(condition) do { \
        if (!(condition)) \
            ck_abort_msg ("seed %llu: %s", (unsigned long long) self->seed, #condition); \
    } while (0)

// ---- what the plan orders

static node_t *s_node (world_t *self, uint64_t number)
{
    for (uint32_t i = 0; i < self->nodes; i++)
        if (self->node [i].number == number)
            return &self->node [i];
    return NULL;
}

// From `node` segments of worker `other` cannot be fetched.
static bool s_cut (const world_t *self, const node_t *node, uint64_t other)
{
    return node->number != other && rac_random (self->seed + 1, node->number * 100000 + other) % 100 < self->cut;
}

static void s_take_order (world_t *self, const action_t *action, message_verb_t verb)
{
    node_t *node = s_node (self, action->worker);
    DEMAND (node && action->slot < node->slots);
    executor_t *slot = &node->slot [action->slot];
    DEMAND (slot->orders < PLAN_AHEAD && !node->dismissed);
    DEMAND (!node->draining || verb == MESSAGE_SEAL);
    order_t *order = &slot->order [slot->orders++];
    *order = (order_t) { verb, action->job, action->stage, action->task, action->attempt, action->segment, 0, { 0 } };
    for (uint32_t i = 0; verb == MESSAGE_REDUCE && i < action->segments->paths.count; i++)
        order->from [order->reads++] = (uint32_t) self->segment [atoi (strchr (action->segments->paths.item [i], '-') + 1)].worker;
}

// Is there a segment without a record that has the task, by an attempt that was done?
static bool s_had_no_record (const world_t *self, uint64_t job, uint32_t task)
{
    bool found = false;
    for (uint32_t s = 0; s < self->segments; s++)
        for (uint32_t t = 0; self->empty [s] && self->segment [s].job == job && t < self->segment [s].tasks; t++)
            found |= self->segment [s].task [t] == task && self->job [job].done [task] >> self->segment [s].attempt [t] & 1;
    return found;
}

static void s_check_reduce (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    uint32_t times [TASKS] = { 0 }, records = 0;
    for (uint32_t i = 0; i < action->segments->paths.count; i++) {
        unsigned number;
        DEMAND (sscanf (action->segments->paths.item [i], "segment-%u", &number) == 1 && number < self->segments);
        const set_t *segment = &self->segment [number];
        const node_t *owner = s_node (self, segment->worker);
        DEMAND (segment->job == action->job && owner && !owner->dismissed);
        for (uint32_t t = 0; t < segment->tasks; t++, records++) {
            DEMAND (job->done [segment->task [t]] >> segment->attempt [t] & 1);
            times [segment->task [t]]++;
        }
    }
    for (uint32_t t = 0; t < job->tasks; t++)
        DEMAND (times [t] == 1 || (times [t] == 0 && s_had_no_record (self, action->job, t)));
    DEMAND (action->last || action->high.size);
    DEMAND (action->task == 0 || action->low.size);
    if (job->spread == RAC_HASH && job->tasks)           // two bytes, big-endian
        DEMAND (action->task == 0 || (action->low.size == 2 && (uint8_t) action->low.data [1] == action->task));
    if (action->last)
        job->reduces = (uint32_t) action->task + 1;
}

static void s_kept (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    if (action->part) {
        DEMAND (action->stage == job->shuffle);
        DEMAND (++job->winners [action->task] == 1);
    }
    else
        job->done [action->task] |= 1u << action->attempt;
}

static void s_check_commit (world_t *self, model_t *job)
{
    DEMAND (!job->committed && !job->finished);
    job->committed = true;
    uint32_t wanted = job->shuffle ? job->reduces : job->tasks;
    for (uint32_t t = 0; t < TASKS; t++)
        DEMAND (job->winners [t] == (t < wanted));
}

static bool s_able (const world_t *self)                // is anybody there who can do jobs?
{
    bool able = false;
    for (uint32_t w = 0; w < self->nodes; w++)
        able |= self->node [w].number && !self->node [w].draining && !self->node [w].unable;
    return able;
}

static void s_check_dismiss (world_t *self, const action_t *action)
{
    node_t *node = s_node (self, action->worker);
    DEMAND (node && node->draining && !node->dismissed);
    for (uint32_t s = 0; s < node->slots; s++)           // but for a map that was repeated, and is not needed any more
        for (uint32_t i = 0; i < node->slot [s].orders; i++)
            DEMAND (self->job [node->slot [s].order [i].job].committed);
    node->dismissed = true;
}

static void s_abandon (world_t *self, const action_t *action)
{
    executor_t *slot = &s_node (self, action->worker)->slot [action->slot];
    for (uint32_t i = slot->orders; i-- > 0; ) {
        order_t *order = &slot->order [i];
        if (order->job == action->job && order->stage == action->stage && order->task == action->task && order->attempt == action->attempt)
            memmove (order, order + 1, (--slot->orders - i) * sizeof *order);
    }
}

static void s_check_finish (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    DEMAND (!job->finished);
    job->finished = true;
    if (action->exit_code == EXIT_FINE)
        DEMAND (job->committed && job->fate != FATE_POISON && job->fate != FATE_DATA);
    else if (action->exit_code == EXIT_JOB && !action->faults)
        DEMAND (!s_able (self));
    else if (job->fate == FATE_POISON)
        DEMAND (action->exit_code == EXIT_JOB && action->faults == PLAN_ATTEMPTS && action->task == job->victim);
    else if (job->fate == FATE_DATA)
        DEMAND (action->exit_code == EXIT_DATA);
    else
        DEMAND (job->fate == FATE_CANCEL && action->exit_code == EXIT_CANCELLED);
    for (uint32_t w = 0; w < self->nodes; w++)           // FORGET
        for (uint32_t s = 0; s < SLOTS; s++) {
            executor_t *slot = &self->node [w].slot [s];
            uint32_t left = 0;
            for (uint32_t i = 0; i < slot->orders; i++)
                if (slot->order [i].job != action->job)
                    slot->order [left++] = slot->order [i];
            slot->orders = left;
            slot->held [action->job].tasks = 0;
        }
}

static void s_step (world_t *self, event_t event)
{
    self->actions.count = 0;
    event.now_us = self->now_us += s_random (self, 3000);
    plan_step (self->plan, &event, &self->actions);
    uint64_t commit = 0;
    for (uint32_t i = 0; i < self->actions.count; i++) {
        const action_t *action = &self->actions.item [i];
        switch (action->kind) {
        case ACTION_DECLARE: s_take_order (self, action, MESSAGE_DECLARE); break;
        case ACTION_MAP: s_take_order (self, action, MESSAGE_MAP); break;
        case ACTION_SEAL: s_take_order (self, action, MESSAGE_SEAL); break;
        case ACTION_REDUCE:
            s_check_reduce (self, action);
            s_take_order (self, action, MESSAGE_REDUCE);
            break;
        case ACTION_KEEP: s_kept (self, action); break;
        case ACTION_COMMIT:
            s_check_commit (self, &self->job [action->job]);
            commit = action->job;
            break;
        case ACTION_FINISH: s_check_finish (self, action); break;
        case ACTION_DISMISS: s_check_dismiss (self, action); break;
        case ACTION_ABANDON: s_abandon (self, action); break;
        case ACTION_DROP: break;
        }
    }
    if (commit)
        s_step (self, (event_t) { .kind = EVENT_COMMITTED, .job = commit });
}

// ---- what workers do

static letter_t *s_write (world_t *self, const node_t *node, uint64_t slot, order_t order)
{
    DEMAND (self->letters < LETTERS);
    letter_t *letter = &self->letter [self->letters++];
    *letter = (letter_t) { .worker = node->number, .slot = slot, .order = order };
    return letter;
}

// May this order fail by chance, and the job still end well?
static bool s_may_fail (model_t *job, const order_t *order)
{
    uint32_t *count = order->verb == MESSAGE_DECLARE ? &job->declare_deaths : order->verb == MESSAGE_SEAL ? &job->seal_faults
        : &job->faults [order->stage] [order->task];
    if (*count + 1 >= PLAN_ATTEMPTS)
        return false;
    ++*count;
    return true;
}

// Segments of a worker that is lost cannot be read, which is nobody's fault.
static uint64_t s_unreadable (world_t *self, const order_t *order)
{
    for (uint32_t i = 0; i < order->reads; i++)
        if (!s_node (self, order->from [i]))
            return order->from [i];
    return 0;
}

// The worker that this one would have to fetch from, and cannot; 0: none.
static uint64_t s_away (world_t *self, const node_t *node, const order_t *order)
{
    for (uint32_t i = 0; i < order->reads; i++)
        if (s_cut (self, node, order->from [i]))
            return order->from [i];
    return 0;
}

// A worker that does not tell the truth: the segment lacks a task, or claims another attempt.
static void s_lie (world_t *self, model_t *job, set_t *set)
{
    if (!set->tasks || s_random (self, 20) || job->oddities >= 5)
        return;
    job->oddities++;
    if (s_random (self, 2))
        set->tasks--;
    else
        set->attempt [0]++;
}

// All that the executor held is lost, and each job is told so.
static void s_die (world_t *self, const node_t *node, executor_t *slot, letter_t *letter)
{
    uint64_t job = letter->order.job, number = letter->slot;
    letter->lost = true;
    for (uint64_t j = 1; j <= JOBS; j++) {
        if (slot->held [j].tasks && j != job && !self->job [j].finished) {
            self->job [j].oddities++;
            letter_t *other = s_write (self, node, number, (order_t) { .job = j });
            other->kind = LETTER_FAULT;
            other->lost = true;
        }
        slot->held [j].tasks = 0;
    }
}

// Does the order fail, and how?
static bool s_fails (world_t *self, const node_t *node, executor_t *slot, letter_t *letter)
{
    const order_t *order = &letter->order;
    model_t *job = &self->job [order->job];
    uint64_t gone = s_unreadable (self, order), away = s_away (self, node, order);
    bool victim = order->verb == MESSAGE_MAP && order->task == job->victim && (job->fate == FATE_POISON || job->fate == FATE_DATA);
    letter->error_kind = ERROR_JOB;
    if (node->unable && order->verb != MESSAGE_SEAL)
        letter->away = node->number;
    else if (away || (gone && s_random (self, 2)))
        letter->away = away ? away : s_random (self, 2) ? gone : 0;
    else if (victim || (s_random (self, 8) == 0 && s_may_fail (job, order))) {
        letter->error_kind = job->fate == FATE_DATA && victim ? ERROR_DATA : ERROR_JOB;
        if (order->verb == MESSAGE_DECLARE || (!(victim && job->fate == FATE_DATA) && s_random (self, 2)))
            s_die (self, node, slot, letter);
        if (order->verb == MESSAGE_SEAL)
            slot->held [order->job].tasks = 0;
    }
    else
        return false;
    return true;
}

static void s_work (world_t *self, node_t *node, uint32_t number)
{
    executor_t *slot = &node->slot [number];
    order_t order = slot->order [0];
    set_t *held = &slot->held [order.job];
    memmove (slot->order, slot->order + 1, --slot->orders * sizeof order);
    held->job = order.job;
    letter_t *letter = s_write (self, node, number, order);
    if (s_fails (self, node, slot, letter))
        letter->kind = LETTER_FAULT;
    else if (order.verb == MESSAGE_DECLARE)
        letter->kind = LETTER_DECLARED;
    else if (order.verb == MESSAGE_SEAL) {
        letter->kind = LETTER_SEALED;
        letter->set = *held;
        letter->set.worker = node->number;
        s_lie (self, &self->job [order.job], &letter->set);
        held->tasks = 0;
    }
    else if (order.verb == MESSAGE_MAP && self->job [order.job].shuffle) {
        DEMAND (held->tasks < TASKS);
        held->task [held->tasks] = (uint32_t) order.task;
        held->attempt [held->tasks++] = (uint32_t) order.attempt;
    }
}

static void s_die_idle (world_t *self, node_t *node, uint32_t number)
{
    executor_t *slot = &node->slot [number];
    uint64_t held = 0;
    for (uint64_t j = 1; j <= JOBS; j++)
        held = slot->held [j].tasks ? j : held;
    model_t *job = &self->job [held];
    if (!held || job->finished || job->oddities >= 5)
        return;
    job->oddities++;
    letter_t *letter = s_write (self, node, number, (order_t) { .job = held });
    letter->kind = LETTER_FAULT;
    s_die (self, node, slot, letter);
}

// ---- what the master hears

static void s_deliver_declared (world_t *self, const letter_t *letter)
{
    static const uint64_t bytes [TASKS] = { 1, 2, 3 };
    const model_t *job = &self->job [letter->order.job];
    uint64_t home_of [TASKS];
    for (uint32_t t = 0; t < TASKS; t++)                // of workers that are there, were there, or never will be
        home_of [t] = s_random (self, (uint32_t) self->workers_ever + 2);
    message_declared_t declared = { .job = letter->order.job, .slot = letter->slot, .shuffle = job->shuffle, .spread = job->spread,
        .parts = job->spread ? job->parts : 0, .heavy = job->parts & 1 };
    s_step (self, (event_t) { .kind = EVENT_DECLARED, .worker = letter->worker, .job = letter->order.job, .declared = &declared,
        .tasks = job->tasks, .bytes_of = bytes, .input_bytes = 6, .partitions = job->parts, .shuffle_seed = self->seed % 3,
        .home_of = self->seed & 4 ? home_of : NULL });
}

static void s_deliver_sealed (world_t *self, const letter_t *letter)
{
    uint64_t tasks [TASKS], attempts [TASKS], weights [2] = { 0, 10 };
    wire_bytes_t keys [2] = { { (char *) "cat", 3 }, { (char *) "dog", 3 } };
    char path [32];
    for (uint32_t i = 0; i < letter->set.tasks; i++) {
        tasks [i] = letter->set.task [i];
        attempts [i] = letter->set.attempt [i];
    }
    DEMAND (self->segments < SEGMENTS);
    snprintf (path, sizeof path, "segment-%u", self->segments);
    self->empty [self->segments] = s_random (self, 6) == 0;
    if (self->empty [self->segments])
        *path = 0;
    self->segment [self->segments++] = letter->set;
    message_sealed_t sealed = { .job = letter->order.job, .slot = letter->slot, .segment = letter->order.segment, .path = path,
        .tasks = { tasks, letter->set.tasks }, .attempts = { attempts, letter->set.tasks }, .bytes = 20, .rows = 2, .keys = { keys, 2 },
        .weights = { weights, 2 } };
    s_step (self, (event_t) { .kind = EVENT_SEALED, .worker = letter->worker, .sealed = &sealed });
}

static void s_deliver_done (world_t *self, const letter_t *letter)
{
    const order_t *order = &letter->order;
    char part [64];
    snprintf (part, sizeof part, "part-%llu-%llu", (unsigned long long) order->task, (unsigned long long) order->attempt);
    message_done_t done = { .job = order->job, .stage = order->stage, .task = order->task, .attempt = order->attempt, .slot = letter->slot,
        .held = self->job [order->job].shuffle && !order->stage, .part = part, .bytes_in = 100, .time_us = s_random (self, 3000),
        .moved = s_random (self, 2) };
    s_step (self, (event_t) { .kind = EVENT_DONE, .worker = letter->worker, .done = &done });
}

static void s_deliver (world_t *self, const letter_t *letter)
{
    message_fault_t fault = { .job = letter->order.job, .stage = letter->order.stage, .task = letter->order.task,
        .attempt = letter->order.attempt, .slot = letter->slot, .verb = letter->order.verb, .kind = letter->error_kind, .lost = letter->lost,
        .away = letter->away,
        .error = (char *) "it failed" };
    switch (letter->kind) {
    case LETTER_DONE: s_deliver_done (self, letter); break;
    case LETTER_DECLARED: s_deliver_declared (self, letter); break;
    case LETTER_SEALED: s_deliver_sealed (self, letter); break;
    case LETTER_FAULT: s_step (self, (event_t) { .kind = EVENT_FAULT, .worker = letter->worker, .fault = &fault }); break;
    }
}

// (No transport of ours delivers twice; a FAULT of DECLARE or SEAL has no number by which the plan could know the second from the first.)
// The oldest letter of some worker: letters of one worker keep their order, those of different workers do not.
static void s_post (world_t *self)
{
    uint64_t worker = self->letter [s_random (self, self->letters)].worker;
    uint32_t at = 0;
    while (self->letter [at].worker != worker)
        at++;
    letter_t letter = self->letter [at];
    memmove (self->letter + at, self->letter + at + 1, (--self->letters - at) * sizeof letter);
    s_deliver (self, &letter);
    model_t *job = &self->job [letter.order.job];
    bool numbered = letter.kind != LETTER_FAULT || letter.order.verb == MESSAGE_MAP || letter.order.verb == MESSAGE_REDUCE;
    bool again = numbered && s_random (self, 10) == 0 && (!letter.lost || job->oddities++ < 5);
    if (again)                                          // heard twice
        s_deliver (self, &letter);
}

// ---- chance

static void s_join (world_t *self)
{
    for (uint32_t i = 0; i < self->nodes; i++)
        if (!self->node [i].number) {
            self->node [i] = (node_t) { .number = ++self->workers_ever, .slots = 1 + s_random (self, SLOTS), .unable = !s_random (self, 8) };
            s_step (self, (event_t) { .kind = EVENT_WORKER_JOINED, .worker = self->node [i].number, .slots = self->node [i].slots });
            return;
        }
}

static void s_lose (world_t *self, node_t *node)
{
    uint64_t number = node->number;
    *node = (node_t) { 0 };                             // its letters still arrive
    if (number)
        s_step (self, (event_t) { .kind = EVENT_WORKER_LOST, .worker = number });
}

static void s_drain (world_t *self, node_t *node)
{
    if (!node->number)
        return;
    node->draining = true;
    s_step (self, (event_t) { .kind = EVENT_WORKER_DRAINING, .worker = node->number });
}

static void s_submit (world_t *self, uint64_t number)
{
    model_t *job = &self->job [number];
    job->submitted = true;
    static const char *const user [] = { NULL, "ana", "ben" };
    s_step (self, (event_t) { .kind = EVENT_SUBMITTED, .job = number, .user = user [s_random (self, 3)], .priority = s_random (self, 201) });
}

static void s_make_job (world_t *self, model_t *job)
{
    uint32_t fate = s_random (self, 12);
    job->fate = fate == 0 ? FATE_POISON : fate == 1 ? FATE_DATA : fate == 2 ? FATE_CANCEL : FATE_GOOD;
    job->shuffle = s_random (self, 3) > 0;
    job->tasks = s_random (self, TASKS + 1);
    job->parts = 1 + s_random (self, PARTS);
    job->spread = s_random (self, 2) ? RAC_HASH : RAC_RANGE;
    job->victim = job->tasks ? s_random (self, job->tasks) : 0;
    if (!job->tasks && job->fate != FATE_CANCEL)
        job->fate = FATE_GOOD;
}

// A node, at best one that has something to do.
static node_t *s_some_node (world_t *self, uint32_t *slot)
{
    node_t *node = NULL;
    bool found = false;
    for (uint32_t tries = 0; tries < 64 && !found; tries++) {
        node = &self->node [s_random (self, self->nodes)];
        *slot = s_random (self, SLOTS);
        found = self->nodes <= 8 || (*slot < node->slots && node->slot [*slot].orders);
    }
    return node;
}

// Something happens. Losses become rare after a while, or nothing would ever end.
static void s_happen (world_t *self, uint32_t step)
{
    uint32_t chance = s_random (self, 100), number = 1 + s_random (self, JOBS), slot;
    node_t *node = s_some_node (self, &slot);
    if ((chance < 2 && step < 500) || (chance < 4 && (node->dismissed || !s_able (self))))
        s_lose (self, node);
    else if (chance < 6)
        s_join (self);
    else if (chance < 9 && !self->job [number].submitted)
        s_submit (self, number);
    else if (chance < 10 && self->job [number].submitted && self->job [number].fate == FATE_CANCEL)
        s_step (self, (event_t) { .kind = EVENT_CANCELLED, .job = number });
    else if (chance < 11 && node->number)
        s_die_idle (self, node, slot);
    else if (chance < 12 && step < 500)
        s_drain (self, node);
    else if (chance < 60 && slot < node->slots && node->slot [slot].orders)
        s_work (self, node, slot);
    else if (self->letters)
        s_post (self);
}

static bool s_quiet (const world_t *self)
{
    bool quiet = !self->letters;
    for (uint32_t w = 0; w < self->nodes && quiet; w++)
        for (uint32_t s = 0; s < self->node [w].slots; s++)
            quiet &= !self->node [w].slot [s].orders;
    return quiet;
}

static bool s_all_finished (const world_t *self)
{
    bool all = true;
    for (uint32_t j = 1; j <= JOBS; j++)
        all &= self->job [j].finished;
    return all;
}

// Most clusters are small, since there the rare things happen; some have cut links, and one in a hundred has a thousand workers.
static void s_begin (world_t *self, uint64_t seed)
{
    static const uint32_t cut [] = { 0, 0, 0, 10, 50, 100 };
    memset (self, 0, offsetof (world_t, node));
    self->seed = seed;
    self->plan = plan_new ();
    self->letters = self->segments = 0;
    self->cut = cut [s_random (self, COUNT_OF (cut))];
    self->nodes = seed % 100 == 99 ? WORKERS : 2 + s_random (self, 6);
    memset (self->node, 0, self->nodes * sizeof *self->node);
    memset (self->job, 0, sizeof self->job);
    for (uint32_t j = 1; j <= JOBS; j++)
        s_make_job (self, &self->job [j]);
    for (uint32_t n = 0; self->nodes == WORKERS && n < WORKERS; n++)
        s_join (self);
}

static void s_live (world_t *self, uint64_t seed)
{
    action_list_t actions = self->actions;
    s_begin (self, seed);
    self->actions = actions;
    for (uint32_t step = 0; !s_all_finished (self); step++) {
        DEMAND (step < STEPS);
        s_happen (self, step);
        bool waiting = false;
        for (uint32_t j = 1; j <= JOBS; j++)
            waiting |= self->job [j].submitted && !self->job [j].finished;
        DEMAND (!waiting || !s_quiet (self) || !s_able (self));
    }
    plan_destroy (&self->plan);
}

START_TEST (schedules)
{
    const char *only = getenv ("RACIMO_SEED"), *first = getenv ("RACIMO_SEEDS");      // one; or that many, under a slow tool
    uint64_t seeds = first ? strtoull (first, NULL, 10) : 10000;
    world_t *world = memory_new (sizeof *world);
    if (only)
        s_live (world, strtoull (only, NULL, 10));
    for (uint64_t seed = 0; !only && seed < seeds; seed++)
        s_live (world, seed);
    free (world->actions.item);
    free (world);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { schedules };
    return main_run ("simulation", NULL, NULL, tests, COUNT_OF (tests));
}
