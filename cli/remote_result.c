// remote_result: a result without a name on the head (-o -), from its data server to standard output.
//
// A few requests are under way at a time, so that the link is never idle; answers may overtake each other and are written in order.
// The end is where there are no more bytes: how large a result is was never told.
#include "cli/remote_parts.h"
#include "cli/result.h"
#include "base/clock.h"
#include "wire/bulk.h"

#include <czmq.h>

enum { WINDOW = 8, SILENCE_MS = 10000 };

typedef struct { bool here; buffer_t bytes; error_t error; } piece_t;     // of a request; or why there is none

typedef struct {
    peer_t *peer;
    uint64_t job, asked, written;                       // requests so far; pieces written
    piece_t piece [WINDOW];                             // by request number, round and round
    interrupt_t *interrupt;
} transfer_t;

static status_t s_ask (transfer_t *self, error_t *error)
{
    while (self->asked < self->written + WINDOW) {
        message_t fetch = { .verb = MESSAGE_FETCH, .fetch = { .request = self->asked, .what = FETCH_RESULT, .job = self->job,
            .offset = self->asked * FETCH_BYTES, .length = FETCH_BYTES, .codecs = bulk_codecs () } };
        TRY (peer_send (self->peer, NULL, &fetch, SILENCE_MS, error));
        self->piece [self->asked % WINDOW].here = false;
        self->piece [self->asked++ % WINDOW].error = (error_t) { 0 };
    }
    return OK;
}

// An error counts when it is its turn: requests beyond the end have one, and none of their turns comes.
static void s_take (transfer_t *self, const message_bulk_t *bulk)
{
    piece_t *piece = &self->piece [bulk->request % WINDOW];
    if (bulk->request < self->written || bulk->request >= self->asked || piece->here || bulk->length > FETCH_BYTES)
        return;
    wire_bytes_t packed = peer_payload (self->peer);
    piece->here = true;
    piece->bytes.size = 0;
    buffer_reserve (&piece->bytes, FETCH_BYTES);
    if (*bulk->error)
        (void) error_set_kind (&piece->error, ERROR_OUTPUT, "the result: %s", bulk->error);
    else if (!bulk_unpack ((bulk_codec_t) bulk->codec, packed.data, packed.size, piece->bytes.data, bulk->length, bulk->checksum, &piece->error))
        piece->bytes.size = bulk->length;
}

// TRUNCATED: a signal.
static status_t s_listen (transfer_t *self, const char *name, error_t *error)
{
    zmq_pollitem_t items [2] = { { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN }, { .fd = self->interrupt->fd, .events = ZMQ_POLLIN } };
    if (zmq_poll (items, 2, SILENCE_MS) == 0)
        return error_set (error, "%s: its data server does not answer", name);
    for (int number; (number = interrupt_next (self->interrupt));)
        if (number != SIGCHLD)
            return TRUNCATED;
    message_t answer = { 0 };
    peer_news_t news;
    while ((news = peer_receive (self->peer, NULL, &answer, NULL)) != PEER_NOTHING) {
        if (news == PEER_MESSAGE && answer.verb == MESSAGE_BULK)
            s_take (self, &answer.bulk);
        if (news == PEER_MESSAGE)
            message_free (&answer);
    }
    return OK;
}

// What has come in order. *end: the last piece was written.
static status_t s_write (transfer_t *self, bool *end, error_t *error)
{
    for (piece_t *piece; !*end && (piece = &self->piece [self->written % WINDOW])->here && self->written < self->asked; self->written++) {
        if (piece->error.text [0])
            return error_set_kind (error, piece->error.kind, "%s", piece->error.text);
        piece->here = false;
        *end = piece->bytes.size < FETCH_BYTES;
        TRY (result_write (piece->bytes.data, piece->bytes.size, self->interrupt, error));
    }
    return OK;
}

status_t remote_print_result (remote_t *self, uint64_t job, interrupt_t *interrupt, error_t *error)
{
    transfer_t transfer = { .job = job, .interrupt = interrupt };
    transfer.peer = remote_connect_data (self, error);
    status_t rc = transfer.peer ? OK : FAILED;
    for (bool end = false; !rc && !end;) {
        rc = s_ask (&transfer, error);
        if (!rc)
            rc = s_listen (&transfer, remote_name (self), error);
        if (!rc)
            rc = s_write (&transfer, &end, error);
    }
    for (size_t i = 0; i < WINDOW; i++)
        buffer_free (&transfer.piece [i].bytes);
    peer_destroy (&transfer.peer);
    message_t got = { .verb = MESSAGE_CANCEL, .cancel = { .job = job } }, answer = { 0 };
    if (!rc && !remote_send (self, &got, NULL) && !remote_next (self, &answer, NULL))
        message_free (&answer);                         // else the master finds out by itself, in an hour
    return rc;
}
