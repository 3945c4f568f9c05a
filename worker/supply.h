// supply: what an order needs that this node may not have: the bytes of its input, other workers' segments, a way for its part to the head.
//
// The loop's; the work itself is the fetch thread's. A supply belongs to one order, in its slot's queue or under way, and goes with it;
// supplies_hear brings the news, and slots look at theirs in their next turn. In a private run there are none: everything is a file here.
#pragma once
#include "worker/fetch.h"

enum { SIDE_FACTS = 7 };                                // numbers of a side file in JOB

typedef struct supply supply_t;
typedef struct { fetch_t *fetch; supply_t *first; uint64_t last, streamed; } supplies_t;       // fetch NULL: a private run. streamed: bytes received

typedef enum { SUPPLY_COMING, SUPPLY_READY, SUPPLY_FAILED } supply_state_t;

void supplies_hear (supplies_t *self);
void supplies_free (supplies_t *self);                  // the fetch thread too; all supplies are gone

// NULL: a private run, where an order needs nothing but itself. worker: this one's number; scratch: the job's.
supply_t *supply_new (supplies_t *supplies, const message_t *order, uint64_t worker, const char *scratch);
// What an AHEAD names: fetched when nothing else is. No supply comes of it.
void supplies_ahead (supplies_t *self, const message_t *ahead, uint64_t worker, const char *scratch);
// Whether this node sees the folder for parts: READY and supply_sees.
supply_t *supply_new_look (supplies_t *supplies, const char *folder, const char *marker);
// A side file of a job, by its index there: READY when all of it can be read at supply_place, which it can until the end of the supply.
supply_t *supply_new_side (supplies_t *supplies, const message_job_t *job, uint32_t side);
void supply_destroy (supply_t **self_p);

supply_state_t supply_state (const supply_t *self);     // READY: the order may begin; after supply_send: the parts are stored
const error_t *supply_error (const supply_t *self);     // of FAILED
uint64_t supply_away (const supply_t *self);            // of FAILED: the worker that cannot be reached, or 0
bool supply_sees (const supply_t *self);                // the file or folder is here; false of a file: the chunk cache's copy
const char *supply_place (const supply_t *self);        // of a side file that is READY
message_t supply_order (const supply_t *self, const message_t *order);      // as the executor is to get it; borrows from both
// The executor's NEED, and its answer, once: true: *have is to be sent; it borrows from self.
void supply_need (supply_t *self, const message_need_t *need);
bool supply_have (supply_t *self, message_t *have);
bool supply_waits (const supply_t *self);               // a NEED is not answered yet, or parts are under way: no progress is not a fault
// Sends the parts of a DONE to the head; COMING until they are stored there.
void supply_send (supply_t *self, const message_done_t *done, const char *folder);
// Of this order so far.
uint64_t supply_moved (const supply_t *self);
uint64_t supply_carried (const supply_t *self);
