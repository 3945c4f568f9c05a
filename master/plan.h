// plan: the master's whole judgement, as a state machine without I/O, clock or chance of its own.
//
// plan_step takes one event and appends actions; the shell around it (master/shell.h) turns sockets and timers into events, and actions
// into messages and renames. Time comes inside the events. The same code runs under the sockets and under the simulator in tests/master.
//
// Invariants: a task is committed at most once; a reduce task's segments cover every map task exactly once; a result that is not that
// of the current attempt at that place (worker, slot, task, attempt) changes nothing; a task's own faults (at most PLAN_ATTEMPTS) end the
// job, the loss of a worker or of what a slot held never does.
//
// A map task's life: waiting -> running -> held (done, in an executor's memory) -> sealed (in a segment). A slot keeps mapping as
// long as there are tasks, and is asked to seal when none wait, or before when it holds so much that others could fetch (plan_draft.c); a
// task that has failed before is run only by a slot that holds nothing, so that a poisoned record costs its own attempts and nothing else.
// Tasks of a map-only job and of reduce go from running to committed. Stages are numbered: 0 map, 1 reduce.
//
// A slot is given at most PLAN_AHEAD messages that it has not answered. It answers each once and in order, so the plan knows at every
// moment what the slot holds: the DONEs since its last SEALED or death, all of one job. A SEALED that names any other set is thrown away.
//
// Many jobs at a time: slots are shared among the users who have work, by the time that each has had, weighted by priority (plan_users.c);
// a user's jobs come by priority and then in the order of submission. A slot changes its job only between tasks, and is sealed first. Where
// tasks run: a worker first takes tasks whose bytes it has (home), then those of nobody, then those of others if they would end later
// there, by the speeds measured; a slot that would end after all others is given nothing more (plan_speed.c). A worker is told of reduce tasks
// that wait for it, so that it fetches for them meanwhile (plan_ahead.c). None of this can change a result, only its time.
//
// A step costs what has changed, not what there is: it looks at the slot that answered and at the idle ones.
#pragma once
#include "wire/message.h"

enum {
    PLAN_ATTEMPTS = 4,
    PLAN_AHEAD = 3,                                     // one at work, one that is ready, and one that is being fetched where input is fetched
    PLAN_HELD = 4500,                                   // tasks in a segment: what a SEALED can name within MESSAGE_LIMIT
    PLAN_NEAR = 12,                                     // reduce tasks that wait for a worker and of which it is told
    PLAN_ODDITIES = 64,                                 // deaths between messages, segments that do not fit: then the job fails
    PLAN_AWAY = 3,                                      // workers that could not fetch from another: then its segments count as lost
    PLAN_PRIORITY = 100,                                // the usual one; more than twice as much is as twice as much
    PLAN_PARTS = 65536,                                 // the prefix of a partition has two bytes
};

typedef struct plan plan_t;

typedef enum {
    EVENT_WORKER_JOINED, EVENT_WORKER_LOST,             // worker, slots
    EVENT_WORKER_DRAINING,                              // worker: gets nothing new; ACTION_DISMISS once nothing of it is needed
    EVENT_SUBMITTED,                                    // job, user, priority
    EVENT_DECLARED,                                     // worker, job: declared + the cut: tasks, bytes_of; or error + error_kind
    EVENT_DONE, EVENT_SEALED,                           // worker + the message
    EVENT_FAULT,                                        // the same; away: a worker it could not fetch from, or itself: it can do nothing of the job
    EVENT_CANCELLED,                                    // job; exit_code, error: what to say
    EVENT_COMMITTED, EVENT_COMMIT_FAILED,               // job: the answer to ACTION_COMMIT; error
} event_kind_t;

typedef struct {
    event_kind_t kind;
    int64_t now_us;
    uint64_t worker, slots, job;
    const message_declared_t *declared; const message_done_t *done; const message_sealed_t *sealed; const message_fault_t *fault;
    uint32_t tasks; const uint64_t *bytes_of;           // EVENT_DECLARED: map tasks, in input order
    uint64_t input_bytes, shuffle_seed, partitions;     // EVENT_DECLARED; partitions: 0: by size
    uint64_t max_rejects;                               // EVENT_DECLARED
    const char *user; uint64_t priority;                // EVENT_SUBMITTED; user NULL: everybody's
    const uint64_t *home_of;                            // EVENT_DECLARED: worker that has most of each map task's bytes, 0: none; NULL: no homes
    const char *error; uint64_t error_kind, exit_code;
} event_t;

typedef enum {
    ACTION_DECLARE,                                     // worker, slot, job
    ACTION_MAP,                                         // worker, slot, job, task, attempt, hold, parts
    ACTION_SEAL,                                        // worker, slot, job, segment
    ACTION_REDUCE,                                      // worker, slot, job, task, attempt; segments, low, high
    ACTION_KEEP,                                        // stage, task, attempt; part, or NULL: the DONE in hand counts, until the next KEEP of that task
    ACTION_DROP,                                        // part: the file of an attempt that came too late
    ACTION_ABANDON,                                     // worker, slot, job, stage, task, attempt
    ACTION_AHEAD,                                       // worker, job, task; segments (so far), low, high: it may come there; segments NULL: it will not
    ACTION_COMMIT,                                      // job: put all kept parts in place, in task order
    ACTION_DISMISS,                                     // worker: it was draining and may stop
    ACTION_FINISH                                       // job: exit_code, error, compiler; tell the client, FORGET at the workers
} action_kind_t;

typedef struct { wire_texts_t paths; wire_numbers_t owners, numbers, bytes; } plan_segments_t;     // of the segments with records

typedef struct {
    action_kind_t kind;
    uint64_t worker, slot, job, stage, task, attempt, segment;
    const char *part;                                   // as the executor named it
    bool hold; uint64_t parts;
    const plan_segments_t *segments; wire_bytes_t low, high; bool last;
    uint64_t exit_code; const char *error, *compiler;   // FINISH; faults > 0: `task` of `stage` failed so often
    uint32_t faults;
} action_t;                                             // what it points to is the plan's, good until the next step

typedef struct { action_t *item; uint32_t count, room; } action_list_t;

plan_t *plan_new (void);
void plan_destroy (plan_t **self_p);
void plan_step (plan_t *self, const event_t *event, action_list_t *actions);    // appends
void plan_state (const plan_t *self, uint64_t job, message_state_t *into);      // for progress; bytes under way are the shell's
// For `racimo nodes`: slots at work and the measured bytes a second of one; for `racimo jobs`: slots that work for it.
void plan_worker_state (const plan_t *self, uint64_t worker, uint64_t *busy, uint64_t *bytes_per_s);
uint64_t plan_job_slots (const plan_t *self, uint64_t job);
