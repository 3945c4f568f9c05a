// cluster_join: racimo cluster join TOKEN: makes this machine a node of a cluster, or this user a client. See cluster.h.
//
// The key pair is made and stays here; the head learns the public half from the connection itself, which proves that we have the other
// one. The head proves to be the one in the token by its key. An answer that gets lost costs nothing: typing the command again finds the
// key, and the head knows it by then.
#include "cli/cluster.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/ticket.h"
#include "master/master.h"
#include "wire/beacon.h"
#include "wire/peer.h"

#include <czmq.h>

enum { CONNECT_MS = 10000, ANSWER_MS = 10000, LOOK_MS = 1500, TRIES = 4 };

typedef struct {
    config_t config;
    ticket_t ticket;
    const char *role;                                   // "worker"
    unsigned user, group;                               // whose the key is
    keys_t keys;
    peer_t *peer;
    message_t joined;
    bool reached;                                       // somebody is there, who proved the key or refused ours
} guest_t;

// A node is of one cluster: its configuration is written anew only for the same head key.
static status_t s_same_cluster (const guest_t *self, error_t *error)
{
    const config_t *config = &self->config;
    if (!*config->key || !strcmp (config->key, self->ticket.key))
        return OK;
    return error_set_kind (error, ERROR_USAGE, "%s: this %s belongs to the cluster %s (head %s): move that file away to join another", config->file,
        self->ticket.client ? "user" : "node", config->name, config->head);
}

static status_t s_settle (guest_t *self, error_t *error)
{
    char port [8];
    config_t *config = &self->config;
    snprintf (port, sizeof port, "%u", (unsigned) self->ticket.door);
    TRY (s_same_cluster (self, error));
    TRY (config_set (config, "head", self->ticket.host, CONFIG_FILE, error));
    TRY (config_set (config, "door", port, CONFIG_FILE, error));
    TRY (config_set (config, "security", *self->ticket.key ? "curve" : "none", CONFIG_FILE, error));
    return config_set (config, "key", self->ticket.key, CONFIG_FILE, error);
}

// A client's key is its user's; a node's, the daemon's.
static status_t s_make_keys (guest_t *self, bool anew, error_t *error)
{
    bool made;
    self->user = geteuid ();
    self->group = getegid ();
    if (!self->ticket.client)
        TRY (cluster_account (&self->config, &self->user, &self->group, error));
    if (!*self->ticket.key)
        return OK;
    char *path = config_key_path (&self->config, self->role);
    if (anew)
        unlink (path);
    status_t rc = cluster_keys (path, self->user, self->group, &self->keys, &made, error);
    free (path);
    return rc;
}

static status_t s_connect (guest_t *self, error_t *error)
{
    const peer_options_t secured = { .own = &self->keys, .server = self->ticket.key };
    buffer_t endpoint = { 0 };
    buffer_print (&endpoint, "tcp://%s:%u", self->ticket.host, (unsigned) self->ticket.door);
    buffer_add (&endpoint, "", 1);
    self->peer = peer_connect (endpoint.data, *self->ticket.key ? &secured : NULL, error);
    buffer_free (&endpoint);
    return self->peer ? OK : FAILED;
}

// peer_refused, in the words of somebody with a token in the hand.
static status_t s_refused (const guest_t *self, const char *why, error_t *error)
{
    return error_set (error, "the head %s does not let this machine in: its door is open only while a token holds (racimo cluster token there), and only to"
        " its own networks; its log says more [%s]", self->ticket.host, why);
}

static status_t s_await (guest_t *self, error_t *error)
{
    int64_t due = clock_us () + ANSWER_MS * 1000;
    zmq_pollitem_t item [2] = { { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN }, { .socket = peer_monitor (self->peer), .events = ZMQ_POLLIN } };
    for (int64_t left; (left = due - clock_us ()) > 0; ) {
        message_t message;
        peer_news_t news = peer_receive (self->peer, NULL, &message, error);
        if (news == PEER_BAD)
            return FAILED;
        if (news == PEER_MESSAGE && message.verb == MESSAGE_JOINED) {
            self->joined = message;
            return *message.joined.error ? error_set (error, "the head %s says: %s", self->ticket.host, message.joined.error) : OK;
        }
        if (news == PEER_MESSAGE)
            message_free (&message);
        if (peer_refused (self->peer))
            return s_refused (self, peer_refused (self->peer), error);
        (void) zmq_poll (item, item [1].socket ? 2 : 1, (long) (left / 1000 + 1));
    }
    return error_set (error, "the head %s does not answer at port %u", self->ticket.host, (unsigned) self->ticket.door);
}

