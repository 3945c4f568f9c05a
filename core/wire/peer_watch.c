// watch: see peer_watch.h. Events of libzmq's monitor are two frames, a number with a value and the socket's own endpoint.
//
// What a connecting socket can learn, as tried with 4.3.4:
//   - HANDSHAKE_FAILED_AUTH, 400 or 500: the other end's gate said no. libzmq does not try again, and neither do we.
//   - HANDSHAKE_FAILED_PROTOCOL: not ZMTP, or one side encrypts and the other does not. It does not try again either.
//   - HANDSHAKE_FAILED_NO_DETAIL: the other end hung up. That is all that a wrong server key shows, for the server cannot read what it gets; but a
//     server that is being killed shows it too. So it is believed after REFUSALS of them without a success in between. libzmq would go on for
//     ever every 2 ms, its growing interval begins anew with each TCP connection that succeeds.
//   - DISCONNECTED without CONNECT_RETRIED behind it: bytes after the handshake that are no ZMTP. The connection is given up for good and nobody
//     is told, so it is made anew after GIVEN_UP_US.
// A bound socket's events are for the log: who sends garbage gets one line. Its address is asked of the descriptor when it is accepted; when
// the owner reads that event too late the descriptor is closed, and the line is without it.
//
// The receiving PAIR has no limit of messages: at its limit libzmq's I/O thread would wait for us, and with it every other socket. An event is
// some 100 bytes, one to four a connection. The monitor's statistics are never asked for: libzmq 4.3.4 can crash in them.
#include "wire/peer_watch.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <czmq.h>
#include <netdb.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum { REFUSALS = 10, GIVEN_UP_US = 1000000, FILES = 65536, HOST = 48, CODE_400 = 400 };

struct watch {
    zsock_t *events;                                    // hears of the socket
    void *watched;
    const char *endpoint, *own, *server;
    bool bound;
    char refused [512];                                 // or empty
    uint32_t failures;                                  // handshakes in a row
    int64_t down_us;                                    // since when it is disconnected and nobody tries again; 0: not
    // Of a bound one:
    log_rate_t rate;
    char (*host) [HOST];                                // by descriptor: the address accepted last
    size_t hosts;
    uint32_t reason;                                    // of the handshake that just failed, told when its descriptor is known; 0: none
};

watch_t *watch_new (void *socket, const char *endpoint, const char *own, const char *server, bool bound, error_t *error)
{
    static atomic_uint counter;
    char name [64];
    watch_t *self = memory_new (sizeof *self);
    *self = (watch_t) { .watched = socket, .endpoint = endpoint, .own = own, .server = server, .bound = bound };
    snprintf (name, sizeof name, "inproc://racimo-watch-%u", atomic_fetch_add (&counter, 1));
    int events = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED;
    events |= bound ? ZMQ_EVENT_ACCEPTED
        : ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CONNECTED;
    self->events = zsock_new (ZMQ_PAIR);
    if (self->events) {
        zsock_set_rcvhwm (self->events, 0);
        if (!zmq_socket_monitor (socket, name, events) && !zsock_connect (self->events, "%s", name))
            return self;
    }
    error_set (error, "%s: cannot watch the socket: %s", endpoint, zmq_strerror (zmq_errno ()));
    watch_destroy (&self);
    return NULL;
}

void watch_destroy (watch_t **self_p)
{
    watch_t *self = *self_p;
    if (!self)
        return;
    zmq_socket_monitor (self->watched, NULL, 0);
    zsock_destroy (&self->events);
    free (self->host);
    free (self);
    *self_p = NULL;
}

void *watch_socket (watch_t *self)
{
    return zsock_resolve (self->events);
}

const char *watch_refused (const watch_t *self)
{
    return self->refused [0] ? self->refused : NULL;
}

// ---- a connected socket

static void s_refused_by_gate (watch_t *self, uint32_t code)
{
    const char *own = self->own ? self->own : "none";
    if (code == CODE_400)
        snprintf (self->refused, sizeof self->refused, "%s does not know this key (%s), or it was revoked; let it in with a new token: "
            "racimo cluster join TOKEN", self->endpoint, own);
    else
        snprintf (self->refused, sizeof self->refused, "%s does not let this key (%s) in: its role is another one, or the door is closed to "
            "this address", self->endpoint, own);
}

