// door: see door.h.
//
// Who comes here proves a key (CURVE) and knows a token, which came by another way (typed, or by ssh) together with the head's own key,
// so that neither side trusts the network. Strangers get no further than this socket, only from the head's own networks, and only while
// some token holds: the gate sees to that. The answer to a JOIN may be lost: who asks again with a key that is in the list already is
// told so and uses no token.
//
// A token is 128 random bits, so nobody finds one by guessing. But each guess costs a look into a file and a line in the log; so an address that has brought
// GUESSES wrong ones is not looked at for a while.
//
// Who comes with a good token while a command changes the list waits here, and is let in by a later turn: tokens and list are changed under the list's lock
// only, whatever the encryption, so a token for one use lets in one.
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
enum { GUESSES = 5, GUESSERS = 64, FORGET_US = 60 * 1000 * 1000, GUESTS = 16, PATIENCE_US = 10 * 1000 * 1000, ADDRESS = 48 };

typedef struct {
    peer_id_t from;
    char name [64], key [KEY_TEXT], secret [2 * TOKEN_TEXT], address [ADDRESS];
    role_t role;                                        // that the token gives
    int64_t until_us;                                   // waits here at most
} guest_t;

typedef struct { char address [ADDRESS]; uint32_t wrong; int64_t last_us; } guesser_t;

struct door {
    door_options_t options;
    peer_t *peer;
    int watch;                                          // inotify
    allow_t allowed;                                    // as the gate has it
    bool open;
    int64_t until_us;                                   // open: when the last token is over
    int64_t looked_us;                                  // whether the list is there
    guest_t guest [GUESTS]; size_t guests;              // who waits for the list
    guesser_t guesser [GUESSERS];                       // address empty: none
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

// ---- who guesses

// The one of that address; a new one in place of the oldest.
static guesser_t *s_guesser (door_t *self, const char *address)
{
    guesser_t *oldest = self->guesser;
    for (size_t i = 0; i < GUESSERS; i++) {
        if (streq (self->guesser [i].address, address))
            return &self->guesser [i];
        if (self->guesser [i].last_us < oldest->last_us)
            oldest = &self->guesser [i];
    }
    *oldest = (guesser_t) { 0 };
    snprintf (oldest->address, sizeof oldest->address, "%s", address);
    return oldest;
}

static status_t s_check_token (door_t *self, const guest_t *guest, int64_t now_us, token_grant_t *grant, error_t *error)
{
    guesser_t *guesser = s_guesser (self, guest->address);
    if (guesser->wrong >= GUESSES && now_us - guesser->last_us < FORGET_US)
        return error_set (error, "too many tokens that were none came from %s: wait a minute", guest->address);
    if (guesser->wrong >= GUESSES)
        guesser->wrong = 0;
    status_t rc = tokens_check (self->options.state, guest->secret, grant, error);
    guesser->wrong = rc ? guesser->wrong + 1 : 0;
    guesser->last_us = now_us;
    return rc;
}

// ---- who joins

// With the list's lock.
static status_t s_write_down (door_t *self, guest_t *guest, allow_t *list, error_t *error)
{
    const char *state = self->options.state;
    token_grant_t grant = { 0 };
    TRY (tokens_check (state, guest->secret, &grant, error));
    guest->role = grant.role;
    if (!self->options.gate)                            // there are no keys to keep: the token says only what somebody wants to be
        return tokens_use (state, guest->secret, error);
    TRY (allow_add (list, grant.role, guest->name, guest->key, grant.replace, error));
    TRY (allow_save (list, error));
    TRY (tokens_use (state, guest->secret, error));
    s_adopt (self, list);
    return OK;
}

// The token is looked at first: who has none does not take the lock. *busy: to be tried again.
static status_t s_admit (door_t *self, guest_t *guest, int64_t now_us, bool *busy, error_t *error)
{
    const allowed_t *known = self->options.gate ? allow_key (&self->allowed, guest->key) : NULL;
    token_grant_t grant = { 0 };
    allow_t list;
    *busy = false;
    if (known && !known->revoked && streq (known->name, guest->name)) {
        guest->role = known->role;
        return OK;                                      // the answer was lost
    }
    TRY (s_check_token (self, guest, now_us, &grant, error));
    status_t rc = allow_try (&list, self->options.state, busy, error);
    if (!rc)
        rc = s_write_down (self, guest, &list, error);
    allow_free (&list);
    return rc;
}

static void s_answer (door_t *self, const guest_t *guest, const char *why)
{
    message_t joined = { .verb = MESSAGE_JOINED, .joined = { .role = (char *) (why ? "" : role_name (guest->role)),
        .cluster = (char *) self->options.cluster, .error = (char *) (why ? why : ""),
        .control = self->options.control, .data = self->options.data } };
    if (peer_send (self->peer, &guest->from, &joined, 0, NULL))
        log_rarely (&self->rate, "%s: was gone before its answer", guest->address);
}

// False: the list is busy, and there is time.
static bool s_settle (door_t *self, guest_t *guest, int64_t now_us)
{
    error_t error = { 0 };
    bool busy;
    status_t rc = s_admit (self, guest, now_us, &busy, &error);
    if (busy && now_us < guest->until_us)
        return false;
    if (rc)
        log_rarely (&self->rate, "%s (%s): refused at the door: %s", guest->name, guest->address, error.text);
    else
        log_line (LOG_SAY, "%s %s (%s) has joined", role_name (guest->role), guest->name, guest->address);
    s_answer (self, guest, rc ? error.text : NULL);
    return true;
}

static void s_join (door_t *self, const peer_id_t *from, const message_join_t *join, int64_t now_us)
{
    guest_t guest = { .from = *from, .until_us = now_us + PATIENCE_US };
    snprintf (guest.address, sizeof guest.address, "%s", peer_address (self->peer));
    if (!allow_is_name (join->node)) {
        log_rarely (&self->rate, "%s: refused at the door: its name is none", guest.address);
        s_answer (self, &guest, "that is no name for a node: letters, digits, . _ and -, at most 63");
        return;
    }
    snprintf (guest.name, sizeof guest.name, "%s", join->node);
    snprintf (guest.key, sizeof guest.key, "%s", peer_user (self->peer)->key);
    snprintf (guest.secret, sizeof guest.secret, "%s", join->token);           // a longer one is none
    if (self->guests == GUESTS)
        guest.until_us = now_us;                        // it hears at once that the list is busy
    if (!s_settle (self, &guest, now_us))
        self->guest [self->guests++] = guest;
}

static void s_settle_guests (door_t *self, int64_t now_us)
{
    size_t left = 0;
    for (size_t i = 0; i < self->guests; i++)
        if (!s_settle (self, &self->guest [i], now_us))
            self->guest [left++] = self->guest [i];
    self->guests = left;
}

// At most so many a turn of the loop, which has jobs to look after: strangers may come here, and each JOIN costs a look into a file.
void door_hear (door_t *self, int64_t now_us)
{
    enum { A_TURN = 20 };
    s_settle_guests (self, now_us);
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
            s_join (self, &from, &message.join, now_us);
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
