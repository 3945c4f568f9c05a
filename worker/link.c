// link: see link.h.
//
// How many requests are under way follows from how long they take: while answers come within WANTED_US there may be one more, up to
// WINDOW_MOST; when they take twice as long, one less. So a gigabit link is full (sixteen are 4 MiB), and on a slow one a block that an
// executor waits for does not stand behind seconds of read-ahead. And what lies in queues was packed before: the less of it, the sooner a server sees
// what another codec brings (wire/bulk_choice.c). (This is the idea of TCP Vegas: delay tells of a queue before loss does; here the delay that
// hurts is known, so no base has to be estimated.)
//
// An answer may be lost in two ways. The connection broke: then all are lost, and ZeroMQ makes a new one without telling us; or the
// server had no room for it. A request that is not answered within ASK_AGAIN_US is asked again under its number, and an answer that
// comes twice is ignored; after ASKED_MOST times it fails, though the server may answer others. A server that says nothing at all for so
// long is connected anew: a link that is half open has no other cure. So is one that refuses this node, for as long as the patience lasts: two nodes
// that come at the same time hear of each other one after the other. When a link has failed there is no connection until something is wanted again.
//
// A server sends no more than it was asked for. One that does is cut: its messages would be read as fast as it sends them, and everything else here
// would stand still; and what waits to be read is bounded by high water (wire/peer.c) and not by trust.
#include "worker/link.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "wire/bulk.h"
#include <czmq.h>

enum { WINDOW_LEAST = 2, WINDOW_FIRST = 4, WINDOW_MOST = 16 };
enum { WANTED_US = 30000, ASK_AGAIN_US = 10000000, ASKED_MOST = 6 };
enum { A_HAUL = 4 };                                    // requests of a usual one

typedef struct {
    uint64_t request, at, size;                         // at: in the haul
    haul_t *haul;
    int64_t sent_us;                                    // 0: not yet
    uint32_t asked;                                     // times
} piece_t;

struct link {
    char *name, *endpoint;
    peer_options_t security;
    peer_t *peer;                                       // NULL: not connected
    uint64_t sent, heard;                               // by this connection: requests, answers of whatever kind
    error_t why;                                        // it is not connected, if that is known
    log_rate_t rate;
    piece_t *piece;
    uint32_t pieces, window;
    uint64_t requests;                                  // the last number
    int64_t heard_us, silent_us, patience_us;           // silent: in whole turns of ASK_AGAIN_US before this one
    bool blocked;                                       // something waits for the socket
    bulk_pace_t pace;                                   // of what we send
    bulk_history_t history;
    buffer_t packed, unpacked;
};

static status_t s_connect (link_t *self, error_t *error)
{
    peer_destroy (&self->peer);
    self->peer = peer_connect (self->endpoint, &self->security, error);
    self->sent = self->heard = 0;
    for (uint32_t i = 0; i < self->pieces; i++)
        self->piece [i].sent_us = 0;
    self->blocked = self->pieces > 0;
    return self->peer ? OK : FAILED;
}

static void s_connect_again (link_t *self)
{
    error_t error = { 0 };
    if (s_connect (self, &error))
        self->why = error;
}

link_t *link_new (const char *name, const char *endpoint, const peer_options_t *security, int64_t patience_us, error_t *error)
{
    link_t *self = memory_new (sizeof *self);
    *self = (link_t) { .name = memory_text (name), .endpoint = memory_text (endpoint), .security = *security, .window = WINDOW_FIRST,
                       .patience_us = patience_us };
    self->security.bulk = true;
    if (s_connect (self, error))
        link_destroy (&self);
    return self;
}

void link_destroy (link_t **self_p)
{
    link_t *self = *self_p;
    if (!self)
        return;
    assert (!self->pieces);
    peer_destroy (&self->peer);
    buffer_free (&self->packed);
    buffer_free (&self->unpacked);
    free (self->piece);
    free (self->name);
    free (self->endpoint);
    free (self);
    *self_p = NULL;
}

bool link_has_room (const link_t *self)
{
    return self->pieces < self->window;
}

uint32_t link_requests (const link_t *self)
{
    return self->pieces;
}

// ---- asking

