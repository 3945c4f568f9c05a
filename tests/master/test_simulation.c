// A cluster that does not exist, under a plan that does not know it: thousands of random schedules of virtual workers with losses, faults,
// deaths, lies, late and duplicate messages. What must hold in each of them:
//
// - every REDUCE reads segments of reachable workers that hold each map task exactly once, by attempts that were done;
// - the key ranges of a stage fit together and are the same for every attempt;
// - a job commits once, when each task of its last stage has exactly one winner, and finishes once, with the exit status it deserves;
// - nothing hangs: while a job is there, some message is under way or some slot is at work.
//
// Each schedule is its seed: a failure prints it, and RACIMO_SEED=N runs that one alone.
#include "master/master.h"
#include "master/plan.h"

#include <check.h>
#include <racimo.h>

enum { WORKERS = 4, SLOTS = 3, JOBS = 3, TASKS = 12, PARTS = 6, ORDERS = 8, LETTERS = 4096, SEGMENTS = 1024, STEPS = 200000 };

typedef struct { message_verb_t verb; uint64_t job, stage, task, attempt, segment; uint32_t reads, from [2 * TASKS]; } order_t;   // from: workers whose segments it reads
typedef struct { uint32_t tasks, task [TASKS], attempt [TASKS]; uint64_t job, worker; } set_t;     // a segment, or what an executor holds
typedef struct { order_t order [ORDERS]; uint32_t orders; set_t held; } executor_t;
typedef struct { uint64_t number; uint32_t slots; executor_t slot [SLOTS]; } node_t;               // number 0: not there

typedef struct {                                        // a message on its way to the master
    uint64_t worker, slot;
    order_t order;
    enum { LETTER_DONE, LETTER_DECLARED, LETTER_SEALED, LETTER_FAULT } kind;
    bool lost;
    uint64_t error_kind;
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
    plan_t *plan;
    action_list_t actions;
    node_t node [WORKERS];
    model_t job [JOBS + 1];                             // by number, from 1
    letter_t letter [LETTERS];
    uint32_t letters;
    set_t segment [SEGMENTS];
    uint32_t segments;
} world_t;

static uint32_t s_random (world_t *self, uint32_t below)
{
    return (uint32_t) (rac_random (self->seed, self->counter++) % below);
}

#define DEMAND(condition) ck_assert_msg (condition, "seed %llu: %s", (unsigned long long) self->seed, #condition)

// ---- what the plan orders

static node_t *s_node (world_t *self, uint64_t number)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        if (self->node [i].number == number)
            return &self->node [i];
    return NULL;
}

static void s_take_order (world_t *self, const action_t *action, message_verb_t verb)
{
    node_t *node = s_node (self, action->worker);
    DEMAND (node && action->slot < node->slots);
    executor_t *slot = &node->slot [action->slot];
    DEMAND (slot->orders < ORDERS);
    order_t *order = &slot->order [slot->orders++];
    *order = (order_t) { verb, action->job, action->stage, action->task, action->attempt, action->segment, 0, { 0 } };
    for (uint32_t i = 0; verb == MESSAGE_REDUCE && i < action->segments->paths.count; i++)
        order->from [order->reads++] = (uint32_t) self->segment [atoi (strchr (action->segments->paths.item [i], '-') + 1)].worker;
}

