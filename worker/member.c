// member: see loop_parts.h.
//
// A worker is a member from WELCOME on, under the number that it gives. What breaks a membership (the connection, a master that starts anew or
// has given up on us) breaks it whole: messages may be lost on either side, so neither knows what the other holds. All work is dropped and
// HELLO said again, with another nonce; the master's plan runs again what was lost. Nothing is salvaged, and nothing can be counted twice.
// The chunk cache stays, and with it most of what it took to get there.
#include "worker/loop_parts.h"
#include "base/clock.h"
#include "base/log.h"
#include "worker/recipe.h"
#include <racimo.h>
#include <sys/random.h>
#include <sys/utsname.h>

enum { PATIENCE_US = 5000000 };                         // for a WELCOME
enum { IO_THREADS = 2 };                                // what is fetched and what is served are encrypted side by side

// ---- beginning and end

static status_t s_new_nonce (worker_t *self, error_t *error)
{
    return getrandom (&self->nonce, sizeof self->nonce, 0) < 0 ? error_errno (error, "no random numbers") : OK;
}

status_t member_begin (worker_t *self, error_t *error)
{
    TRY (s_new_nonce (self, error));
    self->start = self->nonce;
    if (!self->options->head)
        return OK;
    zsys_set_io_threads (IO_THREADS);
    if (self->options->keys) {                          // before the first bind: without a gate any key is let in
        self->gate = gate_new (error);
        if (!self->gate)
            return FAILED;
    }
    if (self->options->bundles)
        self->post.bundles = bundles_new (self->options->bundles);
    self->post.serve = serve_new (self->options, error);
    self->post.supplies.fetch = self->post.serve ? fetch_new (self->options, error) : NULL;
    return self->post.supplies.fetch ? OK : FAILED;
}

void member_end (worker_t *self)
{
    supplies_free (&self->post.supplies);
    serve_destroy (&self->post.serve);
    bundles_destroy (&self->post.bundles);
    gate_destroy (&self->gate);
    message_free (&self->nodes);
}

// ---- coming and going

static const char *s_or_empty (const char *text)
{
    return text ? text : "";
}

void member_greet (worker_t *self)
{
    struct utsname name;
    char machine [RECIPE_NAME];
    const worker_options_t *options = self->options;
    uname (&name);
    recipe_machine (machine);
    message_t hello = { .verb = MESSAGE_HELLO, .hello = {
        .abi = RAC_ABI, .start = self->start, .nonce = self->nonce, .pid = (uint64_t) getpid (), .slots = options->slots,
        .memory = options->memory, .compiler = recipe_has_compiler (), .port = self->post.serve ? serve_port (self->post.serve) : 0,
        .address = (char *) s_or_empty (options->address), .node = (char *) options->node,
        .cpu = name.machine, .release = (char *) PACKAGE_VERSION, .machine = machine,
    } };
    self->greeted = !peer_send (self->post.master, NULL, &hello, 0, NULL);
    self->greeted_us = clock_us ();
}

void member_greet_again (worker_t *self)
{
    if (self->greeted && !self->id && clock_us () - self->greeted_us > PATIENCE_US)
        member_greet (self);
}

void member_lost (worker_t *self)
{
    error_t error = { 0 };
    if (self->id)
        log_line (LOG_WARN, "the master is away or counts this worker as lost: all work here is dropped");
    while (self->post.jobs.count)
        member_forget (self, self->post.jobs.item [0]->job.job.job);
    for (uint32_t i = 0; i < self->options->slots; i++)
        slot_clear (self->slot [i]);
    self->id = self->post.worker = 0;
    self->greeted = self->post.cut_off = false;
    self->ending |= self->draining;                     // nobody is left to wait for
    if (s_new_nonce (self, &error))
        log_line (LOG_BAD, "%s", error.text);
}

