// door: see door.h.
//
// Who comes here proves a key (CURVE) and knows a token, which came by another way (typed, or by ssh) together with the head's own key,
// so that neither side trusts the network. Strangers get no further than this socket, only from the head's own networks, and only while
// some token holds: the gate sees to that. The answer to a JOIN may be lost: who asks again with a key that is in the list already is
// told so and uses no token.
//
// The list and the tokens are files that commands on the head change. inotify tells of it; what is read is compared with what the gate
// has, and whoever is gone or revoked is refused first and cut off then. A list that cannot be read changes nothing: a typing error
// must neither put all nodes out nor let anybody in. Nor does one that is gone, which no command of ours does: it is written again.
#include "master/door.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "master/tokens.h"

#include <czmq.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { LOOK_US = 1000 * 1000 };                         // between looks whether the list is there

struct door {
    door_options_t options;
    peer_t *peer;
    int watch;                                          // inotify
    allow_t allowed;                                    // as the gate has it
    bool open;
    int64_t until_us;                                   // open: when the last token is over
    int64_t looked_us;                                  // whether the list is there
    log_rate_t rate;
};

// ---- the list

// From the gate's list to that of the file. A key stands once among those that are active.
static void s_adopt (door_t *self, allow_t *fresh)
{
    for (size_t i = 0; i < fresh->count; i++)
        if (!fresh->item [i].revoked)
            gate_allow (self->options.gate, fresh->item [i].key, fresh->item [i].role, fresh->item [i].name);
    for (size_t i = 0; i < self->allowed.count; i++) {
        const allowed_t *before = &self->allowed.item [i], *now = allow_key (fresh, before->key);
        if (before->revoked || (now && !now->revoked))
            continue;
        log_line (LOG_SAY, "%s %s is revoked: its links are cut", role_name (before->role), before->name);
        gate_refuse (self->options.gate, before->key);
        self->options.put_out (self->options.context, before->key);
    }
    allow_free (&self->allowed);
    self->allowed = *fresh;
    *fresh = (allow_t) { .lock = -1 };
}

static status_t s_read_list (door_t *self, error_t *error)
{
    allow_t fresh;
    status_t rc = allow_load (&fresh, self->options.state, error);
    if (!rc && !fresh.count && self->allowed.count)
        rc = error_set (error, "%s: is gone", fresh.path);
    if (!rc)
        s_adopt (self, &fresh);
    allow_free (&fresh);
    return rc;
}

static void s_open_or_close (door_t *self, int64_t now_us)
{
    uint64_t left = tokens_left (self->options.state);
    self->open = left > 0;
    self->until_us = now_us + (int64_t) left * 1000000;
    gate_open (self->options.gate, self->open);
}

static status_t s_watch (door_t *self, error_t *error)
{
    bool fails = inotify_add_watch (self->watch, self->options.state, IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE) < 0;
    return fails ? error_errno (error, "%s: cannot be watched", self->options.state) : OK;
}

static status_t s_write_again (door_t *self, error_t *error)
{
    TRY (file_make_folders (self->options.state, 0700, error));
    TRY (s_watch (self, error));
    return allow_save (&self->allowed, error);
}

// Somebody has cleared the state folder: whoever was let in stays, and the next master knows them too.
static void s_look_after (door_t *self, int64_t now_us)
{
    error_t error = { 0 };
    if (!self->allowed.count || now_us - self->looked_us < LOOK_US)
        return;
    self->looked_us = now_us;
    if (!access (self->allowed.path, F_OK))
        return;
    if (s_write_again (self, &error))
        log_rarely (&self->rate, "the list of nodes is gone, and cannot be written again: %s", error.text);
    else
        log_line (LOG_BAD, "%s was gone: it is written again, as it was", self->allowed.path);
}

static void s_reload (door_t *self, int64_t now_us)
{
    error_t error = { 0 };
    if (!self->options.gate)
        return;
    if (s_read_list (self, &error))
        log_line (LOG_BAD, "%s: the list of before goes on", error.text);
    s_open_or_close (self, now_us);
}

// True: one of our files has a new content. Others of the folder change as well.
static bool s_read_events (door_t *self)
{
    _Alignas (struct inotify_event) char bytes [4096];
    bool ours = false;
    for (ssize_t got; (got = read (self->watch, bytes, sizeof bytes)) > 0; )
        for (char *at = bytes; at < bytes + got; ) {
            const struct inotify_event *event = (const struct inotify_event *) at;
            ours |= event->mask & IN_Q_OVERFLOW || (event->len && (streq (event->name, "nodes") || streq (event->name, "tokens")));
            at += sizeof *event + event->len;
        }
    return ours;
}

// ---- who joins

typedef struct { const char *name, *key, *secret, *address; role_t role; } guest_t;

