// fetch_parts: what the files of the fetch thread share; nobody else includes it. All of it is that thread's.
//
//     fetch.c      the thread, its letters, its turns
//     inlet.c      inputs: blocks into the chunk cache, in the order in which executors will want them
//     whole.c      side files: all of them into the chunk cache
//     stage.c      segments of other workers, by ranges of keys (staging.c: one segment)
//     upload.c     parts, to the head
#pragma once
#include "worker/cache.h"
#include "worker/fetch.h"
#include "worker/link.h"
#include "worker/locate.h"

enum { REQUESTS_MOST = 64 };                            // under way on all links together: 16 MiB

typedef struct inlet inlet_t;
typedef struct unit unit_t;
typedef struct whole whole_t;
typedef struct staging staging_t;
typedef struct stage stage_t;
typedef struct upload upload_t;

typedef struct { uint64_t worker; char *endpoint, *key; link_t *link; } node_t;      // link NULL: not needed yet

typedef struct {
    const worker_options_t *options;
    cache_t *cache;
    locate_t *locate;
    char *head_endpoint;
    link_t *head;                                       // NULL: there is no data server (yet)
    node_t *node; uint32_t nodes;
    inlet_t *inlets; unit_t *units;
    whole_t *wholes;
    staging_t *stagings; stage_t *stages;
    upload_t *uploads;
    void (*tell) (void *context, fetched_t *news);      // takes it
    void *context;
} fetcher_t;

static inline cache_identity_t fetcher_identity (const message_map_t *map)
{
    return (cache_identity_t) { map->device, map->inode, map->size, map->mtime_ns, map->ctime_ns, map->head, map->tail };
}

fetched_t *fetched_new (fetched_kind_t kind, uint64_t id);
void fetcher_tell (fetcher_t *self, fetched_t *news);
void fetcher_fail (fetcher_t *self, uint64_t id, uint64_t away, const error_t *error);
uint32_t fetcher_requests (const fetcher_t *self);      // under way on all links
link_t *fetcher_head (fetcher_t *self, error_t *error); // NULL: none
node_t *fetcher_node (fetcher_t *self, uint64_t worker);            // NULL: not there (any more)
link_t *fetcher_link (fetcher_t *self, node_t *node, error_t *error);

void inlet_new (fetcher_t *self, uint64_t id, message_t *map);      // takes map
void inlet_need (fetcher_t *self, uint64_t id, uint64_t offset);
bool inlet_turn (fetcher_t *self);                      // one step of read-ahead; false: nothing to do or no room now
void inlet_release (fetcher_t *self, uint64_t id);
void inlets_free (fetcher_t *self);

void whole_new (fetcher_t *self, uint64_t id, message_t *map);      // takes map
bool whole_turn (fetcher_t *self);
void whole_release (fetcher_t *self, uint64_t id);
uint64_t wholes_blocks (const fetcher_t *self);         // of the chunk cache, that are theirs
void wholes_free (fetcher_t *self);

void stage_new (fetcher_t *self, uint64_t id, message_t *reduce, uint64_t own, const char *folder);    // takes reduce
void stage_ahead (fetcher_t *self, uint64_t id, message_t *ahead, uint64_t own, const char *folder);   // takes ahead; id: nobody else's
bool stage_turn (fetcher_t *self);
void stage_release (fetcher_t *self, uint64_t id);
void stage_forget (fetcher_t *self, uint64_t job);
void stage_lost (fetcher_t *self, uint64_t worker);     // it is no node any more
void stages_free (fetcher_t *self);

void upload_new (fetcher_t *self, uint64_t id, uint64_t job, const char *folder, const char *part, bool whole, bool rejected);
bool upload_turn (fetcher_t *self);
void upload_release (fetcher_t *self, uint64_t id);
void uploads_free (fetcher_t *self);
