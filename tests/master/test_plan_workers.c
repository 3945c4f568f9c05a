// Tests of the plan: several workers, of which some are lost, cannot be fetched from, can do nothing, drain.
#include "plan_steps.h"

// A job of as many map tasks on workers of a slot each: 1 maps the first task, 2 the second one. All are done, and sealed but the last.
static void s_start_on (uint64_t workers)
{
    s_cut.tasks = (uint32_t) workers;
    s_cut.partitions = 2;
    for (uint64_t w = 1; w <= workers; w++)
        s_join (w, 1);
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 1 });
    s_cut.worker = s_only (ACTION_DECLARE)->worker;
    s_step (s_cut);
    ck_assert_uint_eq (s_count (ACTION_MAP), (uint32_t) workers);
}

static void s_map_on (uint64_t worker, uint64_t task)
{
    message_done_t done = { .job = 1, .held = 1, .task = task };
    s_step ((event_t) { .kind = EVENT_DONE, .worker = worker, .done = &done });
    ck_assert_uint_eq (s_only (ACTION_SEAL)->worker, worker);
}

// The segment that the worker was just asked for: its one task, keys "a" and "m" of so many bytes each; 0 and 0: no record.
static void s_seal_on (uint64_t worker, uint64_t task, uint64_t attempt, uint64_t low, uint64_t high)
{
    uint64_t weight [2] = { 0, low };
    wire_bytes_t key [2] = { { (char *) "a", 1 }, { (char *) "m", 1 } };
    message_sealed_t sealed = { .job = 1, .segment = s_only (ACTION_SEAL)->segment, .tasks = { &task, 1 }, .attempts = { &attempt, 1 },
        .path = (char *) (low + high ? "/segment" : ""), .bytes = low + high, .keys = { key, low + high ? 2 : 0 }, .weights = { weight, 2 } };
    s_step ((event_t) { .kind = EVENT_SEALED, .worker = worker, .sealed = &sealed });
}

// The workers map in turn, the last of them first, since the first has the job declared; returns with all sealed.
static void s_map_all (uint64_t workers)
{
    uint64_t at [8];
    for (uint32_t i = 0; i < s_actions.count; i++)
        if (s_actions.item [i].kind == ACTION_MAP)
            at [s_actions.item [i].worker] = s_actions.item [i].task;
    for (uint64_t w = 1; w <= workers; w++) {
        s_map_on (w, at [w]);
        s_seal_on (w, at [w], 0, w == 2 ? 100 : 900, w == 2 ? 900 : 100);
    }
}

static const action_t *s_to (uint64_t worker, action_kind_t kind)
{
    for (uint32_t i = 0; i < s_actions.count; i++)
        if (s_actions.item [i].kind == kind && s_actions.item [i].worker == worker)
            return &s_actions.item [i];
    return NULL;
}

static void s_fault_on (uint64_t worker, message_fault_t fault)
{
    fault.job = 1;
    fault.error = (char *) "it failed";
    s_step ((event_t) { .kind = EVENT_FAULT, .worker = worker, .fault = &fault });
}

START_TEST (a_reduce_runs_where_most_of_its_bytes_are)
{
    s_start_on (2);
    s_map_all (2);
    ck_assert_uint_eq (s_to (1, ACTION_REDUCE)->task, 0);                   // "a" is at 1, "m" at 2
    ck_assert_uint_eq (s_to (2, ACTION_REDUCE)->task, 1);
    ck_assert_uint_eq (s_to (2, ACTION_REDUCE)->segments->paths.count, 2);
}
END_TEST

START_TEST (of_a_lost_worker_only_its_maps_run_again)
{
    s_start_on (2);
    s_map_all (2);
    s_step ((event_t) { .kind = EVENT_WORKER_LOST, .worker = 2 });
    s_fault_on (1, (message_fault_t) { .verb = MESSAGE_REDUCE, .stage = 1, .task = s_to (1, ACTION_REDUCE) ? 1 : 0, .kind = ERROR_OTHER });
    ck_assert_uint_eq (s_only (ACTION_MAP)->worker, 1);
    ck_assert_uint_eq (s_only (ACTION_MAP)->attempt, 1);
}
END_TEST

