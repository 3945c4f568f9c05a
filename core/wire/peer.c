// peer: see peer.h. The options are those that were measured to matter:
//
// - ROUTER_MANDATORY: else what cannot be routed vanishes and the send "succeeds".
// - IMMEDIATE on a DEALER: else a thousand messages are accepted for a peer that is not there.
// - MAXMSGSIZE bounds a frame; more frames than a message has are read and dropped one by one.
// - Linger of a second: at CZMQ's 0 nearly everything queued is lost at exit; without bound an exit hangs.
// - Heartbeats and handshake limits only over tcp: ipc has no half-open links.
#include "wire/peer.h"

#include <czmq.h>

enum { QUEUE = 10000, BULK_QUEUE = 32, PAYLOAD = FETCH_BYTES + 4096, LINGER_MS = 1000 };

struct peer {
    zsock_t *socket;
    bool router, bulk;
    char *endpoint;
    zmq_msg_t payload;                                  // of the message received last
};

static void s_configure (zsock_t *socket, bool router, bool tcp, bool bulk)
{
    zsock_set_linger (socket, LINGER_MS);
    zsock_set_sndhwm (socket, bulk ? BULK_QUEUE : QUEUE);
    zsock_set_rcvhwm (socket, bulk ? BULK_QUEUE : QUEUE);
    zsock_set_maxmsgsize (socket, bulk ? PAYLOAD : MESSAGE_LIMIT);
    if (router)
        zsock_set_router_mandatory (socket, 1);
    else {
        zsock_set_immediate (socket, 1);
        zsock_set_reconnect_ivl (socket, 2);
        zsock_set_reconnect_ivl_max (socket, tcp ? 5000 : 50);
    }
    if (tcp) {
        zsock_set_handshake_ivl (socket, 5000);
        zsock_set_heartbeat_ivl (socket, 2000);
        zsock_set_heartbeat_timeout (socket, 10000);
    }
}

static peer_t *s_new (const char *endpoint, bool router, const peer_options_t *options, error_t *error)
{
    peer_t *self = memory_new (sizeof *self);
    self->router = router;
    self->bulk = options && options->bulk;
    zmq_msg_init (&self->payload);
    self->endpoint = memory_text (endpoint);
    self->socket = zsock_new (router ? ZMQ_ROUTER : ZMQ_DEALER);
    if (!self->socket) {
        error_errno (error, "%s: no socket", endpoint);
        peer_destroy (&self);
        return NULL;
    }
    s_configure (self->socket, router, !strncmp (endpoint, "tcp:", 4), self->bulk);
    if ((router ? zsock_bind (self->socket, "%s", endpoint) : zsock_connect (self->socket, "%s", endpoint)) == -1) {
        error_set (error, "%s: cannot %s: %s", endpoint, router ? "bind" : "connect", zmq_strerror (zmq_errno ()));
        peer_destroy (&self);
    }
    return self;
}

peer_t *peer_bind (const char *endpoint, const peer_options_t *options, error_t *error)
{
    return s_new (endpoint, true, options, error);
}

peer_t *peer_connect (const char *endpoint, const peer_options_t *options, error_t *error)
{
    return s_new (endpoint, false, options, error);
}

void peer_destroy (peer_t **self_p)
{
    peer_t *self = *self_p;
    if (!self)
        return;
    zmq_msg_close (&self->payload);
    zsock_destroy (&self->socket);
    free (self->endpoint);
    free (self);
    *self_p = NULL;
}

void *peer_socket (peer_t *self)
{
    return zsock_resolve (self->socket);
}

// Frames of one message are sent all or none: when the first is accepted, libzmq takes the rest.
static status_t s_send_frames (peer_t *self, const peer_id_t *to, const buffer_t *body, wire_bytes_t payload, error_t *error)
{
    void *socket = zsock_resolve (self->socket);
    int rc = to ? zmq_send (socket, to->bytes, to->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) : 0;
    if (rc >= 0)
        rc = zmq_send (socket, body->data, body->size, ZMQ_DONTWAIT | (payload.size ? ZMQ_SNDMORE : 0));
    if (rc >= 0 && payload.size)
        rc = zmq_send (socket, payload.data, payload.size, ZMQ_DONTWAIT);
    if (rc >= 0)
        return OK;
    return error_set (error, "%s: cannot send: %s", self->endpoint, zmq_strerror (zmq_errno ()));
}

