// peer: see peer.h. Why each socket option is set (facts from trials with libzmq 4.3.4):
//
// - ROUTER_MANDATORY: else what cannot be routed vanishes and the send "succeeds".
// - IMMEDIATE on a DEALER: else a thousand messages are accepted for a peer that is not there.
// - High water: a flood that a ROUTER does not read fills at most 1 MiB a peer here (HEARD messages of MESSAGE_LIMIT, BULK_HEARD payloads), then the
//   flooder's own memory. A DEALER takes all that its server sends, see heartbeats; but one for bulk, whose server may be any node, holds BULK_QUEUE of them
//   and sends no heartbeats: who asks for bytes sees by their absence that a link is dead (worker/link.c). What a ROUTER's peer does not read is bounded in
//   bytes (peer_links.c).
// - MAXMSGSIZE bounds a frame, as it comes, encrypted (CURVE_BYTES more). At a longer one libzmq closes the connection and tells nobody; so it is twice what
//   we allow, and whoever is not too far beyond is told of by name. It does not bound the frames of a message: those beyond a message's are read and dropped
//   one by one, and a message without end is the sweep's (peer_links.c).
// - Linger of a second: at CZMQ's 0 nearly everything queued is lost at exit; without bound an exit hangs.
// - Heartbeats are sent by other DEALERs, with a time to live for the ROUTER's end: a link that is dead for 10 s is closed on both. A ROUTER sends none: libzmq
//   4.3.4 aborts when a heartbeat is due on a connection that broke while its queue stood at high water (stream_engine_base.cpp: !_io_error);
//   for the same reason a DEALER has no high water. What never sent a heartbeat is found by TCP's keepalive.
// - Over tcp only, for ipc has no half-open links: heartbeats, HANDSHAKE_IVL (a silent stranger is held for 5 s
//   instead of 30), CONNECT_TIMEOUT (a head that is off is tried every few seconds, not after the kernel's two minutes), RECONNECT_IVL_MAX
//   (soon again at first, every 5 s in the end), BACKLOG (a rack that is switched on connects at once; the default is 100).
// - IPV6 only for an address in brackets: with it a host name would be looked up as IPv6 alone. A name is looked up anew at each try, by
//   libzmq's own thread, so a head that gets another address is found.
// - Routing ids are left to libzmq, which makes them up: whoever asks for an id of his own that somebody has is not let in
//   (ROUTER_HANDOVER stays 0), and nothing is believed because of one.
//
// CURVE: a bound socket has its secret key and a domain; libzmq asks the gate about every handshake, and what the gate answers comes back with
// each message as its User-Id. A connected one has both its keys and the other end's public key. Without CURVE nobody has an identity,
// whatever User-Id the other end's own properties claim.
#include "wire/peer.h"
#include "wire/peer_links.h"
#include "wire/peer_watch.h"

#include <czmq.h>
#include <sys/eventfd.h>

enum { QUEUE = 10000, HEARD = 16, HEARD_HERE = 128, BULK_QUEUE = 32, BULK_HEARD = 4, PAYLOAD = FETCH_BYTES + 4096, LINGER_MS = 1000,
    BACKLOG = 1024, CURVE_BYTES = 64, BOX_BYTES = 33, LOOK_MS = 500 };

struct peer {
    zsock_t *socket;
    watch_t *watch;                                     // of tcp, else NULL
    bool router, bulk, secured;
    char *endpoint;
    char own [KEY_TEXT], server [KEY_TEXT];             // public keys, or empty
    zmq_msg_t payload;                                  // of the message received last
    user_t user;                                        // who sent it
    char address [LINK_ADDRESS];                        // from where
    links_t *links;                                     // of one bound to tcp, else NULL
};

// ---- open and close

static void s_configure_tcp (zsock_t *socket, const char *endpoint, bool router, bool bulk)
{
    zsock_set_handshake_ivl (socket, 5000);
    zsock_set_tcp_keepalive (socket, 1);
    zsock_set_tcp_keepalive_idle (socket, 30);
    zsock_set_tcp_keepalive_intvl (socket, 5);
    zsock_set_tcp_keepalive_cnt (socket, 6);
    zsock_set_ipv6 (socket, strchr (endpoint, '[') != NULL);
    if (router)
        zsock_set_backlog (socket, BACKLOG);
    else
        zsock_set_connect_timeout (socket, 5000);
    if (!router && !bulk) {
        zsock_set_heartbeat_ivl (socket, 2000);
        zsock_set_heartbeat_timeout (socket, 10000);
        zsock_set_heartbeat_ttl (socket, 10000);
    }
}

