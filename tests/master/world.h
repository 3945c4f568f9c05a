// world: a cluster that does not exist, with jobs to do, under a plan that does not know it. For test_simulation, which lets things happen to it.
//
// It has workers with slots, letters on their way to the master, and a model of each job that knows what must come of it. What the plan orders
// is checked in world_check.c, as it is ordered; what workers make of it is in world_work.c. All chance comes from the seed.
#pragma once
#include "master/master.h"
#include "master/plan.h"
#include "tests/main.h"

#include <racimo.h>

enum { WORKERS = 1000, SLOTS = 3, JOBS = 4, TASKS = 12, PARTS = 6, LETTERS = 4096, SEGMENTS = 4096, STEPS = 200000 };

typedef struct {
    message_verb_t verb;
    uint64_t job, stage, task, attempt, segment;
    uint32_t reads, from [2 * TASKS];                   // from: workers whose segments it reads
} order_t;
typedef struct { uint32_t tasks, task [TASKS], attempt [TASKS]; uint64_t job, worker; } set_t;     // a segment, or what an executor holds
typedef struct { order_t order [PLAN_AHEAD]; uint32_t orders; set_t held [JOBS + 1]; } executor_t;       // held: by job
typedef struct { uint64_t number; uint32_t slots; bool draining, dismissed, unable; executor_t slot [SLOTS]; } node_t;     // number 0: not there

typedef struct {                                        // a message on its way to the master
    uint64_t worker, slot;
    order_t order;
    enum { LETTER_DONE, LETTER_DECLARED, LETTER_SEALED, LETTER_FAULT } kind;
    bool lost;
    uint64_t error_kind, away;
    set_t set;
} letter_t;

typedef struct {
    enum { FATE_GOOD, FATE_POISON, FATE_DATA, FATE_CANCEL } fate;
    bool shuffle, submitted, committed, finished;
    uint32_t tasks, parts, victim, reduces;
    uint32_t done [TASKS];                              // bits: attempts whose DONE the plan took
    uint32_t faults [2] [TASKS], winners [TASKS], declare_deaths, seal_faults, oddities;
    uint64_t spread;
} model_t;

typedef struct {
    uint64_t seed, counter, workers_ever;
    uint32_t early;                                     // maps that had not been done when a worker was told of a reduce task
    uint32_t nodes, cut;                                // nodes: room for so many workers; cut: in a hundred links between two of them
    int64_t now_us;
    plan_t *plan;
    action_list_t actions;
    node_t node [WORKERS];
    model_t job [JOBS + 1];                             // by number, from 1
    letter_t letter [LETTERS];
    uint32_t letters;
    set_t segment [SEGMENTS];
    bool empty [SEGMENTS];                              // has no record, and so no file
    uint32_t segments;
} world_t;

static inline uint32_t world_random (world_t *self, uint32_t below)
{
    return (uint32_t) (rac_random (self->seed, self->counter++) % below);
}

// ck_assert writes to a file each time it holds, which would take longer than all the rest.
#define DEMAND(condition) do { \
        if (!(condition)) \
            ck_abort_msg ("seed %llu: %s", (unsigned long long) self->seed, #condition); \
    } while (0)

// The plan hears of an event, and what it orders is checked and done; if it commits a job, that it is committed comes next.
void world_step (world_t *self, event_t event);
// NULL: it is not there (any more).
node_t *world_node (world_t *self, uint64_t number);
// Is anybody there who can do jobs?
bool world_able (const world_t *self);

// A slot that has orders carries out the first one, well or not, and writes a letter about it.
void world_work (world_t *self, node_t *node, uint32_t slot);
// An executor that holds something dies without having had an order.
void world_die_idle (world_t *self, node_t *node, uint32_t slot);
// The plan gets the oldest letter of some worker, perhaps twice.
void world_post (world_t *self);
