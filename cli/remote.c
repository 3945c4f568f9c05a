// remote: see remote.h. The configuration says which cluster and with which keys; a client's key is its user's own.
#include "cli/remote_parts.h"
#include "base/clock.h"
#include "cli/config.h"
#include "store/input.h"
#include "wire/bundle.h"

#include <czmq.h>
#include <unistd.h>

enum { CONNECT_MS = 10000, PATIENCE_MS = 10000, INPUT_BYTES = 16 * 1024 };

typedef struct { char hash [BUNDLE_HASH]; buffer_t bytes; } offer_t;

struct remote {
    char *name;
    config_t config;
    keys_t keys;
    peer_t *peer;
    offer_t **offer; uint32_t offers;
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
static void s_endpoint (const char *master, unsigned port, buffer_t *into)
{
    const char *colon = strrchr (master, ':');
    bool whole = strstr (master, "://"), has_port = colon && !strchr (colon, ']');
    buffer_print (into, whole ? "%s" : has_port ? "tcp://%s" : "tcp://%s:%u", master, port);
}

static status_t s_load_keys (remote_t *self, error_t *error)
{
    if (!keys_is_public (self->config.key))
        return error_set_kind (error, ERROR_USAGE, "this machine has no key of the cluster at %s: racimo cluster join TOKEN, with a token that"
            " racimo cluster token --client gives on the head", self->name);
    char *path = config_key_path (&self->config, "client");
    status_t rc = access (path, F_OK) ? error_set_kind (error, ERROR_USAGE, "%s: you have no client key: racimo cluster join TOKEN, with a token that"
        " racimo cluster token --client gives on the head", path) : keys_load (path, &self->keys, error);
    free (path);
    return rc;
}

static bool s_is_secured (const remote_t *self, const char *endpoint)
{
    return !strncmp (endpoint, "tcp:", 4) && self->config.security == SECURITY_CURVE;
}

static status_t s_connect (remote_t *self, error_t *error)
{
    buffer_t endpoint = { 0 };
    s_endpoint (self->name, (unsigned) self->config.control, &endpoint);
    bool secured = s_is_secured (self, endpoint.data);
    const peer_options_t options = { .own = &self->keys, .server = self->config.key };
    status_t rc = secured ? s_load_keys (self, error) : OK;
    if (!rc && !(self->peer = peer_connect (endpoint.data, secured ? &options : NULL, error)))
        rc = FAILED;
    buffer_free (&endpoint);
    return rc;
}

void remote_note_data (remote_t *self, uint64_t port)
{
    if (port)
        self->config.data = port;
}

// On the same host as the master.
peer_t *remote_connect_data (remote_t *self, error_t *error)
{
    const char *colon = strrchr (self->name, ':');
    size_t host = colon && !strchr (colon, ']') ? (size_t) (colon - self->name) : strlen (self->name);
    buffer_t endpoint = { 0 };
    buffer_print (&endpoint, "tcp://%.*s:%llu", (int) host, self->name, (unsigned long long) self->config.data);
    bool secured = s_is_secured (self, endpoint.data);
    const peer_options_t options = { .own = secured ? &self->keys : NULL, .server = secured ? self->config.key : NULL, .bulk = true };
    peer_t *peer = peer_connect (endpoint.data, &options, error);
    buffer_free (&endpoint);
    return peer;
}

remote_t *remote_new (const char *master, error_t *error)
{
    remote_t *self = memory_new (sizeof *self);
    status_t rc = config_load (&self->config, error);
    if (!master)
        master = s_environment () ? s_environment () : self->config.head;
    if (!rc && (!master || !*master))
        rc = error_set_kind (error, ERROR_USAGE, "which cluster? Give --master HOST, set RACIMO_MASTER, or join one: racimo cluster join TOKEN");
    self->name = memory_text (master);
    zsys_handler_set (NULL);
    if (!rc)
        rc = s_connect (self, error);
    if (rc)
        remote_destroy (&self);
    return self;
}

void remote_destroy (remote_t **self_p)
{
    remote_t *self = *self_p;
    if (!self)
        return;
    peer_destroy (&self->peer);
    config_free (&self->config);
    remote_offer_nothing (self);
    free (self->offer);
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

// ---- what the master may want

const char *remote_offer (remote_t *self, buffer_t *bytes)
{
    offer_t *offer = memory_new (sizeof *offer);
    offer->bytes = *bytes;
    *bytes = (buffer_t) { 0 };
    bundle_hash (&offer->bytes, offer->hash);
    self->offer = memory_grow (self->offer, (self->offers + 1) * sizeof *self->offer);
    self->offer [self->offers++] = offer;
    return offer->hash;
}

status_t remote_list_inputs (const message_submit_t *submit, buffer_t *into, error_t *error)
{
    size_t size = 0;
    for (uint32_t i = 0; i < submit->inputs.count; i++)
        size += strlen (submit->inputs.item [i]) + 3;
    if (size <= INPUT_BYTES)
        return OK;
    if (size > INPUT_NAMES)
        return error_set_kind (error, ERROR_USAGE, "the names of the inputs are together longer than %d MiB: name their folder, or a pattern in quotes",
            INPUT_NAMES >> 20);
    for (uint32_t i = 0; i < submit->inputs.count; i++)
        buffer_add (into, submit->inputs.item [i], strlen (submit->inputs.item [i]) + 1);
    return OK;
}

status_t remote_offer_inputs (remote_t *self, message_submit_t *submit, error_t *error)
{
    buffer_t list = { 0 };
    TRY (remote_list_inputs (submit, &list, error));
    if (!list.size)
        return OK;
    submit->inputs.count = 0;
    submit->input_list = (char *) remote_offer (self, &list);
    return OK;
}

void remote_offer_nothing (remote_t *self)
{
    while (self->offers) {
        offer_t *offer = self->offer [--self->offers];
        buffer_free (&offer->bytes);
        free (offer);
    }
}

static const buffer_t *s_offered (const remote_t *self, const char *hash)
{
    for (uint32_t i = 0; i < self->offers; i++)
        if (!strcmp (self->offer [i]->hash, hash))
            return &self->offer [i]->bytes;
    return NULL;
}

void remote_answer (remote_t *self, const message_want_t *want)
{
    const buffer_t *bytes = s_offered (self, want->blob);
    message_t blob = { .verb = MESSAGE_BLOB, .blob = { .blob = want->blob, .offset = want->offset, .size = bytes ? bytes->size : 0 } };
    if (!bytes || want->offset >= bytes->size)
        blob.blob.error = (char *) "this client does not have them";
    else {
        size_t left = bytes->size - want->offset;
        blob.blob.bytes = (wire_bytes_t) { bytes->data + want->offset, left < BLOB_BYTES ? (uint32_t) left : BLOB_BYTES };
    }
    if (peer_send (self->peer, NULL, &blob, 0, NULL))
        return;                                         // the connection is gone, and with it the question
}
