// plan_state: what the plan knows. Private to plan*.c.
//
// Slots and what waits name a job by its number, never by its address: a job may end in the middle of a step. Workers and users stay where
// they are while they are there.
#pragma once
#include "master/plan.h"

enum {
    TASK_COST = 64 * 1024,                              // what a task costs beside its bytes, in bytes
    TASK_US = 50000,                                    // what one is taken to last as long as nothing of its kind has been measured
};

typedef struct user user_t;
typedef struct worker worker_t;

typedef enum { TASK_WAITING, TASK_GIVEN, TASK_HELD, TASK_SEALED, TASK_KEPT } task_state_t;

typedef struct {
    task_state_t state;
    uint32_t attempts;                                  // handed out so far; the current one is attempts - 1
    uint32_t faults;
    uint64_t failed_at;                                 // the worker where it failed last
    uint32_t home;                                      // index in the stage's homes, plus 1; 0: none
    bool excused;                                       // what the attempt under way reads was lost: its fault will not count
    bool named;                                         // scratch: by the SEALED in hand
    uint32_t told;                                      // its home knows of so many of the job's seals for it; 0: of none
    uint64_t bytes, rejects;
    char *part;
} task_t;

typedef struct { uint32_t *item, head, count, room; } queue_t;     // a ring

typedef struct { uint64_t worker, cost; queue_t queue; bool left; } home_t;      // left: the worker is gone; its tasks are nobody's

typedef struct {
    task_t *task;
    uint32_t tasks, ended, done;                        // ended: held, sealed or kept; done: sealed or kept
    queue_t fresh, suspect;                             // waiting: never failed and nobody's; failed before
    home_t *home;                                       // waiting: never failed, by the worker that has their bytes; ascending by its number
    uint32_t homes, waiting;                            // waiting: in all queues
    uint64_t cost;                                      // of all that wait: bytes + TASK_COST each
    uint64_t bytes;                                     // of all tasks
    double rate;                                        // us that a slot of power 1 takes for a unit of cost
    bool measured;                                      // or else it is a guess
    int64_t refused_us;                                 // since then idle slots are refused what waits; 0: none is
    uint64_t refused_step;                              // plan->step of the last refusal, and the best power that was refused in it
    double refused_power;
} stage_t;

typedef struct {
    uint64_t number, worker, bytes;
    uint32_t *task, tasks;
    char *path;                                         // empty: no record; then it is whole wherever its worker is
    wire_bytes_list_t keys;                             // the sample, copied
    wire_numbers_t weights;
} segment_t;

typedef enum { PHASE_WAITING, PHASE_DECLARING, PHASE_MAP, PHASE_REDUCE, PHASE_COMMIT } phase_t;

typedef struct { uint64_t worker, about; } complaint_t;             // worker could not fetch from `about`

typedef struct { uint64_t worker; bool unable; } ban_t;             // unable: by its own word; else others could not reach it

typedef struct job {
    uint64_t number, priority;
    user_t *user;
    struct job *next;                                   // of the same user: by priority, then in order of submission
    phase_t phase;
    bool shuffle, heavy, whole, numbered;                     // numbered: what it maps are rows, not bytes
    uint64_t spread, parts, partitions, input_bytes, max_rejects, seed;
    uint64_t rejects, bytes_done, next_segment;
    uint32_t declare_faults, seal_faults, oddities;
    uint32_t under_way;                                 // messages about it that slots were given and have not answered
    stage_t stage [2];
    segment_t *segment;
    uint32_t segments, segment_room;
    plan_segments_t reachable;                          // the segments with records; use plan_job_reachable
    bool stale;                                         // reachable is not up to date
    uint32_t seals;                                     // segments there have been
    bool ahead;                                         // its homes are to be looked at: who is told of which tasks
    bool draft;                                         // there are borders, and homes of reduce tasks, that may still change
    bool cut;                                           // the borders stand; they never change, whatever is lost afterwards
    arena_t *memory;                                    // holds the borders
    wire_bytes_t *border;                               // tasks of stage 1, less one
    complaint_t *complaint;                             // of reduce tasks of this job about workers
    uint32_t complaints;
    ban_t *banned;                                      // workers that get nothing of this job
    uint32_t bans;
} job_t;

struct user {
    user_t *next;
    char *name;
    job_t *jobs;
    bool waits;                                         // had work to hand out when last looked at
    double charged;                                     // us of slots by weight: what ended took, what is under way is expected to take
    double weight, since;                               // of what is at work: sum of weights, and of weights times the moment it began
    double pass;                                        // charged, and what is at work has taken up to now; when last looked at
};

typedef struct {
    message_verb_t verb;
    uint64_t job, stage, task, attempt, segment;
    int64_t expected_us;                                // how long it will take, to the best of our knowledge
    bool hold, alone;                                   // hold: the slot holds it afterwards; alone: nothing is given behind it
} given_t;

