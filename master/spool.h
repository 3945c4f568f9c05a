// spool: what a client brings piece by piece (WANT, BLOB), in a file until it is whole: so what many clients are about to bring costs the master
// no memory. The loop's.
#pragma once
#include "wire/bundle.h"
#include "wire/message.h"

typedef struct spool spool_t;

// An empty file below `folder`, for bytes with that hash, at most `limit` of them. NULL: failed.
spool_t *spool_new (const char *folder, const char *hash, uint64_t limit, error_t *error);
void spool_destroy (spool_t **self_p);                  // and its file, unless taken
const char *spool_hash (const spool_t *self);
uint64_t spool_bytes (const spool_t *self);             // that are here: where the next piece begins
uint64_t spool_size (const spool_t *self);              // of the whole, as its client says; 0: not yet told
// FAILED: it is not the piece that was asked for, or the whole has another hash.
CHECKED status_t spool_add (spool_t *self, const message_blob_t *blob, error_t *error);
bool spool_is_whole (const spool_t *self);
char *spool_take (spool_t *self);                       // path of the whole file, the caller's to free and its to remove
