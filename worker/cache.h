// cache: the node's chunk cache: blocks of the master's files, kept over jobs and lives of the worker, so that they cross the network once.
//
// One thread's (the fetch thread's). A file is one sparse file of the original's size, so that a plain reader can read it at its own offsets, and
// a sidecar with a checksum for each block of a mebibyte. Blocks that are pinned stay; of the others those go first, when there are more than the
// limit, that the next job will miss least (cache_victims.c). What lies on the disk is believed only after its checksum has been compared,
// once a life of the worker, and again if the file was changed by others while nobody here had it open.
#pragma once
#include "base/error.h"
#include <stdint.h>

enum { CACHE_BLOCK = 1 << 20 };

// Which file it is, as the master saw it at submit; all of it is the key. A file that is written to is another one.
typedef struct { uint64_t device, inode, size, mtime_ns, ctime_ns, head, tail; } cache_identity_t;

typedef struct cache cache_t;
typedef struct cache_file cache_file_t;

// A folder of its own below `folder`: another worker that uses the same one gets the next. limit: bytes. NULL: failed.
cache_t *cache_new (const char *folder, uint64_t limit, error_t *error);
void cache_destroy (cache_t **self_p);                  // no file is open any more
uint64_t cache_held (const cache_t *self);              // bytes
uint64_t cache_limit (const cache_t *self);             // less than asked for once the disk has been full

// Counts its users; each one closes. job: who will read it. NULL: the disk refuses.
cache_file_t *cache_open (cache_t *self, const cache_identity_t *identity, uint64_t job, error_t *error);
cache_file_t *cache_again (cache_file_t *file);         // one more user of the same, though its name may lead elsewhere by now; it closes too
void cache_close (cache_t *self, cache_file_t **file_p);
const char *cache_path (const cache_file_t *file);      // to be read where cache_has said so
// True: the block is there and whole. The first question about a block of an earlier life reads it.
bool cache_has (cache_t *self, cache_file_t *file, uint64_t block);
// bytes: the block's CACHE_BLOCK, of the last one less. May evict others.
CHECKED status_t cache_put (cache_t *self, cache_file_t *file, uint64_t block, const void *bytes, error_t *error);
uint64_t cache_block_size (const cache_file_t *file, uint64_t block);
void cache_job_over (cache_t *self, uint64_t job);      // what it has read is not needed more than anything else
// A pinned block is not evicted; pins are counted. A block may be pinned before it is there.
void cache_pin (cache_file_t *file, uint64_t block);
void cache_unpin (cache_file_t *file, uint64_t block);
