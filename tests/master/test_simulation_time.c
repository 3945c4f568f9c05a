// A cluster in virtual time, under a plan that does not know it: nodes with speeds, slots that work off their orders one after the other,
// a wire that takes a while. What is asked here is how long things take and who waits for whom; that results are right whatever happens
// is test_simulation's.
//
// Time is the clock of the next event, so an hour costs no more than its messages. Speeds are bytes a microsecond.
#include "base/clock.h"
#include "master/plan.h"
#include "tests/main.h"

#include <racimo.h>

enum { NODES = 1000, SLOTS = 4, JOBS = 220, TASKS = 20000, WIRE_US = 200, SEAL_US = 2000, PARTS = 4 };

typedef struct { message_verb_t verb; uint64_t job, stage, task, attempt, segment; } order_t;
typedef struct {
    order_t order [PLAN_AHEAD];
    uint32_t orders;
    uint64_t held_job, *held, *held_attempt;
    uint32_t helds, room;
    int64_t busy_us;                                    // how long the first order takes
} unit_t;
typedef struct { uint64_t number; uint32_t slots; double speed; unit_t slot [SLOTS]; bool dismissed; } node_t;

typedef struct {
    uint64_t number, bytes, priority;                   // bytes: of each task
    const char *user;
    uint32_t tasks, done, at_home, attempts;
    uint64_t *home_of;                                  // by task, or NULL
    uint64_t *ran_at;
    bool shuffle, finished;
    uint32_t reduced;
    int64_t submit_us, first_us, end_us, slot_us;       // first_us: first task's end; slot_us: of slots that it has had
} task_list_t;

typedef struct { int64_t at_us; uint64_t order; enum { SUBMIT, END, JOIN, LEAVE, LOOK } kind; uint64_t number; uint32_t slot; } moment_t;

typedef struct {
    plan_t *plan;
    action_list_t actions;
    node_t *node [NODES + 1];                           // by number, from 1
    uint32_t nodes;
    task_list_t job [JOBS + 1];                         // by number, from 1
    uint32_t jobs;
    moment_t *moment;                                   // a heap: the earliest first
    uint32_t moments, room;
    uint64_t seed, chance, ordered, steps;
    int64_t now_us, plan_us;                            // plan_us: real time spent in plan_step
    double noise, transfer;                             // share of a task's time that is chance; times as long where the bytes are not
} world_t;

static world_t *s_world;

static void s_begin (void)
{
    s_world = memory_new (sizeof *s_world);
    s_world->plan = plan_new ();
    s_world->transfer = 1;
}

static void s_end (void)
{
    for (uint32_t n = 1; n <= s_world->nodes; n++) {
        for (uint32_t s = 0; s < SLOTS; s++) {
            free (s_world->node [n]->slot [s].held);
            free (s_world->node [n]->slot [s].held_attempt);
        }
        free (s_world->node [n]);
    }
    for (uint32_t j = 1; j <= s_world->jobs; j++) {
        free (s_world->job [j].home_of);
        free (s_world->job [j].ran_at);
    }
    plan_destroy (&s_world->plan);
    free (s_world->actions.item);
    free (s_world->moment);
    free (s_world);
}

// ---- moments

static bool s_before (const moment_t *a, const moment_t *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void s_at (int64_t at_us, moment_t moment)
{
    if (s_world->moments == s_world->room) {
        s_world->room = s_world->room ? s_world->room * 2 : 64;
        s_world->moment = memory_grow (s_world->moment, s_world->room * sizeof moment);
    }
    moment.at_us = at_us;
    moment.order = s_world->ordered++;
    uint32_t at = s_world->moments++;
    for (; at && s_before (&moment, &s_world->moment [(at - 1) / 2]); at = (at - 1) / 2)
        s_world->moment [at] = s_world->moment [(at - 1) / 2];
    s_world->moment [at] = moment;
}

static moment_t s_next (void)
{
    moment_t first = s_world->moment [0], last = s_world->moment [--s_world->moments];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < s_world->moments; at = child) {
        if (child + 1 < s_world->moments && s_before (&s_world->moment [child + 1], &s_world->moment [child]))
            child++;
        if (!s_before (&s_world->moment [child], &last))
            break;
        s_world->moment [at] = s_world->moment [child];
    }
    s_world->moment [at] = last;
    return first;
}

// ---- what nodes do

