// intake: see intake.h.
//
//     SUBMIT ─▸ its turn: behind others of its connection ─▸ WANT, BLOB … until sources and names are whole ─▸ look ─▸ ACCEPTED or FINISHED
//            ◂─────────────────────────────── a STATE a second, so that its client sees that this master lives ─────────────────┘
//
// So the SUBMITs of a connection become jobs in their order, those of others need not wait for them, and one key that names a disk that
// sleeps has a few of the threads only. A piece is asked for when the one before it has come, so nothing is sent that nobody waits for. What waits here
// is bounded in number and bytes; a client that was asked for something and has been silent for a minute is given up.
//
// A number is given before the look, because hidden names are made of it; so a SUBMIT that is refused leaves a gap in them.
#include "master/desk.h"
#include "master/intake.h"

#include <stdio.h>
#include <unistd.h>

enum {
    ARRIVALS = 4096, BYTES = 64 << 20,                  // that wait here
    SPOOLED = 1 << 30,                                  // bytes of what clients bring
    LOOKS_A_KEY = 4,                                    // at a time
    JOBS = 10000,                                       // under way at a time: each costs memory before it costs time
    SILENCE_US = 60 * 1000 * 1000, TELL_US = 1000 * 1000,
};

static void s_advance (shell_t *self, arrival_t *arrival);

// ---- those that wait

static void s_refuse (shell_t *self, const peer_id_t *from, error_kind_t kind, const char *why)
{
    shell_send_finished (self, from, 0, (uint64_t) master_exit_of (kind), why, "", "");
}

static arrival_t *s_of (arrival_t *at, const peer_id_t *from)
{
    while (at && !peer_id_equal (&at->from, from))
        at = at->next;
    return at;
}

static bool s_may_look (const shell_t *self, const arrival_t *arrival)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < self->looks; i++)
        same += *arrival->user.key && !strcmp (self->look [i]->user.key, arrival->user.key);
    return self->looks < SHELL_LOOKS && same < LOOKS_A_KEY;
}

static arrival_t *s_next (const shell_t *self)
{
    arrival_t *at = self->looks < SHELL_LOOKS ? self->arrivals : NULL;
    while (at && !(at->first && at->state == ARRIVAL_WAITS && s_may_look (self, at)))
        at = at->next;
    return at;
}

// Who waited for another to be through, or for a look to end. From the beginning each time: one that goes on may be gone then.
static void s_go_on (shell_t *self)
{
    for (arrival_t *at; (at = s_next (self));)
        s_advance (self, at);
}

static void s_drop_list (arrival_t *arrival)
{
    if (arrival->list)
        unlink (arrival->list);
    free (arrival->list);
    arrival->list = NULL;
}

static void s_remove (shell_t *self, arrival_t *arrival)
{
    arrival_t **at = &self->arrivals;
    while (*at != arrival)
        at = &(*at)->next;
    *at = arrival->next;
    arrival_t *behind = s_of (*at, &arrival->from);
    if (behind)
        behind->first = true;
    desk_sides_end (self, arrival->number, &arrival->sides);
    message_free (&arrival->submit);
    spool_destroy (&arrival->spool);
    s_drop_list (arrival);
    free (arrival);
}

// It is over for this one; the others go on.
static void s_give_up (shell_t *self, arrival_t *arrival, error_kind_t kind, const char *why)
{
    s_refuse (self, &arrival->from, kind, why);
    s_remove (self, arrival);
}

// ---- what its client brings

// False: its client is gone.
static bool s_ask (shell_t *self, arrival_t *arrival)
{
    message_t want = { .verb = MESSAGE_WANT, .want = { (char *) spool_hash (arrival->spool), spool_bytes (arrival->spool) } };
    arrival->heard_us = self->now;
    return peer_send (self->peer, &arrival->from, &want, 0, NULL) == OK;
}

// What it still has to bring; NULL: all is here.
static const char *s_lacks (const shell_t *self, const arrival_t *arrival)
{
    const message_submit_t *submit = &arrival->submit.submit;
    if (!self->desk)
        return NULL;
    if (submit->bundle && *submit->bundle && !blobs_has (self->desk->blobs, submit->bundle))
        return submit->bundle;
    for (uint32_t i = 0; i < submit->side_hashes.count; i++)
        if (sides_travels (submit, i) && !blobs_has (self->desk->blobs, submit->side_hashes.item [i]))
            return submit->side_hashes.item [i];
    return submit->input_list && *submit->input_list && !arrival->list ? submit->input_list : NULL;
}

