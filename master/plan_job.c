// plan_job: the tasks of a job, which of them wait, and the segments that hold their results.
//
// Counts are kept beside the states and move with them in three places only: stage_take, plan_job_task_ended, plan_job_requeue.
#include "master/plan_state.h"

#include <assert.h>
#include <string.h>

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

static uint32_t s_pop (queue_t *self)
{
    assert (self->count);
    uint32_t item = self->item [self->head];
    self->head = (self->head + 1) % self->room;
    self->count--;
    return item;
}

job_t *plan_job_new (uint64_t number)
{
    job_t *self = memory_new (sizeof *self);
    self->number = number;
    self->memory = arena_new (4096);
    return self;
}

static void s_segment_clear (segment_t *self)
{
    for (uint32_t i = 0; i < self->keys.count; i++)
        free (self->keys.item [i].data);
    free (self->keys.item);
    free (self->weights.item);
    free (self->task);
    free (self->path);
}

static void s_reachable_free (plan_segments_t *self)
{
    free (self->paths.item);
    free (self->owners.item);
    free (self->numbers.item);
    free (self->bytes.item);
}

void plan_job_destroy (job_t **self_p)
{
    job_t *self = *self_p;
    if (!self)
        return;
    for (int s = 0; s < 2; s++) {
        stage_t *stage = &self->stage [s];
        for (uint32_t i = 0; i < stage->tasks; i++)
            free (stage->task [i].part);
        free (stage->task);
        free (stage->fresh.item);
        free (stage->suspect.item);
    }
    for (uint32_t i = 0; i < self->segments; i++)
        s_segment_clear (&self->segment [i]);
    free (self->segment);
    s_reachable_free (&self->reachable);
    arena_destroy (&self->memory);
    free (self);
    *self_p = NULL;
}

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
    self->tasks = tasks;
    for (uint32_t i = 0; i < tasks; i++) {
        self->task [i].bytes = bytes ? bytes [i] : 0;
        s_push (&self->fresh, i);
    }
    for (uint32_t i = tasks; seed && i > 1; i--) {      // Fisher and Yates
        uint32_t other = (uint32_t) (s_random (&seed) % i), was = self->fresh.item [i - 1];
        self->fresh.item [i - 1] = self->fresh.item [other];
        self->fresh.item [other] = was;
    }
}

uint32_t stage_take (stage_t *self, queue_t *queue)
{
    uint32_t index = s_pop (queue);
    task_t *task = &self->task [index];
    assert (task->state == TASK_WAITING);
    task->state = TASK_GIVEN;
    task->excused = false;
    task->attempts++;
    self->given++;
    return index;
}

void plan_job_task_ended (job_t *self, uint32_t stage_number, uint32_t index, task_state_t state)
{
    stage_t *stage = &self->stage [stage_number];
    task_t *task = &stage->task [index];
    if (task->state == TASK_GIVEN) {
        stage->given--;
        stage->ended++;
        if (!stage_number)
            self->bytes_done += task->bytes;
    }
    if (state != TASK_HELD)
        stage->done++;
    task->state = state;
}

void plan_job_requeue (job_t *self, uint32_t stage_number, uint32_t index)
{
    stage_t *stage = &self->stage [stage_number];
    task_t *task = &stage->task [index];
    assert (task->state != TASK_WAITING && task->state != TASK_KEPT);
    if (task->state == TASK_GIVEN)
        stage->given--;
    else {
        stage->ended--;
        stage->done -= task->state == TASK_SEALED;
        self->rejects -= task->rejects;
        if (!stage_number)
            self->bytes_done -= task->bytes;
    }
    task->rejects = 0;
    task->state = TASK_WAITING;
    s_push (task->faults ? &stage->suspect : &stage->fresh, index);
}

static void s_refresh (job_t *self)
{
    plan_segments_t *list = &self->reachable;
    uint32_t room = self->segments + 1, count = 0;
    list->paths.item = memory_grow (list->paths.item, room * sizeof (char *));
    list->owners.item = memory_grow (list->owners.item, room * sizeof (uint64_t));
    list->numbers.item = memory_grow (list->numbers.item, room * sizeof (uint64_t));
    list->bytes.item = memory_grow (list->bytes.item, room * sizeof (uint64_t));
    for (uint32_t i = 0; i < self->segments; i++)
        if (*self->segment [i].path) {
            list->paths.item [count] = self->segment [i].path;
            list->owners.item [count] = self->segment [i].worker;
            list->numbers.item [count] = self->segment [i].number;
            list->bytes.item [count++] = self->segment [i].bytes;
        }
    list->paths.count = list->owners.count = list->numbers.count = list->bytes.count = count;
}

static void *s_duplicate (const void *bytes, size_t size)
{
    return size ? memcpy (memory_new (size), bytes, size) : memory_new (1);
}

static void s_sample_copy (segment_t *self, const message_sealed_t *sealed)
{
    uint32_t count = sealed->keys.count < sealed->weights.count ? sealed->keys.count : sealed->weights.count;
    self->keys = (wire_bytes_list_t) { memory_new (count * sizeof (wire_bytes_t)), count };
    for (uint32_t i = 0; i < count; i++) {
        wire_bytes_t key = sealed->keys.item [i];
        self->keys.item [i] = (wire_bytes_t) { s_duplicate (key.data, key.size), key.size };
    }
    self->weights = (wire_numbers_t) { s_duplicate (sealed->weights.item, count * sizeof (uint64_t)), count };
}

void plan_job_segment_add (job_t *self, uint64_t worker, const message_sealed_t *sealed)
{
    self->segment = memory_grow (self->segment, (self->segments + 1) * sizeof *self->segment);
    segment_t *segment = &self->segment [self->segments++];
    *segment = (segment_t) { .number = sealed->segment, .worker = worker, .bytes = sealed->bytes, .tasks = sealed->tasks.count };
    segment->path = memory_text (sealed->path ? sealed->path : "");
    segment->task = memory_new (segment->tasks * sizeof (uint32_t));
    for (uint32_t i = 0; i < segment->tasks; i++) {
        segment->task [i] = (uint32_t) sealed->tasks.item [i];
        plan_job_task_ended (self, 0, segment->task [i], TASK_SEALED);
    }
    s_sample_copy (segment, sealed);
    s_refresh (self);
}

void plan_job_segments_lost (job_t *self, uint64_t worker)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < self->segments; i++) {
        segment_t *segment = &self->segment [i];
        if (segment->worker != worker) {
            self->segment [left++] = *segment;
            continue;
        }
        for (uint32_t t = 0; t < segment->tasks; t++)
            plan_job_requeue (self, 0, segment->task [t]);
        s_segment_clear (segment);
    }
    if (left == self->segments)
        return;
    self->segments = left;
    s_refresh (self);
    for (uint32_t t = 0; t < self->stage [1].tasks; t++)            // these read what is gone
        self->stage [1].task [t].excused = true;
}
