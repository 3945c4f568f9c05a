// beacon: a head on the local network is found by asking all machines there: UDP broadcast, one question, an answer from each head. A hint,
// never trust: anybody may answer anything; who the head is, is proved by its key when it is connected to.
//
// The head's side is its loop's; the seeker's call waits.
#pragma once
#include "base/error.h"
#include "wire/keys.h"
#include <stdint.h>

enum { BEACON_NAME = 64, BEACON_HOST = 254, BEACON_MOST = 64, BEACON_ADDRESS = 46 };

typedef struct {
    char cluster [BEACON_NAME], host [BEACON_HOST];     // its name; the head's, as nodes call it. Letters, digits, . _ - only
    char key [KEY_TEXT];                                // its public one; empty: no encryption
    uint16_t control, door;                             // ports
} beacon_facts_t;

typedef struct beacon beacon_t;

// listen: address that the head serves; empty: all. Answers only questions from networks that this machine is in (and that address). NULL: failed.
beacon_t *beacon_new (uint16_t port, const char *listen, const beacon_facts_t *facts, error_t *error);
void beacon_destroy (beacon_t **self_p);
int beacon_fd (const beacon_t *self);                   // readable: beacon_answer
void beacon_answer (beacon_t *self);                    // the questions that lie there, some of them; never waits

typedef struct { beacon_facts_t facts; char address [BEACON_ADDRESS]; } beacon_heard_t;

// Asks `address`, or NULL: this machine and all networks that it is in; hears answers for wait_ms, those with that key only; key NULL: all. At
// most `most`, each head once an address. Returns how many; 0 with an error: cannot ask at all.
size_t beacon_find (const char *address, uint16_t port, const char *key, int wait_ms, beacon_heard_t *into, size_t most, error_t *error);
