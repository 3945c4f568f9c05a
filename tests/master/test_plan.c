// Tests of single judgements of the plan: what is handed out, how a job ends, several jobs in one slot. Borders are test_plan_borders's, workers
// that come and go test_plan_workers's; whole schedules are test_simulation's.
#include "plan_steps.h"

// ---- handing out

START_TEST (one_ahead_while_there_is_plenty)
{
    s_cut.tasks = 10;
    s_start (2);
    ck_assert_uint_eq (s_count (ACTION_MAP), 4);
    s_cut.tasks = 4;
    s_end ();
    plan_t *plan = plan_new ();
    s_plan = plan;
    s_actions = (action_list_t) { 0 };
    s_start (2);
    ck_assert_uint_eq (s_count (ACTION_MAP), 2);         // the last ones go to whoever is free first
}
END_TEST

START_TEST (a_failed_task_runs_alone)
{
    s_cut.tasks = 2;
    s_start (1);
    s_done ((message_done_t) { .held = 1, .task = s_only (ACTION_MAP)->task });
    ck_assert_uint_eq (s_only (ACTION_MAP)->task, 1);
    s_fault ((message_fault_t) { .verb = MESSAGE_MAP, .task = 1, .kind = ERROR_JOB });
    s_only (ACTION_SEAL);                               // first the slot puts down what it holds
    ck_assert_uint_eq (s_count (ACTION_MAP), 0);
}
END_TEST

START_TEST (what_a_dead_executor_held_runs_again)
{
    s_cut.tasks = 2;
    s_start (1);
    s_done ((message_done_t) { .held = 1, .task = 0 });
    s_fault ((message_fault_t) { .verb = MESSAGE_MAP, .task = 1, .kind = ERROR_JOB, .lost = 1 });
    const action_t *action = s_only (ACTION_MAP);
    ck_assert_uint_eq (action->task, 1);                // the one that failed, alone, for the slot holds nothing
    ck_assert_uint_eq (action->attempt, 1);
    s_done ((message_done_t) { .held = 1, .task = 1, .attempt = 1 });
    action = s_only (ACTION_MAP);
    ck_assert_uint_eq (action->task, 0);
    ck_assert_uint_eq (action->attempt, 1);
}
END_TEST

// ---- ends

START_TEST (bad_data_is_not_tried_again)
{
    s_start (1);
    s_fault ((message_fault_t) { .verb = MESSAGE_MAP, .kind = ERROR_DATA });
    ck_assert_uint_eq (s_only (ACTION_FINISH)->exit_code, EXIT_DATA);
    ck_assert_uint_eq (s_only (ACTION_FINISH)->faults, 0);
}
END_TEST

START_TEST (four_attempts)
{
    s_start (1);
    for (uint64_t attempt = 0; attempt < PLAN_ATTEMPTS; attempt++) {
        ck_assert_uint_eq (s_only (ACTION_MAP)->attempt, attempt);
        s_fault ((message_fault_t) { .verb = MESSAGE_MAP, .attempt = attempt, .lost = 1 });
    }
    const action_t *finish = s_only (ACTION_FINISH);
    ck_assert_uint_eq (finish->exit_code, EXIT_JOB);
    ck_assert_uint_eq (finish->faults, PLAN_ATTEMPTS);
    ck_assert_str_eq (finish->error, "it failed");
}
END_TEST

START_TEST (rejects)
{
    s_cut.max_rejects = 5;
    s_cut.tasks = 2;
    s_start (1);
    s_done ((message_done_t) { .held = 1, .task = 0, .rejects = 5 });
    ck_assert_uint_eq (s_count (ACTION_FINISH), 0);
    s_done ((message_done_t) { .held = 1, .task = 1, .rejects = 1 });
    ck_assert_uint_eq (s_only (ACTION_FINISH)->exit_code, EXIT_DATA);
    ck_assert_ptr_nonnull (strstr (s_only (ACTION_FINISH)->error, "6 rows rejected, --max-rejects allows 5"));
}
END_TEST

START_TEST (a_job_that_does_not_compile)
{
    s_step ((event_t) { .kind = EVENT_WORKER_JOINED, .worker = 1, .slots = 1 });
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 1 });
    s_fault ((message_fault_t) { .verb = MESSAGE_DECLARE, .kind = ERROR_JOB, .compiler = (char *) "line 1" });
    ck_assert_uint_eq (s_only (ACTION_FINISH)->exit_code, EXIT_JOB);
    ck_assert_str_eq (s_only (ACTION_FINISH)->compiler, "line 1");
}
END_TEST