static int64_t s_duration (const node_t *node, const order_t *order)
{
    const task_list_t *job = &s_world->job [order->job];
    if (order->verb == MESSAGE_DECLARE || order->verb == MESSAGE_SEAL)
        return SEAL_US;
    uint64_t bytes = order->stage ? job->bytes * job->tasks / PARTS / 10 : job->bytes;
    double us = (double) bytes / node->speed;
    if (!order->stage && job->home_of && job->home_of [order->task] != node->number)
        us *= s_world->transfer;
    double chance = (double) (rac_random (s_world->seed, s_world->chance++) % 1000) / 1000;
    return (int64_t) (us * (1 + s_world->noise * (chance - 0.5))) + 1;
}

static void s_start (node_t *node, uint32_t slot)
{
    int64_t us = s_duration (node, &node->slot [slot].order [0]);
    node->slot [slot].busy_us = us;
    s_at (s_world->now_us + us, (moment_t) { .kind = END, .number = node->number, .slot = slot });
}

static void s_order (const action_t *action, message_verb_t verb)
{
    node_t *node = s_world->node [action->worker];
    unit_t *slot = &node->slot [action->slot];
    ck_assert (!node->dismissed && slot->orders < PLAN_AHEAD);
    slot->order [slot->orders++] = (order_t) { verb, action->job, action->stage, action->task, action->attempt, action->segment };
    s_world->job [action->job].attempts += verb == MESSAGE_MAP;
    if (slot->orders == 1)
        s_start (node, (uint32_t) action->slot);
}

static void s_step (event_t event)
{
    uint64_t commit = 0;
    event.now_us = s_world->now_us;
    s_world->actions.count = 0;
    int64_t before = clock_us ();
    plan_step (s_world->plan, &event, &s_world->actions);
    s_world->plan_us += clock_us () - before;
    s_world->steps++;
    for (uint32_t i = 0; i < s_world->actions.count; i++) {
        const action_t *action = &s_world->actions.item [i];
        switch (action->kind) {
        case ACTION_DECLARE: s_order (action, MESSAGE_DECLARE); break;
        case ACTION_MAP: s_order (action, MESSAGE_MAP); break;
        case ACTION_SEAL: s_order (action, MESSAGE_SEAL); break;
        case ACTION_REDUCE: s_order (action, MESSAGE_REDUCE); break;
        case ACTION_COMMIT: commit = action->job; break;
        case ACTION_DISMISS: s_world->node [action->worker]->dismissed = true; break;
        case ACTION_FINISH:
            ck_assert_uint_eq (action->exit_code, 0);
            s_world->job [action->job].finished = true;
            s_world->job [action->job].end_us = s_world->now_us;
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
    task_list_t *job = &s_world->job [order->job];
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
    job->first_us = job->first_us ? job->first_us : s_world->now_us;
    s_step ((event_t) { .kind = EVENT_DONE, .worker = node->number, .done = &done });
}

static void s_answer (node_t *node, uint32_t number)
{
    unit_t *slot = &node->slot [number];
    order_t order = slot->order [0];
    task_list_t *job = &s_world->job [order.job];
    int64_t us = slot->busy_us;
    memmove (slot->order, slot->order + 1, --slot->orders * sizeof order);
    if (order.verb == MESSAGE_MAP && job->shuffle)
        s_hold (slot, &order);
    if (slot->orders)
        s_start (node, number);
    if (order.verb == MESSAGE_DECLARE) {
        static uint64_t bytes [TASKS];
        message_declared_t declared = { .job = order.job, .slot = number, .shuffle = job->shuffle, .spread = RAC_HASH };
        for (uint32_t i = 0; i < job->tasks; i++)
            bytes [i] = job->bytes;
        s_step ((event_t) { .kind = EVENT_DECLARED, .worker = node->number, .job = order.job, .declared = &declared, .tasks = job->tasks,
            .bytes_of = bytes, .partitions = PARTS, .home_of = job->home_of });
    }
    else if (order.verb == MESSAGE_SEAL) {
        char path [64];
        snprintf (path, sizeof path, "%llu-%llu", (unsigned long long) order.job, (unsigned long long) order.segment);
        message_sealed_t sealed = { .job = order.job, .slot = number, .segment = order.segment, .path = path, .bytes = job->bytes * slot->helds,
            .tasks = { slot->held, slot->helds }, .attempts = { slot->held_attempt, slot->helds } };
        slot->helds = 0;
        s_step ((event_t) { .kind = EVENT_SEALED, .worker = node->number, .sealed = &sealed });
    }
    else
        s_answer_done (node, number, &order, us);
}

// ---- making a world

static node_t *s_node (uint32_t slots, double speed)
{
    node_t *node = memory_new (sizeof *node);
    *node = (node_t) { .number = ++s_world->nodes, .slots = slots, .speed = speed };
    s_world->node [node->number] = node;
    return node;
}

static void s_join (node_t *node)
{
    s_step ((event_t) { .kind = EVENT_WORKER_JOINED, .worker = node->number, .slots = node->slots });
}

static task_list_t *s_job (const char *user, uint64_t priority, uint32_t tasks, uint64_t bytes, int64_t submit_us)
{
    task_list_t *job = &s_world->job [++s_world->jobs];
    ck_assert (tasks <= TASKS);
    *job = (task_list_t) { .number = s_world->jobs, .user = user, .priority = priority, .tasks = tasks, .bytes = bytes,
        .ran_at = memory_new (tasks * sizeof *job->ran_at), .submit_us = submit_us };
    s_at (submit_us, (moment_t) { .kind = SUBMIT, .number = job->number });
    return job;
}

// Until nothing happens any more, or somebody wanted to LOOK at what is. False: nothing happens any more.
static bool s_run (void)
{
    while (s_world->moments) {
        moment_t moment = s_next ();
        task_list_t *job = &s_world->job [moment.number < JOBS ? moment.number : 0];
        s_world->now_us = moment.at_us;
        switch (moment.kind) {
        case SUBMIT: s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = job->number, .user = job->user, .priority = job->priority }); break;
        case JOIN: s_join (s_world->node [moment.number]); break;
        case LEAVE: s_step ((event_t) { .kind = EVENT_WORKER_DRAINING, .worker = moment.number }); break;
        case END: s_answer (s_world->node [moment.number], moment.slot); break;
        case LOOK: return true;
        }
    }
    for (uint32_t j = 1; j <= s_world->jobs; j++)
        ck_assert_msg (s_world->job [j].finished, "job %u does not end", j);
    return false;
}