static uint64_t s_spooled (const shell_t *self)
{
    uint64_t bytes = 0;
    for (const arrival_t *at = self->arrivals; at; at = at->next)
        bytes += at->spool ? spool_size (at->spool) : 0;
    return bytes;
}

static void s_fetch (shell_t *self, arrival_t *arrival, const char *hash)
{
    error_t error = { 0 };
    arrival->brings_list = hash == arrival->submit.submit.input_list;
    status_t rc = bundle_is_hash (hash) ? OK : error_set_kind (&error, ERROR_USAGE, "the name of the job's sources, inputs or side files is no hash");
    if (!rc && !(arrival->spool = spool_new (blobs_folder (self->desk->blobs), hash, arrival->brings_list ? INPUT_NAMES : BUNDLE_LIMIT, &error)))
        rc = FAILED;
    arrival->state = ARRIVAL_BRINGS;
    if (rc)
        s_give_up (self, arrival, error.kind, error.text);
    else if (!s_ask (self, arrival))
        s_remove (self, arrival);
}

static void s_fetched (shell_t *self, arrival_t *arrival)
{
    error_t error = { 0 };
    status_t rc = OK;
    char *path = spool_take (arrival->spool);
    if (arrival->brings_list)
        arrival->list = path;
    else
        rc = blobs_take (self->desk->blobs, spool_hash (arrival->spool), path, &error);
    spool_destroy (&arrival->spool);
    arrival->state = ARRIVAL_WAITS;
    if (rc)
        s_give_up (self, arrival, error.kind, error.text);
    else
        s_advance (self, arrival);
}

void intake_blob (shell_t *self, const peer_id_t *from, const message_blob_t *blob)
{
    error_t error = { 0 };
    arrival_t *arrival = s_of (self->arrivals, from);
    if (!arrival || !arrival->spool || strcmp (spool_hash (arrival->spool), blob->blob))
        return;                                         // it was given up meanwhile
    status_t rc = spool_add (arrival->spool, blob, &error);
    if (!rc && s_spooled (self) > SPOOLED)
        rc = error_set (&error, "too many jobs are on their way to this master: try again in a minute");
    if (rc)
        s_give_up (self, arrival, error.kind, error.text);
    else if (spool_is_whole (arrival->spool))
        s_fetched (self, arrival);
    else if (!s_ask (self, arrival))
        s_remove (self, arrival);
    s_go_on (self);
}

// ---- the look, and what becomes of it

static void s_insert (work_t **list, work_t *work)
{
    while (*list && (*list)->number < work->number)
        list = &(*list)->next;
    work->next = *list;
    *list = work;
}

// False: the client has gone before it knew of its job; so nobody does.
static bool s_accept (shell_t *self, arrival_t *arrival)
{
    work_t *work = arrival->work;
    const message_submit_t *submit = &work->asked.submit;
    message_t accepted = { .verb = MESSAGE_ACCEPTED, .accepted = { work->number, self->epoch,
        self->data ? (uint64_t) dataserver_port (self->data) : 0 } };
    work->sides = arrival->sides;
    arrival->sides = (sides_t) { 0 };
    s_insert (&self->works, work);
    work_watch (work, &arrival->from);
    desk_begin (self, work);                            // first: what was accepted is known to the next master
    shell_tell_watchers (self, work, &accepted);
    if (!work->watchers) {
        shell_log (self, "a client has gone before its job was accepted: the job is dropped");
        const message_finished_t end = { work->number, EXIT_CANCELLED, (char *) "its client had gone before it was accepted", NULL, NULL };
        shell_unlink (&self->works, work);
        desk_end (self, work, &end);
        return false;
    }
    shell_step (self, (event_t) { .kind = EVENT_SUBMITTED, .job = work->number, .user = self->data ? submit->user : NULL,
        .priority = self->data ? submit->priority : PLAN_PRIORITY });
    return true;
}

static void s_end_look (shell_t *self, arrival_t *arrival)
{
    uint32_t i = 0;
    while (self->look [i] != arrival)
        i++;
    self->look [i] = self->look [--self->looks];
    arrival->state = ARRIVAL_WAITS;
}

