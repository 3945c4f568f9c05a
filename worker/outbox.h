// outbox: a slot's answers on their way to the master, in the order of its orders, while its executor is at work again.
//
// An answer whose parts have to be on the head's disk first waits for that, and all behind it wait with it: the master knows what a slot holds from
// the order of its answers. The loop's; one a slot. Bounded by the slot, which begins nothing while the outbox is full.
#pragma once
#include "base/log.h"
#include "wire/message.h"
#include "worker/supply.h"

typedef struct post post_t;
typedef struct { message_t answer; supply_t *supply; } parcel_t;        // supply NULL: it waits for the one before only
typedef struct { post_t *post; parcel_t *parcel; uint32_t parcels; } outbox_t;

bool outbox_full (const outbox_t *self);
void outbox_send (outbox_t *self, const message_t *answer);             // borrows it: its copy goes when all before it have gone
void outbox_send_stored (outbox_t *self, message_t *done, supply_t **supply_p);     // takes both; what supply_send has begun comes first
void outbox_pump (outbox_t *self);                      // what can go now
// Without an answer: of that attempt, of that job (0: all).
void outbox_abandon (outbox_t *self, const message_abandon_t *attempt);
void outbox_forget (outbox_t *self, uint64_t job);
