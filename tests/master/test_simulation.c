// A cluster that does not exist, under a plan that does not know it: thousands of random schedules of virtual workers with losses, faults,
// deaths, lies, late and duplicate messages, several users' jobs at a time, workers that drain, that cannot reach each other, that can do
// nothing, and clusters of a thousand. What must hold in each of them:
//
// - every REDUCE reads segments of reachable workers that hold each map task exactly once, by attempts that were done;
// - the key ranges of a stage fit together and are the same for every attempt;
// - a job commits once, when each task of its last stage has exactly one winner, and finishes once, with the exit status it deserves;
// - who drains gets no task, and is dismissed once, when it has nothing to do and no reduce task that is still to come reads from it;
// - nothing hangs: while a job is there, some message is under way or some slot is at work. What takes how long is test_simulation_time's.
//
// Each schedule is its seed: a failure prints it, and RACIMO_SEED=N runs that one alone.
#include "tests/master/world.h"

static void s_join (world_t *self)
{
    for (uint32_t i = 0; i < self->nodes; i++)
        if (!self->node [i].number) {
            self->node [i] = (node_t) { .number = ++self->workers_ever, .slots = 1 + world_random (self, SLOTS), .unable = !world_random (self, 8) };
            world_step (self, (event_t) { .kind = EVENT_WORKER_JOINED, .worker = self->node [i].number, .slots = self->node [i].slots });
            return;
        }
}

static void s_lose (world_t *self, node_t *node)
{
    uint64_t number = node->number;
    *node = (node_t) { 0 };                             // its letters still arrive
    if (number)
        world_step (self, (event_t) { .kind = EVENT_WORKER_LOST, .worker = number });
}

static void s_drain (world_t *self, node_t *node)
{
    if (!node->number)
        return;
    node->draining = true;
    world_step (self, (event_t) { .kind = EVENT_WORKER_DRAINING, .worker = node->number });
}

static void s_submit (world_t *self, uint64_t number)
{
    model_t *job = &self->job [number];
    job->submitted = true;
    static const char *const user [] = { NULL, "ana", "ben" };
    world_step (self, (event_t) { .kind = EVENT_SUBMITTED, .job = number, .user = user [world_random (self, 3)], .priority = world_random (self, 201) });
}

static void s_make_job (world_t *self, model_t *job)
{
    uint32_t fate = world_random (self, 12);
    job->fate = fate == 0 ? FATE_POISON : fate == 1 ? FATE_DATA : fate == 2 ? FATE_CANCEL : FATE_GOOD;
    job->shuffle = world_random (self, 3) > 0;
    job->tasks = world_random (self, TASKS + 1);
    job->parts = 1 + world_random (self, PARTS);
    job->spread = world_random (self, 2) ? RAC_HASH : RAC_RANGE;
    job->victim = job->tasks ? world_random (self, job->tasks) : 0;
    if (!job->tasks && job->fate != FATE_CANCEL)
        job->fate = FATE_GOOD;
}

// A node, at best one that has something to do.
static node_t *s_some_node (world_t *self, uint32_t *slot)
{
    node_t *node = NULL;
    bool found = false;
    for (uint32_t tries = 0; tries < 64 && !found; tries++) {
        node = &self->node [world_random (self, self->nodes)];
        *slot = world_random (self, SLOTS);
        found = self->nodes <= 8 || (*slot < node->slots && node->slot [*slot].orders);
    }
    return node;
}

// Something happens. Losses become rare after a while, or nothing would ever end.
static void s_happen (world_t *self, uint32_t step)
{
    uint32_t chance = world_random (self, 100), number = 1 + world_random (self, JOBS), slot;
    node_t *node = s_some_node (self, &slot);
    if ((chance < 2 && step < 500) || (chance < 4 && (node->dismissed || !world_able (self))))
        s_lose (self, node);
    else if (chance < 6)
        s_join (self);
    else if (chance < 9 && !self->job [number].submitted)
        s_submit (self, number);
    else if (chance < 10 && self->job [number].submitted && self->job [number].fate == FATE_CANCEL)
        world_step (self, (event_t) { .kind = EVENT_CANCELLED, .job = number });
    else if (chance < 11 && node->number)
        world_die_idle (self, node, slot);
    else if (chance < 12 && step < 500)
        s_drain (self, node);
    else if (chance < 60 && slot < node->slots && node->slot [slot].orders)
        world_work (self, node, slot);
    else if (self->letters)
        world_post (self);
}

static bool s_quiet (const world_t *self)
{
    bool quiet = !self->letters;
    for (uint32_t w = 0; w < self->nodes && quiet; w++)
        for (uint32_t s = 0; s < self->node [w].slots; s++)
            quiet &= !self->node [w].slot [s].orders;
    return quiet;
}

static bool s_all_finished (const world_t *self)
{
    bool all = true;
    for (uint32_t j = 1; j <= JOBS; j++)
        all &= self->job [j].finished;
    return all;
}

// Most clusters are small, since there the rare things happen; some have cut links, and one in a hundred has a thousand workers.
static void s_begin (world_t *self, uint64_t seed)
{
    static const uint32_t cut [] = { 0, 0, 0, 10, 50, 100 };
    memset (self, 0, offsetof (world_t, node));
    self->seed = seed;
    self->plan = plan_new ();
    self->letters = self->segments = 0;
    self->cut = cut [world_random (self, COUNT_OF (cut))];
    self->nodes = seed % 100 == 99 ? WORKERS : 2 + world_random (self, 6);
    memset (self->node, 0, self->nodes * sizeof *self->node);
    memset (self->job, 0, sizeof self->job);
    for (uint32_t j = 1; j <= JOBS; j++)
        s_make_job (self, &self->job [j]);
    for (uint32_t n = 0; self->nodes == WORKERS && n < WORKERS; n++)
        s_join (self);
}

// Returns how often links were put to work before all maps were done.
static uint32_t s_live (world_t *self, uint64_t seed)
{
    action_list_t actions = self->actions;
    s_begin (self, seed);
    self->actions = actions;
    for (uint32_t step = 0; !s_all_finished (self); step++) {
        DEMAND (step < STEPS);
        s_happen (self, step);
        bool waiting = false;
        for (uint32_t j = 1; j <= JOBS; j++)
            waiting |= self->job [j].submitted && !self->job [j].finished;
        DEMAND (!waiting || !s_quiet (self) || !world_able (self));
    }
    plan_destroy (&self->plan);
    return self->early;
}

START_TEST (schedules)
{
    const char *only = getenv ("RACIMO_SEED"), *first = getenv ("RACIMO_SEEDS");      // one; or that many, under a slow tool
    uint64_t seeds = first ? strtoull (first, NULL, 10) : 10000;
    world_t *world = memory_new (sizeof *world);
    uint32_t early = 0;
    if (only)
        (void) s_live (world, strtoull (only, NULL, 10));
    for (uint64_t seed = 0; !only && seed < seeds; seed++)
        early += s_live (world, seed);
    ck_assert (only || seeds < 1000 || early > 100);
    free (world->actions.item);
    free (world);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { schedules };
    return main_run ("simulation", NULL, NULL, tests, COUNT_OF (tests));
}