static void s_configure (zsock_t *socket, bool router, bool tcp, bool bulk)
{
    zsock_set_linger (socket, LINGER_MS);
    zsock_set_sndhwm (socket, bulk ? BULK_QUEUE : QUEUE);
    zsock_set_rcvhwm (socket, router ? bulk ? BULK_HEARD : tcp ? HEARD : HEARD_HERE : bulk ? BULK_QUEUE : 0);
    zsock_set_maxmsgsize (socket, 2 * (bulk ? PAYLOAD : MESSAGE_LIMIT) + CURVE_BYTES);
    if (router)
        zsock_set_router_mandatory (socket, 1);
    else {
        zsock_set_immediate (socket, 1);
        zsock_set_reconnect_ivl (socket, 2);
        zsock_set_reconnect_ivl_max (socket, tcp ? 5000 : 50);
    }
}

// Without a gate libzmq would let in any key.
static void s_secure (peer_t *self, const peer_options_t *options)
{
    assert (self->router ? gate_stands () && options->domain : keys_is_public (options->server));
    self->secured = true;
    strcpy (self->own, options->own->public_key);
    zsock_set_curve_publickey (self->socket, options->own->public_key);
    zsock_set_curve_secretkey (self->socket, options->own->secret_key);
    if (self->router) {
        zsock_set_curve_server (self->socket, 1);
        zsock_set_zap_domain (self->socket, options->domain);
    }
    else {
        strcpy (self->server, options->server);
        zsock_set_curve_serverkey (self->socket, options->server);
    }
}

// zmq_bind knows "tcp://HOST:*" itself; CZMQ's would try one port after the other from 49152 on.
static status_t s_open (peer_t *self, error_t *error)
{
    void *socket = zsock_resolve (self->socket);
    if ((self->router ? zmq_bind : zmq_connect) (socket, self->endpoint))
        return error_set (error, "%s: cannot %s: %s", self->endpoint, self->router ? "bind" : "connect", zmq_strerror (zmq_errno ()));
    if (self->router && self->watch) {
        char *bound = zsock_last_endpoint (self->socket), *colon = bound ? strrchr (bound, ':') : NULL;
        self->links = links_new (colon ? atoi (colon + 1) : 0, self->bulk);
        zstr_free (&bound);
    }
    return OK;
}

// CZMQ ends the process when libzmq has no descriptor for a socket. This takes what one and its watch need, and gives it back.
static status_t s_try_descriptors (const char *endpoint, error_t *error)
{
    int fd [4];
    status_t rc = OK;
    for (size_t i = 0; i < sizeof fd / sizeof *fd; i++) {
        fd [i] = eventfd (0, EFD_CLOEXEC);
        if (fd [i] < 0)
            rc = error_errno (error, "%s: no descriptor for a socket", endpoint);
    }
    for (size_t i = 0; i < sizeof fd / sizeof *fd; i++)
        if (fd [i] >= 0)
            close (fd [i]);
    return rc;
}

static peer_t *s_new (const char *endpoint, bool router, const peer_options_t *options, error_t *error)
{
    bool tcp = !strncmp (endpoint, "tcp:", 4);
    if (s_try_descriptors (endpoint, error))
        return NULL;
    peer_t *self = memory_new (sizeof *self);
    self->router = router;
    self->bulk = options && options->bulk;
    zmq_msg_init (&self->payload);
    self->endpoint = memory_text (endpoint);
    self->socket = zsock_new (router ? ZMQ_ROUTER : ZMQ_DEALER);
    if (!self->socket)
        error_errno (error, "%s: no socket", endpoint);
    else {
        s_configure (self->socket, router, tcp, self->bulk);
        if (tcp)
            s_configure_tcp (self->socket, endpoint, router, self->bulk);
        if (options && options->own)
            s_secure (self, options);
        if (tcp)
            self->watch = watch_new (zsock_resolve (self->socket), self->endpoint, self->secured ? self->own : NULL,
                self->secured && !router ? self->server : NULL, router, error);
        if ((!tcp || self->watch) && !s_open (self, error))
            return self;
    }
    peer_destroy (&self);
    return NULL;
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
    watch_destroy (&self->watch);
    zsock_destroy (&self->socket);
    links_destroy (&self->links);
    free (self->endpoint);
    free (self);
    *self_p = NULL;
}

void *peer_socket (peer_t *self)
{
    return zsock_resolve (self->socket);
}

int peer_port (const peer_t *self)
{
    return self->links ? links_port (self->links) : 0;
}

// ---- connections that fail

void *peer_monitor (peer_t *self)
{
    return self->watch ? watch_socket (self->watch) : NULL;
}

