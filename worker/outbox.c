// outbox: see outbox.h.
//
// A slot waited until its part was stored, sync included, before it began the next task: with few slots a node its link and its CPU took turns.
// Now at most PARCELS answers stay behind, so scratch holds as many parts of finished tasks a slot. Nothing else changes: the master hears of a task
// when its part is on the head, and if it cannot get there the task has failed, whatever the slot has done since.
#include "worker/outbox.h"
#include "worker/slot.h"
#include <string.h>

enum { PARCELS = 2 };

bool outbox_full (const outbox_t *self)
{
    return self->parcels >= PARCELS;
}

static parcel_t *s_add (outbox_t *self)
{
    self->parcel = memory_grow (self->parcel, (self->parcels + 1) * sizeof *self->parcel);
    parcel_t *parcel = &self->parcel [self->parcels++];
    *parcel = (parcel_t) { 0 };
    return parcel;
}

static void s_remove (outbox_t *self, uint32_t at)
{
    supply_destroy (&self->parcel [at].supply);
    message_free (&self->parcel [at].answer);
    memmove (&self->parcel [at], &self->parcel [at + 1], (--self->parcels - at) * sizeof *self->parcel);
}

void outbox_send (outbox_t *self, const message_t *answer)
{
    if (!self->parcels) {
        post_send (self->post, answer);
        return;
    }
    buffer_t body = { 0 };
    message_t copy = { 0 };
    if (message_encode (answer, &body, NULL) || message_decode (body.data, body.size, &copy, NULL))
        post_send (self->post, answer);                 // which finds the same
    else
        s_add (self)->answer = copy;
    buffer_free (&body);
}

void outbox_send_stored (outbox_t *self, message_t *done, supply_t **supply_p)
{
    parcel_t *parcel = s_add (self);
    parcel->answer = *done;
    parcel->supply = *supply_p;
    *done = (message_t) { 0 };
    *supply_p = NULL;
}

static void s_send_fault (outbox_t *self, const message_done_t *done, const error_t *error)
{
    message_t fault = { .verb = MESSAGE_FAULT, .fault = { .epoch = done->epoch, .job = done->job, .stage = done->stage, .task = done->task,
        .attempt = done->attempt, .slot = done->slot, .verb = done->stage ? MESSAGE_REDUCE : MESSAGE_MAP, .kind = error->kind,
        .error = (char *) error->text, .compiler = (char *) "" } };
    log_rarely (&self->post->faults, "job %llu: %s", (unsigned long long) done->job, error->text);
    post_send (self->post, &fault);
}

void outbox_pump (outbox_t *self)
{
    while (self->parcels) {
        const parcel_t *first = &self->parcel [0];
        supply_state_t state = first->supply ? supply_state (first->supply) : SUPPLY_READY;
        if (state == SUPPLY_COMING)
            return;
        if (state == SUPPLY_FAILED)
            s_send_fault (self, &first->answer.done, supply_error (first->supply));
        else
            post_send (self->post, &first->answer);
        s_remove (self, 0);
    }
}

void outbox_abandon (outbox_t *self, const message_abandon_t *attempt)
{
    for (uint32_t i = self->parcels; i-- > 0; ) {
        const message_done_t *done = self->parcel [i].answer.verb == MESSAGE_DONE ? &self->parcel [i].answer.done : NULL;
        if (done && done->job == attempt->job && done->stage == attempt->stage && done->task == attempt->task && done->attempt == attempt->attempt)
            s_remove (self, i);
    }
}

// DONE, SEALED, DECLARED and FAULT: all that slots answer.
static uint64_t s_job (const message_t *answer)
{
    return answer->verb == MESSAGE_DONE ? answer->done.job : answer->verb == MESSAGE_SEALED ? answer->sealed.job
        : answer->verb == MESSAGE_DECLARED ? answer->declared.job : answer->fault.job;
}

void outbox_forget (outbox_t *self, uint64_t job)
{
    for (uint32_t i = self->parcels; i-- > 0; )
        if (!job || s_job (&self->parcel [i].answer) == job)
            s_remove (self, i);
}
