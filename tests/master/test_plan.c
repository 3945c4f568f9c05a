// Tests of single judgements of the plan; whole schedules are test_simulation's.
#include "master/master.h"
#include "master/plan.h"
#include "tests/main.h"

#include <racimo.h>

static plan_t *s_plan;
static action_list_t s_actions;
static message_declared_t s_declared;
static event_t s_cut;                                   // EVENT_DECLARED, to be changed by a test before s_start

static void s_begin (void)
{
    static const uint64_t bytes [64];
    s_plan = plan_new ();
    s_actions = (action_list_t) { 0 };
    s_declared = (message_declared_t) { .job = 1, .shuffle = 1 };
    s_cut = (event_t) { .kind = EVENT_DECLARED, .worker = 1, .job = 1, .declared = &s_declared, .tasks = 1, .bytes_of = bytes };
}

static void s_end (void)
{
    plan_destroy (&s_plan);
    free (s_actions.item);
}

static void s_step (event_t event)
{
    s_actions.count = 0;
    plan_step (s_plan, &event, &s_actions);
}

static const action_t *s_only (action_kind_t kind)
{
    const action_t *found = NULL;
    for (uint32_t i = 0; i < s_actions.count; i++)
        if (s_actions.item [i].kind == kind) {
            ck_assert_ptr_null (found);
            found = &s_actions.item [i];
        }
    ck_assert_msg (found != NULL, "no action %d", kind);
    return found;
}

static uint32_t s_count (action_kind_t kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s_actions.count; i++)
        count += s_actions.item [i].kind == kind;
    return count;
}

static void s_start (uint64_t slots)
{
    s_step ((event_t) { .kind = EVENT_WORKER_JOINED, .worker = 1, .slots = slots });
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 1 });
    s_declared.slot = s_only (ACTION_DECLARE)->slot;
    s_step (s_cut);
}

static void s_done (message_done_t done)
{
    done.job = 1;
    s_step ((event_t) { .kind = EVENT_DONE, .worker = 1, .done = &done });
}

static void s_fault (message_fault_t fault)
{
    fault.job = 1;
    fault.error = (char *) "it failed";
    s_step ((event_t) { .kind = EVENT_FAULT, .worker = 1, .fault = &fault });
}

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

// ---- borders

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

// ---- several workers

static void s_join (uint64_t worker, uint64_t slots)
{
    s_step ((event_t) { .kind = EVENT_WORKER_JOINED, .worker = worker, .slots = slots });
}

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
    tcase_add_test (tests, ranges_of_equal_weight);
    tcase_add_test (tests, a_heavy_key_has_one_range);
    tcase_add_loop_test (tests, small_data_are_one_range_unless_heavy, 0, 2);
    tcase_add_test (tests, ranges_by_size);
    tcase_add_test (tests, partitions_by_prefix);
    tcase_add_test (tests, absurd_partitions);
    tcase_add_test (tests, no_input_has_one_reduce);
    tcase_add_test (tests, no_input_without_shuffle_commits);
    tcase_add_test (tests, one_ahead_while_there_is_plenty);
    tcase_add_test (tests, a_failed_task_runs_alone);
    tcase_add_test (tests, what_a_dead_executor_held_runs_again);
    tcase_add_test (tests, bad_data_is_not_tried_again);
    tcase_add_test (tests, four_attempts);
    tcase_add_test (tests, rejects);
    tcase_add_test (tests, a_job_that_does_not_compile);
    tcase_add_test (tests, cancel_abandons_what_runs);
    tcase_add_test (tests, a_reduce_runs_where_most_of_its_bytes_are);
    tcase_add_test (tests, of_a_lost_worker_only_its_maps_run_again);
    tcase_add_test (tests, a_segment_without_records_cannot_be_lost);
    tcase_add_test (tests, a_failed_task_goes_to_another_worker);
    tcase_add_test (tests, who_cannot_be_fetched_from_is_believed_lost_when_all_others_say_so);
    tcase_add_test (tests, who_can_do_nothing_is_left_out);
    tcase_add_test (tests, a_worker_that_drains);
    tcase_add_test (tests, a_slot_is_sealed_before_it_changes_its_job);
    tcase_add_test (tests, the_end_of_a_job_leaves_the_others_alone);
    tcase_add_test (tests, a_death_counts_only_where_something_is_lost);
    tcase_add_loop_test (tests, more_is_given_ahead_to_who_has_to_fetch, 0, 2);
    tcase_add_test (tests, late_part_is_dropped_but_not_the_winner);
    return main_end ("plan", tests);
}