static status_t s_put (link_t *self, const piece_t *piece)
{
    const haul_t *haul = piece->haul;
    int64_t now = clock_us ();
    bulk_codec_t tried = bulk_choose (&self->pace, &self->history, bulk_codecs (), 0, now);
    bulk_effort_t effort = { 0 };
    bulk_codec_t codec = bulk_pack (tried, haul->bytes, haul->size, &self->packed, &effort);
    message_t put = { .verb = MESSAGE_PUT, .put = { .request = piece->request, .job = haul->job, .part = (char *) haul->part,
        .offset = haul->offset, .length = haul->size, .codec = codec, .checksum = bulk_checksum (haul->bytes, haul->size), .last = haul->last } };
    const char *bytes = codec == BULK_NONE ? haul->bytes : self->packed.data;
    size_t size = codec == BULK_NONE ? haul->size : self->packed.size;
    status_t rc = peer_send_bulk (self->peer, NULL, &put, bytes, size, 0, NULL);
    effort.all_us = clock_us () - now;
    if (!rc)
        bulk_learn (&self->pace, &self->history, tried, haul->size, size, &effort);
    piece->haul->carried += rc ? 0 : size;
    return rc;
}

static status_t s_get (link_t *self, const piece_t *piece)
{
    const haul_t *haul = piece->haul;
    message_t fetch = { .verb = MESSAGE_FETCH, .fetch = { piece->request, haul->what, haul->job, haul->index, haul->offset + piece->at,
        piece->size, bulk_codecs () } };
    return peer_send (self->peer, NULL, &fetch, 0, NULL);
}

static void s_send (link_t *self, piece_t *piece, int64_t now)
{
    if (piece->haul->part ? s_put (self, piece) : s_get (self, piece)) {
        self->blocked = true;                           // nobody is connected, or does not read: the poll or the watch will tell
        return;
    }
    piece->sent_us = now;
    piece->asked++;
    self->sent++;
}

// No more than the window and a haul, however large one is; and never more than WINDOW_MOST: libzmq counts what was read by the half of the high
// water, so of the 32 answers that a server may have in its queue for us (core/wire/peer.c) fifteen may be of before. What does not fit it drops, and
// is asked again only after ASK_AGAIN_US.
static void s_send_all (link_t *self, int64_t now)
{
    uint32_t under_way = 0, most = self->window + A_HAUL < WINDOW_MOST ? self->window + A_HAUL : WINDOW_MOST;
    self->blocked = false;
    for (uint32_t i = 0; i < self->pieces; i++)
        under_way += self->piece [i].sent_us != 0;
    for (uint32_t i = 0; self->peer && i < self->pieces && !self->blocked && under_way < most; i++)
        if (!self->piece [i].sent_us) {
            s_send (self, &self->piece [i], now);
            under_way++;
        }
}

void link_start (link_t *self, haul_t *haul, int64_t now)
{
    if (!self->pieces) {
        self->heard_us = now;
        self->silent_us = 0;
    }
    if (!self->peer)
        s_connect_again (self);
    haul->left = 0;
    uint64_t at = 0;
    do {
        uint64_t rest = haul->size - at, size = rest < FETCH_BYTES ? rest : FETCH_BYTES;
        self->piece = memory_grow (self->piece, (self->pieces + 1) * sizeof *self->piece);
        self->piece [self->pieces++] = (piece_t) { .request = ++self->requests, .at = at, .size = size, .haul = haul };
        haul->left++;
        at += size;
    } while (at < haul->size);
    s_send_all (self, now);
}

void link_drop (link_t *self, const haul_t *haul)
{
    for (uint32_t i = self->pieces; i-- > 0; )
        if (self->piece [i].haul == haul) {
            self->pieces--;                             // in order: the oldest first
            memmove (&self->piece [i], &self->piece [i + 1], (self->pieces - i) * sizeof *self->piece);
        }
}

// ---- answers

static void s_end (link_t *self, haul_t *haul, const error_t *error)
{
    link_drop (self, haul);
    haul->done (haul, error);
}

static void s_give_up (link_t *self, const error_t *error)
{
    peer_destroy (&self->peer);
    self->why = (error_t) { 0 };
    while (self->pieces)
        s_end (self, self->piece [0].haul, error);
}

static status_t s_write (const haul_t *haul, const piece_t *piece, const char *bytes, error_t *error)
{
    status_t rc = file_write_at (haul->fd, bytes, (size_t) piece->size, haul->offset + piece->at, haul->path, error);
    if (rc)
        error->kind = ERROR_SCRATCH;
    return rc;
}

static char *s_room (link_t *self, const piece_t *piece)
{
    if (piece->haul->bytes)
        return piece->haul->bytes + piece->at;
    self->unpacked.size = 0;
    buffer_reserve (&self->unpacked, FETCH_BYTES);
    return self->unpacked.data;
}

static status_t s_take_bulk (link_t *self, const piece_t *piece, const message_bulk_t *bulk, error_t *error)
{
    wire_bytes_t payload = peer_payload (self->peer);
    haul_t *haul = piece->haul;
    if (*bulk->error)
        return error_set_kind (error, bulk->kind <= ERROR_OUTPUT ? (error_kind_t) bulk->kind : ERROR_OTHER, "%s", bulk->error);
    if (haul->part || bulk->offset != haul->offset + piece->at || bulk->length != piece->size)
        return error_set (error, "%s: answers with other bytes than asked for", self->name);
    haul->carried += payload.size;
    char *room = s_room (self, piece);
    if (bulk_unpack ((bulk_codec_t) bulk->codec, payload.data, payload.size, room, piece->size, bulk->checksum, error))
        return error_set (error, "%s: bytes were damaged on the way", self->name);
    return haul->bytes ? OK : s_write (haul, piece, room, error);
}

