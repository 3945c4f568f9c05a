// gate: who may connect: the ZAP handler of this process, an allow-list of keys by role.
//
// One thread of its own answers libzmq at inproc://zeromq.zap.01; the lists lie in memory under a lock, so that a revoked key is
// refused from the next handshake on. It must exist before the first secured bind of the process: CURVE without it accepts any key.
// A key decides who somebody is; names and routing ids decide nothing. Every refusal is one line in the log (at most ten a second).
//
// A domain is a socket's name for its purpose: "control" (clients and workers), "data" (workers, clients for results), "serve"
// (workers), "door" (anybody in the local networks, while the door is open). CZMQ's zauth is not used: see PITFALLS in doc/cluster.md.
#pragma once
#include "base/error.h"
#include "wire/keys.h"
#include <stdint.h>

typedef enum { ROLE_NONE = 0, ROLE_CLIENT, ROLE_WORKER, ROLE_STRANGER } role_t;     // STRANGER: let in by an open door, known to nobody

typedef struct { role_t role; char name [64]; char key [KEY_TEXT]; } user_t;        // who the other end of a connection is

typedef struct gate gate_t;

gate_t *gate_new (error_t *error);                      // NULL: failed, also if the process has one already
void gate_destroy (gate_t **self_p);                    // after the last secured socket
void gate_allow (gate_t *self, const char *key, role_t role, const char *name);     // again: replaces role and name
void gate_refuse (gate_t *self, const char *key);       // from now on; whoever is connected: peer_cut
void gate_open (gate_t *self, bool open);               // the domain "door": strangers from addresses of this machine's own networks
// Who sent a message, from its User-Id as the gate gave it to libzmq, with role and name as the lists have them now. False: not from this
// process's gate, or let in once and not allowed any more (then *into still says who it was). Any thread's.
bool gate_user (const char *user_id, user_t *into);
bool gate_stands (void);                                // this process has a gate
const char *role_name (role_t role);                    // "worker"
// Is that address in a network of this machine, where those without a key are heard (at the door, and by a beacon)? own: of the networks of that
// address of this machine's only; empty: of any.
bool gate_is_near (const char *address, const char *own);