static void s_check_reduce (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    uint32_t times [TASKS] = { 0 }, records = 0;
    for (uint32_t i = 0; i < action->segments->paths.count; i++) {
        unsigned number;
        DEMAND (sscanf (action->segments->paths.item [i], "segment-%u", &number) == 1 && number < self->segments);
        const set_t *segment = &self->segment [number];
        DEMAND (segment->job == action->job && s_node (self, segment->worker));
        for (uint32_t t = 0; t < segment->tasks; t++, records++) {
            DEMAND (job->done [segment->task [t]] >> segment->attempt [t] & 1);
            times [segment->task [t]]++;
        }
    }
    for (uint32_t t = 0; t < job->tasks; t++)
        DEMAND (times [t] == 1);
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

static void s_check_finish (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    DEMAND (!job->finished);
    job->finished = true;
    if (action->exit_code == EXIT_FINE)
        DEMAND (job->committed && job->fate != FATE_POISON && job->fate != FATE_DATA);
    else if (job->fate == FATE_POISON)
        DEMAND (action->exit_code == EXIT_JOB && action->faults == PLAN_ATTEMPTS && action->task == job->victim);
    else if (job->fate == FATE_DATA)
        DEMAND (action->exit_code == EXIT_DATA);
    else
        DEMAND (job->fate == FATE_CANCEL && action->exit_code == EXIT_CANCELLED);
    for (uint32_t w = 0; w < WORKERS; w++)               // FORGET
        for (uint32_t s = 0; s < SLOTS; s++) {
            executor_t *slot = &self->node [w].slot [s];
            uint32_t left = 0;
            for (uint32_t i = 0; i < slot->orders; i++)
                if (slot->order [i].job != action->job)
                    slot->order [left++] = slot->order [i];
            slot->orders = left;
            if (slot->held.job == action->job)
                slot->held.tasks = 0;
        }
}

static void s_step (world_t *self, event_t event)
{
    self->actions.count = 0;
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
        case ACTION_DROP:
        case ACTION_ABANDON:
        case ACTION_DISMISS: break;                      // FORGET does the rest; nobody drains here
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
static bool s_unreadable (world_t *self, const order_t *order)
{
    for (uint32_t i = 0; i < order->reads; i++)
        if (!s_node (self, order->from [i]))
            return true;
    return false;
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

static void s_die (letter_t *letter, executor_t *slot)
{
    letter->lost = true;
    slot->held.tasks = 0;
}

static void s_work (world_t *self, node_t *node, uint32_t number)
{
    executor_t *slot = &node->slot [number];
    order_t order = slot->order [0];
    model_t *job = &self->job [order.job];
    memmove (slot->order, slot->order + 1, --slot->orders * sizeof order);
    if (slot->held.job != order.job)
        slot->held = (set_t) { .job = order.job };
    letter_t *letter = s_write (self, node, number, order);
    bool victim = order.verb == MESSAGE_MAP && order.task == job->victim && (job->fate == FATE_POISON || job->fate == FATE_DATA);
    bool unreadable = s_unreadable (self, &order) && s_random (self, 2);
    if (victim || unreadable || (s_random (self, 8) == 0 && s_may_fail (job, &order))) {
        letter->kind = LETTER_FAULT;
        letter->error_kind = job->fate == FATE_DATA && victim ? ERROR_DATA : ERROR_JOB;
        if (order.verb == MESSAGE_DECLARE || (!(victim && job->fate == FATE_DATA) && s_random (self, 2)))
            s_die (letter, slot);
        if (order.verb == MESSAGE_SEAL)
            slot->held.tasks = 0;
    }
    else if (order.verb == MESSAGE_DECLARE)
        letter->kind = LETTER_DECLARED;
    else if (order.verb == MESSAGE_SEAL) {
        letter->kind = LETTER_SEALED;
        letter->set = slot->held;
        letter->set.worker = node->number;
        s_lie (self, job, &letter->set);
        slot->held.tasks = 0;
    }
    else if (order.verb == MESSAGE_MAP && job->shuffle) {
        DEMAND (slot->held.tasks < TASKS);
        slot->held.task [slot->held.tasks] = (uint32_t) order.task;
        slot->held.attempt [slot->held.tasks++] = (uint32_t) order.attempt;
    }
}

static void s_die_idle (world_t *self, node_t *node, uint32_t number)
{
    executor_t *slot = &node->slot [number];
    model_t *job = &self->job [slot->held.job];
    if (!slot->held.job || job->finished || job->oddities >= 5)
        return;
    job->oddities++;
    letter_t *letter = s_write (self, node, number, (order_t) { .job = slot->held.job });
    letter->kind = LETTER_FAULT;
    s_die (letter, slot);
}

// ---- what the master hears

static void s_deliver_declared (world_t *self, const letter_t *letter)
{
    static const uint64_t bytes [TASKS] = { 1, 2, 3 };
    const model_t *job = &self->job [letter->order.job];
    message_declared_t declared = { .job = letter->order.job, .slot = letter->slot, .shuffle = job->shuffle, .spread = job->spread,
        .parts = job->spread ? job->parts : 0, .heavy = job->parts & 1 };
    s_step (self, (event_t) { .kind = EVENT_DECLARED, .worker = letter->worker, .job = letter->order.job, .declared = &declared,
        .tasks = job->tasks, .bytes_of = bytes, .input_bytes = 6, .partitions = job->parts, .shuffle_seed = self->seed % 3 });
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
        .held = self->job [order->job].shuffle && !order->stage, .part = part };
    s_step (self, (event_t) { .kind = EVENT_DONE, .worker = letter->worker, .done = &done });
}

static void s_deliver (world_t *self, const letter_t *letter)
{
    message_fault_t fault = { .job = letter->order.job, .stage = letter->order.stage, .task = letter->order.task,
        .attempt = letter->order.attempt, .slot = letter->slot, .verb = letter->order.verb, .kind = letter->error_kind, .lost = letter->lost,
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
    for (uint32_t i = 0; i < WORKERS; i++)
        if (!self->node [i].number) {
            self->node [i] = (node_t) { .number = ++self->workers_ever, .slots = 1 + s_random (self, SLOTS) };
            s_step (self, (event_t) { .kind = EVENT_WORKER_JOINED, .worker = self->node [i].number, .slots = self->node [i].slots });
            return;
        }
}

static void s_lose (world_t *self)
{
    node_t *node = &self->node [s_random (self, WORKERS)];
    uint64_t number = node->number;
    *node = (node_t) { 0 };                             // its letters still arrive
    if (number)
        s_step (self, (event_t) { .kind = EVENT_WORKER_LOST, .worker = number });
}

static void s_submit (world_t *self, uint64_t number)
{
    model_t *job = &self->job [number];
    job->submitted = true;
    s_step (self, (event_t) { .kind = EVENT_SUBMITTED, .job = number });
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

// Something happens. Losses become rare after a while, or nothing would ever end.
static void s_happen (world_t *self, uint32_t step)
{
    uint32_t chance = s_random (self, 100), number = 1 + s_random (self, JOBS);
    node_t *node = &self->node [s_random (self, WORKERS)];
    uint32_t slot = s_random (self, SLOTS);
    if (chance < 2 && step < 500)
        s_lose (self);
    else if (chance < 6)
        s_join (self);
    else if (chance < 9 && !self->job [number].submitted)
        s_submit (self, number);
    else if (chance < 10 && self->job [number].submitted && self->job [number].fate == FATE_CANCEL)
        s_step (self, (event_t) { .kind = EVENT_CANCELLED, .job = number });
    else if (chance < 11 && node->number)
        s_die_idle (self, node, slot);
    else if (chance < 60 && slot < node->slots && node->slot [slot].orders)
        s_work (self, node, slot);
    else if (self->letters)
        s_post (self);
}

static bool s_quiet (const world_t *self)
{
    bool quiet = !self->letters;
    for (uint32_t w = 0; w < WORKERS; w++)
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

static void s_live (uint64_t seed)
{
    world_t *self = memory_new (sizeof *self);
    self->seed = seed;
    self->plan = plan_new ();
    for (uint32_t j = 1; j <= JOBS; j++)
        s_make_job (self, &self->job [j]);
    for (uint32_t step = 0; !s_all_finished (self); step++) {
        DEMAND (step < STEPS);
        s_happen (self, step);
        bool workers = false, waiting = false;
        for (uint32_t w = 0; w < WORKERS; w++)
            workers |= self->node [w].number != 0;
        for (uint32_t j = 1; j <= JOBS; j++)
            waiting |= self->job [j].submitted && !self->job [j].finished;
        DEMAND (!workers || !waiting || !s_quiet (self));
    }
    plan_destroy (&self->plan);
    free (self->actions.item);
    free (self);
}

START_TEST (schedules)
{
    const char *only = getenv ("RACIMO_SEED"), *first = getenv ("RACIMO_SEEDS");      // one; or that many, under a slow tool
    uint64_t seeds = first ? strtoull (first, NULL, 10) : 3000;
    if (only)
        s_live (strtoull (only, NULL, 10));
    for (uint64_t seed = 0; !only && seed < seeds; seed++)
        s_live (seed);
}
END_TEST

int main (void)
{
    Suite *suite = suite_create ("simulation");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, 300);
    tcase_add_test (all, schedules);
    suite_add_tcase (suite, all);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? 1 : 0;
}