static status_t s_take_stored (const message_stored_t *stored, error_t *error)
{
    if (*stored->error)
        return error_set_kind (error, stored->kind <= ERROR_OUTPUT ? (error_kind_t) stored->kind : ERROR_OTHER, "%s", stored->error);
    return OK;
}

static void s_adapt (link_t *self, int64_t took_us)
{
    if (took_us < WANTED_US && self->pieces + 1 >= self->window && self->window < WINDOW_MOST)
        self->window++;
    else if (took_us > 2 * WANTED_US && self->window > WINDOW_LEAST)
        self->window--;
}

static void s_answer (link_t *self, const message_t *answer, int64_t now)
{
    uint64_t request = answer->verb == MESSAGE_BULK ? answer->bulk.request : answer->verb == MESSAGE_STORED ? answer->stored.request : 0;
    uint32_t i = 0;
    while (i < self->pieces && self->piece [i].request != request)
        i++;
    if (i == self->pieces)
        return;                                         // of a haul that was dropped, or a second time
    error_t error = { 0 };
    piece_t piece = self->piece [i];
    status_t rc = answer->verb == MESSAGE_BULK ? s_take_bulk (self, &piece, &answer->bulk, &error) : s_take_stored (&answer->stored, &error);
    s_adapt (self, now - piece.sent_us);
    if (rc || !--piece.haul->left) {
        s_end (self, piece.haul, rc ? &error : NULL);
        return;
    }
    self->pieces--;
    memmove (&self->piece [i], &self->piece [i + 1], (self->pieces - i) * sizeof *self->piece);
}

void *link_socket (link_t *self)
{
    return self->peer ? peer_socket (self->peer) : NULL;
}

short link_events (const link_t *self)
{
    return self->blocked ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
}

// One message. False: there is none, or no connection any more.
static bool s_hear_one (link_t *self, int64_t now)
{
    message_t message;
    error_t error = { 0 };
    peer_news_t news = peer_receive (self->peer, NULL, &message, &error);
    if (news == PEER_NOTHING)
        return false;
    self->heard_us = now;
    self->silent_us = 0;
    self->why = (error_t) { 0 };
    bool asked = ++self->heard <= self->sent;
    if (news == PEER_MESSAGE && asked)
        s_answer (self, &message, now);
    message_free (&message);
    if (!asked) {
        error_set (&error, "%s (%s) sends what nobody has asked for: cut off", self->name, self->endpoint);
        log_rarely (&self->rate, "%s", error.text);
        s_give_up (self, &error);
    }
    return asked;
}

void link_hear (link_t *self, int64_t now)
{
    while (self->peer && s_hear_one (self, now)) { }
    s_send_all (self, now);
}

// ---- silence

// error: of one that was asked too often.
static void s_ask_again (link_t *self, int64_t now, error_t *error)
{
    for (uint32_t i = 0; i < self->pieces; i++) {
        piece_t *piece = &self->piece [i];
        if (!piece->sent_us || now - piece->sent_us <= ASK_AGAIN_US)
            continue;
        if (piece->asked >= ASKED_MOST)
            error_set (error, "%s (%s) does not answer what it is asked, %u times", self->name, self->endpoint, (unsigned) piece->asked);
        piece->sent_us = 0;
    }
    s_send_all (self, now);
}

void link_watch (link_t *self, int64_t now)
{
    error_t error = { 0 };
    if (!self->pieces)
        return;
    const char *refused = self->peer ? peer_refused (self->peer) : NULL;
    int64_t silent = now - self->heard_us;
    if (refused) {
        self->why = (error_t) { 0 };
        error_set (&self->why, "%s", refused);
    }
    if (silent + self->silent_us >= self->patience_us && *self->why.text)
        error_set (&error, "%s: %s", self->name, self->why.text);
    else if (silent + self->silent_us >= self->patience_us)
        error_set (&error, "%s (%s) has not answered for %d s", self->name, self->endpoint, (int) ((silent + self->silent_us) / 1000000));
    else if (refused || !self->peer || silent >= ASK_AGAIN_US) {
        self->silent_us += silent;
        self->heard_us = now;
        s_connect_again (self);
    }
    if (!*error.text)
        s_ask_again (self, now, &error);
    if (*error.text)
        s_give_up (self, &error);
}
