// link: the connection to one server of bulk bytes (the head's data server, another worker), and what is under way on it.
//
// The fetch thread's. A haul is a run of bytes that somebody wants from there, or has for it; it travels in requests of at most FETCH_BYTES,
// a few at a time. A haul's end is told once, by its `done`, which must not start or drop hauls of that link; whoever loses interest
// before drops it.
#pragma once
#include "wire/peer.h"

typedef struct link link_t;
typedef struct haul haul_t;
typedef void haul_done_fn (haul_t *haul, const error_t *error);     // error NULL: all of it has arrived. ERROR_SCRATCH: the file cannot be written

struct haul {
    uint64_t what, job, index;                          // as in FETCH
    uint64_t offset, size;
    char *bytes;                                        // size of them: where they go, or (part) what is sent
    int fd; const char *path;                           // bytes NULL: the file into which they go as they come, at the same offset; its name
    const char *part; bool last;                        // PUT: name in the job's folder; at most FETCH_BYTES
    haul_done_fn *done;
    void *context;
    uint64_t carried;                                   // bytes on the wire so far
    uint32_t left;                                      // requests not answered
};

// name: for messages ("the head's data server"). Fails hauls after patience_us without a sign of life, or being refused; and when the other end
// sends what it was not asked for. The next haul connects anew. NULL: failed.
link_t *link_new (const char *name, const char *endpoint, const peer_options_t *security, int64_t patience_us, error_t *error);
void link_destroy (link_t **self_p);                    // without hauls
bool link_has_room (const link_t *self);                // another haul would not only wait
uint32_t link_requests (const link_t *self);            // under way
void link_start (link_t *self, haul_t *haul, int64_t now_us);
void link_drop (link_t *self, const haul_t *haul);      // its bytes are not touched any more
void *link_socket (link_t *self);                       // NULL: not connected now
short link_events (const link_t *self);                 // to poll for
void link_hear (link_t *self, int64_t now_us);          // all answers that are there
void link_watch (link_t *self, int64_t now_us);         // some times a second: what was not answered is asked again, or fails
