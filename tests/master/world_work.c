// world_work: see world.h. What workers do, and how the master hears of it.
#include "tests/master/world.h"

// From `node` segments of worker `other` cannot be fetched.
static bool s_cut (const world_t *self, const node_t *node, uint64_t other)
{
    return node->number != other && rac_random (self->seed + 1, node->number * 100000 + other) % 100 < self->cut;
}

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
        if (!world_node (self, order->from [i]))
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
    if (!set->tasks || world_random (self, 20) || job->oddities >= 5)
        return;
    job->oddities++;
    if (world_random (self, 2))
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
    else if (away || (gone && world_random (self, 2)))
        letter->away = away ? away : world_random (self, 2) ? gone : 0;
    else if (victim || (world_random (self, 8) == 0 && s_may_fail (job, order))) {
        letter->error_kind = job->fate == FATE_DATA && victim ? ERROR_DATA : ERROR_JOB;
        if (order->verb == MESSAGE_DECLARE || (!(victim && job->fate == FATE_DATA) && world_random (self, 2)))
            s_die (self, node, slot, letter);
        if (order->verb == MESSAGE_SEAL)
            slot->held [order->job].tasks = 0;
    }
    else
        return false;
    return true;
}

void world_work (world_t *self, node_t *node, uint32_t number)
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

void world_die_idle (world_t *self, node_t *node, uint32_t number)
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
    static const uint64_t small [TASKS] = { 1, 2, 3 };
    uint64_t large [TASKS];                             // so much that slots are sealed and borders drafted before all is mapped
    const model_t *job = &self->job [letter->order.job];
    uint64_t home_of [TASKS];
    for (uint32_t t = 0; t < TASKS; t++)                // of workers that are there, were there, or never will be
        home_of [t] = world_random (self, (uint32_t) self->workers_ever + 2), large [t] = (uint64_t) (t + 1) << 24;
    message_declared_t declared = { .job = letter->order.job, .slot = letter->slot, .shuffle = job->shuffle, .spread = job->spread,
        .parts = job->spread ? job->parts : 0, .heavy = job->parts & 1, .whole = self->seed >> 3 & 1 };
    world_step (self, (event_t) { .kind = EVENT_DECLARED, .worker = letter->worker, .job = letter->order.job, .declared = &declared,
        .tasks = job->tasks, .bytes_of = self->seed & 16 ? large : small, .input_bytes = 6, .partitions = job->parts, .shuffle_seed = self->seed % 3,
        .home_of = self->seed & 4 ? home_of : NULL });
}

static void s_deliver_sealed (world_t *self, const letter_t *letter)
{
    uint64_t tasks [TASKS], attempts [TASKS], weights [2] = { 0, 10 };
    static const char *const pairs [] [2] = { { "cat", "dog" }, { "cat", "dog" }, { "ant", "bee" }, { "emu", "fox" } };
    const char *const *pair = pairs [world_random (self, COUNT_OF (pairs))];
    wire_bytes_t keys [2] = { { (char *) pair [0], 3 }, { (char *) pair [1], 3 } };
    char path [32];
    for (uint32_t i = 0; i < letter->set.tasks; i++) {
        tasks [i] = letter->set.task [i];
        attempts [i] = letter->set.attempt [i];
    }
    DEMAND (self->segments < SEGMENTS);
    snprintf (path, sizeof path, "segment-%u", self->segments);
    self->empty [self->segments] = world_random (self, 6) == 0;
    if (self->empty [self->segments])
        *path = 0;
    self->segment [self->segments++] = letter->set;
    message_sealed_t sealed = { .job = letter->order.job, .slot = letter->slot, .segment = letter->order.segment, .path = path,
        .tasks = { tasks, letter->set.tasks }, .attempts = { attempts, letter->set.tasks }, .bytes = 20, .rows = 2, .keys = { keys, 2 },
        .weights = { weights, 2 } };
    world_step (self, (event_t) { .kind = EVENT_SEALED, .worker = letter->worker, .sealed = &sealed });
}

static void s_deliver_done (world_t *self, const letter_t *letter)
{
    const order_t *order = &letter->order;
    char part [64];
    snprintf (part, sizeof part, "part-%llu-%llu", (unsigned long long) order->task, (unsigned long long) order->attempt);
    message_done_t done = { .job = order->job, .stage = order->stage, .task = order->task, .attempt = order->attempt, .slot = letter->slot,
        .held = self->job [order->job].shuffle && !order->stage, .part = part, .bytes_in = 100, .time_us = world_random (self, 3000),
        .moved = world_random (self, 2) };
    world_step (self, (event_t) { .kind = EVENT_DONE, .worker = letter->worker, .done = &done });
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
    case LETTER_FAULT: world_step (self, (event_t) { .kind = EVENT_FAULT, .worker = letter->worker, .fault = &fault }); break;
    }
}

// The oldest letter of some worker: letters of one worker keep their order, those of different workers do not. A FAULT of DECLARE or SEAL comes
// once: it has no number by which the plan could know the second from the first, and no transport of ours delivers twice.
void world_post (world_t *self)
{
    uint64_t worker = self->letter [world_random (self, self->letters)].worker;
    uint32_t at = 0;
    while (self->letter [at].worker != worker)
        at++;
    letter_t letter = self->letter [at];
    memmove (self->letter + at, self->letter + at + 1, (--self->letters - at) * sizeof letter);
    s_deliver (self, &letter);
    model_t *job = &self->job [letter.order.job];
    bool numbered = letter.kind != LETTER_FAULT || letter.order.verb == MESSAGE_MAP || letter.order.verb == MESSAGE_REDUCE;
    bool again = numbered && world_random (self, 10) == 0 && (!letter.lost || job->oddities++ < 5);
    if (again)                                          // heard twice
        s_deliver (self, &letter);
}
