// slot: see slot.h.
//
//             slot_pump                       closed channel, verdict, ABANDON, last FORGET
//   ABSENT ----------------> ALIVE ------------------------------------------------------> DYING
//     ^                        |                                                             |
//     +------------------------+---------------- zygote: ENDED, FAILED ----------------------+
//
// One order is with the executor at a time, so that a death always belongs to exactly one attempt; the next is on its way 50 us after
// the answer. How an executor's end is judged: slot_end.c.
#include "worker/slot_parts.h"
#include "base/file.h"
#include "base/log.h"
#include "wire/pipe.h"
#include "worker/forward.h"
#include "worker/order.h"
#include <stdio.h>
#include <string.h>

enum {
    MASTER_WAIT_MS = 10000, PRIVATE_WAIT_MS = 100,
    HIRES = 10,                                         // one a tick: a second without any executor
};

void post_send (post_t *self, const message_t *message)
{
    error_t error = { 0 };
    int wait_ms = self->options->head ? 0 : self->options->parent ? PRIVATE_WAIT_MS : MASTER_WAIT_MS;
    if (self->cut_off || !peer_send (self->master, NULL, message, wait_ms, &error))
        return;
    if (!self->options->parent && !self->options->head) // else the client says so, or member_lost, in one line
        log_line (LOG_WARN, "%s", error.text);
    self->cut_off = true;
}

slot_t *slot_new (post_t *post, uint32_t index)
{
    slot_t *self = memory_new (sizeof *self);
    char name [32];
    snprintf (name, sizeof name, "slot-%u.log", index);
    char *path = file_join (post->options->logs ? post->options->logs : post->options->scratch, name);
    self->post = self->outbox.post = post;
    self->index = index;
    self->line = (line_t) { -1, -1, -1, NULL };
    self->log = tasklog_new (post->options->head ? NULL : path);
    free (path);
    return self;
}

static uint64_t s_tag (const slot_t *self)
{
    return (uint64_t) self->generation << 32 | self->index;
}

void slot_kill (slot_t *self)
{
    zygote_kill (self->post->zygote, s_tag (self));
    self->state = DYING;
    self->still_us = 0;
}

void slot_shed (slot_t *self)
{
    line_close (&self->line);
    self->jobs = 0;
    self->state = ABSENT;
}

void slot_done (slot_t *self)
{
    supply_destroy (&self->supply);
    message_free (&self->order);
    self->order = (message_t) { 0 };
}

static void s_unqueue (slot_t *self, uint32_t at)
{
    supply_destroy (&self->queue [at].supply);
    message_free (&self->queue [at].order);
    self->queued--;
    memmove (&self->queue [at], &self->queue [at + 1], (self->queued - at) * sizeof *self->queue);
}

void slot_destroy (slot_t **self_p)
{
    slot_t *self = *self_p;
    if (!self)
        return;
    if (self->order.verb && self->state != ABSENT)
        slot_kill (self);
    slot_shed (self);
    slot_done (self);
    while (self->queued)
        s_unqueue (self, self->queued - 1);
    outbox_forget (&self->outbox, 0);
    free (self->outbox.parcel);
    tasklog_destroy (&self->log);
    free (self->queue);
    free (self->loaded);
    free (self);
    *self_p = NULL;
}

static bool s_is_disk (const slot_t *self, uint64_t kind)
{
    return kind == ERROR_SCRATCH && self->post->options->head;
}

// error: if this node's own disk is at fault, no attempt here can do better: the node names itself, so that others do the job, and its disk, so
// that somebody looks at it.
static void s_fault (slot_t *self, const message_t *order, bool lost, uint64_t away, const error_t *error, const char *compiler)
{
    error_t here = *error;
    if (s_is_disk (self, error->kind)) {
        here.text [0] = '\0';
        error_set_kind (&here, error->kind, "node %s: %.900s", self->post->options->node, error->text);
        away = self->post->worker;
    }
    message_t fault = { .verb = MESSAGE_FAULT, .fault = {
        .lost = lost, .kind = error->kind, .away = away, .error = here.text, .compiler = (char *) compiler,
    } };
    order_stamp (order, &fault);
    if (self->post->options->head)
        log_rarely (&self->post->faults, "job %llu: %s", (unsigned long long) order_ids (order).job, here.text);
    outbox_send (&self->outbox, &fault);
}

