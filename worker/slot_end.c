// slot_end: the watch over a slot's executor, and what its end means.
//
// An executor's death is judged only when the zygote has reported it: then its exit status is known, nothing of it runs any more, and what
// it sent before it died has been read. Time counts only while the worker itself runs, so that a stopped process is nobody's timeout.
#include "worker/slot_parts.h"
#include "worker/order.h"
#include "worker/verdict.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>

enum {
    CLOSING_US = 5000000,                               // for a job to close itself at its end
    HUNG_UP_US = 200000,                                // for an executor to die when its channel is closed
    FORGOTTEN_US = 5000000,                             // for an attempt whose job is not known any more
    SEAL_PATIENCE = 10,                                 // times the task timeout
    MEMORY_SLACK_MB = 512,                              // beyond twice its budget
};

// What the executor sent before it died.
static void s_read_rest (slot_t *self)
{
    struct pollfd item = { .events = POLLIN };
    while ((item.fd = self->line.channel) >= 0 && poll (&item, 1, 0) > 0)
        slot_read (self);
    for (uint32_t i = 0; i < 16 && self->line.output >= 0; i++)
        slot_listen (self);
}

// Each job that the executor had loaded has lost what it held there.
static void s_report_death (slot_t *self, int status)
{
    error_t error = self->sentence;
    order_ids_t ids = order_ids (&self->order);
    if (!error.text [0])
        verdict_death (&self->order, self->line.position, status, tasklog_last (self->log), &error);
    if (self->order.verb)
        slot_fault (self, &self->order, true, &error, "");
    for (uint32_t i = 0; i < self->jobs; i++) {
        if (self->order.verb && self->loaded [i] == ids.job)
            continue;
        const dossier_t *dossier = dossiers_find (&self->post->jobs, self->loaded [i]);
        message_t fault = { .verb = MESSAGE_FAULT, .fault = {
            .epoch = dossier ? dossier->job.job.epoch : 0, .job = self->loaded [i], .slot = self->index, .lost = 1, .kind = error.kind,
            .error = error.text, .compiler = "",
        } };
        outbox_send (&self->outbox, &fault);
    }
    slot_done (self);
}

void slot_event (slot_t *self, const zygote_event_t *event)
{
    if (event->kind == ZYGOTE_STARTED) {
        line_meet (&self->line, event->pid);
        return;
    }
    if (event->kind == ZYGOTE_FAILED) {
        errno = event->status;
        error_errno (&self->sentence, "slot %u: no process for an executor", self->index);
        fprintf (stderr, "racimo worker: %s\n", self->sentence.text);
    }
    self->retry = !self->used || event->kind == ZYGOTE_FAILED;
    s_read_rest (self);
    s_report_death (self, event->status);
    slot_shed (self);
}

static void s_watch_progress (slot_t *self, uint64_t elapsed_us)
{
    position_t now = *self->line.position;
    if (now.offset != self->seen.offset || now.bytes != self->seen.bytes || now.rows != self->seen.rows || now.blocks != self->seen.blocks)
        self->still_us = 0;
    else
        self->still_us += elapsed_us;
    self->seen = now;
    if (self->supply && supply_waits (self->supply))    // for the network: fetching has a patience of its own
        self->still_us = 0;
    const dossier_t *dossier = dossiers_find (&self->post->jobs, order_ids (&self->order).job);
    uint64_t timeout = dossier ? dossier_timeout_us (dossier, self->post->options) : FORGOTTEN_US;
    if (self->order.verb == MESSAGE_SEAL)               // sorts and writes what is held; it shows no progress while it sorts
        timeout *= SEAL_PATIENCE;
    if (self->still_us < timeout)
        return;
    verdict_stuck (&self->order, self->line.position, timeout / 1000000, &self->sentence);
    slot_kill (self);
}

static void s_watch_memory (slot_t *self)
{
    const worker_options_t *options = self->post->options;
    uint64_t limit = 2 * (options->memory / options->slots) + ((uint64_t) MEMORY_SLACK_MB << 20), used = slot_resident (self);
    if (used <= limit)
        return;
    verdict_memory (&self->order, self->line.position, used, limit, &self->sentence);
    slot_kill (self);
}

void slot_watch (slot_t *self, uint64_t elapsed_us)
{
    self->retry = false;
    if (self->state == DYING) {
        self->still_us += elapsed_us;
        if (self->hung_up && self->still_us > HUNG_UP_US)
            verdict_hung_up (&self->order, self->line.position, &self->sentence);
        if (self->still_us > (self->hung_up ? HUNG_UP_US : CLOSING_US))
            slot_kill (self);
    }
    if (self->state == ALIVE && self->order.verb)
        s_watch_progress (self, elapsed_us);
    if (self->state == ALIVE && self->order.verb)
        s_watch_memory (self);
}
