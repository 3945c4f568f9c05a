// plan_steps: a plan, an event at a time, and what it says to it. For the tests of single judgements.
#pragma once
#include "master/master.h"
#include "master/plan.h"
#include "tests/main.h"

#include <racimo.h>

static plan_t *s_plan;
static action_list_t s_actions;
static message_declared_t s_declared;
static event_t s_cut;                                   // EVENT_DECLARED, to be changed by a test before s_start

static inline void s_begin (void)
{
    static const uint64_t bytes [64];
    s_plan = plan_new ();
    s_actions = (action_list_t) { 0 };
    s_declared = (message_declared_t) { .job = 1, .shuffle = 1 };
    s_cut = (event_t) { .kind = EVENT_DECLARED, .worker = 1, .job = 1, .declared = &s_declared, .tasks = 1, .bytes_of = bytes };
}

static inline void s_end (void)
{
    plan_destroy (&s_plan);
    free (s_actions.item);
}

static inline void s_step (event_t event)
{
    s_actions.count = 0;
    plan_step (s_plan, &event, &s_actions);
}

static inline const action_t *s_only (action_kind_t kind)
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

static inline uint32_t s_count (action_kind_t kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s_actions.count; i++)
        count += s_actions.item [i].kind == kind;
    return count;
}

static inline void s_join (uint64_t worker, uint64_t slots)
{
    s_step ((event_t) { .kind = EVENT_WORKER_JOINED, .worker = worker, .slots = slots });
}

// Job 1 is submitted to worker 1, declared and cut as s_cut says.
static inline void s_start (uint64_t slots)
{
    s_join (1, slots);
    s_step ((event_t) { .kind = EVENT_SUBMITTED, .job = 1 });
    s_declared.slot = s_only (ACTION_DECLARE)->slot;
    s_step (s_cut);
}

static inline void s_done (message_done_t done)
{
    done.job = 1;
    s_step ((event_t) { .kind = EVENT_DONE, .worker = 1, .done = &done });
}

static inline void s_fault (message_fault_t fault)
{
    fault.job = 1;
    fault.error = (char *) "it failed";
    s_step ((event_t) { .kind = EVENT_FAULT, .worker = 1, .fault = &fault });
}