START_TEST (a_segment_without_records_cannot_be_lost)
{
    s_start_on (3);
    uint64_t task = s_to (2, ACTION_MAP)->task;
    s_map_on (2, task);
    s_seal_on (2, task, 0, 0, 0);
    s_step ((event_t) { .kind = EVENT_WORKER_LOST, .worker = 2 });
    ck_assert_uint_eq (s_actions.count, 0);
    s_join (4, 1);
    ck_assert_uint_eq (s_actions.count, 0);              // nothing waits
}
END_TEST

START_TEST (a_failed_task_goes_to_another_worker)
{
    s_start_on (2);
    uint64_t first = s_to (1, ACTION_MAP)->task, second = s_to (2, ACTION_MAP)->task;
    s_fault_on (1, (message_fault_t) { .verb = MESSAGE_MAP, .task = first, .lost = 1 });
    ck_assert_uint_eq (s_actions.count, 0);              // 1 is idle, but it may be the one to blame
    s_map_on (2, second);
    s_seal_on (2, second, 0, 1, 1);
    ck_assert_uint_eq (s_only (ACTION_MAP)->worker, 2);
    ck_assert_uint_eq (s_only (ACTION_MAP)->task, first);
    s_step ((event_t) { .kind = EVENT_WORKER_LOST, .worker = 2 });
    ck_assert (s_only (ACTION_MAP)->worker == 1);        // now there is nobody else
}
END_TEST

START_TEST (who_cannot_be_fetched_from_is_believed_lost_when_all_others_say_so)
{
    s_start_on (3);
    s_map_all (3);
    uint64_t reducer = s_to (1, ACTION_REDUCE) ? 1 : 3, task = s_to (reducer, ACTION_REDUCE)->task;
    s_fault_on (reducer, (message_fault_t) { .verb = MESSAGE_REDUCE, .stage = 1, .task = task, .away = 2, .kind = ERROR_OTHER });
    uint64_t other = 4 - reducer;
    ck_assert_uint_eq (s_only (ACTION_REDUCE)->worker, other);              // not to the one who complained
    ck_assert_uint_eq (s_only (ACTION_REDUCE)->attempt, 1);
    s_fault_on (other, (message_fault_t) { .verb = MESSAGE_REDUCE, .stage = 1, .task = task, .attempt = 1, .away = 2, .kind = ERROR_OTHER });
    const action_t *map = s_only (ACTION_MAP);
    ck_assert (map->worker != 2 && map->attempt == 1);
    ck_assert_uint_eq (s_count (ACTION_FINISH), 0);
}
END_TEST

START_TEST (who_can_do_nothing_is_left_out)
{
    for (uint64_t w = 1; w <= 2; w++)
        s_join (w, 1);
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 1 });
    uint64_t first = s_only (ACTION_DECLARE)->worker;
    s_fault_on (first, (message_fault_t) { .verb = MESSAGE_DECLARE, .away = first, .kind = ERROR_JOB });
    uint64_t second = s_only (ACTION_DECLARE)->worker;
    ck_assert (second != first);
    s_fault_on (second, (message_fault_t) { .verb = MESSAGE_DECLARE, .away = second, .kind = ERROR_JOB });
    ck_assert_uint_eq (s_only (ACTION_FINISH)->exit_code, EXIT_JOB);
    ck_assert_str_eq (s_only (ACTION_FINISH)->error, "it failed");
}
END_TEST

