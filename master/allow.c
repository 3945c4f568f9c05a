// allow: see allow.h. A line is "worker pi1 active 1764000000 KEY"; the key is last because a key may begin with #, as a remark does.
//
// Keys that were revoked stay in the list, so that the reason can be told to whoever comes with one, and so that a second key of the
// same name is seen to be one. What is made of names here reaches logs and terminals, hence the few characters that they may have.
#include "master/allow.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_LIMIT = 8 << 20, WAIT_MS = 2000 };
#define LOCK_NAME "nodes.lock"

bool allow_is_name (const char *text)
{
    size_t size = strlen (text);
    return size && size < sizeof ((allowed_t *) 0)->name && !strchr ("-.@", text [0])
        && strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") == size;
}

// ---- the file

static bool s_read_line (const char *line, allowed_t *into)
{
    char role [8], state [8];
    unsigned long long since;
    int end = 0;
    if (sscanf (line, "%7s %63s %7s %llu %40s%n", role, into->name, state, &since, into->key, &end) != 5 || line [end])
        return false;
    into->role = strcmp (role, "worker") ? ROLE_CLIENT : ROLE_WORKER;
    into->revoked = strcmp (state, "active") != 0;
    into->since_s = since;
    return !strcmp (role, role_name (into->role)) && (!into->revoked || !strcmp (state, "revoked")) && allow_is_name (into->name)
        && keys_is_public (into->key);
}

static allowed_t *s_append (allow_t *self)
{
    self->item = memory_grow (self->item, (self->count + 1) * sizeof *self->item);
    self->item [self->count] = (allowed_t) { 0 };
    return &self->item [self->count++];
}

static status_t s_read (allow_t *self, error_t *error)
{
    buffer_t bytes = { 0 };
    unsigned number = 0;
    if (access (self->path, F_OK) && errno == ENOENT)
        return OK;
    status_t rc = file_load (self->path, FILE_LIMIT, &bytes, error);
    buffer_add (&bytes, "", 1);
    for (char *line = bytes.data, *end; !rc && *line; line = end) {
        end = line + strcspn (line, "\n");
        if (*end)
            *end++ = '\0';
        number++;
        if (*line && *line != '#' && !s_read_line (line, s_append (self)))
            rc = error_set (error, "%s:%u: not a line like 'worker NAME active SECONDS KEY'", self->path, number);
    }
    buffer_free (&bytes);
    return rc;
}

status_t allow_load (allow_t *self, const char *state, error_t *error)
{
    *self = (allow_t) { .path = file_join (state, "nodes"), .lock = -1 };
    return s_read (self, error);
}

static status_t s_open_lock (allow_t *self, const char *state, error_t *error)
{
    struct stat is;
    char *path = file_join (state, LOCK_NAME);
    *self = (allow_t) { .path = file_join (state, "nodes"), .lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) };
    if (self->lock >= 0 && geteuid () == 0 && !stat (state, &is))
        (void) !fchown (self->lock, is.st_uid, is.st_gid);         // the master's user opens it too
    status_t rc = self->lock < 0 ? error_errno (error, "%s: cannot open", path) : OK;
    free (path);
    return rc;
}

static status_t s_is_busy (const allow_t *self, error_t *error)
{
    return error_set (error, "%s.lock: somebody else is changing the list of nodes: try again", self->path);
}

status_t allow_try (allow_t *self, const char *state, bool *busy, error_t *error)
{
    *busy = false;
    TRY (s_open_lock (self, state, error));
    *busy = flock (self->lock, LOCK_EX | LOCK_NB) != 0;
    return *busy ? s_is_busy (self, error) : s_read (self, error);
}

// Until whoever has the lock closes it, which allow_free does behind the lock's end; WAIT_MS at most, for it needs a millisecond. A holder that was
// killed is closed before its lock has ended, so the last look is behind the wait.
static bool s_lock (int lock, const char *path)
{
    int closings = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
    bool watched = closings >= 0 && inotify_add_watch (closings, path, IN_CLOSE_WRITE) >= 0, locked = false;
    int64_t now = clock_us () / 1000, due = now + WAIT_MS;
    while (!(locked = !flock (lock, LOCK_EX | LOCK_NB)) && watched && now < due) {
        char events [4096];
        (void) poll (&(struct pollfd) { .fd = closings, .events = POLLIN }, 1, (int) (due - now));
        while (read (closings, events, sizeof events) > 0) { }
        now = clock_us () / 1000;
    }
    if (closings >= 0)
        close (closings);
    return locked;
}

status_t allow_open (allow_t *self, const char *state, error_t *error)
{
    TRY (s_open_lock (self, state, error));
    char *path = file_join (state, LOCK_NAME);
    bool locked = s_lock (self->lock, path);
    free (path);
    return locked ? s_read (self, error) : s_is_busy (self, error);
}

status_t allow_save (const allow_t *self, error_t *error)
{
    buffer_t text = { 0 };
    buffer_print (&text, "# who may connect: racimo cluster nodes shows it, racimo cluster revoke changes it\n");
    for (size_t i = 0; i < self->count; i++) {
        const allowed_t *item = &self->item [i];
        buffer_print (&text, "%s %s %s %llu %s\n", role_name (item->role), item->name, item->revoked ? "revoked" : "active",
            (unsigned long long) item->since_s, item->key);
    }
    status_t rc = file_replace (self->path, 0600, text.data, text.size, error);
    buffer_free (&text);
    return rc;
}

void allow_free (allow_t *self)
{
    if (self->path && self->lock >= 0) {
        (void) flock (self->lock, LOCK_UN);             // who waits is woken by the close
        close (self->lock);
    }
    free (self->item);
    free (self->path);
    *self = (allow_t) { .lock = -1 };
}

// ---- the list

allowed_t *allow_key (const allow_t *self, const char *key)
{
    for (size_t i = self->count; i-- > 0; )
        if (!strcmp (self->item [i].key, key))
            return &self->item [i];
    return NULL;
}

allowed_t *allow_name (const allow_t *self, role_t role, const char *name)
{
    for (size_t i = self->count; i-- > 0; )
        if (self->item [i].role == role && !self->item [i].revoked && !strcmp (self->item [i].name, name))
            return &self->item [i];
    return NULL;
}

status_t allow_add (allow_t *self, role_t role, const char *name, const char *key, bool replace, error_t *error)
{
    allowed_t *same = allow_key (self, key), *other = allow_name (self, role, name);
    if (!allow_is_name (name))
        return error_set (error, "'%.64s' is no name for a node: letters, digits, . _ and -, at most 63", name);
    if (same && same->revoked)
        return error_set (error, "this key of %s was revoked: remove it there and join again, which makes a new one", same->name);
    if (same)
        return same->role == role && !strcmp (same->name, name) ? OK
            : error_set (error, "this key is that of the %s %s already", role_name (same->role), same->name);
    if (other && !replace)
        return error_set (error, "there is a %s %s with another key: racimo cluster revoke %s on the head, or a token made with --replace",
            role_name (role), name, name);
    if (other)
        allow_revoke (other);
    allowed_t *item = s_append (self);
    *item = (allowed_t) { .role = role, .since_s = (uint64_t) time (NULL) };
    snprintf (item->name, sizeof item->name, "%s", name);
    snprintf (item->key, sizeof item->key, "%s", key);
    return OK;
}

void allow_revoke (allowed_t *item)
{
    item->revoked = true;
    item->since_s = (uint64_t) time (NULL);
}
