// plan_state: what the plan knows. Private to plan*.c.
#pragma once
#include "master/plan.h"

typedef enum { TASK_WAITING, TASK_GIVEN, TASK_HELD, TASK_SEALED, TASK_KEPT } task_state_t;

typedef struct {
    task_state_t state;
    uint32_t attempts;                                  // handed out so far; the current one is attempts - 1
    uint32_t faults;
    bool excused;                                       // what the attempt under way reads was lost: its fault will not count
    bool named;                                         // scratch: by the SEALED in hand
    uint64_t bytes, rejects;
    char *part;
} task_t;

typedef struct { uint32_t *item, head, count, room; } queue_t;     // a ring

typedef struct {
    task_t *task;
    uint32_t tasks, given, ended, done;                 // ended: held, sealed or kept; done: sealed or kept
    queue_t fresh, suspect;                             // waiting: never failed; failed before
} stage_t;

typedef struct {
    uint64_t number, worker, bytes;
    uint32_t *task, tasks;
    char *path;
    wire_bytes_list_t keys;                             // the sample, copied
    wire_numbers_t weights;
} segment_t;

typedef enum { PHASE_WAITING, PHASE_DECLARING, PHASE_MAP, PHASE_REDUCE, PHASE_COMMIT } phase_t;

typedef struct job {
    struct job *next;                                   // in order of submission; the first is the active one
    uint64_t number;
    phase_t phase;
    bool shuffle, heavy;
    uint64_t spread, parts, partitions, input_bytes, max_rejects, seed;
    uint64_t rejects, bytes_done, next_segment;
    uint32_t declare_faults, seal_faults, oddities;
    stage_t stage [2];
    segment_t *segment;
    uint32_t segments;
    plan_segments_t reachable;                          // the segments with records
    bool cut;                                           // the borders stand; they never change, whatever is lost afterwards
    arena_t *memory;                                    // holds the borders
    wire_bytes_t *border;                               // tasks of stage 1, less one
} job_t;

typedef struct { message_verb_t verb; uint64_t stage, task, attempt, segment; } given_t;

typedef struct {
    given_t given [PLAN_AHEAD];
    uint32_t givens;
    uint32_t *held, helds, room;                        // tasks of stage 0
} slot_t;

typedef struct { uint64_t number; slot_t *slot; uint32_t slots; } worker_t;

struct plan {
    job_t *jobs;
    worker_t *worker;
    uint32_t workers, slots;
    arena_t *memory;                                    // what the actions of this step point to
    action_list_t *actions;                             // of this step
};

// plan_job.c
job_t *plan_job_new (uint64_t number);
void plan_job_destroy (job_t **self_p);
// Makes the tasks of a stage, all waiting, in the order of seed (0: their own). bytes: nullable.
void stage_fill (stage_t *self, uint32_t tasks, const uint64_t *bytes, uint64_t seed);
uint32_t stage_take (stage_t *self, queue_t *queue);    // the next one, now given
// A task goes back to the queue, whatever became of it: given, held or sealed.
void plan_job_requeue (job_t *self, uint32_t stage, uint32_t task);
void plan_job_task_ended (job_t *self, uint32_t stage, uint32_t task, task_state_t state);
void plan_job_segment_add (job_t *self, uint64_t worker, const message_sealed_t *sealed);
void plan_job_segments_lost (job_t *self, uint64_t worker);

// plan_borders.c: the borders of stage 1 and with them its number of tasks, which is returned.
uint32_t plan_job_cut (job_t *self);
uint32_t plan_job_parts (const job_t *self);                 // of RAC_HASH and RAC_CHOSEN; known before the maps

// plan_slots.c
worker_t *plan_worker (plan_t *self, uint64_t number);              // or NULL
slot_t *plan_slot (plan_t *self, uint64_t worker, uint64_t slot);   // or NULL
void slot_hold (slot_t *self, uint32_t task);
void slot_drop_held (slot_t *self, job_t *job);         // back to the queue
// Removes what the slot was given and now has answered. False: it was never given, or has been answered before.
bool slot_answered (slot_t *self, given_t answer);

// plan_give.c: work for every slot that has room.
void plan_hand_out (plan_t *self);

// plan_faults.c: the event.
void plan_fault (plan_t *self, const event_t *event);

// plan.c: appends an action; ends a job; counts what no task is to blame for; a copy that lives as long as the step's actions.
action_t *plan_act (plan_t *self, action_kind_t kind, const job_t *job);
action_t *plan_finish (plan_t *self, job_t *job, uint64_t exit_code, const char *error, const char *compiler);
void plan_odd (plan_t *self, job_t *job, const char *what);
const char *plan_keep_text (plan_t *self, const char *text);
