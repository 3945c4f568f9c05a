// order: a message that is work for a slot: DECLARE, MAP, SEAL or REDUCE; what the worker needs of it whichever it is.
#pragma once
#include "wire/message.h"

typedef struct { uint64_t epoch, job, stage, task, attempt, slot; } order_ids_t;    // what a verb does not have is 0

bool order_is (const message_t *message);               // true: it is one
order_ids_t order_ids (const message_t *order);
void order_stamp (const message_t *order, message_t *answer);       // DECLARED, DONE, SEALED, FAULT: whose answer it is
bool order_answered_by (const message_t *order, message_verb_t verb);
