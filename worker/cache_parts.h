// cache_parts: what the files of the chunk cache share; nobody else includes it.
//
//     cache.c            the folder, files and blocks in use
//     cache_disk.c       one file of the cache and its sidecar
//     cache_victims.c    which blocks go when there are too many
#pragma once
#include "worker/cache.h"
#include <sys/types.h>

enum { CACHE_NAME = 33, CACHE_CHAINS = 1 << 12 };

typedef struct { uint64_t sum; uint32_t stamp; uint16_t pins; bool checked; } block_t;     // sum 0: not there
typedef struct { dev_t device; ino_t inode; int64_t ctime_ns; } seen_t;
typedef struct { uint64_t job, turn; } live_t;

struct cache_file {
    char name [CACHE_NAME];
    char *path;                                         // of the data
    cache_identity_t identity;
    uint64_t blocks, present;
    block_t *block;
    uint32_t users;
    uint32_t at;                                        // its index in cache->file
    cache_file_t *next;                                 // with the same hash
    uint64_t turn;                                      // of the last job that read it
    bool live;                                          // that job is under way
    int data, sums;                                     // -1: closed
    seen_t seen;                                        // the data, when closed last
    bool orphan;                                        // its name leads elsewhere by now; goes with its last user
    int64_t used_ns;                                    // when loaded: time of the sidecar
};

struct cache {
    char *root, *folder;                                // folder: its own one below root
    int lock;
    uint64_t wanted, limit;                             // blocks: as configured; as the disk can have them
    uint64_t held;                                      // blocks
    uint32_t stamp;                                     // counts uses
    uint64_t turn;                                      // counts jobs, over all lives of the cache
    live_t *live; uint32_t lives;                       // jobs under way
    cache_file_t **file;
    uint32_t files;
    cache_file_t *chain [CACHE_CHAINS];                 // files by hash, without orphans
};

// cache_disk
cache_file_t *cache_file_find (const cache_t *self, const cache_identity_t *identity);
cache_file_t *cache_file_new (cache_t *self, const cache_identity_t *identity);
status_t cache_file_open (cache_t *self, cache_file_t *file, error_t *error);   // nothing if it is open
void cache_file_close (cache_file_t *file);
void cache_file_read_by (cache_file_t *file, uint64_t turn);                    // open: the job's turn goes to the disk
bool cache_file_is_here (const cache_file_t *file);                             // open: its name still leads to it
void cache_file_orphan (cache_t *self, cache_file_t *file);                     // or is one already; frees it if nobody uses it
void cache_file_remove (cache_t *self, cache_file_t *file);                     // it holds nothing, or is an orphan; nobody uses it
status_t cache_file_write (cache_file_t *file, uint64_t block, const char *bytes, uint64_t sum);
void cache_file_drop (cache_t *self, cache_file_t *file, uint64_t block);
uint64_t cache_checksum (const void *bytes, size_t size);
void cache_load (cache_t *self);                        // what an earlier life has left in the folder
// cache_victims
void cache_evict (cache_t *self, uint64_t blocks);      // so many, if there are that are not pinned
