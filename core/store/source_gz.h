// source_gz: gzip members inflated as a stream, for source.c only; the one place that knows zlib's inflate.
//
// Raw bytes are asked for through a function, so that this file knows no descriptors and source.c no zlib.
#pragma once
#include "base/error.h"
#include <stdint.h>

// Up to room raw bytes; *size 0: the end.
typedef status_t gz_raw_fn (void *context, char *to, size_t room, size_t *size, error_t *error);
typedef struct gz gz_t;

gz_t *gz_new (const char *path, gz_raw_fn *raw, void *context);     // path: for messages; borrowed, as context is
void gz_destroy (gz_t **self_p);
CHECKED status_t gz_read (gz_t *self, char *to, size_t room, size_t *size, error_t *error);   // *size 0: the end
const char *gz_warning (const gz_t *self);                          // NULL, or that bytes follow the last member
