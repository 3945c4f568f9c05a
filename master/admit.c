// admit: workers come and go.
//
// Who a worker is, is its key: a second HELLO of a key, from the same process (start), ends that key's first life, wherever it came from. Without
// encryption there are no keys, and a HELLO of the same membership (nonce) over another connection is the one that came back. What a worker
// knew of this master is then void on both sides: its slots start empty, its answers to the old life are those of nobody.
//
// Another process with the same key has followed one that died, or is a clone: two boards whose cards are copies of one. If the connection of the first
// is closed, it has died. Else it has a few seconds to show that it lives, and the newcomer no answer; then one of them goes: the first, if it was
// silent, or the newcomer, which is told why. So clones do not put each other out for ever, and the first loses no work.
//
// Which workers there are is told to all of them whenever that has changed, once a turn of the loop: so each connects to, and lets in,
// exactly the others.
#include "master/desk.h"
#include "base/log.h"

#include <racimo.h>

enum {
    WORKERS = 500,                                      // that fit in one NODES message
    RIVAL_US = 5 * 1000 * 1000, RIVAL_BEATS = 2,        // the first may have been sent before the newcomer came
};

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

// Of the same key, but another process: whether the first one seems to live. Then the newcomer waits.
static bool s_lives (shell_t *self, member_t *member, const peer_id_t *from, const message_hello_t *hello)
{
    message_t welcome = { .verb = MESSAGE_WELCOME, .welcome = { self->epoch, member->number, BEAT_MS, (uint64_t) dataserver_port (self->data) } };
    if (!self->gate || member->start == hello->start || !shell_tell (self, member, &welcome))       // said once more, it changes nothing
        return false;
    member->rival = *from;
    if (!member->rival_us)
        member->rival_us = self->now;
    return true;
}

void shell_outlive (shell_t *self, member_t *member)
{
    char text [400];
    if (!member->rival_us || ++member->rival_beats < RIVAL_BEATS)
        return;
    snprintf (text, sizeof text, "a worker with the key of %s is at work already, at %s: is this card a copy of that node's? Then join with a key of"
        " its own (racimo cluster join TOKEN --new-key), else end the other one", member->node, member->address);
    shell_refuse (self, &member->rival, member->node, text);
    member->rival_us = 0;
    member->rival_beats = 0;
}

void shell_watch_rivals (shell_t *self)
{
    for (uint32_t i = 0; i < self->roster.members; i++) {
        member_t *member = &self->roster.member [i];
        if (!member->rival_us || self->now - member->rival_us < RIVAL_US)
            continue;
        message_t again = { .verb = MESSAGE_WELCOME, .welcome = { .epoch = self->epoch, .beat_ms = BEAT_MS } };
        member->gone = true;
        if (peer_send (self->peer, &member->rival, &again, 0, NULL))            // it says HELLO once more
            shell_log (self, "a worker has gone before it was welcome");
    }
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
        if (s_lives (self, member, from, hello))
            return;
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