static status_t s_ask (guest_t *self, error_t *error)
{
    char name [64];
    if (self->ticket.client)
        cluster_user_name (&self->config, name);
    else
        cluster_node_name (&self->config, name);
    message_t join = { .verb = MESSAGE_JOIN, .join = { .token = self->ticket.secret, .node = name } };
    TRY (s_connect (self, error));
    if (peer_send (self->peer, NULL, &join, CONNECT_MS, NULL)) {
        self->reached = peer_refused (self->peer) != NULL;
        if (self->reached)
            return s_refused (self, peer_refused (self->peer), error);
        return error_set (error, "the head %s is not reached at port %u: does racimo master run there, does its name lead to it, is the port open?",
            self->ticket.host, (unsigned) self->ticket.door);
    }
    self->reached = true;
    return s_await (self, error);
}

// Where the token says there is nobody (another address since, a name that this machine does not know). Whoever answers to the head's key is worth a
// try: that it has the key, it proves when it is spoken to. Without a key nothing could be proved.
static status_t s_try (guest_t *self, const beacon_heard_t *heard, error_t *error)
{
    char door [8];
    fprintf (stderr, "the head is not reached at %s; at %s one says that it has its key: trying that\n", self->ticket.host, heard->address);
    snprintf (self->ticket.host, sizeof self->ticket.host, "%s", heard->address);
    self->ticket.door = heard->facts.door;
    snprintf (door, sizeof door, "%u", (unsigned) heard->facts.door);
    TRY (config_set (&self->config, "head", heard->address, CONFIG_FILE, error));
    TRY (config_set (&self->config, "door", door, CONFIG_FILE, error));
    peer_destroy (&self->peer);
    error_clear (error);
    return s_ask (self, error);
}

static status_t s_look_elsewhere (guest_t *self, error_t *error)
{
    beacon_heard_t heard [TRIES];
    const uint16_t port = (uint16_t) self->config.beacon;
    size_t count = port && *self->ticket.key ? beacon_find (NULL, port, self->ticket.key, LOOK_MS, heard, TRIES, NULL) : 0;
    for (size_t i = 0; i < count; i++)              // a refusal proves nothing either
        if (strcmp (heard [i].address, self->ticket.host) || heard [i].facts.door != self->ticket.door)
            if (!s_try (self, &heard [i], error))
                return OK;
    return FAILED;
}

// What the head has told, into the file; the folders of a node.
static status_t s_keep (guest_t *self, error_t *error)
{
    config_t *config = &self->config;
    const message_joined_t *joined = &self->joined.joined;
    const struct { const char *name; uint64_t port; } ports [] = { { "control", joined->control }, { "data", joined->data } };
    TRY (config_set (config, "name", joined->cluster, CONFIG_FILE, error));
    for (size_t i = 0; i < COUNT_OF (ports); i++) {
        char text [24];
        snprintf (text, sizeof text, "%llu", (unsigned long long) ports [i].port);
        TRY (config_set (config, ports [i].name, text, CONFIG_FILE, error));
    }
    if (!self->ticket.client && config_is_system (config)) {
        TRY (cluster_folder (config->cache, 0700, self->user, self->group, error));
        TRY (cluster_folder (config->scratch, 0700, self->user, self->group, error));
    }
    if (self->ticket.client && config->found && access (config->file, W_OK))
        return OK;                                      // the system's, which says the same
    return cluster_write (config, CONFIG_CLUSTER | (self->ticket.client ? 0u : CONFIG_WORKER), error);
}

static void s_print (const guest_t *self)
{
    const config_t *config = &self->config;
    printf ("joined the cluster %s as a %s: %s\n", config->name, self->role, config->file);
    if (!*self->ticket.key)
        printf ("WARNING: security = none: whoever reaches this network may run programs on its nodes.\n");
    if (self->ticket.client)
        printf ("Next:\n    racimo run wordcount FILE --master %s\n", config->head);
    else
        printf ("Next:\n    %s\n", config_is_system (config) ? "sudo systemctl enable --now racimo-worker" : "racimo worker");
}

static status_t s_join (guest_t *self, int words, char **word, error_t *error)
{
    bool anew = cluster_switch ("new-key", &words, word);
    if (!words || !strncmp (word [0], "--", 2))
        return error_set_kind (error, ERROR_USAGE, "racimo cluster join TOKEN: racimo cluster token on the head prints one");
    TRY (ticket_read (word [0], &self->ticket, error));
    self->role = self->ticket.client ? "client" : "worker";
    TRY (config_load (&self->config, error));
    TRY (config_flags (&self->config, CONFIG_WORKER, words - 1, word + 1, error));
    TRY (s_settle (self, error));
    TRY (s_make_keys (self, anew, error));
    if (s_ask (self, error))
        TRY (self->reached ? FAILED : s_look_elsewhere (self, error));
    return s_keep (self, error);
}

int cluster_join (int words, char **word)
{
    guest_t self = { 0 };
    error_t error = { 0 };
    status_t rc = s_join (&self, words, word, &error);
    if (!rc)
        s_print (&self);
    message_free (&self.joined);
    peer_destroy (&self.peer);
    config_free (&self.config);
    explicit_bzero (&self.keys, sizeof self.keys);
    return rc ? cli_fail (&error) : EXIT_FINE;
}