static void s_looked (void *context)
{
    arrival_t *arrival = context;
    shell_t *self = arrival->shell;
    bool late = atomic_load (&arrival->given_up);
    s_end_look (self, arrival);
    s_drop_list (arrival);                              // first: when the client hears, nothing is left
    if (arrival->work && (late || self->leaving || !s_accept (self, arrival)))
        look_undo (self, arrival->work);
    if (late)
        shell_send_finished (self, &arrival->from, 0, EXIT_CANCELLED, "cancelled", "", "");
    else if (arrival->work && self->leaving)
        s_refuse (self, &arrival->from, ERROR_OTHER, "the master ends, and takes no more jobs");
    else if (!arrival->work)
        s_refuse (self, &arrival->from, arrival->error.kind, arrival->error.text);
    s_remove (self, arrival);
    s_go_on (self);
}

static void s_advance (shell_t *self, arrival_t *arrival)
{
    const char *lacks = s_lacks (self, arrival);
    if (lacks) {
        s_fetch (self, arrival, lacks);
        return;
    }
    if (!s_may_look (self, arrival))
        return;                                         // it waits on
    self->look [self->looks++] = arrival;
    arrival->state = ARRIVAL_LOOKS;
    arrival->number = ++self->jobs;
    if (self->desk)
        sides_pin (&arrival->sides, &arrival->submit.submit, self->desk->blobs);
    shell_errand (self, arrival->number, look_run, s_looked, arrival);
}

// ---- in

static const char *s_obstacle (const shell_t *self, const arrival_t *fresh, char *text, size_t room)
{
    uint32_t jobs = 0, arrivals = 0;
    size_t bytes = fresh->weight;
    for (const work_t *work = self->works; work; work = work->next)
        jobs++;
    for (const arrival_t *at = self->arrivals; at; at = at->next, arrivals++)
        bytes += at->weight;
    if (self->leaving)
        return "the master ends, and takes no more jobs";
    if (arrivals >= ARRIVALS || bytes > BYTES)
        return "too many jobs are on their way to this master: try again in a minute";
    if (jobs + arrivals < JOBS)
        return NULL;
    snprintf (text, room, "the master has %u jobs under way and takes no more now", jobs);
    return text;
}

void intake_submit (shell_t *self, const peer_id_t *from, message_t *submit)
{
    char text [80];
    arrival_t *fresh = memory_new (sizeof *fresh);
    *fresh = (arrival_t) { .shell = self, .from = *from, .weight = sizeof *fresh + (submit->memory ? arena_bytes (submit->memory) : 0),
        .heard_us = self->now, .told_us = self->now };
    const char *obstacle = s_obstacle (self, fresh, text, sizeof text);
    if (obstacle) {
        s_refuse (self, from, ERROR_OTHER, obstacle);
        free (fresh);
        return;
    }
    if (self->gate)
        fresh->user = *peer_user (self->peer);
    fresh->submit = *submit;
    *submit = (message_t) { 0 };
    fresh->first = !s_of (self->arrivals, from);
    arrival_t **end = &self->arrivals;
    while (*end)
        end = &(*end)->next;
    *end = fresh;
    if (fresh->first)
        s_advance (self, fresh);
}

// ---- while they wait

void intake_cancel (shell_t *self, const peer_id_t *from)
{
    for (arrival_t *at = self->arrivals, *next; at; at = next) {
        next = at->next;
        if (from && !peer_id_equal (&at->from, from))
            continue;
        atomic_store (&at->given_up, true);
        if (at->state == ARRIVAL_LOOKS)
            continue;                                   // s_looked tells
        shell_send_finished (self, &at->from, 0, EXIT_CANCELLED, from ? "cancelled" : "cancelled: the master ends", "", "");
        s_remove (self, at);
    }
}

static void s_tell (shell_t *self, arrival_t *arrival)
{
    message_t state = { .verb = MESSAGE_STATE };
    arrival->told_us = self->now;
    if (!peer_send (self->peer, &arrival->from, &state, 0, NULL) || atomic_exchange (&arrival->given_up, true))
        return;
    shell_log (self, "a client has gone before its job was accepted: the job is dropped");
}

void intake_turn (shell_t *self)
{
    for (arrival_t *at = self->arrivals, *next; at; at = next) {
        next = at->next;
        bool told = self->now - at->told_us >= TELL_US, silent = at->state == ARRIVAL_BRINGS && self->now - at->heard_us > SILENCE_US;
        if (told)
            s_tell (self, at);
        if (at->state != ARRIVAL_LOOKS && (silent || atomic_load (&at->given_up)))
            s_remove (self, at);
    }
    s_go_on (self);
}
