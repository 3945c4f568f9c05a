// bundle: a job's sources as one run of bytes that travels by its content hash: the main file and the local files that it includes.
//
// Format: for each file its name, a NUL, its size in decimal, a NUL, its bytes; the main file first. Names are relative to the deepest folder that
// holds them all, without "..", "." or a leading "/", at most 255 bytes; at most 1,000 files and 8 MiB. The hash is 32 hexadecimal digits of XXH3-128.
#pragma once
#include "base/error.h"
#include "base/memory.h"

enum { BUNDLE_LIMIT = 8 << 20, BUILD_LIMIT = 64 << 20, BUNDLE_HASH = 33, BLOB_BYTES = 48 * 1024 };     // BUILD: of a job as a node has compiled it

// paths: absolute, the main file first.
CHECKED status_t bundle_make (const char *const *path, size_t count, buffer_t *into, error_t *error);
void bundle_hash (const buffer_t *bundle, char hash [BUNDLE_HASH]);
bool bundle_is_hash (const char *text);                 // 32 hexadecimal digits: safe in a path
// Unpacks below `folder` (made; complete or not there at all: it is renamed into place). *main: path of the main file, the caller's.
CHECKED status_t bundle_unpack (const buffer_t *bundle, const char *folder, char **main, error_t *error);
