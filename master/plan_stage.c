// plan_stage: the tasks of a stage and the queues in which they wait.
//
// A task that has failed waits in `suspect`; one that should run where its bytes are waits for that worker, in a queue of its home; all
// others in `fresh`. Owners take from the front of a home's queue and thieves from its end, so that an owner goes on in the order of the
// input, which is the order of its disk and of its read-ahead. Counts and costs move with the tasks in three places: stage_take,
// stage_wait and plan_job_task_ended.
#include "master/plan_state.h"

#include <assert.h>
#include <string.h>

// ---- queues

static void s_push (queue_t *self, uint32_t item)
{
    if (self->count == self->room) {
        uint32_t room = self->room ? self->room * 2 : 64;
        uint32_t *bigger = memory_new (room * sizeof *bigger);
        for (uint32_t i = 0; i < self->count; i++)
            bigger [i] = self->item [(self->head + i) % self->room];
        free (self->item);
        *self = (queue_t) { bigger, 0, self->count, room };
    }
    self->item [(self->head + self->count++) % self->room] = item;
}

static uint32_t s_pop (queue_t *self, bool last)
{
    assert (self->count);
    self->count--;
    if (last)
        return self->item [(self->head + self->count) % self->room];
    uint32_t item = self->item [self->head];
    self->head = (self->head + 1) % self->room;
    return item;
}

// ---- filling

static uint64_t s_random (uint64_t *seed)               // SplitMix64
{
    uint64_t x = *seed += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

void stage_fill (stage_t *self, uint32_t tasks, const uint64_t *bytes, uint64_t seed)
{
    self->task = memory_new (tasks * sizeof *self->task);
    self->tasks = self->waiting = tasks;
    for (uint32_t i = 0; i < tasks; i++) {
        self->task [i].bytes = bytes ? bytes [i] : 0;
        self->cost += stage_cost (self, i);
        self->bytes += self->task [i].bytes;
        s_push (&self->fresh, i);
    }
    self->rate = tasks ? (double) TASK_US * tasks / (double) self->cost : 1;
    for (uint32_t i = tasks; seed && i > 1; i--) {      // Fisher and Yates
        uint32_t other = (uint32_t) (s_random (&seed) % i), was = self->fresh.item [i - 1];
        self->fresh.item [i - 1] = self->fresh.item [other];
        self->fresh.item [other] = was;
    }
}

void stage_free (stage_t *self)
{
    for (uint32_t i = 0; i < self->tasks; i++)
        free (self->task [i].part);
    for (uint32_t i = 0; i < self->homes; i++)
        free (self->home [i].queue.item);
    free (self->task);
    free (self->home);
    free (self->fresh.item);
    free (self->suspect.item);
}

// ---- homes

home_t *stage_home (const stage_t *self, uint64_t worker)
{
    uint32_t low = 0, high = self->homes;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (self->home [middle].worker < worker)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->homes && self->home [low].worker == worker ? &self->home [low] : NULL;
}

static void s_join_home (stage_t *self, uint32_t index, home_t *home)
{
    self->task [index].home = (uint32_t) (home - self->home) + 1;
    home->cost += stage_cost (self, index);
    s_push (&home->queue, index);
}

void stage_settle (stage_t *self, const plan_t *plan, const uint64_t *home_of)
{
    self->home = memory_new (plan->workers * sizeof *self->home);
    for (uint32_t w = 0; w < plan->workers; w++)
        if (!plan->worker [w]->draining)
            self->home [self->homes++] = (home_t) { .worker = plan->worker [w]->number };
    for (uint32_t count = self->fresh.count; count; count--) {
        uint32_t index = s_pop (&self->fresh, false);
        home_t *home = home_of [index] ? stage_home (self, home_of [index]) : NULL;
        if (home)
            s_join_home (self, index, home);
        else
            s_push (&self->fresh, index);
    }
}

void stage_unsettle (stage_t *self, uint64_t worker)
{
    home_t *home = stage_home (self, worker);
    if (!home)
        return;
    while (home->queue.count)
        s_push (&self->fresh, s_pop (&home->queue, false));
    home->cost = 0;
    home->left = true;
}

// ---- waiting

uint64_t stage_cost (const stage_t *self, uint32_t task)
{
    return self->task [task].bytes + TASK_COST;
}

uint32_t stage_take (stage_t *self, queue_t *queue, bool last)
{
    uint32_t index = s_pop (queue, last);
    task_t *task = &self->task [index];
    assert (task->state == TASK_WAITING);
    task->state = TASK_GIVEN;
    task->excused = false;
    task->attempts++;
    self->waiting--;
    self->cost -= stage_cost (self, index);
    if (task->home && queue == &self->home [task->home - 1].queue)
        self->home [task->home - 1].cost -= stage_cost (self, index);
    self->refused_us = 0;
    return index;
}

bool stage_retry (stage_t *self, uint64_t worker)
{
    queue_t *queue = &self->suspect;
    for (uint32_t i = 0; i < queue->count; i++) {
        if (self->task [queue->item [queue->head]].failed_at != worker)
            return true;
        s_push (queue, s_pop (queue, false));
    }
    return false;
}

void stage_wait (stage_t *self, uint32_t index)
{
    task_t *task = &self->task [index];
    home_t *home = task->home ? &self->home [task->home - 1] : NULL;
    task->state = TASK_WAITING;
    self->waiting++;
    self->cost += stage_cost (self, index);
    if (task->faults)
        s_push (&self->suspect, index);
    else if (home && !home->left)
        s_join_home (self, index, home);
    else
        s_push (&self->fresh, index);
}
