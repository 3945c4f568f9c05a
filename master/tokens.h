// tokens: what a new node or client brings to be let in: secrets that the head has given out, each for a while and a few uses.
//
// The file `tokens` in the master's state folder holds a hash of each, so that who reads a copy of it cannot join. Written by `racimo
// cluster token` and, when one is used, by the master; changes are made while the list of allow.h is open, so one at a time.
#pragma once
#include "wire/gate.h"

enum { TOKEN_SECRET = 16, TOKEN_TEXT = 2 * TOKEN_SECRET + 1 };      // bytes; as hexadecimal digits and a NUL

typedef struct {
    role_t role;
    bool replace;                                       // may take the name of another key, which is then revoked
    uint64_t uses, seconds;                             // how often; how long from now
} token_grant_t;

CHECKED status_t tokens_add (const char *state, const token_grant_t *grant, char secret [TOKEN_TEXT], error_t *error);
// What the secret allows now. FAILED: nothing (any more); the error says why.
CHECKED status_t tokens_check (const char *state, const char *secret, token_grant_t *grant, error_t *error);
CHECKED status_t tokens_use (const char *state, const char *secret, error_t *error);       // once more; forgets those that are over
uint64_t tokens_left (const char *state);               // seconds until the last of them is over; 0: there is none
