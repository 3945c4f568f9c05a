// remote: a client's connection to a cluster's master, and what it has brought along for a job: its sources, which the master asks for.
//
// Belongs to one thread. Nothing is sent before the owner sends; the connection comes and goes by itself beneath it.
#pragma once
#include "base/memory.h"
#include "wire/peer.h"

typedef struct remote remote_t;

// Whether a run without --master goes to a cluster: $RACIMO_MASTER names one.
bool remote_wanted (void);
// master: HOST or HOST:PORT; NULL: as $RACIMO_MASTER or the configuration says. NULL: failed.
remote_t *remote_new (const char *master, error_t *error);
void remote_destroy (remote_t **self_p);
peer_t *remote_peer (remote_t *self);
const char *remote_name (const remote_t *self);         // HOST or HOST:PORT, for people