START_TEST (cancel_abandons_what_runs)
{
    s_cut.tasks = 8;
    s_start (2);
    s_step ((event_t) { .kind = EVENT_CANCELLED, .job = 1 });
    ck_assert_uint_eq (s_count (ACTION_ABANDON), 4);
    ck_assert_uint_eq (s_only (ACTION_FINISH)->exit_code, EXIT_CANCELLED);
    s_done ((message_done_t) { .held = 1 });             // late: changes nothing
    ck_assert_uint_eq (s_actions.count, 0);
}
END_TEST

// ---- several jobs

// Two jobs in one slot: the second one is of a user who comes when the first is at work.
static void s_start_two (void)
{
    s_cut.tasks = 8;
    s_declared.heavy = 0;
    s_start (1);
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 2, .user = "ben", .priority = 100 });
    ck_assert_uint_eq (s_actions.count, 0);
}

START_TEST (a_slot_is_sealed_before_it_changes_its_job)
{
    s_start_two ();
    for (uint64_t task = 0; task < 2; task++)            // what it was given before is done first; then it goes on for half a second at most
        s_step ((event_t) { .kind = EVENT_DONE, .now_us = 2000000, .worker = 1, .done = &(message_done_t) { .job = 1, .held = 1, .task = task } });
    const action_t *seal = s_only (ACTION_SEAL);
    ck_assert_uint_eq (seal->job, 1);
    ck_assert_uint_eq (s_count (ACTION_MAP) + s_count (ACTION_DECLARE), 0);
    uint64_t tasks [] = { 0, 1 }, attempts [] = { 0, 0 };
    message_sealed_t sealed = { .job = 1, .segment = seal->segment, .tasks = { tasks, 2 }, .attempts = { attempts, 2 }, .path = (char *) "/s" };
    s_step ((event_t) { .kind = EVENT_SEALED, .worker = 1, .sealed = &sealed });
    ck_assert_uint_eq (s_only (ACTION_DECLARE)->job, 2);
}
END_TEST

START_TEST (the_end_of_a_job_leaves_the_others_alone)
{
    s_start_two ();
    s_step ((event_t) { .kind = EVENT_CANCELLED, .job = 1 });
    ck_assert_uint_eq (s_count (ACTION_ABANDON), 2);
    ck_assert_uint_eq (s_only (ACTION_DECLARE)->job, 2);
    s_step ((event_t) { .kind = EVENT_CANCELLED, .job = 2 });
    ck_assert_uint_eq (s_count (ACTION_ABANDON), 0);
    ck_assert_uint_eq (s_only (ACTION_FINISH)->job, 2);
}
END_TEST

// An executor that dies has loaded many jobs: those of which it held nothing have lost nothing.
START_TEST (a_death_counts_only_where_something_is_lost)
{
    s_start_two ();
    for (int i = 0; i < 2 * PLAN_ODDITIES; i++) {
        message_fault_t fault = { .job = 2, .lost = 1, .error = (char *) "it died" };
        s_step ((event_t) { .kind = EVENT_FAULT, .worker = 1, .fault = &fault });
        ck_assert_uint_eq (s_actions.count, 0);
    }
}
END_TEST

START_TEST (late_part_is_dropped_but_not_the_winner)
{
    s_cut.tasks = 2;
    s_declared.shuffle = 0;
    s_start (2);
    s_done ((message_done_t) { .task = 0, .slot = 0, .part = (char *) "part-0-0" });
    s_done ((message_done_t) { .task = 0, .slot = 0, .part = (char *) "part-0-0" });
    ck_assert_uint_eq (s_actions.count, 0);
    s_done ((message_done_t) { .task = 0, .slot = 0, .attempt = 1, .part = (char *) "part-0-1" });
    ck_assert_str_eq (s_only (ACTION_DROP)->part, "part-0-1");
}
END_TEST

int main (void)
{
    TCase *tests = main_case (s_begin, s_end);
    tcase_add_test (tests, one_ahead_while_there_is_plenty);
    tcase_add_test (tests, a_failed_task_runs_alone);
    tcase_add_test (tests, what_a_dead_executor_held_runs_again);
    tcase_add_test (tests, bad_data_is_not_tried_again);
    tcase_add_test (tests, four_attempts);
    tcase_add_test (tests, rejects);
    tcase_add_test (tests, a_job_that_does_not_compile);
    tcase_add_test (tests, cancel_abandons_what_runs);
    tcase_add_test (tests, a_slot_is_sealed_before_it_changes_its_job);
    tcase_add_test (tests, the_end_of_a_job_leaves_the_others_alone);
    tcase_add_test (tests, a_death_counts_only_where_something_is_lost);
    tcase_add_test (tests, late_part_is_dropped_but_not_the_winner);
    return main_end ("plan", tests);
}