typedef struct slot {
    worker_t *worker;
    given_t given [PLAN_AHEAD];                         // in the order of their answers
    uint32_t givens;
    int64_t since_us;                                   // the first of them is at work since then
    uint64_t held_job, held_bytes;                      // of what it holds
    uint32_t *held, helds, room;                        // tasks of stage 0
    bool idle;                                          // is in plan->idle: was given nothing
    struct slot *idle_next, *idle_before;
} slot_t;

struct worker {
    uint64_t number;
    slot_t *slot;
    uint32_t slots;
    bool draining, dismissed;
    bool measured, streams;                             // has done a task; its last map task had to be fetched
    double power;                                       // how fast a slot is, others being about 1
    double bytes_per_us;                                // of input that a slot maps; 0: not known
    uint64_t refused_step;                              // plan->step in which a slot that holds nothing got nothing
};

struct plan {
    job_t **job;                                        // ascending by number
    uint32_t jobs;
    user_t *users;
    double pass;                                        // of the user who was served last: where those begin who come back
    worker_t **worker;                                  // ascending by number
    uint32_t workers, slots, draining, idles;           // slots: that may be given work; idles: those without work
    double power;                                       // of all slots that may be given work
    slot_t *idle, *idle_last;                           // the slots without work, longest first; not those of draining workers
    slot_t *answered;                                   // whose message this step is about; NULL: nobody's
    bool ahead;                                         // of a job
    uint64_t step;
    int64_t now_us;
    arena_t *memory;                                    // what the actions of this step point to
    action_list_t *actions;                             // of this step
};

// plan_stage.c: makes the tasks of a stage, all waiting, in the order of seed (0: their own). bytes: nullable.
void stage_fill (stage_t *self, uint32_t tasks, const uint64_t *bytes, uint64_t seed);
void stage_free (stage_t *self);
// Tasks that wait go to the queues of the workers that they are to wait for; 0, and workers that are not there: nobody's.
void stage_settle (stage_t *self, const plan_t *plan, const uint64_t *home_of);
void stage_unsettle (stage_t *self, uint64_t worker);   // what waits for it waits for anybody
home_t *stage_home (const stage_t *self, uint64_t worker);          // or NULL
uint64_t stage_cost (const stage_t *self, uint32_t task);
uint32_t stage_take (stage_t *self, queue_t *queue, bool last);     // the first one or the last, now given
// Brings one that has failed to the front of `suspect`, at best one that has not failed at that worker. False: all of them have.
bool stage_retry (stage_t *self, uint64_t worker);
void stage_wait (stage_t *self, uint32_t task);         // back into the queue where it belongs

// plan_job.c
job_t *plan_job_new (uint64_t number);
void plan_job_destroy (job_t **self_p);
stage_t *plan_job_stage (job_t *self);                  // the one whose tasks may be handed out now
// A task goes back to the queue, whatever became of it: given, held or sealed.
void plan_job_requeue (job_t *self, uint32_t stage, uint32_t task);
void plan_job_task_ended (job_t *self, uint32_t stage, uint32_t task, task_state_t state);
void plan_job_segment_add (job_t *self, uint64_t worker, const message_sealed_t *sealed);
void plan_job_segments_lost (job_t *self, uint64_t worker);         // those with records: the others have nothing to lose
bool plan_job_reads (const job_t *self, uint64_t worker);           // does it still need segments of that worker?
const plan_segments_t *plan_job_reachable (job_t *self);

// plan_users.c: whose turn it is.
job_t *plan_job (const plan_t *self, uint64_t number);  // or NULL
void plan_job_enter (plan_t *self, uint64_t number, const char *user, uint64_t priority);
void plan_job_leave (plan_t *self, job_t *job);         // destroys it
bool plan_job_waits (job_t *job);                       // has something to hand out
void plan_user_look (plan_t *self, user_t *user);       // whether he has something to hand out, and from which pass he goes on
void plan_user_charge (const job_t *job, int64_t us);   // for a task that is given
void plan_user_correct (const job_t *job, int64_t charged_us, int64_t us);      // for one that has ended
void plan_user_begin (const job_t *job, int64_t now_us);            // a task of his is at work
void plan_user_end (const job_t *job, int64_t since_us);            // no more
void plan_users_free (plan_t *self);                    // of a plan without jobs

// plan_borders.c: the borders of stage 1 and with them its number of tasks, which is returned. part: of the input, that the segments are of.
uint32_t plan_job_cut (job_t *self, double part);
uint32_t plan_job_parts (const job_t *self);            // of RAC_HASH and RAC_CHOSEN; known before the maps

