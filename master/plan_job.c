// plan_job: a job's tasks between their states, and the segments that hold their results.
#include "master/plan_state.h"

#include <assert.h>
#include <string.h>

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
    stage_free (&self->stage [0]);
    stage_free (&self->stage [1]);
    for (uint32_t i = 0; i < self->segments; i++)
        s_segment_clear (&self->segment [i]);
    free (self->segment);
    free (self->complaint);
    free (self->banned);
    s_reachable_free (&self->reachable);
    arena_destroy (&self->memory);
    free (self);
    *self_p = NULL;
}

stage_t *plan_job_stage (job_t *self)
{
    return &self->stage [self->phase == PHASE_REDUCE];
}

void plan_job_task_ended (job_t *self, uint32_t stage_number, uint32_t index, task_state_t state)
{
    stage_t *stage = &self->stage [stage_number];
    task_t *task = &stage->task [index];
    if (task->state == TASK_GIVEN) {
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
    if (task->state != TASK_GIVEN) {
        stage->ended--;
        stage->done -= task->state == TASK_SEALED;
        self->rejects -= task->rejects;
        if (!stage_number)
            self->bytes_done -= task->bytes;
    }
    task->rejects = 0;
    stage_wait (stage, index);
}

// ---- segments

// Made anew when it is asked for and not with each segment: there are thousands of them on a thousand nodes.
const plan_segments_t *plan_job_reachable (job_t *self)
{
    plan_segments_t *list = &self->reachable;
    if (!self->stale)
        return list;
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
    self->stale = false;
    return list;
}

bool plan_job_reads (const job_t *self, uint64_t worker)
{
    if (self->phase != PHASE_MAP && self->phase != PHASE_REDUCE)
        return false;
    for (uint32_t i = 0; i < self->segments; i++)
        if (self->segment [i].worker == worker && *self->segment [i].path)
            return true;
    return false;
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
    if (self->segments == self->segment_room) {
        self->segment_room = self->segment_room ? self->segment_room * 2 : 16;
        self->segment = memory_grow (self->segment, self->segment_room * sizeof *self->segment);
    }
    self->seals++;
    segment_t *segment = &self->segment [self->segments++];
    *segment = (segment_t) { .number = sealed->segment, .worker = worker, .bytes = sealed->bytes, .tasks = sealed->tasks.count };
    segment->path = memory_text (sealed->path ? sealed->path : "");
    segment->task = memory_new (segment->tasks * sizeof (uint32_t));
    for (uint32_t i = 0; i < segment->tasks; i++) {
        segment->task [i] = (uint32_t) sealed->tasks.item [i];
        plan_job_task_ended (self, 0, segment->task [i], TASK_SEALED);
    }
    s_sample_copy (segment, sealed);
    self->stale = true;
}

void plan_job_segments_lost (job_t *self, uint64_t worker)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < self->segments; i++) {
        segment_t *segment = &self->segment [i];
        if (segment->worker != worker || !*segment->path) {
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
    self->stale = true;
    for (uint32_t t = 0; t < self->stage [1].tasks; t++)            // these read what is gone
        self->stage [1].task [t].excused = true;
}
