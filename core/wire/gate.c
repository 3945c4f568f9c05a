// gate: see gate.h.
//
// libzmq asks whoever has bound inproc://zeromq.zap.01 about each CURVE handshake (ZeroMQ RFC 27): one request of seven frames, one reply of
// six. The handler is a thread of its own, because the socket that is being connected to waits for the answer while its owner may be busy, and
// because one gate serves all sockets of the process. The keys are in memory: CZMQ's zauth reads its certificates from files at each
// handshake, keeps revoked ones, and dies with its process when there are two.
//
// - Who is let in where is one table (s_rule). The key comes from libzmq, which has proved that the other end has the secret half.
// - The reply carries a User-Id, "worker KEY NAME", that libzmq attaches to every message of that connection. It says who came in; what he may
//   do *now* is looked up at each message (gate_user), so that a revoked key ends with the message that is being handled.
// - The status is what the other end can see of a refusal, a number: 400 for a key that the lists do not have, 500 for one that they have in a
//   role that has no business there, or a stranger from outside at the door. (RFC 27 means a handler's own failure by 500. libzmq hands both
//   on and ends the connection for good, and two words of reason save an evening.)
// - A door is for those who have no key in the lists yet. It hears only addresses of networks that this machine is in, so that a token that
//   was read over a shoulder is worth nothing on the other side of a router. Loopback counts as local.
#include "wire/gate.h"
#include "base/log.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <czmq.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pthread.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"

enum { ZAP_FRAMES = 7, PUBLIC_BYTES = 32, USER_ID = 160 };

typedef struct { role_t role; char name [64]; } entry_t;

struct gate {
    zactor_t *handler;
    pthread_mutex_t lock;                               // of all that follows
    zhashx_t *entries;                                  // key as text -> entry_t
    bool open;                                          // the door
    log_rate_t rate;                                    // the handler's
};

// The process's gate; its lock guards the pointer, for gate_user is asked by threads that know no gate.
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static gate_t *s_gate;

const char *role_name (role_t role)
{
    static const char *const names [] = { "nobody", "client", "worker", "stranger" };
    return (unsigned) role < COUNT_OF (names) ? names [role] : names [0];
}

// ---- addresses

