// loop_parts: what the files of the loop share; nobody else includes it.
//
//     loop.c       what happens in which order
//     member.c     this worker as the master's: HELLO, WELCOME, NODES, BEAT, DRAIN; what it drops when it is lost
#pragma once
#include "base/log.h"
#include "wire/gate.h"
#include "worker/health.h"
#include "worker/slot.h"
#include <czmq.h>

enum { BEAT_US = 1000000 };

typedef struct {
    post_t post;
    const worker_options_t *options;
    slot_t **slot;
    int signals;
    bool greeted;                                       // HELLO is on its way
    bool draining;                                      // has said so
    bool ending;
    int status;                                         // to exit with
    uint64_t start, nonce, epoch, id;                   // start: of this process; nonce: of this membership
    int64_t greeted_us;
    int64_t beat_us, last_beat, last_tick;
    uint64_t resident, peak, peak_told;                 // bytes of all executors
    gate_t *gate;                                       // of a cluster with keys
    message_t nodes;                                    // the last NODES; verb 0: none yet
    health_t health;
    log_rate_t complaints;
    zmq_pollitem_t *item;                               // MASTER, SIGNALS, ZYGOTE, SUPPLIES, then whatever there is
    size_t items;
} worker_t;

status_t member_begin (worker_t *self, error_t *error); // what a cluster's worker has more: gate, fetch and serve threads
void member_end (worker_t *self);
void member_greet (worker_t *self);
void member_greet_again (worker_t *self);               // a HELLO that has had no answer for long
void member_welcome (worker_t *self, const message_welcome_t *welcome);
void member_nodes (worker_t *self, message_t *nodes);   // takes it
void member_job (worker_t *self, message_t *job);       // takes it
void member_forget (worker_t *self, uint64_t job);
void member_beat (worker_t *self);
void member_drain (worker_t *self);                     // SIGTERM
void member_lost (worker_t *self);                      // the master is away: drop everything, try again
