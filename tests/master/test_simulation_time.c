// How long things take, and who waits for whom, on a cluster in virtual time (timed.h); that results are right whatever happens is
// test_simulation's.
#include "tests/master/timed.h"

// ---- uneven nodes

static void s_three (uint32_t slots)
{
    static const double speed [] = { 0.50, 0.50, 0.12 };
    for (uint32_t n = 0; n < 3; n++)
        timed_join (timed_node (slots, speed [n]));
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
    task_list_t *first = timed_job ("ana", 100, 64, 1000000, 0);
    timed_run ();
    s_expect_share (first, slots, "first run");
    task_list_t *second = timed_job ("ana", 100, 64, 1000000, timed->now_us);
    timed_run ();
    s_expect_share (second, slots, "second run");
}
END_TEST

START_TEST (a_second_run_finds_its_bytes_at_home)
{
    uint32_t slots = _i % 2 ? 4 : 1, tasks = _i / 2 ? 400 : 64;
    timed->transfer = 2;
    timed->noise = 0.2;
    timed->seed = (uint64_t) _i;
    s_three (slots);
    task_list_t *first = timed_job ("ana", 100, tasks, 1000000, 0);
    first->home_of = memory_new (tasks * sizeof (uint64_t));
    timed_run ();
    task_list_t *second = timed_job ("ana", 100, tasks, 1000000, timed->now_us);
    second->home_of = memory_new (tasks * sizeof (uint64_t));
    memcpy (second->home_of, first->ran_at, tasks * sizeof (uint64_t));
    timed_run ();
    s_expect_share (second, slots, "second run with homes");
    ck_assert_msg (second->at_home * 100 > tasks * 95, "%u of %u at home", second->at_home, tasks);
}
END_TEST

// All bytes lie at the slowest node: the others must help, or it would take nine times as long.
START_TEST (homes_are_a_wish)
{
    timed->transfer = 2;
    s_three (2);
    task_list_t *job = timed_job ("ana", 100, 64, 1000000, 0);
    job->home_of = memory_new (64 * sizeof (uint64_t));
    for (uint32_t t = 0; t < 64; t++)
        job->home_of [t] = 3;
    timed_run ();
    double others = 64e6 / (2 * (0.25 + 0.25 + 0.12));
    ck_assert_msg ((double) job->end_us < 1.25 * others, "%.3f of what is possible", (double) job->end_us / others);
}
END_TEST

START_TEST (a_reduce_ends_too)
{
    s_three (2);
    task_list_t *job = timed_job ("ana", 100, 64, 1000000, 0);
    job->shuffle = true;
    timed_run ();
    ck_assert_uint_eq (job->reduced, PARTS);
    ck_assert_uint_eq (job->attempts, 64);
}
END_TEST

// ---- users

// Nodes that keep rows as they are begin to fetch when about a third of the maps is done, and are sealed a few times for it; those that
// fold are not, nor is a node alone.
START_TEST (links_do_not_wait_for_all_maps)
{
    bool alone = _i == 2;
    for (uint32_t n = 0; n < (alone ? 1 : 3); n++)
        timed_join (timed_node (1, 100));
    task_list_t *job = timed_job ("ana", 100, 60, 16 << 20, 0);
    job->shuffle = true;
    job->whole = _i != 1;
    timed_run ();
    bool early = _i == 0;
    ck_assert (job->finished && (alone || job->mapped_us >= job->ahead_us || !early));
    printf ("%s: told after %.0f %% of the maps, %u seals\n", alone ? "a node alone" : early ? "rows" : "folds",
        job->ahead_us ? 100.0 * (double) job->ahead_us / (double) job->mapped_us : 100.0, job->seals);
    ck_assert (early ? job->ahead_us * 2 < job->mapped_us : !job->ahead_us || job->ahead_us >= job->mapped_us);
    ck_assert_uint_le (job->seals, early ? 12 : alone ? 1 : 3);
}
END_TEST

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
        timed_join (timed_node (nodes, 1));
    task_list_t *a = timed_job ("ana", priority [p], 8000, 100000, 0), *b = timed_job ("ben", 100, 2000, 400000, 0);
    a->shuffle = b->shuffle = _i & 1;
    timed_at (150000000 / (nodes * nodes), (moment_t) { .kind = LOOK });
    ck_assert (timed_run ());
    double ratio = s_ratio (a, b);
    ck_assert_msg (ratio > 0.9 * wanted [p] && ratio < 1.1 * wanted [p], "%u nodes: %.3f instead of %.1f", nodes, ratio, wanted [p]);
    timed_run ();
}
END_TEST

START_TEST (three_users_and_one_who_comes_later)
{
    for (uint32_t n = 0; n < 3; n++)
        timed_join (timed_node (2, 1));
    task_list_t *a = timed_job ("ana", 100, 4000, 100000, 0), *b = timed_job ("ben", 100, 4000, 100000, 0);
    timed_job ("eva", 100, 1, 35000000, 0);                 // one long task, so that she is there all the time
    task_list_t *c = timed_job ("eva", 100, 4000, 100000, 30000000);
    timed_at (30000000, (moment_t) { .kind = LOOK });
    ck_assert (timed_run ());
    int64_t before = a->slot_us;
    timed_at (60000000, (moment_t) { .kind = LOOK });
    ck_assert (timed_run ());
    ck_assert (s_ratio (a, b) > 0.9 && s_ratio (a, b) < 1.1);
    double late = (double) c->slot_us / (double) (a->slot_us - before);     // she has not saved up the time before she came
    ck_assert_msg (late > 0.85 && late < 1.15, "%.3f", late);
    timed_run ();
}
END_TEST

