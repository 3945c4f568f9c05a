// Where map tasks should run: what was learned, and how the rest is dealt out.
#include "master/homes.h"
#include "tests/main.h"

#include <stdio.h>

enum { TASKS = 60, MIB = 1 << 20 };

static homes_t *s_homes;
static plan_t *s_plan;
static roster_t s_roster;
static work_t s_work;
static input_file_t s_file;
static input_split_t s_split [TASKS];

static member_t *s_join (const char *key, uint64_t slots)
{
    peer_id_t id = { .size = 1, .bytes = { (uint8_t) s_roster.last } };
    member_t *member = roster_add (&s_roster, &id, &(message_hello_t) { .slots = slots, .node = (char *) key });
    snprintf (member->key, sizeof member->key, "%s", key);
    action_list_t actions = { 0 };
    plan_step (s_plan, &(event_t) { .kind = EVENT_WORKER_JOINED, .worker = member->number, .slots = slots }, &actions);
    free (actions.item);
    return member;
}

static void s_cut (uint64_t chunk)
{
    s_work.tasks = (uint32_t) (s_file.size / chunk);
    for (uint32_t t = 0; t < s_work.tasks; t++)
        s_split [t] = (input_split_t) { 0, t * chunk, chunk };
}

static void s_begin (void)
{
    s_homes = homes_new ();
    s_plan = plan_new ();
    s_file = (input_file_t) { .path = (char *) "/data", .size = (uint64_t) TASKS * MIB, .inode = 5, .device = 6, .mtime_ns = 7, .ctime_ns = 8 };
    s_work = (work_t) { .inputs = { &s_file, 1 }, .split = s_split };
    s_roster = (roster_t) { 0 };
    s_cut (MIB);
}

static void s_end (void)
{
    homes_destroy (&s_homes);
    plan_destroy (&s_plan);
    roster_free (&s_roster);
}

static void s_learn (uint64_t worker, uint32_t task, uint64_t moved)
{
    message_done_t done = { .task = task, .bytes_in = s_split [task].length, .moved = moved };
    homes_learn (s_homes, &s_work, roster_find (&s_roster, worker), &done);
}

static uint32_t s_count (const uint64_t *homes, uint64_t worker)
{
    uint32_t count = 0;
    for (uint32_t t = 0; t < s_work.tasks; t++)
        count += homes [t] == worker;
    return count;
}

static uint32_t s_borders (const uint64_t *homes)
{
    uint32_t borders = 0;
    for (uint32_t t = 1; t < s_work.tasks; t++)
        borders += homes [t] != homes [t - 1];
    return borders;
}

START_TEST (test_stretches)
{
    ck_assert_ptr_null (homes_of (s_homes, &s_work, &s_roster, s_plan));
    s_join ("a", 1);
    ck_assert_ptr_null (homes_of (s_homes, &s_work, &s_roster, s_plan));        // nothing to choose from
    s_join ("b", 2);
    s_join ("c", 3);
    uint64_t *homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    ck_assert_uint_eq (s_count (homes, 1), 10);
    ck_assert_uint_eq (s_count (homes, 2), 20);
    ck_assert_uint_eq (s_count (homes, 3), 30);
    ck_assert_uint_eq (s_borders (homes), 2);
    free (homes);
    roster_find (&s_roster, 3)->draining = true;
    homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    ck_assert_uint_eq (s_count (homes, 3), 0);
    free (homes);
}
END_TEST

START_TEST (test_learned)
{
    s_join ("a", 1);
    s_join ("b", 1);
    for (uint32_t t = 0; t < TASKS; t++)
        s_learn (t < 45 ? 2 : 1, t, MIB);
    uint64_t *homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    for (uint32_t t = 0; t < TASKS; t++)
        ck_assert_uint_eq (homes [t], t < 45 ? 2 : 1);
    free (homes);
    s_cut (4 * MIB);                                    // another job, other splits
    homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    for (uint32_t t = 0; t < s_work.tasks; t++)
        ck_assert_uint_eq (homes [t], t < 11 ? 2 : 1);  // of the twelfth, b has one block of four
    free (homes);
    s_file.ctime_ns++;                                  // written to: another file
    homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    ck_assert_uint_eq (s_borders (homes), 1);
    ck_assert_uint_eq (homes [0], 1);
    free (homes);
}
END_TEST

// A worker comes back under another number; its cache is what it was.
START_TEST (test_second_life)
{
    s_join ("a", 1);
    s_join ("b", 1);
    for (uint32_t t = 0; t < TASKS; t++)
        s_learn (t % 2 ? 2 : 1, t, MIB);
    roster_remove (&s_roster, 0);
    ck_assert_uint_eq (s_join ("a", 1)->number, 3);
    uint64_t *homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    for (uint32_t t = 0; t < TASKS; t++)
        ck_assert_uint_eq (homes [t], t % 2 ? 2 : 3);
    free (homes);
}
END_TEST

// A few bytes of the next block, or a task that found all in its cache, do not move anybody's home.
START_TEST (test_not_moved)
{
    s_join ("a", 1);
    s_join ("b", 1);
    s_learn (1, 7, MIB);
    s_learn (2, 7, 70000);
    s_learn (2, 7, 0);
    s_learn (2, 8, 0);                                  // nobody's: was brought for the task before
    uint64_t *homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    ck_assert_uint_eq (homes [7], 1);
    ck_assert_uint_eq (homes [8], 2);
    free (homes);
}
END_TEST

// More files than it remembers, and one that is too large for a grain a block.
START_TEST (test_bounded)
{
    s_join ("a", 1);
    s_join ("b", 1);
    for (uint64_t i = 0; i < 6000; i++) {
        s_file.inode = 100 + i;
        s_learn (2, 0, MIB);
    }
    uint64_t *homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    ck_assert_uint_eq (homes [0], 2);
    free (homes);
    s_file.inode = 100;                                 // forgotten
    homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    ck_assert_uint_eq (homes [0], 1);
    free (homes);
    s_file.inode = 99;
    s_file.size = UINT64_C (1) << 44;
    s_cut (s_file.size / 50);
    for (uint32_t t = 0; t < s_work.tasks; t++)
        s_learn (t < 20 ? 2 : 1, t, s_split [t].length);
    homes = homes_of (s_homes, &s_work, &s_roster, s_plan);
    ck_assert_uint_eq (s_count (homes, 2), 20);
    free (homes);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_stretches, test_learned, test_second_life, test_not_moved, test_bounded };
    return main_run ("homes", s_begin, s_end, tests, COUNT_OF (tests));
}
