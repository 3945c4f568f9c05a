// executor: see executor.h.
//
// A LOAD is only kept; the engine is made when the first task of its job arrives, so that whatever goes wrong with it (and a
// crash in the job's own declaration) belongs to an attempt. Usually one job is loaded; a second one may come while the first
// still holds results. A job's last FORGET ends the process: the next job begins in a fresh one, with nothing of this one's heap.
//
// A job's function that forks and returns in both processes would have two executors answer: only the process that was forked by
// the zygote may.
#include "worker/executor.h"
#include "base/clock.h"
#include "wire/pipe.h"
#include "worker/guard.h"
#include "worker/order.h"
#include <string.h>
#include <unistd.h>

typedef struct {
    message_t load;
    message_t sides;                                    // the last SIDES; verb 0: none yet
    engine_t *engine;                                   // NULL: not made yet
} loaded_t;

typedef struct {
    int channel;
    pid_t pid;
    position_t *position;
    guard_t guard;
    loaded_t *job;
    uint32_t jobs;
} executor_t;

static loaded_t *s_find (executor_t *self, uint64_t job)
{
    for (uint32_t i = 0; i < self->jobs; i++)
        if (self->job [i].load.load.job == job)
            return &self->job [i];
    return NULL;
}

static void s_load (executor_t *self, message_t *load)
{
    self->job = memory_grow (self->job, (self->jobs + 1) * sizeof *self->job);
    self->job [self->jobs++] = (loaded_t) { .load = *load };
    *load = (message_t) { 0 };
}

static void s_keep_sides (executor_t *self, message_t *sides)
{
    loaded_t *loaded = s_find (self, sides->sides.job);
    if (!loaded)
        return;
    message_free (&loaded->sides);
    loaded->sides = *sides;
    *sides = (message_t) { 0 };
}

static engine_t *s_engine (executor_t *self, uint64_t job, error_t *error)
{
    loaded_t *loaded = s_find (self, job);
    if (!loaded) {
        error_set (error, "job %llu is not loaded in this executor", (unsigned long long) job);
        return NULL;
    }
    if (!loaded->engine)
        loaded->engine = engine_new (&loaded->load.load, self->position, error);
    if (loaded->engine) {
        engine_guard (loaded->engine, &self->guard.input);
        engine_sides (loaded->engine, &loaded->sides.sides);
    }
    return loaded->engine;
}

static void s_answer (executor_t *self, const message_t *answer)
{
    if (getpid () != self->pid)
        _exit (0);
    error_t error = { 0 };
    status_t rc = message_send (self->channel, answer, &error);
    if (!rc)
        return;
    message_t fault = { .verb = MESSAGE_FAULT, .fault = { .error = error.text, .compiler = "" } };
    if (rc == TRUNCATED || answer->verb == MESSAGE_FAULT || message_send (self->channel, &fault, NULL))
        _exit (EXECUTOR_CHANNEL);
}

// The worker knows which attempt is under way and fills in its numbers.
static void s_answer_fault (executor_t *self, const error_t *error, bool lost)
{
    message_t fault = { .verb = MESSAGE_FAULT, .fault = { .kind = error->kind, .lost = lost, .error = (char *) error->text, .compiler = "" } };
    s_answer (self, &fault);
}

static void s_declare (executor_t *self, const message_t *task)
{
    error_t error = { 0 };
    engine_t *engine = s_engine (self, task->declare.job, &error);
    message_t answer = { .verb = MESSAGE_DECLARED };
    if (!engine) {
        s_answer_fault (self, &error, false);
        return;
    }
    engine_describe (engine, &answer.declared);
    order_stamp (task, &answer);
    s_answer (self, &answer);
}

static void s_run_task (executor_t *self, const message_t *task)
{
    error_t error = { 0 };
    message_t answer = { .verb = task->verb == MESSAGE_SEAL ? MESSAGE_SEALED : MESSAGE_DONE };
    engine_t *engine = s_engine (self, order_ids (task).job, &error);
    status_t rc = FAILED;
    guard_begin (&self->guard, task);
    if (engine && task->verb == MESSAGE_MAP)
        rc = engine_map (engine, &task->map, &answer.done, &error);
    else if (engine && task->verb == MESSAGE_SEAL)
        rc = engine_seal (engine, &task->seal, &answer.sealed, &error);
    else if (engine)
        rc = engine_reduce (engine, &task->reduce, &answer.done, &error);
    order_stamp (task, &answer);
    if (rc)                                             // a map's rows are folded into those of the tasks held: all of it is void
        s_answer_fault (self, &error, task->verb == MESSAGE_MAP && task->map.hold);
    else
        s_answer (self, &answer);
}

static void s_forget (executor_t *self, uint64_t job)
{
    loaded_t *loaded = s_find (self, job);
    if (!loaded)
        return;
    engine_destroy (&loaded->engine);
    message_free (&loaded->load);
    message_free (&loaded->sides);
    *loaded = self->job [--self->jobs];
    if (!self->jobs)
        _exit (0);
}

static void s_serve (executor_t *self, message_t *message)
{
    self->position->offset = self->position->bytes = self->position->rows = 0;
    self->position->busy_since_us = (uint64_t) clock_us ();
    if (message->verb == MESSAGE_LOAD)
        s_load (self, message);
    else if (message->verb == MESSAGE_SIDES)
        s_keep_sides (self, message);
    else if (message->verb == MESSAGE_DECLARE)
        s_declare (self, message);
    else if (message->verb == MESSAGE_FORGET)
        s_forget (self, message->forget.job);
    else if (order_is (message))
        s_run_task (self, message);
    self->position->busy_since_us = 0;
}

void executor_run (int channel, position_t *position)
{
    executor_t self = { .channel = channel, .pid = getpid (), .position = position };
    guard_init (&self.guard, channel);
    for (;;) {
        message_t message = { 0 };
        if (!guard_kept (&self.guard, &message) && message_receive (channel, &message, NULL))
            break;
        s_serve (&self, &message);
        message_free (&message);
    }
    while (self.jobs)
        s_forget (&self, self.job [0].load.load.job);
    _exit (0);
}
