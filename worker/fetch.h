// fetch: brings to this node what its tasks need from others, and takes their results to the head: a thread beside the worker's loop.
//
// The calls are the loop's and never wait; what came of them is news, to be taken when fetch_fd is readable. A piece of work is known by the id
// that the loop gives it, from fetch_input, fetch_side, fetch_stage or fetch_upload until fetch_release; news of an id released may still come. There is one
// fetch thread a worker, none in a private run.
#pragma once
#include "wire/peer.h"
#include "worker/worker.h"

typedef enum {
    FETCHED_PLACE,                                      // input, side file: where to read it (path, inode, device), and whether guarded
    FETCHED_UPTO,                                       // input: the answer to fetch_need
    FETCHED_ALL,                                        // stage: all segments can be read; upload: the parts are on the head's disk
    FETCHED_BYTES,                                      // nothing but how much has come
    FETCHED_FAILED,                                     // error, and away if another worker cannot be reached; the last news of that id
} fetched_kind_t;

typedef struct {
    fetched_kind_t kind;
    uint64_t id;
    char *path; uint64_t inode, device; bool guarded;
    uint64_t upto;
    wire_texts_t paths;                                 // stage: of each segment
    uint64_t away;
    error_t error;
    uint64_t moved, carried;                            // since the news before: bytes that came over the network; as packed on the way
    uint64_t held;                                      // bytes in the chunk cache now
} fetched_t;

typedef struct fetch fetch_t;

// options: borrowed. NULL: failed, as when the folder of the chunk cache cannot be used.
fetch_t *fetch_new (const worker_options_t *options, error_t *error);
void fetch_destroy (fetch_t **self_p);                  // ends the thread, whatever is under way
int fetch_fd (const fetch_t *self);
fetched_t *fetch_next (fetch_t *self);                  // NULL: no more; the caller's to fetched_free
void fetched_free (fetched_t **self_p);
uint64_t fetch_held (const fetch_t *self);              // bytes in the chunk cache at the start

void fetch_head (fetch_t *self, const char *host, uint64_t port);               // where the data server is
void fetch_nodes (fetch_t *self, const message_t *nodes);                       // NODES: where segments are
// The split of a MAP: FETCHED_PLACE, then it is read ahead as far as there is room.
void fetch_input (fetch_t *self, uint64_t id, const message_t *map);
void fetch_need (fetch_t *self, uint64_t id, uint64_t offset);                  // an executor waits for this byte; below it nothing is needed any more
// The range of keys of all segments of a REDUCE that are not `own` worker's; staged below `folder`, the job's in scratch, whatever is there already counts.
// Those of an AHEAD, which is told nothing and needs no release, are fetched as long as no REDUCE wants anything.
void fetch_stage (fetch_t *self, uint64_t id, const message_t *order, uint64_t own, const char *folder);
// What there is of FOLDER/PART and FOLDER/PART.rejected to the job's folder on the head; then it is removed here.
void fetch_upload (fetch_t *self, uint64_t id, uint64_t job, const char *folder, const char *part, bool whole, bool rejected);
// A side file of a job, described as the whole of an input; FETCHED_PLACE when all of it is here, and it stays until fetch_release.
void fetch_side (fetch_t *self, uint64_t id, const message_t *map);
// FETCHED_PLACE: not guarded if `marker` lies in the folder, guarded if this node does not see it.
void fetch_look (fetch_t *self, uint64_t id, const char *folder, const char *marker);
void fetch_release (fetch_t *self, uint64_t id);
void fetch_forget (fetch_t *self, uint64_t job);        // before its folder is removed; its ids have been released
