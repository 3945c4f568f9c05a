// remote: see remote.h.
#include "cli/remote.h"
#include "base/clock.h"

#include <czmq.h>
#include <racimo.h>

enum { CONTROL_PORT = 7700, CONNECT_MS = 10000, PATIENCE_MS = 10000 };

struct remote {
    char *name;
    peer_t *peer;
};

static const char *s_environment (void)
{
    const char *master = getenv ("RACIMO_MASTER");
    return master && *master ? master : NULL;
}

bool remote_wanted (void)
{
    return s_environment () != NULL;
}

// HOST, HOST:PORT, [IPV6] or [IPV6]:PORT; or an endpoint with its transport, as it stands.
static void s_endpoint (const char *master, buffer_t *into)
{
    const char *colon = strrchr (master, ':');
    bool whole = strstr (master, "://"), port = colon && !strchr (colon, ']');
    buffer_print (into, whole ? "%s" : port ? "tcp://%s" : "tcp://%s:%d", master, CONTROL_PORT);
}

remote_t *remote_new (const char *master, error_t *error)
{
    master = master ? master : s_environment ();
    if (!master) {
        (void) error_set_kind (error, ERROR_USAGE, "which cluster? Give --master HOST or set RACIMO_MASTER");
        return NULL;
    }
    remote_t *self = memory_new (sizeof *self);
    buffer_t endpoint = { 0 };
    self->name = memory_text (master);
    s_endpoint (master, &endpoint);
    zsys_handler_set (NULL);
    self->peer = peer_connect (endpoint.data, NULL, error);
    buffer_free (&endpoint);
    if (!self->peer)
        remote_destroy (&self);
    return self;
}

void remote_destroy (remote_t **self_p)
{
    remote_t *self = *self_p;
    if (!self)
        return;
    peer_destroy (&self->peer);
    free (self->name);
    free (self);
    *self_p = NULL;
}

peer_t *remote_peer (remote_t *self)
{
    return self->peer;
}

const char *remote_name (const remote_t *self)
{
    return self->name;
}

bool remote_refused (remote_t *self, error_t *error)
{
    const char *why = peer_refused (self->peer);
    if (why)
        (void) error_set (error, "%s: %s", self->name, why);
    return why != NULL;
}

status_t remote_send (remote_t *self, const message_t *message, error_t *error)
{
    error_t own = { 0 };
    if (!peer_send (self->peer, NULL, message, CONNECT_MS, &own))
        return OK;
    if (remote_refused (self, error))
        return FAILED;
    return error_set_kind (error, own.kind, "%s", own.text);
}

status_t remote_next (remote_t *self, message_t *into, error_t *error)
{
    zmq_pollitem_t items [2] = { { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN }, { .socket = peer_monitor (self->peer), .events = ZMQ_POLLIN } };
    int64_t due = clock_us () + (int64_t) PATIENCE_MS * 1000;
    for (int64_t left; (left = due - clock_us ()) > 0;) {
        peer_news_t news = peer_receive (self->peer, NULL, into, NULL);
        if (news == PEER_MESSAGE)
            return OK;
        if (remote_refused (self, error))
            return FAILED;
        if (news == PEER_NOTHING)
            (void) zmq_poll (items, items [1].socket ? 2 : 1, (long) (left / 1000 + 1));
    }
    return error_set (error, "%s does not answer", self->name);
}