static status_t s_wait_for_room (peer_t *self, int wait_ms, error_t *error)
{
    zmq_pollitem_t item = { .socket = zsock_resolve (self->socket), .events = ZMQ_POLLOUT };
    int rc;
    do
        rc = zmq_poll (&item, 1, wait_ms);
    while (rc < 0 && zmq_errno () == EINTR);
    return rc > 0 ? OK : error_set (error, "%s: nobody answers there", self->endpoint);
}

status_t peer_send_bulk (peer_t *self, const peer_id_t *to, const message_t *message, const void *bytes, size_t size, int wait_ms,
    error_t *error)
{
    assert (self->router == (to != NULL));
    buffer_t body = { 0 };
    status_t rc = message_encode (message, &body, error);
    if (!rc && !to)
        rc = s_wait_for_room (self, wait_ms, error);
    if (!rc)
        rc = s_send_frames (self, to, &body, (wire_bytes_t) { (char *) bytes, (uint32_t) size }, error);
    buffer_free (&body);
    return rc;
}

status_t peer_send (peer_t *self, const peer_id_t *to, const message_t *message, int wait_ms, error_t *error)
{
    return peer_send_bulk (self, to, message, NULL, 0, wait_ms, error);
}

static bool s_take_frame (void *socket, zmq_msg_t *frame)
{
    zmq_msg_init (frame);
    int rc;
    do
        rc = zmq_msg_recv (frame, socket, ZMQ_DONTWAIT);
    while (rc < 0 && zmq_errno () == EINTR);
    return rc >= 0;
}

// The frames after the first wanted ones, if there are any: a good message has none.
static bool s_drop_rest (void *socket, bool more)
{
    bool dropped = more;
    while (more) {
        zmq_msg_t frame;
        more = s_take_frame (socket, &frame) && zmq_msg_more (&frame);
        zmq_msg_close (&frame);
    }
    return dropped;
}

// The routing id in front of a ROUTER's message. False: it has no room in a peer_id_t, or nothing follows.
static bool s_take_id (zmq_msg_t *frame, peer_id_t *from)
{
    size_t size = zmq_msg_size (frame);
    if (!zmq_msg_more (frame) || size > sizeof from->bytes)
        return false;
    memcpy (from->bytes, zmq_msg_data (frame), size);
    from->size = (uint8_t) size;
    return true;
}

peer_news_t peer_receive (peer_t *self, peer_id_t *from, message_t *into, error_t *error)
{
    void *socket = zsock_resolve (self->socket);
    *into = (message_t) { 0 };
    peer_id_t id = { 0 };
    zmq_msg_close (&self->payload);
    zmq_msg_init (&self->payload);
    zmq_msg_t frame;
    bool good = true, got = s_take_frame (socket, &frame);
    bool more = got && zmq_msg_more (&frame);
    if (got && self->router) {
        good = s_take_id (&frame, &id);
        if (more) {
            zmq_msg_close (&frame);
            got = s_take_frame (socket, &frame);
            more = got && zmq_msg_more (&frame);
        }
    }
    if (!got) {
        zmq_msg_close (&frame);
        return PEER_NOTHING;
    }
    if (from)
        *from = id;
    if (more && self->bulk) {
        zmq_msg_close (&self->payload);
        more = s_take_frame (socket, &self->payload) && zmq_msg_more (&self->payload);
    }
    if (s_drop_rest (socket, more) || !good)
        good = !error_set (error, "not one frame a message");
    else
        good = !message_decode (zmq_msg_data (&frame), zmq_msg_size (&frame), into, error);
    zmq_msg_close (&frame);
    return good ? PEER_MESSAGE : PEER_BAD;
}

wire_bytes_t peer_payload (const peer_t *self)
{
    zmq_msg_t *payload = (zmq_msg_t *) &self->payload;
    return (wire_bytes_t) { zmq_msg_data (payload), (uint32_t) zmq_msg_size (payload) };
}

bool peer_id_equal (const peer_id_t *a, const peer_id_t *b)
{
    return a->size == b->size && !memcmp (a->bytes, b->bytes, a->size);
}
