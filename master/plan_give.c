// plan_give: who gets what next.
//
// Each step looks at the slot that has answered and at the idle ones, no others: work bounded by what changed, also on a thousand workers.
// A slot gets from the user whose turn it is (plan_users), from his first job that has something for it, in this order: a task that has
// failed before (only a slot that holds nothing, and that of another worker if there is one), one whose bytes lie here, nobody's, one of
// a worker that would not come to it for long.
//
// One more is given ahead while there is plenty, that a slot need not wait for us; and yet one more where input or segments have to be
// fetched, since the worker fetches for what stands in its queue: with one task computed, one complete and one on its way the link never
// rests. The last tasks go to whoever is free first, and nothing is given ahead to a worker of which no task has ended yet: it may be the
// slow one.
//
// What a slot holds belongs to one job. It goes on with that job for a while when it is another user's turn, because a segment for each
// task would cost all more than the wait; then it is sealed, and what comes next may already stand behind the SEAL. A slot may also be sealed
// because others could fetch what it holds (plan_draft.c), and goes on behind it.
#include "master/plan_state.h"

#include <racimo.h>

enum { STAY_US = 500000 };                              // by so much the turn of others is put off while a slot holds something

typedef struct { job_t *job; stage_t *stage; queue_t *queue; bool last; } offer_t;      // queue NULL: the job is to be declared

// ---- giving

static void s_give (plan_t *self, slot_t *slot, job_t *job, action_kind_t kind, given_t given)
{
    given.job = job->number;
    slot_assign (self, slot, given);
    action_t *action = plan_act (self, kind, job);
    action->worker = slot->worker->number;
    action->slot = (uint64_t) (slot - slot->worker->slot);
    action->stage = given.stage;
    action->task = given.task;
    action->attempt = given.attempt;
    action->segment = given.segment;
    action->hold = given.hold;
    action->parts = job->shuffle && job->spread != RAC_RANGE ? plan_job_parts (job) : 0;
    if (kind != ACTION_REDUCE)
        return;
    action->segments = plan_job_reachable (job);
    action->last = given.task + 1 == job->stage [1].tasks;
    action->low = plan_low (job, given.task);
    action->high = plan_high (job, given.task);
    plan_ahead_due (self, job);
}

static void s_give_seal (plan_t *self, slot_t *slot)
{
    job_t *job = plan_job (self, slot->held_job);
    s_give (self, slot, job, ACTION_SEAL, (given_t) { .verb = MESSAGE_SEAL, .segment = job->next_segment++ });
}

static void s_give_offer (plan_t *self, slot_t *slot, const offer_t *offer)
{
    job_t *job = offer->job;
    if (!offer->queue) {
        job->phase = PHASE_DECLARING;
        s_give (self, slot, job, ACTION_DECLARE, (given_t) { .verb = MESSAGE_DECLARE, .expected_us = TASK_US, .alone = true });
        return;
    }
    bool reduce = offer->stage == &job->stage [1], suspect = offer->queue == &offer->stage->suspect;
    uint32_t index = stage_take (offer->stage, offer->queue, offer->last);
    if (offer->last && reduce)
        plan_ahead_not (self, job, index);
    given_t given = { .verb = reduce ? MESSAGE_REDUCE : MESSAGE_MAP, .stage = reduce, .task = index, .hold = job->shuffle && !reduce,
        .attempt = offer->stage->task [index].attempts - 1, .alone = suspect,
        .expected_us = plan_expect (slot->worker, offer->stage, stage_cost (offer->stage, index)) };
    s_give (self, slot, job, reduce ? ACTION_REDUCE : ACTION_MAP, given);
}

// ---- choosing

// A task that has failed, for this slot: on another worker, if there is one, for it may have been this worker's fault.
static bool s_suspect (const plan_t *self, const slot_t *slot, const job_t *job, stage_t *stage)
{
    uint64_t worker = slot->worker->number;
    return stage->suspect.count && !slot->givens && (stage_retry (stage, worker) || !plan_has_others (self, job, worker));
}

// May a slot that has something to do be given one of these in advance?
static bool s_plenty (const plan_t *self, const slot_t *slot, const job_t *job, const stage_t *stage, const home_t *home)
{
    const worker_t *worker = slot->worker;
    bool fetches = job->phase == PHASE_REDUCE ? self->workers > 1 : worker->streams;
    uint32_t depth = fetches ? PLAN_AHEAD : PLAN_AHEAD - 1;
    bool plenty = stage->fresh.count > self->slots + self->idles || (home && home->queue.count > worker->slots);
    return plenty && slot->givens < depth && (worker->measured || self->workers == 1) && !slot->given [slot->givens - 1].alone;
}