// zmq_disconnect fails when libzmq has given the connection up itself; then there is nothing to end.
static void s_watch (peer_t *self)
{
    watch_news_t news = self->watch ? watch_read (self->watch) : WATCH_NOTHING;
    if (news == WATCH_NOTHING)
        return;
    zmq_disconnect (zsock_resolve (self->socket), self->endpoint);
    if (news == WATCH_ABANDONED)
        zmq_connect (zsock_resolve (self->socket), self->endpoint);
}

const char *peer_refused (peer_t *self)
{
    s_watch (self);
    return self->watch && !self->router ? watch_refused (self->watch) : NULL;
}

// ---- send

// What a frame is on the wire: ZMTP's head, CURVE's box around it. Of a handshake and heartbeats nothing is counted.
static size_t s_wire_bytes (const peer_t *self, size_t size)
{
    size_t boxed = size + (self->secured ? BOX_BYTES : 0);
    return size ? boxed + (boxed > 255 ? 9 : 2) : 0;
}

// Frames of one message are sent all or none: when the first is accepted, libzmq takes the rest. False: errno says why.
static bool s_send_frames (peer_t *self, const peer_id_t *to, const buffer_t *body, wire_bytes_t payload)
{
    void *socket = zsock_resolve (self->socket);
    size_t bytes = s_wire_bytes (self, body->size) + s_wire_bytes (self, payload.size);
    if (self->links && !links_send (self->links, to, bytes)) {
        errno = EAGAIN;
        return false;
    }
    int rc = to ? zmq_send (socket, to->bytes, to->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) : 0;
    if (rc >= 0)
        rc = zmq_send (socket, body->data, body->size, ZMQ_DONTWAIT | (payload.size ? ZMQ_SNDMORE : 0));
    if (rc >= 0 && payload.size)
        rc = zmq_send (socket, payload.data, payload.size, ZMQ_DONTWAIT);
    if (rc < 0 && self->links) {
        int why = zmq_errno ();
        links_unsend (self->links, to, bytes);
        errno = why;
    }
    return rc >= 0;
}

static status_t s_not_sent (const peer_t *self, const peer_id_t *to, error_t *error)
{
    char name [LINK_NAME];
    int why = zmq_errno ();
    if (to && (why == EHOSTUNREACH || why == EAGAIN))
        return error_set (error, "%s: %s", self->links && links_name (self->links, to, name) ? name : self->endpoint,
            why == EAGAIN ? "it does not read what is sent to it" : "it has gone before its answer");
    return error_set (error, "%s: cannot send: %s", self->endpoint, zmq_strerror (why));
}

// Room, a refusal or the end of the time: whatever comes first. Looks again now and then: that libzmq has given a connection up shows by time alone.
static status_t s_wait_for_room (peer_t *self, int64_t until_ms, error_t *error)
{
    zmq_pollitem_t items [2] = { { zsock_resolve (self->socket), 0, ZMQ_POLLOUT, 0 }, { peer_monitor (self), 0, ZMQ_POLLIN, 0 } };
    for (;;) {
        const char *refused = peer_refused (self);
        if (refused)
            return error_set (error, "%s", refused);
        int64_t left = until_ms - zclock_mono ();
        left = left < 0 ? 0 : left < LOOK_MS ? left : LOOK_MS;
        int rc = zmq_poll (items, self->watch ? 2 : 1, (long) left);
        if (rc < 0 && zmq_errno () != EINTR)
            return error_set (error, "%s: %s", self->endpoint, zmq_strerror (zmq_errno ()));
        if (rc > 0 && items [0].revents)
            return OK;
        if (rc == 0 && left == 0)
            return error_set (error, "%s: nobody answers there", self->endpoint);
    }
}

// Between the room and the sending a DEALER's connection may end; then it waits for the next one.
status_t peer_send_bulk (peer_t *self, const peer_id_t *to, const message_t *message, const void *bytes, size_t size, int wait_ms,
    error_t *error)
{
    assert (self->router == (to != NULL));
    buffer_t body = { 0 };
    int64_t until_ms = wait_ms < 0 ? INT64_MAX : zclock_mono () + wait_ms;
    status_t rc = message_encode (message, &body, error);
    for (bool sent = false; !rc && !sent; ) {
        if (!to)
            rc = s_wait_for_room (self, until_ms, error);
        sent = !rc && s_send_frames (self, to, &body, (wire_bytes_t) { (char *) bytes, (uint32_t) size });
        if (!rc && !sent && (to || zmq_errno () != EAGAIN))
            rc = s_not_sent (self, to, error);
    }
    buffer_free (&body);
    return rc;
}

