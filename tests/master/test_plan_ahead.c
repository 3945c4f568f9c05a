// Tests of the plan: of which reduce tasks a worker is told before they are its own, and which wait for whom.
#include "plan_steps.h"

enum { RANGES = 40 };

static int64_t s_now_us;
static uint32_t s_given [3] [RANGES], s_told [3] [RANGES];      // by worker: REDUCEs of a task; is told of it

// What the step ordered; returns what worker 1 was told that it will not get.
static uint32_t s_note (void)
{
    uint32_t not = 0;
    for (uint32_t i = 0; i < s_actions.count; i++) {
        const action_t *action = &s_actions.item [i];
        if (action->kind == ACTION_REDUCE) {
            s_given [action->worker] [action->task]++;
            s_told [action->worker] [action->task] = 0;
        }
        if (action->kind != ACTION_AHEAD)
            continue;
        ck_assert (!action->segments || (action->segments->paths.count && (action->task == 0 || action->low.size)));
        ck_assert_uint_eq (s_told [action->worker] [action->task], !action->segments);
        s_told [action->worker] [action->task] = action->segments != NULL;
        not += !action->segments;
    }
    return not;
}

static uint32_t s_sum (const uint32_t *times)
{
    uint32_t sum = 0;
    for (uint32_t t = 0; t < RANGES; t++)
        sum += times [t];
    return sum;
}

// A map on each of two workers, the first of which has three quarters of the bytes of every range.
static void s_map (void)
{
    char text [2 * RANGES] [4];
    wire_bytes_t key [2 * RANGES];
    uint64_t weight [2 * RANGES], attempt = 0;
    memset (s_given, 0, sizeof s_given);
    memset (s_told, 0, sizeof s_told);
    s_now_us = 0;
    s_cut.tasks = 2;
    s_cut.partitions = RANGES;
    s_join (1, 1);
    s_join (2, 1);
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 1 });
    s_cut.worker = s_only (ACTION_DECLARE)->worker;
    s_step (s_cut);
    uint64_t task_of [3] = { 0 };
    for (uint32_t i = 0; i < s_actions.count; i++)
        task_of [s_actions.item [i].worker] = s_actions.item [i].task;
    for (uint64_t w = 1; w <= 2; w++) {
        uint64_t bytes = w == 1 ? 3000 : 1000;
        message_done_t done = { .job = 1, .held = 1, .task = task_of [w], .time_us = 1000 };
        s_step ((event_t) { .kind = EVENT_DONE, .worker = w, .done = &done });
        for (uint32_t k = 0; k < 2 * RANGES; k++) {
            key [k] = (wire_bytes_t) { text [k], (uint32_t) sprintf (text [k], "%02u", k) };
            weight [k] = bytes * k;
        }
        message_sealed_t sealed = { .job = 1, .segment = s_only (ACTION_SEAL)->segment, .tasks = { &task_of [w], 1 }, .attempts = { &attempt, 1 },
            .path = (char *) "/segment", .bytes = bytes * 2 * RANGES, .keys = { key, 2 * RANGES }, .weights = { weight, 2 * RANGES } };
        ck_assert_uint_eq (s_count (ACTION_AHEAD), 0);
        s_step ((event_t) { .kind = EVENT_SEALED, .worker = w, .sealed = &sealed });
    }
}

static uint32_t s_reduced (uint64_t worker)
{
    for (uint32_t t = 0; t < RANGES; t++)
        if (s_given [worker] [t] == 1) {
            s_given [worker] [t]++;
            message_done_t done = { .job = 1, .stage = 1, .task = t, .time_us = 1000, .part = (char *) "part" };
            s_step ((event_t) { .kind = EVENT_DONE, .worker = worker, .done = &done, .now_us = s_now_us += 1000000 });
            return s_note ();
        }
    ck_abort_msg ("worker %d has nothing to do", (int) worker);
    return 0;
}

// Each is told of the next ones, and of one more with each that it gets; in the end of as many as are its part of the bytes.
START_TEST (the_next_ones)
{
    s_map ();
    ck_assert_uint_eq (s_note (), 0);
    ck_assert_uint_eq (s_sum (s_told [1]), PLAN_NEAR);
    uint32_t second = s_sum (s_told [2]) + s_sum (s_given [2]);
    ck_assert (second >= RANGES / 4 - 1 && second <= RANGES / 4 + 1);
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq (s_reduced (1), 0);
        ck_assert_uint_eq (s_sum (s_told [1]), PLAN_NEAR);
    }
    for (uint32_t t = 0; t < RANGES; t++)
        ck_assert (!(s_told [1] [t] && s_told [2] [t]));
}
END_TEST

// Of what another takes from it, it is told that it will not come.
START_TEST (what_another_takes)
{
    s_map ();
    s_note ();
    uint32_t not = 0, mine = s_sum (s_given [1]);
    for (uint32_t i = 0; i < RANGES - mine; i++)
        not += s_reduced (2);
    ck_assert_uint_eq (not, PLAN_NEAR);
    ck_assert_uint_eq (s_sum (s_told [1]), 0);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (s_begin, s_end);
    tcase_add_test (tests, the_next_ones);
    tcase_add_test (tests, what_another_takes);
    return main_end ("plan_ahead", tests);
}