START_TEST (who_cannot_write_segments_is_left_out)
{
    s_start_on (2);
    uint64_t first = s_to (1, ACTION_MAP)->task, second = s_to (2, ACTION_MAP)->task;
    s_map_on (2, second);
    s_seal_on (2, second, 0, 1, 1);
    s_map_on (1, first);
    s_fault_on (1, (message_fault_t) { .verb = MESSAGE_SEAL, .away = 1, .kind = ERROR_SCRATCH });
    ck_assert_uint_eq (s_only (ACTION_MAP)->worker, 2);
    ck_assert_uint_eq (s_only (ACTION_MAP)->task, first);
    message_done_t done = { .job = 1, .held = 1, .task = first, .attempt = 1 };
    s_step ((event_t) { .kind = EVENT_DONE, .worker = 2, .done = &done });
    s_fault_on (2, (message_fault_t) { .verb = MESSAGE_SEAL, .away = 2, .kind = ERROR_SCRATCH });
    ck_assert_uint_eq (s_only (ACTION_FINISH)->exit_code, EXIT_OUTPUT);     // nobody can
}
END_TEST

START_TEST (a_worker_that_drains)
{
    s_start_on (2);
    s_map_all (2);
    uint64_t task = s_to (2, ACTION_REDUCE)->task;
    s_step ((event_t) { .kind = EVENT_WORKER_DRAINING, .worker = 2 });
    ck_assert_uint_eq (s_count (ACTION_DISMISS), 0);     // it has a task and a segment
    message_done_t done = { .job = 1, .stage = 1, .task = task, .part = (char *) "part" };
    s_step ((event_t) { .kind = EVENT_DONE, .worker = 2, .done = &done });
    ck_assert_uint_eq (s_actions.count, 1);              // KEEP; and 1 still reads from it
    done.task = 1 - task;
    s_step ((event_t) { .kind = EVENT_DONE, .worker = 1, .done = &done });
    s_only (ACTION_COMMIT);
    ck_assert_uint_eq (s_only (ACTION_DISMISS)->worker, 2);
    s_join (3, 1);
    s_step ((event_t) { .kind = EVENT_WORKER_DRAINING, .worker = 3 });
    ck_assert_uint_eq (s_only (ACTION_DISMISS)->worker, 3);                 // nothing holds it
}
END_TEST

// A slot of worker 1 and of worker 2, tasks in plenty; worker 1 ends one that it had to fetch, or not.
START_TEST (more_is_given_ahead_to_who_has_to_fetch)
{
    static const uint64_t bytes [20] = { 4000, 4000 };
    s_cut.tasks = 20;
    s_cut.bytes_of = bytes;
    s_join (1, 1);
    s_join (2, 1);
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 1 });
    s_cut.worker = s_only (ACTION_DECLARE)->worker;
    s_step (s_cut);
    ck_assert_uint_eq (s_count (ACTION_MAP), 2);         // nothing ahead: who knows how fast they are?
    message_done_t done = { .job = 1, .held = 1, .task = s_to (1, ACTION_MAP)->task, .time_us = 1000, .moved = (uint64_t) _i };
    s_step ((event_t) { .kind = EVENT_DONE, .worker = 1, .done = &done });
    ck_assert_uint_eq (s_count (ACTION_MAP), _i ? 3 : 2);
    uint64_t busy, bytes_per_s;
    plan_worker_state (s_plan, 1, &busy, &bytes_per_s);
    ck_assert_uint_eq (busy, 1);
    ck_assert_uint_eq (bytes_per_s, 4000000);
    ck_assert_uint_eq (plan_job_slots (s_plan, 1), 2);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (s_begin, s_end);
    tcase_add_test (tests, a_reduce_runs_where_most_of_its_bytes_are);
    tcase_add_test (tests, of_a_lost_worker_only_its_maps_run_again);
    tcase_add_test (tests, a_segment_without_records_cannot_be_lost);
    tcase_add_test (tests, a_failed_task_goes_to_another_worker);
    tcase_add_test (tests, who_cannot_be_fetched_from_is_believed_lost_when_all_others_say_so);
    tcase_add_test (tests, who_can_do_nothing_is_left_out);
    tcase_add_test (tests, who_cannot_write_segments_is_left_out);
    tcase_add_test (tests, a_worker_that_drains);
    tcase_add_loop_test (tests, more_is_given_ahead_to_who_has_to_fetch, 0, 2);
    return main_end ("plan_workers", tests);
}
