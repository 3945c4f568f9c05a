// Tests of the plan: where the keys of a job are cut into reduce tasks, and what becomes of a job without input.
#include "plan_steps.h"

// The one map task is done and sealed, with this sample of equally heavy keys; returns the number of reduce tasks given to that many slots.
static void s_seal (const char *const *keys, uint32_t count, uint64_t bytes)
{
    uint64_t task = 0, attempt = 0, weight [128];
    wire_bytes_t key [128];
    for (uint32_t i = 0; i < count; i++) {
        key [i] = (wire_bytes_t) { (char *) keys [i], (uint32_t) strlen (keys [i]) };
        weight [i] = bytes / count * i;
    }
    s_done ((message_done_t) { .held = 1, .slot = s_only (ACTION_MAP)->slot });
    const action_t *seal = s_only (ACTION_SEAL);
    message_sealed_t sealed = { .job = 1, .slot = seal->slot, .segment = seal->segment, .tasks = { &task, 1 }, .attempts = { &attempt, 1 },
        .path = (char *) "/segment", .bytes = bytes, .keys = { key, count }, .weights = { weight, count } };
    s_step ((event_t) { .kind = EVENT_SEALED, .worker = 1, .sealed = &sealed });
}

static void s_expect_range (uint32_t task, const char *low, const char *high)
{
    for (uint32_t i = 0; i < s_actions.count; i++) {
        const action_t *action = &s_actions.item [i];
        if (action->kind != ACTION_REDUCE || action->task != task)
            continue;
        ck_assert_uint_eq (action->low.size, strlen (low));
        ck_assert_uint_eq (action->high.size, strlen (high));
        ck_assert (!memcmp (action->low.data ? action->low.data : "", low, action->low.size));
        ck_assert (!memcmp (action->high.data ? action->high.data : "", high, action->high.size));
        ck_assert_int_eq (action->last, !*high);
        return;
    }
    ck_abort_msg ("no reduce task %u", task);
}

static const char *const s_letters [] = { "a", "b", "c", "d", "e", "f", "g", "h" };

START_TEST (ranges_of_equal_weight)
{
    s_cut.partitions = 4;
    s_start (8);
    s_seal (s_letters, 8, 800);
    ck_assert_uint_eq (s_count (ACTION_REDUCE), 4);
    s_expect_range (0, "", "c");
    s_expect_range (1, "c", "e");
    s_expect_range (2, "e", "g");
    s_expect_range (3, "g", "");
}
END_TEST

START_TEST (a_heavy_key_has_one_range)
{
    static const char *const keys [] = { "a", "m", "m", "m", "m", "m", "m", "z" };
    s_cut.partitions = 4;
    s_start (8);
    s_seal (keys, 8, 800);
    ck_assert_uint_eq (s_count (ACTION_REDUCE), 2);      // "m" cannot be cut
    s_expect_range (0, "", "z");
    s_expect_range (1, "z", "");
}
END_TEST

START_TEST (small_data_are_one_range_unless_heavy)
{
    s_declared.heavy = (uint64_t) _i;
    s_start (32);
    s_seal (s_letters, 8, 800);
    ck_assert_uint_eq (s_count (ACTION_REDUCE), _i ? 8 : 1);
}
END_TEST

START_TEST (ranges_by_size)
{
    s_start (32);
    s_seal (s_letters, 8, (uint64_t) 3 * 16 << 20);
    ck_assert_uint_eq (s_count (ACTION_REDUCE), 3);
}
END_TEST

START_TEST (partitions_by_prefix)
{
    s_declared.spread = RAC_CHOSEN;
    s_declared.parts = 3;
    s_cut.partitions = 7;                               // the job knows better: its keys mean something
    s_start (8);
    ck_assert_uint_eq (s_only (ACTION_MAP)->parts, 3);
    s_seal (s_letters, 8, 800);
    ck_assert_uint_eq (s_count (ACTION_REDUCE), 3);
    for (uint32_t i = 0; i < s_actions.count; i++) {
        const action_t *action = &s_actions.item [i];
        ck_assert (action->task == 0 || !memcmp (action->low.data, (char []) { 0, (char) action->task }, 2));
        ck_assert (action->last || !memcmp (action->high.data, (char []) { 0, (char) (action->task + 1) }, 2));
    }
}
END_TEST

START_TEST (absurd_partitions)
{
    s_cut.partitions = PLAN_PARTS + 1;
    s_start (1);
    ck_assert_uint_eq (s_only (ACTION_FINISH)->exit_code, EXIT_USAGE);
}
END_TEST

// ---- empty input

START_TEST (no_input_has_one_reduce)
{
    s_cut.tasks = 0;
    s_start (2);
    ck_assert_uint_eq (s_only (ACTION_REDUCE)->segments->paths.count, 0);
    s_expect_range (0, "", "");
}
END_TEST

START_TEST (no_input_without_shuffle_commits)
{
    s_cut.tasks = 0;
    s_declared.shuffle = 0;
    s_start (2);
    s_only (ACTION_COMMIT);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (s_begin, s_end);
    tcase_add_test (tests, ranges_of_equal_weight);
    tcase_add_test (tests, a_heavy_key_has_one_range);
    tcase_add_loop_test (tests, small_data_are_one_range_unless_heavy, 0, 2);
    tcase_add_test (tests, ranges_by_size);
    tcase_add_test (tests, partitions_by_prefix);
    tcase_add_test (tests, absurd_partitions);
    tcase_add_test (tests, no_input_has_one_reduce);
    tcase_add_test (tests, no_input_without_shuffle_commits);
    return main_end ("plan_borders", tests);
}
