// admit: workers come and go.
//
// Who a worker is, is its key: a second HELLO of a key ends that key's first life, wherever it came from. Without encryption there are
// no keys, and a HELLO of the same boot (nonce) over another connection is the one that came back. What a worker knew of this master is then
// void on both sides: its slots start empty, its answers to the old life are those of nobody.
//
// Which workers there are is told to all of them whenever that has changed, once a turn of the loop: so each connects to, and lets in,
// exactly the others.
#include "master/desk.h"
#include "base/log.h"

#include <racimo.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unreleased"
#endif

enum { WORKERS = 500 };                                 // that fit in one NODES message

void shell_refuse (shell_t *self, const peer_id_t *from, const char *who, const char *why)
{
    log_rarely (&self->rate, "%.63s: refused: %s", who, why);
    message_t stop = { .verb = MESSAGE_STOP, .stop = { self->epoch, (char *) why } };
    if (peer_send (self->peer, from, &stop, 0, NULL))
        shell_log (self, "it is gone already");
}

// NULL: it fits; else why not, with both sides named.
static const char *s_misfit (const shell_t *self, const message_hello_t *hello, char *text, size_t room)
{
    if (hello->abi != RAC_ABI)
        snprintf (text, room, "this node's jobs have ABI %llu, the head's %d: install the same release of racimo", (unsigned long long) hello->abi,
            RAC_ABI);
    else if (*hello->release && strcmp (hello->release, PACKAGE_VERSION))
        snprintf (text, room, "this node has racimo %.40s, the head %s: install the same release", hello->release, PACKAGE_VERSION);
    else if (!hello->slots || hello->slots > ROSTER_SLOTS)
        snprintf (text, room, "%llu slots: 1 to %d are possible", (unsigned long long) hello->slots, ROSTER_SLOTS);
    else if (self->roster.members >= WORKERS)
        snprintf (text, room, "the head has %d workers and takes no more", WORKERS);
    else
        return NULL;
    return text;
}

// Of this key, or of this boot; or whoever has used this connection.
static member_t *s_former (shell_t *self, const peer_id_t *from, const message_hello_t *hello)
{
    const char *key = self->gate ? peer_user (self->peer)->key : "";
    for (uint32_t i = 0; i < self->roster.members; i++) {
        member_t *member = &self->roster.member [i];
        if (!member->gone && (*key ? !strcmp (member->key, key) : member->nonce == hello->nonce))
            return member;
    }
    return roster_of (&self->roster, from);
}

static void s_tell_address (shell_t *self, const message_hello_t *hello, buffer_t *into)
{
    const char *address = hello->address && *hello->address ? hello->address : peer_address (self->peer);
    bool bare = strchr (address, ':') && *address != '[';           // IPv6
    buffer_print (into, bare ? "[%s]" : "%s", address);
}

static member_t *s_add (shell_t *self, const peer_id_t *from, const message_hello_t *hello)
{
    buffer_t address = { 0 };
    member_t *member = roster_add (&self->roster, from, hello);
    s_tell_address (self, hello, &address);
    snprintf (member->address, sizeof member->address, "%s", address.data ? address.data : "");
    snprintf (member->key, sizeof member->key, "%s", self->gate ? peer_user (self->peer)->key : "");
    if (self->gate)                                     // as the allow list calls it: the host's own word proves nothing
        snprintf (member->node, sizeof member->node, "%s", peer_user (self->peer)->name);
    member->port = hello->port;
    member->since_us = self->now;
    if (self->data)
        log_line (LOG_SAY, "%s has come (%s, %llu slots, %s)", member->node, member->address, (unsigned long long) hello->slots, member->cpu);
    buffer_free (&address);
    return member;
}

