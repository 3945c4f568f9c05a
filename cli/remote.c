// remote: see remote.h.
#include "cli/remote.h"

#include <czmq.h>
#include <racimo.h>

enum { CONTROL_PORT = 7700 };

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
