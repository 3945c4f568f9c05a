// world_check: see world.h. What the plan orders, held against what it may order.
#include "tests/master/world.h"

node_t *world_node (world_t *self, uint64_t number)
{
    for (uint32_t i = 0; i < self->nodes; i++)
        if (self->node [i].number == number)
            return &self->node [i];
    return NULL;
}

static void s_take_order (world_t *self, const action_t *action, message_verb_t verb)
{
    node_t *node = world_node (self, action->worker);
    DEMAND (node && action->slot < node->slots);
    executor_t *slot = &node->slot [action->slot];
    DEMAND (slot->orders < PLAN_AHEAD && !node->dismissed);
    DEMAND (!node->draining || verb == MESSAGE_SEAL);
    order_t *order = &slot->order [slot->orders++];
    *order = (order_t) { verb, action->job, action->stage, action->task, action->attempt, action->segment, 0, { 0 } };
    for (uint32_t i = 0; verb == MESSAGE_REDUCE && i < action->segments->paths.count; i++)
        order->from [order->reads++] = (uint32_t) self->segment [atoi (strchr (action->segments->paths.item [i], '-') + 1)].worker;
}

// Is there a segment without a record that has the task, by an attempt that was done?
static bool s_had_no_record (const world_t *self, uint64_t job, uint32_t task)
{
    bool found = false;
    for (uint32_t s = 0; s < self->segments; s++)
        for (uint32_t t = 0; self->empty [s] && self->segment [s].job == job && t < self->segment [s].tasks; t++)
            found |= self->segment [s].task [t] == task && self->job [job].done [task] >> self->segment [s].attempt [t] & 1;
    return found;
}

static void s_check_reduce (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    uint32_t times [TASKS] = { 0 }, records = 0;
    for (uint32_t i = 0; i < action->segments->paths.count; i++) {
        unsigned number;
        DEMAND (sscanf (action->segments->paths.item [i], "segment-%u", &number) == 1 && number < self->segments);
        const set_t *segment = &self->segment [number];
        const node_t *owner = world_node (self, segment->worker);
        DEMAND (segment->job == action->job && owner && !owner->dismissed);
        for (uint32_t t = 0; t < segment->tasks; t++, records++) {
            DEMAND (job->done [segment->task [t]] >> segment->attempt [t] & 1);
            times [segment->task [t]]++;
        }
    }
    for (uint32_t t = 0; t < job->tasks; t++)
        DEMAND (times [t] == 1 || (times [t] == 0 && s_had_no_record (self, action->job, t)));
    DEMAND (action->last || action->high.size);
    DEMAND (action->task == 0 || action->low.size);
    if (job->spread == RAC_HASH && job->tasks)           // two bytes, big-endian
        DEMAND (action->task == 0 || (action->low.size == 2 && (uint8_t) action->low.data [1] == action->task));
    if (action->last)
        job->reduces = (uint32_t) action->task + 1;
}

// It may be told of tasks that have not been given, to workers that may get them, and of segments that are there and hold no task twice.
static void s_check_ahead (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    const node_t *node = world_node (self, action->worker);
    uint32_t times [TASKS] = { 0 };
    DEMAND (node && job->shuffle && !job->committed && !job->finished);
    if (!action->segments)
        return;
    for (uint32_t t = 0; t < job->tasks; t++)
        self->early += !job->done [t];
    DEMAND (!node->draining && !node->dismissed && !job->winners [action->task]);
    for (uint32_t i = 0; i < action->segments->paths.count; i++) {
        const set_t *segment = &self->segment [atoi (strchr (action->segments->paths.item [i], '-') + 1)];
        const node_t *owner = world_node (self, segment->worker);
        DEMAND (segment->job == action->job && owner && !owner->dismissed);
        for (uint32_t t = 0; t < segment->tasks; t++)
            DEMAND (++times [segment->task [t]] == 1);
    }
    DEMAND (action->last || action->high.size);
    DEMAND (action->task == 0 || action->low.size);
}

static void s_kept (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    if (action->part) {
        DEMAND (action->stage == job->shuffle);
        DEMAND (++job->winners [action->task] == 1);
    }
    else
        job->done [action->task] |= 1u << action->attempt;
}