status_t peer_send (peer_t *self, const peer_id_t *to, const message_t *message, int wait_ms, error_t *error)
{
    return peer_send_bulk (self, to, message, NULL, 0, wait_ms, error);
}

// ---- receive

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

// Who sent this frame, and from where. False: somebody whose key is not allowed any more; his connection is cut. *cut: it was before.
static bool s_know_sender (peer_t *self, zmq_msg_t *frame, peer_id_t *from, bool *cut)
{
    const char *address = zmq_msg_gets (frame, "Peer-Address");
    snprintf (self->address, sizeof self->address, "%s", address ? address : "");
    if (!self->links)
        return true;
    bool allowed = !self->secured || gate_user (zmq_msg_gets (frame, "User-Id"), &self->user);
    from->fd = zmq_msg_get (frame, ZMQ_SRCFD);
    *cut = !links_heard (self->links, from, &self->user, self->address);
    if (!allowed)
        links_cut (self->links, self->user.key);
    return allowed;
}

void peer_cut (peer_t *self, const char *key)
{
    if (self->links)
        links_cut (self->links, key);
}

void peer_cut_one (peer_t *self, const peer_id_t *who, const char *why)
{
    if (self->links)
        links_cut_one (self->links, who, why);
}

size_t peer_waiting (const peer_t *self, const peer_id_t *to)
{
    return self->links ? links_waiting (self->links, to) : 0;
}

// The frames of one message: the body, and on a bulk socket perhaps a payload. False: nothing there. *whole: framed as a message is.
static bool s_take_frames (peer_t *self, peer_id_t *from, zmq_msg_t *body, bool *whole)
{
    void *socket = zsock_resolve (self->socket);
    *from = (peer_id_t) { 0 };
    self->user = (user_t) { 0 };
    zmq_msg_close (&self->payload);
    zmq_msg_init (&self->payload);
    if (!s_take_frame (socket, body)) {
        zmq_msg_close (body);
        return false;
    }
    *whole = true;
    bool more = zmq_msg_more (body);
    if (self->router) {
        *whole = s_take_id (body, from);
        if (more) {
            zmq_msg_close (body);
            more = s_take_frame (socket, body) && zmq_msg_more (body);
        }
    }
    if (more && self->bulk)
        more = s_take_frame (socket, &self->payload) && zmq_msg_more (&self->payload);
    if (s_drop_rest (socket, more))
        *whole = false;
    return true;
}

// Whoever reads the log wants to know who it was.
static peer_news_t s_bad (const peer_t *self, const char *why, error_t *error)
{
    char name [LINK_NAME];
    links_say (&self->user, self->address, name);
    (void) error_set (error, "%s%s%s", name, *name ? ": " : "", why);
    return PEER_BAD;
}

static peer_news_t s_judge (peer_t *self, zmq_msg_t *body, peer_id_t *from, bool whole, message_t *into, error_t *error)
{
    error_t why = { 0 };
    bool cut = false, allowed = s_know_sender (self, body, from, &cut);
    if (cut)
        return PEER_NOTHING;
    if (!allowed)
        return s_bad (self, "its key is not allowed any more", error);
    if (!whole)
        return s_bad (self, "not one frame a message", error);
    if (zmq_msg_size (&self->payload) > PAYLOAD)
        return s_bad (self, "a payload that is too long", error);
    if (message_decode (zmq_msg_data (body), zmq_msg_size (body), into, &why))
        return s_bad (self, why.text, error);
    return PEER_MESSAGE;
}

// What somebody who is cut off had said before is nobody's news.
peer_news_t peer_receive (peer_t *self, peer_id_t *from, message_t *into, error_t *error)
{
    peer_id_t id;
    zmq_msg_t body;
    bool whole;
    peer_news_t news = PEER_NOTHING;
    *into = (message_t) { 0 };
    s_watch (self);
    while (news == PEER_NOTHING && s_take_frames (self, &id, &body, &whole)) {
        news = s_judge (self, &body, &id, whole, into, error);
        zmq_msg_close (&body);
    }
    if (from && news != PEER_NOTHING)
        *from = id;
    return news;
}

wire_bytes_t peer_payload (const peer_t *self)
{
    zmq_msg_t *payload = (zmq_msg_t *) &self->payload;
    return (wire_bytes_t) { zmq_msg_data (payload), (uint32_t) zmq_msg_size (payload) };
}

const user_t *peer_user (const peer_t *self)
{
    return &self->user;
}

const char *peer_address (const peer_t *self)
{
    return self->address;
}

bool peer_id_equal (const peer_id_t *a, const peer_id_t *b)
{
    return a->size == b->size && !memcmp (a->bytes, b->bytes, a->size);
}