void slot_fault (slot_t *self, const message_t *order, bool lost, const error_t *error, const char *compiler)
{
    s_fault (self, order, lost, 0, error, compiler);
}

// No executor this time. Want of descriptors may pass; if it does not, what waits here is told why and tried elsewhere.
static void s_refuse (slot_t *self, const error_t *error)
{
    if (!self->refused++ && !self->post->options->parent)
        log_line (LOG_WARN, "%s", error->text);
    slot_shed (self);
    self->retry = true;
    while (self->refused >= HIRES && self->queued) {
        slot_fault (self, &self->queue [0].order, false, error, "");
        s_unqueue (self, 0);
    }
}

static void s_hire (slot_t *self)
{
    error_t error = { 0 };
    line_far_t far;
    self->generation++;
    status_t rc = line_open (&self->line, &far);
    if (rc)
        error_errno (&error, "slot %u: cannot prepare an executor", self->index);
    else
        rc = zygote_spawn (self->post->zygote, s_tag (self), far.channel, far.page, far.output, &error);
    line_close_far (&far);
    self->state = ALIVE;
    self->used = self->hung_up = false;
    self->sentence = (error_t) { 0 };
    if (rc)
        s_refuse (self, &error);
    else
        self->refused = 0;
}

static bool s_has_loaded (const slot_t *self, uint64_t job)
{
    for (uint32_t i = 0; i < self->jobs; i++)
        if (self->loaded [i] == job)
            return true;
    return false;
}

static void s_remember_loaded (slot_t *self, uint64_t job)
{
    self->loaded = memory_grow (self->loaded, (self->jobs + 1) * sizeof *self->loaded);
    self->loaded [self->jobs++] = job;
}

// Before each order, for few jobs have any and those have few.
static status_t s_send_sides (slot_t *self, const dossier_t *dossier, error_t *error)
{
    message_t sides;
    if (!dossier_tell_sides (dossier, &sides))
        return OK;
    status_t rc = message_send (self->line.channel, &sides, error);
    free (sides.sides.places.item);
    free (sides.sides.mtimes.item);
    return rc;
}

static bool s_is_task (const message_t *order)
{
    return order->verb == MESSAGE_MAP || order->verb == MESSAGE_REDUCE;
}

static status_t s_send (slot_t *self, const errand_t *errand, const dossier_t *dossier, error_t *error)
{
    if (!s_has_loaded (self, dossier->job.job.job)) {
        const worker_options_t *options = self->post->options;
        message_t load = dossier_load (dossier, self->index, options->memory / options->slots);
        TRY (message_send (self->line.channel, &load, error));
        s_remember_loaded (self, dossier->job.job.job);
    }
    if (s_is_task (&errand->order))
        TRY (s_send_sides (self, dossier, error));
    message_t order = errand->supply ? supply_order (errand->supply, &errand->order) : errand->order;
    return message_send (self->line.channel, &order, error);
}

// The head of the queue is answered without the executor having seen it.
static void s_decline (slot_t *self, uint64_t away, const error_t *error, const char *compiler)
{
    s_fault (self, &self->queue [0].order, false, away, error, compiler);
    s_unqueue (self, 0);
}