static offer_t s_offer_task (plan_t *self, const slot_t *slot, job_t *job)
{
    stage_t *stage = plan_job_stage (job);
    bool ahead = slot->givens > 0;
    bool suspect = s_suspect (self, slot, job, stage);
    if (suspect && !slot->helds)
        return (offer_t) { job, stage, &stage->suspect, false };
    home_t *home = stage->homes ? stage_home (stage, slot->worker->number) : NULL;
    if (ahead && !s_plenty (self, slot, job, stage, home))
        return (offer_t) { 0 };
    if (home && home->queue.count) {
        bool late = ahead && plan_ends_late (self, slot, job, stage, home->cost / home->queue.count);
        if (late)
            return (offer_t) { 0 };
        return (offer_t) { job, stage, &home->queue, false };
    }
    if (stage->fresh.count && !plan_ends_late (self, slot, job, stage, stage_cost (stage, stage->fresh.item [stage->fresh.head])))
        return (offer_t) { job, stage, &stage->fresh, false };
    home_t *victim = stage->fresh.count ? NULL : plan_steal (self, slot, job, stage);
    if (victim)
        return (offer_t) { job, stage, &victim->queue, true };
    return suspect ? (offer_t) { job, stage, &stage->suspect, false } : (offer_t) { 0 };  // it seals first
}

static offer_t s_offer (plan_t *self, const slot_t *slot, job_t *job)
{
    if (!plan_job_waits (job) || !plan_may_take (job, slot->worker->number))
        return (offer_t) { 0 };
    if (job->phase == PHASE_WAITING)
        return (offer_t) { .job = slot->givens ? NULL : job };
    return s_offer_task (self, slot, job);
}

// In advance only from the first job that waits: it may wait for just this slot to be free.
static offer_t s_offer_user (plan_t *self, const slot_t *slot, const user_t *user)
{
    offer_t offer = { 0 };
    bool more = true;
    for (job_t *job = user->jobs; job && more; job = job->next) {
        offer = s_offer (self, slot, job);
        more = !offer.job && !(slot->givens && plan_job_waits (job));
    }
    return offer;
}

// The user with the least pass of those who have something for this slot; in advance: of all who wait, and nothing if that is not for this
// slot now. *turn: that user, or NULL: nobody has anything to hand out, to no slot whatsoever.
static offer_t s_offer_turn (plan_t *self, const slot_t *slot, user_t **turn)
{
    offer_t best = { 0 };
    *turn = NULL;
    for (user_t *user = self->users; user; user = user->next) {
        plan_user_look (self, user);
        if (!user->waits || (*turn && user->pass >= (*turn)->pass && (best.job || slot->givens)))
            continue;
        offer_t offer = s_offer_user (self, slot, user);
        if (!offer.job && !slot->givens && best.job)
            continue;
        best = offer;
        *turn = user;
    }
    return best;
}

static offer_t s_choose (plan_t *self, const slot_t *slot, user_t **turn)
{
    offer_t offer = s_offer_turn (self, slot, turn);
    uint64_t held;
    job_t *job = *turn && slot_will_hold (slot, &held) ? plan_job (self, held) : NULL;
    if (!job || job->user == *turn || job->user->pass > (*turn)->pass + STAY_US)
        return offer;
    offer_t stay = s_offer (self, slot, job);
    return stay.job ? stay : offer;
}

// ---- handing out

// One message for a slot that has room. False: there is none. *waiting: somebody has something to hand out.
static bool s_give_next (plan_t *self, slot_t *slot, bool *waiting)
{
    uint64_t held;
    *waiting = true;
    if (plan_seals_early (self, slot)) {
        s_give_seal (self, slot);
        return true;
    }
    uint32_t holds = slot_will_hold (slot, &held);
    user_t *turn;
    offer_t offer = s_choose (self, slot, &turn);
    *waiting = turn != NULL;
    bool more = offer.queue && held == offer.job->number && offer.queue != &offer.stage->suspect && holds < PLAN_HELD;
    if (offer.job && (!holds || more)) {
        self->pass = offer.job->user->pass > self->pass ? offer.job->user->pass : self->pass;
        s_give_offer (self, slot, &offer);
        return true;
    }
    if (!slot->givens && slot->helds)
        s_give_seal (self, slot);
    return offer.job && slot->givens == 1 && slot->given [0].verb == MESSAGE_SEAL;
}

// All that the slot can get. False: nobody has anything more.
static bool s_fill (plan_t *self, slot_t *slot)
{
    bool waiting = true;
    while (slot->givens < PLAN_AHEAD && s_give_next (self, slot, &waiting))
        ;
    if (!slot->givens)
        slot->worker->refused_step = self->step;
    return waiting;
}

void plan_hand_out (plan_t *self)
{
    slot_t *slot = self->answered;
    if (slot && slot->worker->draining) {
        if (!slot->givens && slot->helds)
            s_give_seal (self, slot);
    }
    else if (slot && !s_fill (self, slot))
        return;
    for (slot_t *next = self->idle; (slot = next) != NULL; ) {
        next = slot->idle_next;
        if (slot->worker->refused_step != self->step && !s_fill (self, slot))
            return;
    }
}