// The number of a textual address, in 16 bytes; an IPv4 address counts as one of ::ffff:0:0/96.
static bool s_number_of (const char *text, unsigned char into [16])
{
    memcpy (into, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    return inet_pton (AF_INET, text, into + 12) == 1 || inet_pton (AF_INET6, text, into) == 1;
}

static void s_widen (const struct sockaddr *from, unsigned char into [16], unsigned char fill)
{
    memset (into, fill, 12);
    if (from->sa_family == AF_INET)
        memcpy (into + 12, &((const struct sockaddr_in *) (const void *) from)->sin_addr, 4);
    else
        memcpy (into, &((const struct sockaddr_in6 *) (const void *) from)->sin6_addr, 16);
    if (from->sa_family == AF_INET && !fill)
        into [10] = into [11] = 0xff;
}

// own: NULL: any.
static bool s_in_network (const unsigned char who [16], const unsigned char *own, const struct ifaddrs *network)
{
    unsigned char here [16], mask [16];
    s_widen (network->ifa_addr, here, 0);
    s_widen (network->ifa_netmask, mask, 0xff);
    if (!mask [network->ifa_addr->sa_family == AF_INET ? 12 : 0] || (own && memcmp (own, here, sizeof here)))
        return false;
    for (int i = 0; i < 16; i++)
        if ((who [i] ^ here [i]) & mask [i])
            return false;
    return true;
}

// Point-to-point links (tunnels) have no network of their own, and a mask of nothing would let in the world.
bool gate_is_near (const char *address, const char *own)
{
    unsigned char who [16], ours [16];
    struct ifaddrs *all = NULL;
    if (!s_number_of (address, who) || (*own && !s_number_of (own, ours)) || getifaddrs (&all))
        return false;
    bool near = false;
    for (const struct ifaddrs *at = all; at && !near; at = at->ifa_next)
        near = at->ifa_addr && at->ifa_netmask && at->ifa_flags & IFF_UP && !(at->ifa_flags & IFF_POINTOPOINT) &&
            (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6) && s_in_network (who, *own ? ours : NULL, at);
    freeifaddrs (all);
    return near;
}

// ---- the rule

typedef struct { const char *domain, *address; role_t role; bool open; } visit_t;    // role: as in the lists

// NULL: let in. Else why not, for the log; *status is what the other end is told.
static const char *s_rule (const visit_t *visit, const char **status)
{
    static const struct { const char *domain; bool client, worker; } rooms [] = {
        { "control", true, true }, { "data", true, true }, { "serve", false, true },
    };
    *status = "500";
    if (streq (visit->domain, "door")) {
        if (visit->role == ROLE_NONE && !visit->open)
            return "the door is closed";
        return gate_is_near (visit->address, "") ? NULL : "its address is in none of this machine's networks";
    }
    if (visit->role == ROLE_NONE) {
        *status = "400";
        return "its key is unknown or was revoked";
    }
    for (size_t i = 0; i < COUNT_OF (rooms); i++)
        if (streq (visit->domain, rooms [i].domain))
            return (visit->role == ROLE_CLIENT ? rooms [i].client : rooms [i].worker) ? NULL : "its key's role is not for this port";
    return "there is no such domain";
}

// ---- the handler

static void s_reply (zmsg_t *request, const char *status, const char *reason, const char *user_id, zsock_t *socket)
{
    char *version = zmsg_popstr (request), *id = zmsg_popstr (request);
    zsock_send (socket, "ssssss", version, id, status, reason, user_id, "");
    zstr_free (&version);
    zstr_free (&id);
}

static bool s_key_of (zmsg_t *request, char key [KEY_TEXT])
{
    zframe_t *mechanism = zmsg_first (request), *credentials = NULL;
    for (int i = 0; i < 5 && mechanism; i++)
        mechanism = zmsg_next (request);
    credentials = mechanism ? zmsg_next (request) : NULL;
    return credentials && zframe_streq (mechanism, "CURVE") && zframe_size (credentials) == PUBLIC_BYTES &&
        zmq_z85_encode (key, zframe_data (credentials), PUBLIC_BYTES);
}

static char *s_text_of (zmsg_t *request, int index)
{
    zframe_t *frame = zmsg_first (request);
    while (index-- && frame)
        frame = zmsg_next (request);
    return frame ? zframe_strdup (frame) : strdup ("");
}

static void s_judge (gate_t *self, const char *domain, const char *address, const char *key, zmsg_t *request, zsock_t *socket)
{
    char user_id [USER_ID], name [64] = "";
    pthread_mutex_lock (&self->lock);
    const entry_t *entry = zhashx_lookup (self->entries, key);
    visit_t visit = { domain, address, entry ? entry->role : ROLE_NONE, self->open };
    if (entry)
        snprintf (name, sizeof name, "%s", entry->name);
    pthread_mutex_unlock (&self->lock);
    const char *status, *why = s_rule (&visit, &status);
    if (why) {
        log_rarely (&self->rate, "%s: refused at %s: %s (%s%s%s, key %s)", address, domain, why, role_name (visit.role), *name ? " " : "", name,
            key);
        s_reply (request, status, why, "", socket);
        return;
    }
    snprintf (user_id, sizeof user_id, "%s %s %s", role_name (entry ? visit.role : ROLE_STRANGER), key, name);
    s_reply (request, "200", "OK", user_id, socket);
}

static void s_answer (gate_t *self, zsock_t *socket)
{
    zmsg_t *request = zmsg_recv (socket);
    if (!request)
        return;
    char *domain = s_text_of (request, 2), *address = s_text_of (request, 3), key [KEY_TEXT];
    if (zmsg_size (request) == ZAP_FRAMES && s_key_of (request, key))
        s_judge (self, domain, address, key, request, socket);
    else {
        log_rarely (&self->rate, "%s: refused at %s: no CURVE key", address, domain);
        s_reply (request, "400", "no CURVE key", "", socket);
    }
    zstr_free (&domain);
    zstr_free (&address);
    zmsg_destroy (&request);
}

typedef struct { gate_t *gate; zsock_t *socket; } handler_t;

static void s_handler (zsock_t *pipe, void *argument)
{
    handler_t handler = *(handler_t *) argument;
    zsock_signal (pipe, 0);
    zmq_pollitem_t items [] = { { zsock_resolve (pipe), 0, ZMQ_POLLIN, 0 }, { zsock_resolve (handler.socket), 0, ZMQ_POLLIN, 0 } };
    for (;;) {
        int events = zmq_poll (items, 2, -1);
        if (events < 0 && zmq_errno () != EINTR)
            break;
        if (items [0].revents & ZMQ_POLLIN)
            break;                                      // $TERM, the only thing that is ever said there
        if (items [1].revents & ZMQ_POLLIN)
            s_answer (handler.gate, handler.socket);
    }
    zsock_unbind (handler.socket, ZAP_ENDPOINT);        // at once: what is closed goes when libzmq's own thread comes to it, and the next gate may stand before
    zsock_destroy (&handler.socket);
}

// ---- the gate

gate_t *gate_new (error_t *error)
{
    zsock_t *socket = zsock_new (ZMQ_REP);
    if (!socket || zsock_bind (socket, ZAP_ENDPOINT)) {
        error_set (error, "cannot check keys: %s (one gate a process)", zmq_strerror (zmq_errno ()));
        zsock_destroy (&socket);
        return NULL;
    }
    gate_t *self = memory_new (sizeof *self);
    pthread_mutex_init (&self->lock, NULL);
    self->entries = zhashx_new ();
    zhashx_set_destructor (self->entries, (zhashx_destructor_fn *) zstr_free);
    handler_t handler = { self, socket };
    self->handler = zactor_new (s_handler, &handler);   // returns when the handler has copied its argument
    pthread_mutex_lock (&s_lock);
    s_gate = self;
    pthread_mutex_unlock (&s_lock);
    return self;
}

void gate_destroy (gate_t **self_p)
{
    gate_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&s_lock);
    s_gate = NULL;
    pthread_mutex_unlock (&s_lock);
    zactor_destroy (&self->handler);
    zhashx_destroy (&self->entries);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *self_p = NULL;
}