// The head of the queue goes to the executor, if its plugin is ready and what it needs is here. False: nothing more can be done now.
static bool s_begin (slot_t *self)
{
    const errand_t *errand = &self->queue [0];
    const message_t *head = &errand->order;
    dossier_t *dossier = dossiers_find (&self->post->jobs, order_ids (head).job);
    error_t error = { 0 };
    if (!dossier) {
        error_set (&error, "this worker does not know job %llu", (unsigned long long) order_ids (head).job);
        s_decline (self, 0, &error, "");
        return true;
    }
    plugin_t *plugin = dossier_plugin (dossier, self->post->options, self->post->bundles, self->post->master);
    supply_state_t supplied = errand->supply ? supply_state (errand->supply) : SUPPLY_READY;
    if (!plugin || plugin_fd (plugin) >= 0 || supplied == SUPPLY_COMING || !dossier_ready (dossier))
        return false;
    if (!plugin_path (plugin)) {
        s_decline (self, plugin_unable (plugin) ? self->post->worker : 0, plugin_error (plugin), plugin_compiler (plugin));
        return true;
    }
    if (s_is_task (head)) {
        const error_t *why = NULL;
        supply_state_t sides = dossier_sides (dossier, &self->post->supplies, &why);
        if (sides == SUPPLY_COMING)
            return false;
        if (sides == SUPPLY_FAILED) {                   // wrong data are so everywhere; else it may be had on another node
            s_decline (self, why->kind == ERROR_DATA ? 0 : self->post->worker, why, "");
            return true;
        }
    }
    if (supplied == SUPPLY_FAILED) {
        error = *supply_error (errand->supply);
        s_decline (self, supply_away (errand->supply), &error, "");
        return true;
    }
    self->used = true;
    status_t rc = s_send (self, errand, dossier, &error);
    if (rc == OK) {
        self->order = errand->order;
        self->supply = errand->supply;
        self->queue [0] = (errand_t) { 0 };
        self->still_us = 0;
        tasklog_begin (self->log);
        s_unqueue (self, 0);
    }
    else if (rc == TRUNCATED)
        slot_kill (self);                                  // it has died in idleness: the next one will do it
    else
        s_decline (self, 0, &error, "");
    return self->state == ALIVE && !self->order.verb;
}

// What the order's supply has brought: bytes that the executor waits for.
static void s_look_at_supply (slot_t *self)
{
    message_t have;
    error_t error = { 0 };
    if (supply_have (self->supply, &have) && self->state == ALIVE) {
        self->still_us = 0;
        if (message_send (self->line.channel, &have, &error))
            slot_kill (self);                           // it has died: the zygote will say how
    }
}

void slot_pump (slot_t *self)
{
    outbox_pump (&self->outbox);
    if (self->supply)
        s_look_at_supply (self);
    if (self->state == ABSENT && !self->retry)
        s_hire (self);
    while (self->state == ALIVE && !self->order.verb && self->queued && !outbox_full (&self->outbox))
        if (!s_begin (self))
            break;
}

void slot_give (slot_t *self, message_t *order)
{
    self->queue = memory_grow (self->queue, (self->queued + 1) * sizeof *self->queue);
    const dossier_t *dossier = dossiers_find (&self->post->jobs, order_ids (order).job);
    bool supplied = dossier && s_is_task (order);
    self->queue [self->queued++] = (errand_t) {
        .order = *order, .supply = supplied ? supply_new (&self->post->supplies, order, self->post->worker, dossier->scratch) : NULL,
    };
    *order = (message_t) { 0 };
}

static bool s_is_attempt (const message_t *order, const message_abandon_t *attempt)
{
    order_ids_t ids = order_ids (order);
    return (order->verb == MESSAGE_MAP || order->verb == MESSAGE_REDUCE) && ids.job == attempt->job && ids.stage == attempt->stage
        && ids.task == attempt->task && ids.attempt == attempt->attempt;
}

void slot_abandon (slot_t *self, const message_abandon_t *attempt)
{
    for (uint32_t i = self->queued; i-- > 0; )
        if (s_is_attempt (&self->queue [i].order, attempt))
            s_unqueue (self, i);
    if (self->order.verb && s_is_attempt (&self->order, attempt)) {
        error_set (&self->sentence, "abandoned");
        slot_kill (self);
    }
    outbox_abandon (&self->outbox, attempt);
}

void slot_clear (slot_t *self)
{
    while (self->queued)
        s_unqueue (self, self->queued - 1);
    if (self->order.verb && self->state == ALIVE)
        slot_kill (self);
    slot_done (self);
    outbox_forget (&self->outbox, 0);
}