void shell_hello (shell_t *self, const peer_id_t *from, const message_hello_t *hello)
{
    char text [256];
    const char *misfit = s_misfit (self, hello, text, sizeof text);
    member_t *member = s_former (self, from, hello);
    bool again = member && member->nonce == hello->nonce && peer_id_equal (&member->id, from);      // it lost our answer
    if (misfit && !again) {
        shell_refuse (self, from, hello->node, misfit);
        return;
    }
    if (member && !again) {
        if (self->gate && member->nonce != hello->nonce && strcmp (member->address, peer_address (self->peer)) && !*hello->address)
            log_rarely (&self->rate, "%s: its key comes from %s now, from %s before: each node needs a key of its own", member->node,
                peer_address (self->peer), member->address);
        member->gone = true;
        shell_settle (self);
    }
    if (!again)
        member = s_add (self, from, hello);
    member->seen_us = self->now;
    self->nodes_changed = true;
    message_t welcome = { .verb = MESSAGE_WELCOME, .welcome = { self->epoch, member->number, BEAT_MS,
        self->data ? (uint64_t) dataserver_port (self->data) : 0 } };
    if (shell_tell (self, member, &welcome) && !again)
        shell_step (self, (event_t) { .kind = EVENT_WORKER_JOINED, .worker = member->number, .slots = hello->slots });
}

void shell_drain (shell_t *self, member_t *member)
{
    if (member->draining)
        return;
    member->draining = true;
    if (self->data)
        log_line (LOG_SAY, "%s drains", member->node);
    shell_step (self, (event_t) { .kind = EVENT_WORKER_DRAINING, .worker = member->number });
}

void shell_dismiss (shell_t *self, uint64_t worker)
{
    member_t *member = roster_find (&self->roster, worker);
    message_t stop = { .verb = MESSAGE_STOP, .stop = { self->epoch, (char *) "" } };
    if (member && shell_tell (self, member, &stop))
        log_line (LOG_SAY, "%s is not needed any more, and ends", member->node);
}

void shell_put_out (void *context, const char *key)
{
    shell_t *self = context;
    peer_cut (self->peer, key);
    if (self->data)
        dataserver_cut (self->data, key);
    for (uint32_t i = 0; i < self->roster.members; i++)
        self->roster.member [i].gone |= !strcmp (self->roster.member [i].key, key);
    shell_settle (self);
}

// ---- who there is

static void s_gather (const shell_t *self, message_nodes_t *nodes, buffer_t *names)
{
    uint32_t count = self->roster.members;
    size_t *at = memory_new (count * sizeof *at);
    for (uint32_t i = 0; i < count; i++) {
        const member_t *member = &self->roster.member [i];
        if (member->gone || !member->port)
            continue;
        at [nodes->workers.count] = names->size;
        buffer_print (names, "tcp://%s:%u", member->address, (unsigned) member->port);
        buffer_add (names, "", 1);
        nodes->workers.item [nodes->workers.count] = member->number;
        nodes->keys.item [nodes->workers.count++] = (char *) member->key;
    }
    nodes->endpoints.count = nodes->keys.count = nodes->workers.count;
    for (uint32_t i = 0; i < nodes->workers.count; i++)
        nodes->endpoints.item [i] = names->data + at [i];
    free (at);
}

void shell_tell_nodes (shell_t *self)
{
    if (!self->nodes_changed || !self->data)
        return;
    self->nodes_changed = false;
    size_t room = self->roster.members;
    message_t message = { .verb = MESSAGE_NODES, .nodes = { .epoch = self->epoch } };
    message_nodes_t *nodes = &message.nodes;
    buffer_t names = { 0 };
    nodes->workers.item = memory_new (room * sizeof *nodes->workers.item);
    nodes->endpoints.item = memory_new (room * sizeof *nodes->endpoints.item);
    nodes->keys.item = memory_new (room * sizeof *nodes->keys.item);
    s_gather (self, nodes, &names);
    for (uint32_t i = 0; i < self->roster.members; i++)
        shell_tell (self, &self->roster.member [i], &message);
    free (nodes->workers.item);
    free (nodes->endpoints.item);
    free (nodes->keys.item);
    buffer_free (&names);
    shell_settle (self);
}