static void s_check_commit (world_t *self, model_t *job)
{
    DEMAND (!job->committed && !job->finished);
    job->committed = true;
    uint32_t wanted = job->shuffle ? job->reduces : job->tasks;
    for (uint32_t t = 0; t < TASKS; t++)
        DEMAND (job->winners [t] == (t < wanted));
}

bool world_able (const world_t *self)                // is anybody there who can do jobs?
{
    bool able = false;
    for (uint32_t w = 0; w < self->nodes; w++)
        able |= self->node [w].number && !self->node [w].draining && !self->node [w].unable;
    return able;
}

static void s_check_dismiss (world_t *self, const action_t *action)
{
    node_t *node = world_node (self, action->worker);
    DEMAND (node && node->draining && !node->dismissed);
    for (uint32_t s = 0; s < node->slots; s++)           // but for a map that was repeated, and is not needed any more
        for (uint32_t i = 0; i < node->slot [s].orders; i++)
            DEMAND (self->job [node->slot [s].order [i].job].committed);
    node->dismissed = true;
}

static void s_abandon (world_t *self, const action_t *action)
{
    executor_t *slot = &world_node (self, action->worker)->slot [action->slot];
    for (uint32_t i = slot->orders; i-- > 0; ) {
        order_t *order = &slot->order [i];
        if (order->job == action->job && order->stage == action->stage && order->task == action->task && order->attempt == action->attempt)
            memmove (order, order + 1, (--slot->orders - i) * sizeof *order);
    }
}

static void s_check_finish (world_t *self, const action_t *action)
{
    model_t *job = &self->job [action->job];
    DEMAND (!job->finished);
    job->finished = true;
    if (action->exit_code == EXIT_FINE)
        DEMAND (job->committed && job->fate != FATE_POISON && job->fate != FATE_DATA);
    else if (action->exit_code == EXIT_JOB && !action->faults)
        DEMAND (!world_able (self));
    else if (job->fate == FATE_POISON)
        DEMAND (action->exit_code == EXIT_JOB && action->faults == PLAN_ATTEMPTS && action->task == job->victim);
    else if (job->fate == FATE_DATA)
        DEMAND (action->exit_code == EXIT_DATA);
    else
        DEMAND (job->fate == FATE_CANCEL && action->exit_code == EXIT_CANCELLED);
    for (uint32_t w = 0; w < self->nodes; w++)           // FORGET
        for (uint32_t s = 0; s < SLOTS; s++) {
            executor_t *slot = &self->node [w].slot [s];
            uint32_t left = 0;
            for (uint32_t i = 0; i < slot->orders; i++)
                if (slot->order [i].job != action->job)
                    slot->order [left++] = slot->order [i];
            slot->orders = left;
            slot->held [action->job].tasks = 0;
        }
}

void world_step (world_t *self, event_t event)
{
    self->actions.count = 0;
    event.now_us = self->now_us += world_random (self, 3000);
    plan_step (self->plan, &event, &self->actions);
    uint64_t commit = 0;
    for (uint32_t i = 0; i < self->actions.count; i++) {
        const action_t *action = &self->actions.item [i];
        switch (action->kind) {
        case ACTION_DECLARE: s_take_order (self, action, MESSAGE_DECLARE); break;
        case ACTION_MAP: s_take_order (self, action, MESSAGE_MAP); break;
        case ACTION_SEAL: s_take_order (self, action, MESSAGE_SEAL); break;
        case ACTION_REDUCE:
            s_check_reduce (self, action);
            s_take_order (self, action, MESSAGE_REDUCE);
            break;
        case ACTION_KEEP: s_kept (self, action); break;
        case ACTION_COMMIT:
            s_check_commit (self, &self->job [action->job]);
            commit = action->job;
            break;
        case ACTION_FINISH: s_check_finish (self, action); break;
        case ACTION_DISMISS: s_check_dismiss (self, action); break;
        case ACTION_ABANDON: s_abandon (self, action); break;
        case ACTION_AHEAD: s_check_ahead (self, action); break;
        case ACTION_DROP: break;
        }
    }
    if (commit)
        world_step (self, (event_t) { .kind = EVENT_COMMITTED, .job = commit });
}
