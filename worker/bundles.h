// bundles: what jobs are made of and came over the wire, asked for at the master by its content hash: sources, each bundle unpacked in a folder of
// this node; and builds, which another node has compiled.
//
// The worker loop's. Several workers may share the folder. Bounded: beyond BUNDLES of them the ones that were not used for longest go. The folder
// may be tidied up by others at any time: what is not there any more, or not whole, is asked for again.
#pragma once
#include "wire/bundle.h"
#include "wire/peer.h"

enum { BUNDLES = 500 };

typedef struct bundles bundles_t;

bundles_t *bundles_new (const char *folder);            // made when there is something to put there
void bundles_destroy (bundles_t **self_p);
// The job's main file, as it lies here; good until the next call with that hash. NULL: it has been asked for, ask again after bundles_hear; or,
// with an error, it cannot be had this time.
const char *bundles_main (bundles_t *self, peer_t *master, const char *hash, error_t *error);
const char *bundles_build (bundles_t *self, peer_t *master, const char *hash, error_t *error);    // the same of a build
// False: it was here, and is not any more as it came; what is left of it goes, and the next bundles_main or bundles_build asks for it.
bool bundles_check (bundles_t *self, const char *hash);
void bundles_hear (bundles_t *self, peer_t *master, const message_blob_t *blob);
void bundles_again (bundles_t *self, peer_t *master);   // a new life of the connection: what was asked for may never be answered
