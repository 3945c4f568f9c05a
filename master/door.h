// door: where new nodes and clients are let in, and who is put out: the shell's side of the allow list.
//
// Belongs to the master's loop and never waits. It fills the gate from the list at its beginning, adds who comes with a token, and reads the list
// anew when somebody (`racimo cluster revoke`) has changed it.
#pragma once
#include "master/allow.h"
#include "wire/peer.h"

typedef struct {
    const char *endpoint, *state, *cluster;             // state: the folder; cluster: its name
    const keys_t *keys;                                 // the head's; NULL: no encryption, there is nothing to join but the configuration
    gate_t *gate;
    uint64_t control, data;                             // ports, for who joins
    void (*put_out) (void *context, const char *key);   // of one that was revoked: the gate refuses it already, its links are to be cut
    void *context;
} door_options_t;

typedef struct door door_t;

door_t *door_new (const door_options_t *options, error_t *error);      // options are copied, what they point to stays. NULL: failed
void door_destroy (door_t **self_p);
const allow_t *door_list (const door_t *self);          // who may connect, as the gate has it; empty without encryption
void *door_socket (door_t *self);                       // readable:
int door_watch (const door_t *self);                    // or this one:
void door_hear (door_t *self, int64_t now_us);          // call it then, and now and then: a token's end closes the door