void gate_allow (gate_t *self, const char *key, role_t role, const char *name)
{
    assert (role == ROLE_CLIENT || role == ROLE_WORKER);
    entry_t *entry = memory_new (sizeof *entry);
    entry->role = role;
    snprintf (entry->name, sizeof entry->name, "%s", name);
    pthread_mutex_lock (&self->lock);
    zhashx_update (self->entries, key, entry);
    pthread_mutex_unlock (&self->lock);
}

void gate_refuse (gate_t *self, const char *key)
{
    pthread_mutex_lock (&self->lock);
    zhashx_delete (self->entries, key);
    pthread_mutex_unlock (&self->lock);
}

void gate_open (gate_t *self, bool open)
{
    pthread_mutex_lock (&self->lock);
    self->open = open;
    pthread_mutex_unlock (&self->lock);
}

bool gate_stands (void)
{
    pthread_mutex_lock (&s_lock);
    bool stands = s_gate != NULL;
    pthread_mutex_unlock (&s_lock);
    return stands;
}

static role_t s_take_role (const char **text)
{
    for (role_t role = ROLE_CLIENT; role <= ROLE_STRANGER; role++) {
        size_t size = strlen (role_name (role));
        if (!strncmp (*text, role_name (role), size) && (*text) [size] == ' ') {
            *text += size + 1;
            return role;
        }
    }
    return ROLE_NONE;
}

static bool s_parse (const char *user_id, user_t *into)
{
    *into = (user_t) { .role = s_take_role (&user_id) };
    if (into->role == ROLE_NONE || strlen (user_id) < KEY_TEXT || user_id [KEY_TEXT - 1] != ' ')
        return false;
    memcpy (into->key, user_id, KEY_TEXT - 1);
    snprintf (into->name, sizeof into->name, "%s", user_id + KEY_TEXT);
    return true;
}

// What the lists say now goes before what they said when the connection was made; a stranger is in no list.
bool gate_user (const char *user_id, user_t *into)
{
    *into = (user_t) { 0 };
    if (!user_id || !s_parse (user_id, into))
        return false;
    pthread_mutex_lock (&s_lock);
    bool allowed = false;
    if (s_gate) {
        pthread_mutex_lock (&s_gate->lock);
        allowed = s_gate->open && into->role == ROLE_STRANGER;
        const entry_t *entry = zhashx_lookup (s_gate->entries, into->key);
        if (entry) {
            allowed = true;
            into->role = entry->role;
            snprintf (into->name, sizeof into->name, "%s", entry->name);
        }
        pthread_mutex_unlock (&s_gate->lock);
    }
    pthread_mutex_unlock (&s_lock);
    return allowed;
}