// ---- uneven nodes

static void s_three (uint32_t slots)
{
    static const double speed [] = { 0.50, 0.50, 0.12 };
    for (uint32_t n = 0; n < 3; n++)
        s_join (s_node (slots, speed [n]));
}

static void s_expect_share (const task_list_t *job, uint32_t slots, const char *what)
{
    double ideal = (double) job->bytes * job->tasks / (1.12 * slots), took = (double) (job->end_us - job->submit_us);
    uint32_t slow = 0;
    for (uint32_t t = 0; t < job->tasks; t++)
        slow += job->ran_at [t] == 3;
    printf ("%s, %u slots each: %.3f of the ideal time, %u of %u tasks at the slow node, %u at home\n", what, slots, took / ideal, slow, job->tasks,
        job->at_home);
    ck_assert_msg (took < 1.15 * ideal, "%s, %u slots: %.3f of the ideal time", what, slots, took / ideal);
}

START_TEST (three_uneven_nodes_share_a_job)
{
    uint32_t slots = _i ? 4 : 1;
    s_three (slots);
    task_list_t *first = s_job ("ana", 100, 64, 1000000, 0);
    s_run ();
    s_expect_share (first, slots, "first run");
    task_list_t *second = s_job ("ana", 100, 64, 1000000, s_world->now_us);
    s_run ();
    s_expect_share (second, slots, "second run");
}
END_TEST

START_TEST (a_second_run_finds_its_bytes_at_home)
{
    uint32_t slots = _i % 2 ? 4 : 1, tasks = _i / 2 ? 400 : 64;
    s_world->transfer = 2;
    s_world->noise = 0.2;
    s_world->seed = (uint64_t) _i;
    s_three (slots);
    task_list_t *first = s_job ("ana", 100, tasks, 1000000, 0);
    first->home_of = memory_new (tasks * sizeof (uint64_t));
    s_run ();
    task_list_t *second = s_job ("ana", 100, tasks, 1000000, s_world->now_us);
    second->home_of = memory_new (tasks * sizeof (uint64_t));
    memcpy (second->home_of, first->ran_at, tasks * sizeof (uint64_t));
    s_run ();
    s_expect_share (second, slots, "second run with homes");
    ck_assert_msg (second->at_home * 100 > tasks * 95, "%u of %u at home", second->at_home, tasks);
}
END_TEST

// All bytes lie at the slowest node: the others must help, or it would take nine times as long.
START_TEST (homes_are_a_wish)
{
    s_world->transfer = 2;
    s_three (2);
    task_list_t *job = s_job ("ana", 100, 64, 1000000, 0);
    job->home_of = memory_new (64 * sizeof (uint64_t));
    for (uint32_t t = 0; t < 64; t++)
        job->home_of [t] = 3;
    s_run ();
    double others = 64e6 / (2 * (0.25 + 0.25 + 0.12));
    ck_assert_msg ((double) job->end_us < 1.25 * others, "%.3f of what is possible", (double) job->end_us / others);
}
END_TEST

