// sources: a job's sources on their way from its client, through this master, to the workers.
//
//     client ── SUBMIT (bundle: hash) ─▸ master       it has them: the job begins
//            ◂── WANT (hash, offset) ───              else the SUBMIT waits here
//            ─── BLOB (48 KiB) ────────▸ … until whole; the hash is held against them, and all SUBMITs that wait for them go on
//     worker ── WANT ─▸ master ── BLOB ─▸ …           the same, at its first JOB with that hash
//
// A piece is asked for when the one before it has come, so nothing is sent that nobody waits for; what waits here is bounded in number and
// bytes, and given up when its client has been silent for a minute.
#include "master/desk.h"
#include "base/log.h"

enum { WAITS = 256, WAITING_BYTES = 64 << 20, SILENCE_US = 60 * 1000 * 1000 };

struct waiting {
    waiting_t *next;
    peer_id_t from;
    message_t submit;
    buffer_t bytes;
    int64_t heard_us;
};

static void s_remove (desk_t *desk, waiting_t **at)
{
    waiting_t *waiting = *at;
    *at = waiting->next;
    desk->waits--;
    message_free (&waiting->submit);
    buffer_free (&waiting->bytes);
    free (waiting);
}

void desk_give_up (shell_t *self)
{
    while (self->desk->waiting)
        s_remove (self->desk, &self->desk->waiting);
}

static void s_refuse (shell_t *self, const peer_id_t *from, const char *why)
{
    shell_send_finished (self, from, 0, EXIT_OTHER, why, "", "");
}

// False: its client is gone.
static bool s_ask (shell_t *self, const waiting_t *waiting)
{
    message_t want = { .verb = MESSAGE_WANT, .want = { waiting->submit.submit.bundle, waiting->bytes.size } };
    return peer_send (self->peer, &waiting->from, &want, 0, NULL) == OK;
}

static uint64_t s_clean (shell_t *self)
{
    uint64_t bytes = 0;
    for (waiting_t **at = &self->desk->waiting; *at;)
        if (self->now - (*at)->heard_us > SILENCE_US)
            s_remove (self->desk, at);
        else {
            bytes += (*at)->bytes.room;
            at = &(*at)->next;
        }
    return bytes;
}

bool desk_awaits (shell_t *self, const peer_id_t *from, message_t *submit)
{
    desk_t *desk = self->desk;
    const char *hash = submit->submit.bundle;
    if (!desk || !hash || !*hash || blobs_has (desk->blobs, hash))
        return false;
    if (!bundle_is_hash (hash)) {
        s_refuse (self, from, "the name of the job's sources is no hash");
        return true;
    }
    if (s_clean (self) > WAITING_BYTES || desk->waits >= WAITS) {
        s_refuse (self, from, "too many jobs are on their way to this master: try again in a minute");
        return true;
    }
    waiting_t *waiting = memory_new (sizeof *waiting);
    *waiting = (waiting_t) { .from = *from, .submit = *submit, .heard_us = self->now };
    *submit = (message_t) { 0 };
    waiting_t **end = &desk->waiting;
    while (*end)
        end = &(*end)->next;
    *end = waiting;
    desk->waits++;
    if (!s_ask (self, waiting))
        s_remove (desk, end);
    return true;
}

// ---- from a client

static waiting_t **s_find (desk_t *desk, const peer_id_t *from, const char *hash)
{
    waiting_t **at = &desk->waiting;
    while (*at && (strcmp ((*at)->submit.submit.bundle, hash) || (from && !peer_id_equal (&(*at)->from, from))))
        at = &(*at)->next;
    return at;
}

// FAILED: this is no piece that was asked for.
static status_t s_add (waiting_t *waiting, const message_blob_t *blob, error_t *error)
{
    if (blob->error && *blob->error)
        return error_set (error, "the job's sources: %s", blob->error);
    if (blob->offset != waiting->bytes.size || !blob->bytes.size || blob->size > BUNDLE_LIMIT
        || blob->bytes.size > blob->size - waiting->bytes.size)
        return error_set (error, "the job's sources do not come as they were asked for");
    buffer_add (&waiting->bytes, blob->bytes.data, blob->bytes.size);
    return OK;
}

// Every SUBMIT with these sources, whoever brought them.
static void s_go_on (shell_t *self, const char *hash, desk_go_fn *go)
{
    waiting_t **at;
    while (*(at = s_find (self->desk, NULL, hash))) {
        peer_id_t from = (*at)->from;
        message_t submit = (*at)->submit;
        (*at)->submit = (message_t) { 0 };
        s_remove (self->desk, at);
        go (self, &from, &submit);
        message_free (&submit);
    }
}

void desk_blob (shell_t *self, const peer_id_t *from, const message_blob_t *blob, desk_go_fn *go)
{
    error_t error = { 0 };
    waiting_t **at = self->desk ? s_find (self->desk, from, blob->blob) : NULL;
    if (!at || !*at)
        return;                                         // it has come another way meanwhile
    waiting_t *waiting = *at;
    waiting->heard_us = self->now;
    status_t rc = s_add (waiting, blob, &error);
    if (!rc && waiting->bytes.size < blob->size) {
        if (!s_ask (self, waiting))
            s_remove (self->desk, at);
        return;
    }
    if (!rc)
        rc = blobs_keep (self->desk->blobs, blob->blob, &waiting->bytes, &error);
    if (!rc)
        s_go_on (self, blob->blob, go);
    else {
        s_refuse (self, from, error.text);
        s_remove (self->desk, at);
    }
}

// ---- to a worker

void desk_want (shell_t *self, const peer_id_t *from, const message_want_t *want)
{
    error_t error = { 0 };
    buffer_t piece = { 0 };
    uint64_t size = 0;
    status_t rc = self->desk ? blobs_read (self->desk->blobs, want->blob, want->offset, &piece, &size, &error)
        : error_set (&error, "this master keeps no sources");
    message_t blob = { .verb = MESSAGE_BLOB, .blob = { want->blob, want->offset, size, { piece.data, (uint32_t) piece.size }, rc ? error.text : NULL } };
    if (peer_send (self->peer, from, &blob, 0, NULL))
        log_line (LOG_WARN, "a worker has gone before it got the sources of a job");
    buffer_free (&piece);
}
