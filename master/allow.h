// allow: who may connect to this cluster: the file `nodes` in the master's state folder, one key a line.
//
// Plain data of one thread, read from the file and written back as a whole. The master reads it and lets nodes in; `racimo cluster revoke`
// changes it beside a running master, which notices (door.h). Both change it between allow_open and allow_close, one at a time.
#pragma once
#include "wire/gate.h"

typedef struct {
    role_t role;                                        // ROLE_CLIENT or ROLE_WORKER
    bool revoked;
    uint64_t since_s;                                   // of that state; seconds since 1970, for people
    char name [64], key [KEY_TEXT];
} allowed_t;

typedef struct { allowed_t *item; size_t count; char *path; int lock; } allow_t;

// The list as it is now; no file: empty. FAILED: it cannot be read, or a line of it.
CHECKED status_t allow_load (allow_t *self, const char *state, error_t *error);
// The same for a change: nobody else changes it until allow_free. FAILED also if somebody does for two seconds.
CHECKED status_t allow_open (allow_t *self, const char *state, error_t *error);
// The same, and never waits. *busy: somebody else is changing it just now.
CHECKED status_t allow_try (allow_t *self, const char *state, bool *busy, error_t *error);
CHECKED status_t allow_save (const allow_t *self, error_t *error);
void allow_free (allow_t *self);

// The newest of that key, or of that name and not revoked; NULL: none.
allowed_t *allow_key (const allow_t *self, const char *key);
allowed_t *allow_name (const allow_t *self, role_t role, const char *name);
// A name that another key has is refused, unless replace says that the other one is to be revoked; so is a key that was revoked.
CHECKED status_t allow_add (allow_t *self, role_t role, const char *name, const char *key, bool replace, error_t *error);
void allow_revoke (allowed_t *item);
bool allow_is_name (const char *text);                  // letters, digits, . _ - @ ; 1 to 63 of them
