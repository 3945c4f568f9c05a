// bundles: sources of jobs that came over the wire, each unpacked in a folder of this node under its content hash, asked for at the master.
//
// The worker loop's. Several workers may share the folder. Bounded: beyond BUNDLES of them the ones that were not used for longest go.
#pragma once
#include "wire/bundle.h"
#include "wire/peer.h"

enum { BUNDLES = 500 };

typedef struct bundles bundles_t;

bundles_t *bundles_new (const char *folder);            // made when there is something to put there
void bundles_destroy (bundles_t **self_p);
// The job's main file, as it lies here; good for the life of bundles. NULL: it has been asked for, ask again after bundles_hear; or, with
// an error, it cannot be had this time.
const char *bundles_main (bundles_t *self, peer_t *master, const char *hash, error_t *error);
void bundles_hear (bundles_t *self, peer_t *master, const message_blob_t *blob);
void bundles_again (bundles_t *self, peer_t *master);   // a new life of the connection: what was asked for may never be answered
