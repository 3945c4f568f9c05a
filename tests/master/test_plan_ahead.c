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
        ck_assert (action->segments || s_told [action->worker] [action->task]);         // it may be told again, of more segments
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

// ---- before the maps are done

enum { MAPS = 8, KEYS = 40 };

static struct { action_kind_t kind; uint64_t number; } s_queue [3] [8];        // MAPs and SEALs that a worker has not answered
static uint32_t s_queued [3], s_helds [3], s_done_maps, s_early, s_nots;
static uint64_t s_held [3] [MAPS];
static bool s_cut_late;                                 // a range begins among the keys that came last

static void s_note_maps (void)
{
    for (uint32_t i = 0; i < s_actions.count; i++) {
        const action_t *action = &s_actions.item [i];
        uint64_t w = action->worker;
        if (action->kind == ACTION_MAP || action->kind == ACTION_SEAL) {
            s_queue [w] [s_queued [w]].kind = action->kind;
            s_queue [w] [s_queued [w]++].number = action->kind == ACTION_MAP ? action->task : action->segment;
        }
        bool range = action->kind == ACTION_REDUCE || (action->kind == ACTION_AHEAD && action->segments);
        s_cut_late |= range && action->low.size && *action->low.data == '5';
        s_early += action->kind == ACTION_AHEAD && action->segments && s_done_maps < MAPS;
    }
    s_nots += s_note ();
}

static void s_map_done (uint64_t w, uint64_t task)
{
    message_done_t done = { .job = 1, .held = 1, .task = task, .time_us = 1000 };
    s_held [w] [s_helds [w]++] = task;
    s_done_maps++;
    s_step ((event_t) { .kind = EVENT_DONE, .worker = w, .done = &done, .now_us = s_now_us += 1000 });
}

// What it holds, with keys from `first` on.
static void s_sealed (uint64_t w, uint64_t number, uint32_t first)
{
    static const uint64_t attempts [MAPS];
    char text [KEYS] [16];
    wire_bytes_t key [KEYS];
    uint64_t weight [KEYS];
    for (uint32_t k = 0; k < KEYS; k++) {
        key [k] = (wire_bytes_t) { text [k], (uint32_t) sprintf (text [k], "%03u", first + k) };
        weight [k] = (uint64_t) k << 20;
    }
    message_sealed_t sealed = { .job = 1, .segment = number, .tasks = { s_held [w], s_helds [w] }, .attempts = { (uint64_t *) attempts, s_helds [w] },
        .path = (char *) "/segment", .bytes = (uint64_t) KEYS << 20, .keys = { key, KEYS }, .weights = { weight, KEYS } };
    s_helds [w] = 0;
    s_step ((event_t) { .kind = EVENT_SEALED, .worker = w, .sealed = &sealed, .now_us = s_now_us += 1000 });
}

// Two workers map in turn. Segments that come when all is mapped have keys from `last` on, others from 0.
static void s_map_early (uint32_t last)
{
    static uint64_t bytes [MAPS];
    memset (s_given, 0, sizeof s_given);
    memset (s_told, 0, sizeof s_told);
    memset (s_queued, 0, sizeof s_queued);
    memset (s_helds, 0, sizeof s_helds);
    s_done_maps = s_early = s_nots = s_cut_late = 0;
    s_now_us = 0;
    for (int i = 0; i < MAPS; i++)
        bytes [i] = 64 << 20;
    s_declared.whole = 1;
    s_cut.tasks = MAPS;
    s_cut.bytes_of = bytes;
    s_cut.partitions = 8;
    s_join (1, 1);
    s_join (2, 1);
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 1 });
    s_cut.worker = s_only (ACTION_DECLARE)->worker;
    s_step (s_cut);
    s_note_maps ();
    for (uint64_t w = 1; s_queued [1] || s_queued [2]; w = 3 - w) {
        if (!s_queued [w])
            continue;
        bool map = s_queue [w] [0].kind == ACTION_MAP;
        uint64_t number = s_queue [w] [0].number;
        memmove (&s_queue [w] [0], &s_queue [w] [1], --s_queued [w] * sizeof s_queue [w] [0]);
        if (map)
            s_map_done (w, number);
        else
            s_sealed (w, number, s_done_maps == MAPS ? last : 0);
        s_note_maps ();
    }
    ck_assert_uint_eq (s_done_maps, MAPS);
}

// Both are told of ranges before all is mapped, and these stay.
START_TEST (a_draft_that_stands)
{
    s_map_early (0);
    ck_assert_uint_ge (s_early, 4);
    ck_assert_uint_eq (s_nots, 0);
    ck_assert (s_sum (s_given [1]) && s_sum (s_given [2]));
    ck_assert (!s_cut_late);
}
END_TEST

// The input was sorted: half of it came behind all borders of the draft.
START_TEST (a_draft_that_was_wrong)
{
    s_map_early (500);
    ck_assert_uint_ge (s_early, 4);
    ck_assert (s_cut_late);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (s_begin, s_end);
    tcase_add_test (tests, the_next_ones);
    tcase_add_test (tests, what_another_takes);
    tcase_add_test (tests, a_draft_that_stands);
    tcase_add_test (tests, a_draft_that_was_wrong);
    return main_end ("plan_ahead", tests);
}