// plan_place.c: makes the tasks of stage 1, each with the bytes that it has to read and the worker at which it should run.
// Tasks of which a worker has been told stay there, up to its share. plan_job_spread: the bytes that each range has.
void plan_job_place (plan_t *self, job_t *job, uint32_t ranges);
uint64_t *plan_job_spread (const job_t *job, uint32_t ranges);

// plan_slots.c
worker_t *plan_worker (const plan_t *self, uint64_t number);        // or NULL
slot_t *plan_slot (const plan_t *self, uint64_t worker, uint64_t slot);     // or NULL
void plan_worker_enter (plan_t *self, uint64_t number, uint32_t slots);
void plan_worker_drain (plan_t *self, worker_t *worker);            // gets nothing more, and nothing waits for it
void plan_worker_leave (plan_t *self, worker_t *worker);            // destroys it
void slot_hold (slot_t *self, const job_t *job, uint32_t task);
void slot_drop_held (slot_t *self, job_t *job);         // back to the queue, if it is of that job
void slot_assign (plan_t *self, slot_t *slot, given_t given);
given_t slot_release (plan_t *self, slot_t *slot, uint32_t at);        // no more under way; its user is charged what it took
// Removes what the slot was given and now has answered. False: it was never given, or has been answered before.
bool slot_answered (plan_t *self, slot_t *slot, given_t answer);
uint32_t slot_will_hold (const slot_t *self, uint64_t *job);        // when all that it was given is done: so many tasks of *job
int64_t slot_busy_us (const slot_t *self, int64_t now_us);          // until it has nothing to do, as far as we know

// plan_speed.c: what was measured, and what follows.
void plan_learn (plan_t *self, worker_t *worker, job_t *job, const message_done_t *done);
int64_t plan_expect (const worker_t *worker, const stage_t *stage, uint64_t cost);          // us
// Would this slot end a task of that cost, which waits for anybody, when all that waits could have been done by others?
bool plan_ends_late (plan_t *self, const slot_t *slot, const job_t *job, stage_t *stage, uint64_t cost);
// The home from which this slot should take a task, since it would end later there; or NULL.
home_t *plan_steal (plan_t *self, const slot_t *slot, const job_t *job, stage_t *stage);

// plan_give.c: work for every slot that has room.
void plan_hand_out (plan_t *self);

// plan_ahead.c: at a step's end, what workers may fetch before it is theirs; something has changed in that.
void plan_look_ahead (plan_t *self);
void plan_ahead_due (plan_t *self, job_t *job);
void plan_ahead_not (plan_t *self, job_t *job, uint32_t task);      // another worker than its home gets it
void plan_ahead_none (plan_t *self, job_t *job);        // tasks are cut anew
wire_bytes_t plan_low (const job_t *job, uint64_t range);           // the borders of a range; of none: empty
wire_bytes_t plan_high (const job_t *job, uint64_t range);

// plan_draft.c: before the maps are done. Should the slot be sealed although there is more to map? A segment has come: borders that may still change;
// all have come: the borders.
bool plan_seals_early (const plan_t *self, const slot_t *slot);
void plan_draft (plan_t *self, job_t *job);
void plan_settle_borders (plan_t *self, job_t *job);

// plan_away.c: workers that others cannot reach, and workers that cannot do a job.
bool plan_may_take (const job_t *job, uint64_t worker); // what the job hands out now
bool plan_has_others (const plan_t *self, const job_t *job, uint64_t worker);               // may somebody else take it?
void plan_complain (plan_t *self, job_t *job, uint64_t worker, uint64_t about);             // it could not fetch from `about`
bool plan_ban (plan_t *self, job_t *job, uint64_t worker);          // it can do nothing of this job. False: nobody is left who could
void plan_away_forget (job_t *job, uint64_t worker);    // the worker is gone, and with it all complaints by it and about it
void plan_away_judge (plan_t *self, job_t *job);        // when there are fewer workers: who can still reach whom?

// plan_workers.c: the events; and at a step's end, who drains and is not needed any more.
void plan_joined (plan_t *self, const event_t *event);
void plan_lost (plan_t *self, const event_t *event);
void plan_draining (plan_t *self, const event_t *event);
void plan_dismiss (plan_t *self);

// plan_faults.c: the event.
void plan_fault (plan_t *self, const event_t *event);

// plan.c: appends an action (job NULL: about none); ends a job; moves it on when a stage is complete, or back when it is not any more;
// counts what no task is to blame for; a copy that lives as long as the step's actions.
action_t *plan_act (plan_t *self, action_kind_t kind, const job_t *job);
action_t *plan_finish (plan_t *self, job_t *job, uint64_t exit_code, const char *error, const char *compiler);
void plan_advance (plan_t *self, job_t *job);
void plan_odd (plan_t *self, job_t *job, const char *what);
const char *plan_keep_text (plan_t *self, const char *text);