void member_welcome (worker_t *self, const message_welcome_t *welcome)
{
    bool other = welcome->worker != self->id || welcome->epoch != self->epoch;
    if (self->options->head && self->id && other)
        member_lost (self);
    if (self->options->head && !welcome->worker) {
        self->greeted = false;
        return;
    }
    if (self->options->head && other) {
        log_line (LOG_SAY, "is worker %llu of %s", (unsigned long long) welcome->worker, self->options->endpoint);
        fetch_head (self->post.supplies.fetch, self->options->head, welcome->data);
        if (self->post.bundles)
            bundles_again (self->post.bundles, self->post.master);
    }
    self->greeted = true;
    self->epoch = welcome->epoch;
    self->id = self->post.worker = welcome->worker;
    self->beat_us = welcome->beat_ms ? (int64_t) welcome->beat_ms * 1000 : BEAT_US;
}

void member_drain (worker_t *self)
{
    message_t drain = { .verb = MESSAGE_DRAIN, .drain = { self->id } };
    if (self->draining || !self->options->head || self->options->parent || !self->id) {
        self->ending = true;
        return;
    }
    self->draining = true;
    log_line (LOG_SAY, "ends when nothing needs it any more; at once if told again");
    post_send (&self->post, &drain);
}

// ---- neighbours

static bool s_lists (const message_t *nodes, const char *key)
{
    for (uint32_t i = 0; nodes->verb && i < nodes->nodes.keys.count; i++)
        if (!strcmp (nodes->nodes.keys.item [i], key))
            return true;
    return false;
}

// Whoever is no node any more may fetch nothing more here.
void member_nodes (worker_t *self, message_t *nodes)
{
    if (!self->options->head)
        return;
    for (uint32_t i = 0; self->gate && i < nodes->nodes.keys.count; i++)
        if (*nodes->nodes.keys.item [i])
            gate_allow (self->gate, nodes->nodes.keys.item [i], ROLE_WORKER, "node");
    for (uint32_t i = 0; self->gate && self->nodes.verb && i < self->nodes.nodes.keys.count; i++)
        if (!s_lists (nodes, self->nodes.nodes.keys.item [i])) {
            gate_refuse (self->gate, self->nodes.nodes.keys.item [i]);
            serve_cut (self->post.serve, self->nodes.nodes.keys.item [i]);
        }
    fetch_nodes (self->post.supplies.fetch, nodes);
    message_free (&self->nodes);
    self->nodes = *nodes;
    *nodes = (message_t) { 0 };
}

// ---- jobs

void member_job (worker_t *self, message_t *job)
{
    error_t error = { 0 };
    if (dossiers_add (&self->post.jobs, job, self->options->scratch, &self->post.supplies, &error))
        log_line (LOG_WARN, "%s", error.text);          // its orders will be answered with a fault
}

void member_forget (worker_t *self, uint64_t job)
{
    for (uint32_t i = 0; i < self->options->slots; i++)
        slot_forget (self->slot [i], job);
    if (self->post.supplies.fetch)
        fetch_forget (self->post.supplies.fetch, job);
    if (self->post.serve)
        serve_forget (self->post.serve, job);
    dossiers_forget (&self->post.jobs, job);
}

// ---- beats

static void s_count_progress (const worker_t *self, message_beat_t *beat)
{
    for (uint32_t i = 0; beat->job && i < self->options->slots; i++) {
        const position_t *position = slot_position (self->slot [i]);
        if (position && slot_job (self->slot [i]) == beat->job) {
            beat->bytes += position->bytes;
            beat->rows += position->rows;
        }
    }
}

// One BEAT for each job under way: what its attempts have done so far.
void member_beat (worker_t *self)
{
    bool told = !self->id;
    if (self->options->head)
        health_read (&self->health);
    for (uint32_t j = 0; j < self->post.jobs.count || !told; j++) {
        message_t beat = { .verb = MESSAGE_BEAT, .beat = {
            .epoch = self->epoch, .worker = self->id, .job = j < self->post.jobs.count ? self->post.jobs.item [j]->job.job.job : 0,
            .resident = self->peak, .cached = self->post.supplies.fetch ? fetch_held (self->post.supplies.fetch) : 0,
            .streamed = self->post.supplies.streamed, .millicelsius = self->health.millicelsius, .throttled = self->health.throttled,
        } };
        s_count_progress (self, &beat.beat);
        post_send (&self->post, &beat);
        told = true;
    }
    self->peak_told = self->peak;
    self->last_beat = clock_us ();
}