START_TEST (a_reduce_ends_too)
{
    s_three (2);
    task_list_t *job = s_job ("ana", 100, 64, 1000000, 0);
    job->shuffle = true;
    s_run ();
    ck_assert_uint_eq (job->reduced, PARTS);
    ck_assert_uint_eq (job->attempts, 64);
}
END_TEST

// ---- users

static double s_ratio (const task_list_t *a, const task_list_t *b)
{
    return (double) a->slot_us / (double) b->slot_us;
}

START_TEST (users_share_by_time_and_priority)
{
    static const uint64_t priority [] = { 100, 200, 50 };
    static const double wanted [] = { 1, 2, 0.5 };
    uint32_t nodes = 1 + (uint32_t) _i % 3, p = (uint32_t) _i / 3;
    for (uint32_t n = 0; n < nodes; n++)
        s_join (s_node (nodes, 1));
    task_list_t *a = s_job ("ana", priority [p], 8000, 100000, 0), *b = s_job ("ben", 100, 2000, 400000, 0);
    a->shuffle = b->shuffle = _i & 1;
    s_at (150000000 / (nodes * nodes), (moment_t) { .kind = LOOK });
    ck_assert (s_run ());
    double ratio = s_ratio (a, b);
    ck_assert_msg (ratio > 0.9 * wanted [p] && ratio < 1.1 * wanted [p], "%u nodes: %.3f instead of %.1f", nodes, ratio, wanted [p]);
    s_run ();
}
END_TEST

START_TEST (three_users_and_one_who_comes_later)
{
    for (uint32_t n = 0; n < 3; n++)
        s_join (s_node (2, 1));
    task_list_t *a = s_job ("ana", 100, 4000, 100000, 0), *b = s_job ("ben", 100, 4000, 100000, 0);
    s_job ("eva", 100, 1, 35000000, 0);                 // one long task, so that she is there all the time
    task_list_t *c = s_job ("eva", 100, 4000, 100000, 30000000);
    s_at (30000000, (moment_t) { .kind = LOOK });
    ck_assert (s_run ());
    int64_t before = a->slot_us;
    s_at (60000000, (moment_t) { .kind = LOOK });
    ck_assert (s_run ());
    ck_assert (s_ratio (a, b) > 0.9 && s_ratio (a, b) < 1.1);
    double late = (double) c->slot_us / (double) (a->slot_us - before);     // she has not saved up the time before she came
    ck_assert_msg (late > 0.85 && late < 1.15, "%.3f", late);
    s_run ();
}
END_TEST

// What her tasks take is known when the first has ended; she must not have got all slots by then.
START_TEST (long_tasks_of_a_newcomer_do_not_take_all_slots)
{
    for (uint32_t n = 0; n < 3; n++)
        s_join (s_node (2, 1));
    task_list_t *a = s_job ("ana", 100, 4000, 100000, 0);
    s_job ("eva", 100, 100, 20000000, 10000000);
    s_at (10000000, (moment_t) { .kind = LOOK });
    ck_assert (s_run ());
    int64_t before = a->slot_us;
    s_at (25000000, (moment_t) { .kind = LOOK });
    ck_assert (s_run ());
    double share = (double) (a->slot_us - before) / (6 * 15e6);
    ck_assert_msg (share > 0.3, "%.3f of the slots' time", share);
    s_run ();
}
END_TEST

START_TEST (a_small_job_does_not_wait_behind_a_long_one)
{
    for (uint32_t n = 0; n < 3; n++)
        s_join (s_node (2, 1));
    task_list_t *longer = s_job ("ana", 100, 4000, 200000, 0);              // 0.2 s a task, 133 s in all
    task_list_t *small [8];
    for (int64_t i = 0; i < 8; i++) {
        small [i] = s_job ("ben", 100, 2, 10000, 10000000 + i * 5000000);
        small [i]->shuffle = true;
    }
    longer->shuffle = true;
    s_run ();
    for (uint32_t i = 0; i < 8; i++) {
        int64_t took = small [i]->end_us - small [i]->submit_us;
        ck_assert_msg (took < 2000000, "a job of 20 ms took %.3f s beside one of 133 s", (double) took / 1e6);
    }
}
END_TEST

START_TEST (a_users_jobs_come_by_priority_and_then_in_order)
{
    s_join (s_node (2, 1));
    task_list_t *a = s_job ("ana", 100, 50, 100000, 0), *b = s_job ("ana", 100, 50, 100000, 1), *c = s_job ("ana", 150, 50, 100000, 1000000);
    s_run ();
    ck_assert (c->end_us < a->end_us && a->end_us < b->end_us);
    ck_assert (c->end_us - c->submit_us < 3000000);
}
END_TEST

