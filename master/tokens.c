// tokens: see tokens.h.
//
// A line: hash, boot, second of that boot at which it is over, uses left, role, replace. Time is counted by the clock that runs since the
// head's boot: a Pi has no clock that survives power off, and one that jumps would end tokens early or keep them for years. So a token
// also ends with a reboot of the head, which costs typing one command.
//
// The secret is 128 random bits, so SHA-1 (at hand in CZMQ) is enough: only finding a preimage would help anybody. The file is
// small: what is over is dropped whenever it is written.
#include "master/tokens.h"
#include "base/file.h"

#include <czmq.h>
#include <sys/random.h>

enum { FILE_LIMIT = 1 << 20, HASH_TEXT = 41, BOOT_TEXT = 37, MOST = 1000 };

typedef struct { char hash [HASH_TEXT], boot [BOOT_TEXT]; uint64_t until_s; token_grant_t grant; } token_t;

typedef struct { token_t *item; size_t count; char *path; char boot [BOOT_TEXT]; uint64_t now_s; } tokens_t;

static void s_hash (const char *secret, char hash [HASH_TEXT])
{
    zdigest_t *digest = zdigest_new ();
    zdigest_update (digest, (const byte *) secret, strlen (secret));
    snprintf (hash, HASH_TEXT, "%s", zdigest_string (digest));
    zdigest_destroy (&digest);
}

static status_t s_know_boot (tokens_t *self, error_t *error)
{
    static const char path [] = "/proc/sys/kernel/random/boot_id";
    buffer_t id = { 0 };
    struct timespec now;
    clock_gettime (CLOCK_BOOTTIME, &now);
    self->now_s = (uint64_t) now.tv_sec;
    TRY (file_load (path, 4096, &id, error));
    buffer_add (&id, "", 1);
    bool good = sscanf (id.data, "%36s", self->boot) == 1;
    buffer_free (&id);
    return good ? OK : error_set (error, "%s: is empty", path);
}

static bool s_read_line (const char *line, token_t *into)
{
    char role [8];
    unsigned long long until, uses;
    int replace, end = 0;
    if (sscanf (line, "%40s %36s %llu %llu %7s %d%n", into->hash, into->boot, &until, &uses, role, &replace, &end) != 6 || line [end])
        return false;
    into->until_s = until;
    into->grant = (token_grant_t) { .role = strcmp (role, "worker") ? ROLE_CLIENT : ROLE_WORKER, .replace = replace != 0, .uses = uses };
    return true;
}

// Those that still hold. A line that makes no sense lets nobody in, and is gone with the next change.
static status_t s_open (tokens_t *self, const char *state, error_t *error)
{
    buffer_t bytes = { 0 };
    *self = (tokens_t) { .path = file_join (state, "tokens") };
    status_t rc = s_know_boot (self, error);
    if (!rc && !access (self->path, F_OK))
        rc = file_load (self->path, FILE_LIMIT, &bytes, error);
    buffer_add (&bytes, "", 1);
    char *rest = bytes.data, *line;
    while (!rc && (line = strtok_r (rest, "\n", &rest))) {
        token_t token;
        if (!s_read_line (line, &token) || !token.grant.uses || strcmp (token.boot, self->boot) || token.until_s <= self->now_s)
            continue;
        token.grant.seconds = token.until_s - self->now_s;
        self->item = memory_grow (self->item, (self->count + 1) * sizeof *self->item);
        self->item [self->count++] = token;
    }
    buffer_free (&bytes);
    return rc;
}

static void s_close (tokens_t *self)
{
    free (self->item);
    free (self->path);
}

static status_t s_save (const tokens_t *self, error_t *error)
{
    buffer_t text = { 0 };
    buffer_reserve (&text, 1);
    for (size_t i = 0; i < self->count; i++) {
        const token_t *token = &self->item [i];
        if (token->grant.uses)
            buffer_print (&text, "%s %s %llu %llu %s %d\n", token->hash, token->boot, (unsigned long long) token->until_s,
                (unsigned long long) token->grant.uses, role_name (token->grant.role), token->grant.replace);
    }
    status_t rc = file_replace (self->path, 0600, text.data, text.size, error);
    buffer_free (&text);
    return rc;
}

static token_t *s_find (const tokens_t *self, const char *secret)
{
    char hash [HASH_TEXT];
    s_hash (secret, hash);
    for (size_t i = 0; i < self->count; i++)
        if (!strcmp (self->item [i].hash, hash))
            return &self->item [i];
    return NULL;
}

status_t tokens_add (const char *state, const token_grant_t *grant, char secret [TOKEN_TEXT], error_t *error)
{
    tokens_t tokens;
    unsigned char bytes [TOKEN_SECRET];
    status_t rc = s_open (&tokens, state, error);
    if (!rc && tokens.count >= MOST)
        rc = error_set (error, "%s: there are %d tokens already; wait until some are over, or remove the file", tokens.path, MOST);
    if (!rc && getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
        rc = error_errno (error, "no random numbers");
    if (!rc) {
        for (size_t i = 0; i < sizeof bytes; i++)
            snprintf (secret + 2 * i, 3, "%02x", bytes [i]);
        token_t token = { .until_s = tokens.now_s + grant->seconds, .grant = *grant };
        memcpy (token.boot, tokens.boot, sizeof token.boot);
        s_hash (secret, token.hash);
        tokens.item = memory_grow (tokens.item, (tokens.count + 1) * sizeof *tokens.item);
        tokens.item [tokens.count++] = token;
        rc = s_save (&tokens, error);
    }
    s_close (&tokens);
    return rc;
}

status_t tokens_check (const char *state, const char *secret, token_grant_t *grant, error_t *error)
{
    tokens_t tokens;
    status_t rc = s_open (&tokens, state, error);
    const token_t *token = rc ? NULL : s_find (&tokens, secret);
    if (token)
        *grant = token->grant;
    else if (!rc)
        rc = error_set (error, "the token is used up, over, or not of this head: racimo cluster token on the head makes another");
    s_close (&tokens);
    return rc;
}

status_t tokens_use (const char *state, const char *secret, error_t *error)
{
    tokens_t tokens;
    status_t rc = s_open (&tokens, state, error);
    token_t *token = rc ? NULL : s_find (&tokens, secret);
    if (token) {
        token->grant.uses--;
        rc = s_save (&tokens, error);
    }
    s_close (&tokens);
    return rc;
}

uint64_t tokens_left (const char *state)
{
    tokens_t tokens;
    uint64_t left = 0;
    if (!s_open (&tokens, state, NULL))
        for (size_t i = 0; i < tokens.count; i++)
            if (tokens.item [i].grant.seconds > left)
                left = tokens.item [i].grant.seconds;
    s_close (&tokens);
    return left;
}
