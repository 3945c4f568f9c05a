// slot: one executor's place: its process, the orders that wait for it, the one under way, and the watch over that.
//
// Used by the worker's loop only; nothing here waits, but for the master to take an answer. An executor that dies is replaced at
// once, and whatever it had or held is reported to the master in one FAULT a job.
#pragma once
#include "base/log.h"
#include "wire/peer.h"
#include "worker/dossier.h"
#include "worker/engine.h"
#include "worker/serve.h"
#include "worker/supply.h"
#include "worker/zygote.h"

// What a worker's slots have in common.
typedef struct post {
    const worker_options_t *options;
    zygote_t *zygote;
    peer_t *master;
    dossiers_t jobs;
    supplies_t supplies;
    serve_t *serve;                                     // NULL: a private run
    bundles_t *bundles;                                 // the same
    uint64_t worker;                                    // the number from WELCOME
    log_rate_t faults;                                  // told in the log of a node
    bool cut_off;                                       // the master takes no answers any more
} post_t;

void post_send (post_t *self, const message_t *message);

typedef struct slot slot_t;

slot_t *slot_new (post_t *post, uint32_t index);        // its executor is asked for by the first slot_pump
void slot_destroy (slot_t **self_p);                    // kills an executor at work; an idle one closes its job and ends
void slot_give (slot_t *self, message_t *order);        // takes it; orders are done one by one as they came
void slot_abandon (slot_t *self, const message_abandon_t *attempt);
void slot_clear (slot_t *self);                         // all orders, without an answer; the executor at work is killed
void slot_forget (slot_t *self, uint64_t job);          // before its dossier goes
void slot_pump (slot_t *self);                          // starts whatever can start now; call it after all others

int slot_channel (const slot_t *self);                  // readable: slot_read; -1: none
int slot_output (const slot_t *self);                   // readable: slot_listen; -1: none
void slot_read (slot_t *self);
void slot_listen (slot_t *self);
void slot_event (slot_t *self, const zygote_event_t *event);        // of its executor
bool slot_owns (const slot_t *self, uint64_t tag);

void slot_watch (slot_t *self, uint64_t elapsed_us);    // call it some times a second; elapsed: without pauses of the worker itself
bool slot_busy (const slot_t *self);                    // something is under way, or a new executor is to be tried again
uint64_t slot_resident (const slot_t *self);            // bytes of memory that are the executor's own
uint64_t slot_job (const slot_t *self);                 // of the order under way; 0: none
const position_t *slot_position (const slot_t *self);   // NULL: no executor