START_TEST (two_hundred_small_jobs_of_four_users)
{
    static const char *const user [] = { "ana", "ben", "eva", "tom" };
    int64_t work_us = 0, last_us = 0, last [4] = { 0 };
    for (uint32_t n = 0; n < 3; n++)
        s_join (s_node (4, 1));
    for (uint32_t j = 0; j < 200; j++) {
        task_list_t *job = s_job (user [j % 4], 100, 1 + j % 7, 20000, 0);
        job->shuffle = j % 3 != 0;
    }
    s_run ();
    for (uint32_t j = 1; j <= 200; j++) {
        const task_list_t *job = &s_world->job [j];
        work_us += job->slot_us + 2 * SEAL_US;
        last_us = job->end_us > last_us ? job->end_us : last_us;
        last [j % 4] = job->end_us > last [j % 4] ? job->end_us : last [j % 4];
        ck_assert_uint_eq (job->done, job->tasks);
    }
    printf ("200 jobs: %.3f s, slots at work %.0f %% of it\n", (double) last_us / 1e6, 100.0 * (double) work_us / (12.0 * (double) last_us));
    ck_assert (work_us * 10 > last_us * 12 * 8);         // work conserving: at least 80 %
    for (uint32_t u = 0; u < 4; u++)
        ck_assert (last [u] * 10 > last_us * 8);         // nobody's were all done while others waited
}
END_TEST

// ---- nodes come and go

START_TEST (a_node_drains_and_another_joins)
{
    for (uint32_t n = 0; n < 3; n++)
        s_join (s_node (2, 1));
    task_list_t *job = s_job ("ana", 100, 300, 100000, 0);
    job->shuffle = _i;
    s_at (2000000, (moment_t) { .kind = LEAVE, .number = 1 });
    s_at (3000000, (moment_t) { .kind = JOIN, .number = s_node (2, 1)->number });
    s_at (4000000, (moment_t) { .kind = LOOK });
    ck_assert (s_run ());
    ck_assert_int_eq (s_world->node [1]->dismissed, !_i);                   // its segments are still needed
    s_run ();
    ck_assert (s_world->node [1]->dismissed);
    ck_assert_uint_eq (job->attempts, 300);                                 // nothing was done twice
    bool joined = false;
    for (uint32_t t = 0; t < 300; t++)
        joined |= job->ran_at [t] == 4;
    ck_assert (joined);
    ck_assert (job->end_us < 7000000);
}
END_TEST

// ---- the cost of a decision

START_TEST (a_step_costs_what_changed)
{
    uint32_t nodes = _i ? 1000 : 4;
    for (uint32_t n = 0; n < nodes; n++)
        s_join (s_node (4, 1 + 0.001 * n));
    for (uint32_t j = 0; j < 8; j++)
        s_job (j & 1 ? "ana" : "ben", 100, 2500, 0, 0)->shuffle = j & 2;
    s_world->noise = 0.5;
    s_world->steps = 0;
    s_world->plan_us = 0;
    s_run ();
    double us = (double) s_world->plan_us / (double) s_world->steps;
    printf ("%u workers of 4 slots: %.2f us a step, %llu steps for 20,000 empty tasks\n", nodes, us, (unsigned long long) s_world->steps);
    ck_assert_msg (getenv ("RACIMO_SEEDS") || us < 100, "%.1f us a step", us);     // 5,000 tasks a second leave 200 for everything
}
END_TEST

int main (void)
{
    TCase *tests = main_case (s_begin, s_end);
    tcase_add_loop_test (tests, three_uneven_nodes_share_a_job, 0, 2);
    tcase_add_loop_test (tests, a_second_run_finds_its_bytes_at_home, 0, 4);
    tcase_add_test (tests, homes_are_a_wish);
    tcase_add_test (tests, a_reduce_ends_too);
    tcase_add_loop_test (tests, users_share_by_time_and_priority, 0, 9);
    tcase_add_test (tests, three_users_and_one_who_comes_later);
    tcase_add_test (tests, long_tasks_of_a_newcomer_do_not_take_all_slots);
    tcase_add_test (tests, a_small_job_does_not_wait_behind_a_long_one);
    tcase_add_test (tests, a_users_jobs_come_by_priority_and_then_in_order);
    tcase_add_test (tests, two_hundred_small_jobs_of_four_users);
    tcase_add_loop_test (tests, a_node_drains_and_another_joins, 0, 2);
    tcase_add_loop_test (tests, a_step_costs_what_changed, 0, 2);
    return main_end ("simulation_time", tests);
}
