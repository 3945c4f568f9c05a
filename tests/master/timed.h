// timed: a cluster in virtual time, under a plan that does not know it: nodes with speeds, slots that work off their orders one after the other.
// For tests of how long things take and who waits for whom; that results are right whatever happens is test_simulation's.
//
// Time is the clock of the next moment, so an hour costs no more than its messages. Speeds are bytes a microsecond. There is one such cluster
// at a time, in `timed`, from timed_begin to timed_end; a test may look at all of it.
#pragma once
#include "master/plan.h"
#include "tests/main.h"

#include <racimo.h>

enum { NODES = 1000, SLOTS = 4, JOBS = 220, TASKS = 20000, SEAL_US = 2000, PARTS = 4 };

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
    bool shuffle, whole, finished;
    uint32_t reduced, seals;
    int64_t submit_us, end_us, slot_us;                 // slot_us: of slots that it has had
    int64_t ahead_us, mapped_us;                        // when a node was first told of a reduce task; when the first one was given. 0: not yet
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
    int64_t now_us, plan_us;                            // plan_us: processor time that plan_step took
    double noise, transfer;                             // share of a task's time that is chance; times as long where the bytes are not
} world_t;

extern world_t *timed;

// Before and after each test.
void timed_begin (void);
void timed_end (void);

// A node with the next number, from 1, which is not there before it joins.
node_t *timed_node (uint32_t slots, double speed);
void timed_join (node_t *node);
// A job that will be submitted: `tasks` tasks of so many bytes.
task_list_t *timed_job (const char *user, uint64_t priority, uint32_t tasks, uint64_t bytes, int64_t submit_us);
// What will happen then.
void timed_at (int64_t at_us, moment_t moment);
// Until nothing happens any more, and all jobs have ended well, or somebody wanted to LOOK at what is. False: nothing happens any more.
bool timed_run (void);