void slot_forget (slot_t *self, uint64_t job)
{
    outbox_forget (&self->outbox, job);
    for (uint32_t i = self->queued; i-- > 0; )
        if (order_ids (&self->queue [i].order).job == job)
            s_unqueue (self, i);
    bool loaded = false;
    for (uint32_t i = self->jobs; i-- > 0; )
        if (self->loaded [i] == job) {
            self->loaded [i] = self->loaded [--self->jobs];
            loaded = true;
        }
    if (self->order.verb && order_ids (&self->order).job == job) {
        slot_done (self);
        slot_kill (self);
    }
    if (!loaded || self->state != ALIVE)
        return;
    message_t forget = { .verb = MESSAGE_FORGET, .forget = { .job = job } };
    if (message_send (self->line.channel, &forget, NULL))
        slot_kill (self);
    else if (!self->jobs) {                             // it closes the job and ends
        self->state = DYING;
        self->still_us = 0;
    }
}

int slot_channel (const slot_t *self)
{
    return self->line.channel;
}

int slot_output (const slot_t *self)
{
    return self->line.output;
}

static void s_need (slot_t *self, const message_need_t *need)
{
    if (self->supply) {
        supply_need (self->supply, need);
        return;
    }
    message_t have = { .verb = MESSAGE_HAVE, .have = { .job = need->job, .file = need->file, .error = (char *) "no input is on its way" } };
    if (self->order.verb && message_send (self->line.channel, &have, NULL))
        slot_kill (self);
}

// Passed on, when its parts are on the head. Takes the message.
static void s_answer (slot_t *self, message_t *answer)
{
    const dossier_t *dossier = dossiers_find (&self->post->jobs, order_ids (&self->order).job);
    order_stamp (&self->order, answer);
    if (answer->verb == MESSAGE_FAULT && s_is_disk (self, answer->fault.kind)) {
        error_t error = { 0 };
        error_set_kind (&error, ERROR_SCRATCH, "%s", answer->fault.error);
        slot_fault (self, &self->order, answer->fault.lost, &error, "");
        slot_done (self);
        return;
    }
    if (answer->verb == MESSAGE_DONE && self->supply) {
        message_done_t *done = &answer->done;
        done->moved = supply_moved (self->supply);
        done->carried = supply_carried (self->supply);
        if (dossier && !dossier_shares (dossier) && (!done->held || done->rejects)) {
            supply_send (self->supply, done, dossier_folder (dossier));
            outbox_send_stored (&self->outbox, answer, &self->supply);
            slot_done (self);
            return;
        }
    }
    if (answer->verb == MESSAGE_SEALED && self->post->serve && *answer->sealed.path)
        serve_add (self->post->serve, order_ids (&self->order).job, answer->sealed.segment, answer->sealed.path);
    outbox_send (&self->outbox, answer);
    message_free (answer);
    slot_done (self);
}

void slot_read (slot_t *self)
{
    message_t answer = { 0 };
    error_t error = { 0 };
    if (self->line.channel < 0)
        return;
    status_t rc = message_receive (self->line.channel, &answer, &error);
    if (rc == TRUNCATED) {                              // no kill yet: that would hide how it ended
        line_close_fd (&self->line.channel);
        self->state = DYING;
        self->hung_up = true;
        self->still_us = 0;
        return;
    }
    if (rc) {
        error_set_kind (&self->sentence, ERROR_JOB, "the executor's answer is damaged: %.900s", error.text);
        line_close_fd (&self->line.channel);
        slot_kill (self);
        return;
    }
    if (answer.verb == MESSAGE_NEED)
        s_need (self, &answer.need);
    else if (self->order.verb && order_answered_by (&self->order, answer.verb))
        s_answer (self, &answer);
    message_free (&answer);
}

void slot_listen (slot_t *self)
{
    if (!tasklog_drain (self->log, self->line.output))
        line_close_fd (&self->line.output);
    if (self->post->options->head)
        forward_log (self->post, self->index, self->order.verb ? slot_job (self) : self->jobs ? self->loaded [self->jobs - 1] : 0, self->log);
}

bool slot_owns (const slot_t *self, uint64_t tag)
{
    return self->state != ABSENT && tag == s_tag (self);
}

uint64_t slot_resident (const slot_t *self)
{
    return line_resident (&self->line);
}

bool slot_busy (const slot_t *self)
{
    return self->order.verb || self->state == DYING || self->retry;
}

uint64_t slot_job (const slot_t *self)
{
    return order_ids (&self->order).job;
}

const position_t *slot_position (const slot_t *self)
{
    return self->line.position;
}