static status_t s_admit (door_t *self, guest_t *guest, error_t *error)
{
    const char *state = self->options.state;
    const allowed_t *known = allow_key (&self->allowed, guest->key);
    if (known && !known->revoked && streq (known->name, guest->name)) {
        guest->role = known->role;
        return OK;                                      // the answer was lost
    }
    token_grant_t grant = { 0 };
    allow_t list;
    status_t rc = allow_open (&list, state, error);
    if (!rc)
        rc = tokens_check (state, guest->secret, &grant, error);
    if (!rc)
        rc = allow_add (&list, grant.role, guest->name, guest->key, grant.replace, error);
    if (!rc)
        rc = allow_save (&list, error);
    if (!rc)
        rc = tokens_use (state, guest->secret, error);
    if (!rc) {
        guest->role = grant.role;
        s_adopt (self, &list);
    }
    allow_free (&list);
    return rc;
}

// Without encryption there are no keys to keep: the token says only what somebody wants to be.
static status_t s_admit_anybody (door_t *self, guest_t *guest, error_t *error)
{
    token_grant_t grant = { 0 };
    TRY (tokens_check (self->options.state, guest->secret, &grant, error));
    guest->role = grant.role;
    return tokens_use (self->options.state, guest->secret, error);
}

static void s_answer (door_t *self, const peer_id_t *to, const guest_t *guest, const char *why)
{
    message_t joined = { .verb = MESSAGE_JOINED, .joined = { .role = (char *) (why ? "" : role_name (guest->role)),
        .cluster = (char *) self->options.cluster, .error = (char *) (why ? why : ""),
        .control = self->options.control, .data = self->options.data } };
    if (peer_send (self->peer, to, &joined, 0, NULL))
        log_rarely (&self->rate, "%s: was gone before its answer", guest->address);
}

static void s_join (door_t *self, const peer_id_t *from, const message_join_t *join)
{
    error_t error = { 0 };
    guest_t guest = { .name = join->node, .key = peer_user (self->peer)->key, .secret = join->token, .address = peer_address (self->peer) };
    if (!allow_is_name (guest.name)) {
        log_rarely (&self->rate, "%s: refused at the door: its name is none", guest.address);
        s_answer (self, from, &guest, "that is no name for a node: letters, digits, . _ and -, at most 63");
        return;
    }
    status_t rc = self->options.gate ? s_admit (self, &guest, &error) : s_admit_anybody (self, &guest, &error);
    if (rc)
        log_rarely (&self->rate, "%s (%s): refused at the door: %s", guest.name, guest.address, error.text);
    else
        log_line (LOG_SAY, "%s %s (%s) has joined", role_name (guest.role), guest.name, guest.address);
    s_answer (self, from, &guest, rc ? error.text : NULL);
}

// At most so many a turn of the loop, which has jobs to look after: strangers may come here, and each JOIN costs a look into a file.
void door_hear (door_t *self, int64_t now_us)
{
    enum { A_TURN = 20 };
    for (int heard = 0; heard < A_TURN; heard++) {
        peer_id_t from;
        message_t message;
        error_t error = { 0 };
        peer_news_t news = peer_receive (self->peer, &from, &message, &error);
        if (news == PEER_NOTHING)
            break;
        if (news == PEER_BAD)
            log_rarely (&self->rate, "%s", error.text);
        else if (message.verb == MESSAGE_JOIN)
            s_join (self, &from, &message.join);
        else
            log_rarely (&self->rate, "%s: sent a %s to the door", peer_address (self->peer), message_name (message.verb));
        message_free (&message);
    }
    if (s_read_events (self) || (self->open && now_us >= self->until_us))
        s_reload (self, now_us);
    s_look_after (self, now_us);
}

// ---- beginning and end

static status_t s_start (door_t *self, error_t *error)
{
    const peer_options_t secured = { .own = self->options.keys, .domain = "door" };
    self->watch = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
    if (self->watch < 0)
        return error_errno (error, "inotify");
    TRY (s_watch (self, error));
    if (self->options.gate) {                           // after the watch began: no change is missed
        TRY (s_read_list (self, error));
        s_open_or_close (self, clock_us ());
    }
    self->peer = peer_bind (self->options.endpoint, self->options.keys ? &secured : NULL, error);
    return self->peer ? OK : FAILED;
}

door_t *door_new (const door_options_t *options, error_t *error)
{
    door_t *self = memory_new (sizeof *self);
    *self = (door_t) { .options = *options, .watch = -1, .allowed.lock = -1 };
    if (s_start (self, error))
        door_destroy (&self);
    return self;
}

void door_destroy (door_t **self_p)
{
    door_t *self = *self_p;
    if (!self)
        return;
    peer_destroy (&self->peer);
    if (self->watch >= 0)
        close (self->watch);
    allow_free (&self->allowed);
    free (self);
    *self_p = NULL;
}

const allow_t *door_list (const door_t *self)
{
    return &self->allowed;
}

void *door_socket (door_t *self)
{
    return peer_socket (self->peer);
}

int door_watch (const door_t *self)
{
    return self->watch;
}
