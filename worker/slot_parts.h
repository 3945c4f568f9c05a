// slot_parts: what the files of slot share; nobody else includes it.
//
//     slot.c       orders and answers
//     slot_end.c   the watch over an executor, and its end
#pragma once
#include "worker/line.h"
#include "worker/outbox.h"
#include "worker/slot.h"
#include "worker/tasklog.h"

typedef enum { ABSENT, ALIVE, DYING } slot_state_t;

typedef struct { message_t order; supply_t *supply; } errand_t;     // supply NULL: it needs nothing

struct slot {
    post_t *post;
    uint32_t index, generation;                         // generation: counts executors; with index it is the zygote's tag
    slot_state_t state;
    bool hung_up;                                       // its channel was closed: it is dying, or has closed what is not its own
    bool used;                                          // the executor has been given something
    bool retry;                                         // an unused executor ended: wait for slot_watch before the next, lest it spin
    uint32_t refused;                                   // times in a row that the node had no descriptors for another executor
    line_t line;
    message_t order;                                    // under way; verb 0: none
    supply_t *supply;                                   // its own
    outbox_t outbox;                                    // answers to earlier orders
    errand_t *queue;
    uint32_t queued;
    uint64_t *loaded;                                   // jobs that the executor has loaded
    uint32_t jobs;
    error_t sentence;                                   // why the executor is being killed, if it is
    uint64_t still_us;                                  // without progress
    position_t seen;
    tasklog_t *log;
};

void slot_kill (slot_t *self);                          // its end will be told by the zygote
void slot_shed (slot_t *self);                          // what the executor had here; the slot is ABSENT
void slot_done (slot_t *self);                          // the order under way has been answered
void slot_fault (slot_t *self, const message_t *order, bool lost, const error_t *error, const char *compiler);     // the answer to order