// What her tasks take is known when the first has ended; she must not have got all slots by then.
START_TEST (long_tasks_of_a_newcomer_do_not_take_all_slots)
{
    for (uint32_t n = 0; n < 3; n++)
        timed_join (timed_node (2, 1));
    task_list_t *a = timed_job ("ana", 100, 4000, 100000, 0);
    timed_job ("eva", 100, 100, 20000000, 10000000);
    timed_at (10000000, (moment_t) { .kind = LOOK });
    ck_assert (timed_run ());
    int64_t before = a->slot_us;
    timed_at (25000000, (moment_t) { .kind = LOOK });
    ck_assert (timed_run ());
    double share = (double) (a->slot_us - before) / (6 * 15e6);
    ck_assert_msg (share > 0.3, "%.3f of the slots' time", share);
    timed_run ();
}
END_TEST

START_TEST (a_small_job_does_not_wait_behind_a_long_one)
{
    for (uint32_t n = 0; n < 3; n++)
        timed_join (timed_node (2, 1));
    task_list_t *longer = timed_job ("ana", 100, 4000, 200000, 0);              // 0.2 s a task, 133 s in all
    task_list_t *small [8];
    for (int64_t i = 0; i < 8; i++) {
        small [i] = timed_job ("ben", 100, 2, 10000, 10000000 + i * 5000000);
        small [i]->shuffle = true;
    }
    longer->shuffle = true;
    timed_run ();
    for (uint32_t i = 0; i < 8; i++) {
        int64_t took = small [i]->end_us - small [i]->submit_us;
        ck_assert_msg (took < 2000000, "a job of 20 ms took %.3f s beside one of 133 s", (double) took / 1e6);
    }
}
END_TEST

START_TEST (a_users_jobs_come_by_priority_and_then_in_order)
{
    timed_join (timed_node (2, 1));
    task_list_t *a = timed_job ("ana", 100, 50, 100000, 0), *b = timed_job ("ana", 100, 50, 100000, 1), *c = timed_job ("ana", 150, 50, 100000, 1000000);
    timed_run ();
    ck_assert (c->end_us < a->end_us && a->end_us < b->end_us);
    ck_assert (c->end_us - c->submit_us < 3000000);
}
END_TEST

START_TEST (two_hundred_small_jobs_of_four_users)
{
    static const char *const user [] = { "ana", "ben", "eva", "tom" };
    int64_t work_us = 0, last_us = 0, last [4] = { 0 };
    for (uint32_t n = 0; n < 3; n++)
        timed_join (timed_node (4, 1));
    for (uint32_t j = 0; j < 200; j++) {
        task_list_t *job = timed_job (user [j % 4], 100, 1 + j % 7, 20000, 0);
        job->shuffle = j % 3 != 0;
    }
    timed_run ();
    for (uint32_t j = 1; j <= 200; j++) {
        const task_list_t *job = &timed->job [j];
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
        timed_join (timed_node (2, 1));
    task_list_t *job = timed_job ("ana", 100, 300, 100000, 0);
    job->shuffle = _i;
    timed_at (2000000, (moment_t) { .kind = LEAVE, .number = 1 });
    timed_at (3000000, (moment_t) { .kind = JOIN, .number = timed_node (2, 1)->number });
    timed_at (4000000, (moment_t) { .kind = LOOK });
    ck_assert (timed_run ());
    ck_assert_int_eq (timed->node [1]->dismissed, !_i);                   // its segments are still needed
    timed_run ();
    ck_assert (timed->node [1]->dismissed);
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
        timed_join (timed_node (4, 1 + 0.001 * n));
    for (uint32_t j = 0; j < 8; j++)
        timed_job (j & 1 ? "ana" : "ben", 100, 2500, 0, 0)->shuffle = j & 2;
    timed->noise = 0.5;
    timed->steps = 0;
    timed->plan_us = 0;
    timed_run ();
    double us = (double) timed->plan_us / (double) timed->steps;
    printf ("%u workers of 4 slots: %.2f us a step, %llu steps for 20,000 empty tasks\n", nodes, us, (unsigned long long) timed->steps);
    ck_assert_msg (getenv ("RACIMO_SEEDS") || us < 100, "%.1f us a step", us);     // 5,000 tasks a second leave 200 for everything
}
END_TEST

int main (void)
{
    TCase *tests = main_case (timed_begin, timed_end);
    tcase_add_loop_test (tests, three_uneven_nodes_share_a_job, 0, 2);
    tcase_add_loop_test (tests, a_second_run_finds_its_bytes_at_home, 0, 4);
    tcase_add_test (tests, homes_are_a_wish);
    tcase_add_test (tests, a_reduce_ends_too);
    tcase_add_loop_test (tests, links_do_not_wait_for_all_maps, 0, 3);
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
