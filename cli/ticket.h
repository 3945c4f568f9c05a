// ticket: all that a new node needs to find its head and be let in, as one word of letters and digits: what `racimo cluster join` is given.
//
// Plain data. The head's key in it is what the new node believes, so whoever types the word decides which head it trusts.
#pragma once
#include "base/memory.h"
#include "master/tokens.h"

typedef struct {
    bool client;                                        // makes a client; else a worker
    uint16_t door;                                      // the head's port
    char secret [TOKEN_TEXT];                           // see master/tokens.h
    char key [KEY_TEXT];                                // the head's public key; empty: a cluster without encryption
    char host [128];
} ticket_t;

CHECKED status_t ticket_write (const ticket_t *self, buffer_t *into, error_t *error);      // appends the word, no NUL
CHECKED status_t ticket_read (const char *word, ticket_t *into, error_t *error);