static void s_refused_by_protocol (watch_t *self, uint32_t code)
{
    if (code != ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
        snprintf (self->refused, sizeof self->refused, "%s does not speak racimo's protocol (ZMTP error %08x)", self->endpoint, code);
    else if (self->own)
        snprintf (self->refused, sizeof self->refused, "%s does not encrypt and this side does: cluster security must be the same on both",
            self->endpoint);
    else
        snprintf (self->refused, sizeof self->refused, "%s wants encryption and this side has none: it needs a key (racimo cluster join TOKEN) "
            "and cluster security = curve", self->endpoint);
}

static void s_failed (watch_t *self)
{
    if (++self->failures < REFUSALS)
        return;
    snprintf (self->refused, sizeof self->refused, "%s ends every handshake: it is no racimo, or its key is not %s: compare with its cluster.pub",
        self->endpoint, self->server ? self->server : "expected to be one");
}

static void s_connected_event (watch_t *self, uint16_t event, uint32_t value)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: s_refused_by_gate (self, value); break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: s_refused_by_protocol (self, value); break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: s_failed (self); break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: self->failures = 0; break;
    case ZMQ_EVENT_DISCONNECTED: self->down_us = clock_us (); break;
    default: self->down_us = 0; break;                  // it tries, or is connected again
    }
}

// ---- a bound socket

static void s_accepted (watch_t *self, uint32_t fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (fd >= FILES)
        return;
    if (fd >= self->hosts) {
        self->host = memory_grow (self->host, (fd + 1) * sizeof *self->host);
        memset (self->host + self->hosts, 0, (fd + 1 - self->hosts) * sizeof *self->host);
        self->hosts = fd + 1;
    }
    if (getpeername ((int) fd, (struct sockaddr *) &peer, &size) ||
        getnameinfo ((struct sockaddr *) &peer, size, self->host [fd], HOST, NULL, 0, NI_NUMERICHOST))
        self->host [fd] [0] = '\0';
}

static const char *s_reason (uint32_t code)
{
    if (code == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
        return "one side encrypts and the other does not";
    if (code == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC)
        return "it expects another key than this one's";
    if (code >> 28)
        return "what it sends is not racimo's protocol";
    return code == ETIMEDOUT ? "it says nothing" : "it hung up, or says nothing that ZMTP knows";
}

static void s_bound_event (watch_t *self, uint16_t event, uint32_t value)
{
    if (event == ZMQ_EVENT_ACCEPTED)
        s_accepted (self, value);
    else if (event != ZMQ_EVENT_DISCONNECTED)
        self->reason = self->reason ? self->reason : value | (value ? 0 : ETIMEDOUT);
    else if (self->reason) {
        const char *host = value < self->hosts && self->host [value] [0] ? self->host [value] : "somebody";
        log_rarely (&self->rate, "%s: refused at %s: %s", host, self->endpoint, s_reason (self->reason));
        self->reason = 0;
    }
}

// ---- both

static bool s_take_event (watch_t *self, uint16_t *event, uint32_t *value)
{
    unsigned char frame [6];
    void *socket = zsock_resolve (self->events);
    if (zmq_recv (socket, frame, sizeof frame, ZMQ_DONTWAIT) != sizeof frame)
        return false;
    memcpy (event, frame, sizeof *event);               // of this machine's byte order
    memcpy (value, frame + 2, sizeof *value);
    char endpoint [1];
    zmq_recv (socket, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
    return true;
}

watch_news_t watch_read (watch_t *self)
{
    uint16_t event;
    uint32_t value;
    bool refused = self->refused [0];
    while (s_take_event (self, &event, &value))
        (self->bound ? s_bound_event : s_connected_event) (self, event, value);
    if (self->refused [0])
        return refused ? WATCH_NOTHING : WATCH_REFUSED;
    if (!self->down_us || clock_us () - self->down_us < GIVEN_UP_US)
        return WATCH_NOTHING;
    self->down_us = 0;
    return WATCH_ABANDONED;
}
