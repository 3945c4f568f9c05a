// order: see order.h. The one place that knows where each verb keeps its numbers.
#include "worker/order.h"

bool order_is (const message_t *message)
{
    return message->verb >= MESSAGE_DECLARE && message->verb <= MESSAGE_REDUCE;
}

order_ids_t order_ids (const message_t *order)
{
    const message_map_t *map = &order->map;
    const message_reduce_t *reduce = &order->reduce;
    const message_seal_t *seal = &order->seal;
    const message_declare_t *declare = &order->declare;
    switch (order->verb) {
    case MESSAGE_MAP:
        return (order_ids_t) { map->epoch, map->job, map->stage, map->task, map->attempt, map->slot };
    case MESSAGE_REDUCE:
        return (order_ids_t) { reduce->epoch, reduce->job, reduce->stage, reduce->task, reduce->attempt, reduce->slot };
    case MESSAGE_SEAL:
        return (order_ids_t) { .epoch = seal->epoch, .job = seal->job, .stage = seal->stage, .slot = seal->slot };
    case MESSAGE_DECLARE:
        return (order_ids_t) { .epoch = declare->epoch, .job = declare->job, .slot = declare->slot };
    default:
        return (order_ids_t) { 0 };
    }
}

bool order_answered_by (const message_t *order, message_verb_t verb)
{
    if (verb == MESSAGE_FAULT)
        return true;
    if (order->verb == MESSAGE_DECLARE)
        return verb == MESSAGE_DECLARED;
    return verb == (order->verb == MESSAGE_SEAL ? MESSAGE_SEALED : MESSAGE_DONE);
}

#define STAMP(part) do { (part).epoch = ids.epoch; (part).job = ids.job; (part).slot = ids.slot; } while (0)

void order_stamp (const message_t *order, message_t *answer)
{
    order_ids_t ids = order_ids (order);
    if (answer->verb == MESSAGE_DECLARED)
        STAMP (answer->declared);
    else if (answer->verb == MESSAGE_DONE) {
        STAMP (answer->done);
        answer->done.stage = ids.stage;
        answer->done.task = ids.task;
        answer->done.attempt = ids.attempt;
    }
    else if (answer->verb == MESSAGE_SEALED) {
        STAMP (answer->sealed);
        answer->sealed.stage = ids.stage;
        answer->sealed.segment = order->seal.segment;
    }
    else if (answer->verb == MESSAGE_FAULT) {
        STAMP (answer->fault);
        answer->fault.stage = ids.stage;
        answer->fault.task = ids.task;
        answer->fault.attempt = ids.attempt;
        answer->fault.verb = order->verb;
    }
}
