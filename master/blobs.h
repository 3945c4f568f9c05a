// blobs: sources of jobs and their clients' side files, by content hash (wire/bundle.h), in a folder of the master's state. They come from clients
// and go to workers.
//
// The loop's thread. Bounded: beyond BLOBS_LIMIT bytes the ones that were not used for longest go, unless they are pinned; so a file may be gone
// again later. A file never changes while it is there: the data server may hand it out.
#pragma once
#include "wire/bundle.h"
#include <stdint.h>

enum { BLOBS_LIMIT = 256 << 20 };

typedef struct blobs blobs_t;

blobs_t *blobs_new (const char *folder, error_t *error);           // made if missing. NULL: it cannot be used
void blobs_destroy (blobs_t **self_p);
bool blobs_has (blobs_t *self, const char *hash);                  // and it counts as used now
const char *blobs_folder (const blobs_t *self);         // each file's name is its hash; where a spool may grow
void blobs_pin (blobs_t *self, const char *hash);                  // stays if it is there; pins are counted
void blobs_unpin (blobs_t *self, const char *hash);
// A whole file with that hash, from a spool there; it is renamed, the path freed.
CHECKED status_t blobs_take (blobs_t *self, const char *hash, char *path, error_t *error);
// At most BLOB_BYTES from `offset` on, and the size of the whole.
CHECKED status_t blobs_read (blobs_t *self, const char *hash, uint64_t offset, buffer_t *piece, uint64_t *size, error_t *error);
