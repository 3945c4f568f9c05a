// supply: see supply.h.
//
// A map's supply is READY as soon as it is known where to read; its bytes come while it runs, NEED by NEED. A reduce's is READY when all its
// segments are here, for a merge reads them all at once. When an order's results have to travel, the same supply carries them: news
// come by its number, and an order is answered when both ways are done.
#include "worker/supply.h"
#include "worker/order.h"
#include <string.h>

struct supply {
    supply_t *next;
    supplies_t *all;
    uint64_t id;
    bool known;                                         // to the fetch thread
    supply_state_t state;
    error_t error; uint64_t away;
    char *path; uint64_t inode, device; bool guarded;   // of an input
    wire_texts_t paths;                                 // of segments
    bool asked, answered;                               // a NEED is open; its answer is here
    bool sending;
    message_have_t have;
    uint64_t moved, carried;
};

// ---- news

static supply_t *s_find (const supplies_t *self, uint64_t id)
{
    supply_t *supply = self->first;
    while (supply && supply->id != id)
        supply = supply->next;
    return supply;
}

static void s_place (supply_t *self, fetched_t *news)
{
    self->path = news->path;
    news->path = NULL;
    self->inode = news->inode;
    self->device = news->device;
    self->guarded = news->guarded;
    self->state = SUPPLY_READY;
}

static void s_all (supply_t *self, fetched_t *news)
{
    if (news->paths.item) {
        self->paths = news->paths;
        news->paths = (wire_texts_t) { 0 };
    }
    self->sending = false;
    self->state = SUPPLY_READY;
}

static void s_failed (supply_t *self, const fetched_t *news)
{
    self->error = news->error;
    self->away = news->away;
    self->sending = false;
    self->answered = self->asked;
    self->have.kind = news->error.kind;
    self->have.error = self->error.text;
    self->state = SUPPLY_FAILED;
}

static void s_take (supply_t *self, fetched_t *news)
{
    switch (news->kind) {
    case FETCHED_PLACE: s_place (self, news); break;
    case FETCHED_ALL: s_all (self, news); break;
    case FETCHED_FAILED: s_failed (self, news); break;
    case FETCHED_UPTO:
        self->have.upto = news->upto;
        self->answered = self->asked;
        break;
    case FETCHED_BYTES: break;
    }
}

void supplies_hear (supplies_t *self)
{
    for (fetched_t *news; (news = fetch_next (self->fetch)); fetched_free (&news)) {
        supply_t *supply = s_find (self, news->id);
        if (news->kind != FETCHED_ALL || news->paths.item)          // else they went out
            self->streamed += news->moved;
        if (!supply)
            continue;
        supply->moved += news->moved;
        supply->carried += news->carried;
        s_take (supply, news);
    }
}

void supplies_free (supplies_t *self)
{
    fetch_destroy (&self->fetch);
}

// ---- life

static supply_t *s_new (supplies_t *supplies)
{
    supply_t *self = memory_new (sizeof *self);
    *self = (supply_t) { .next = supplies->first, .all = supplies, .id = ++supplies->last, .known = true, .state = SUPPLY_COMING };
    supplies->first = self;
    return self;
}

supply_t *supply_new (supplies_t *supplies, const message_t *order, uint64_t worker, const char *scratch)
{
    if (!supplies->fetch)
        return NULL;
    supply_t *self = s_new (supplies);
    if (order->verb == MESSAGE_MAP && *order->map.path)
        fetch_input (supplies->fetch, self->id, order);
    else if (order->verb == MESSAGE_REDUCE)
        fetch_stage (supplies->fetch, self->id, order, worker, scratch);
    else {
        self->known = false;
        self->state = SUPPLY_READY;
    }
    return self;
}

void supplies_ahead (supplies_t *self, const message_t *ahead, uint64_t worker, const char *scratch)
{
    if (self->fetch)
        fetch_stage (self->fetch, ++self->last, ahead, worker, scratch);
}

supply_t *supply_new_look (supplies_t *supplies, const char *folder, const char *marker)
{
    supply_t *self = s_new (supplies);
    fetch_look (supplies->fetch, self->id, folder, marker);
    return self;
}

supply_t *supply_new_side (supplies_t *supplies, const message_job_t *job, uint32_t side)
{
    const uint64_t *fact = job->side_facts.item + (size_t) SIDE_FACTS * side;
    message_t map = { .verb = MESSAGE_MAP, .map = { .job = job->job, .file = side, .path = job->side_paths.item [side], .device = fact [0],
        .inode = fact [1], .size = fact [2], .length = fact [2], .mtime_ns = fact [3], .ctime_ns = fact [4], .head = fact [5], .tail = fact [6] } };
    supply_t *self = s_new (supplies);
    fetch_side (supplies->fetch, self->id, &map);
    return self;
}

void supply_destroy (supply_t **self_p)
{
    supply_t *self = *self_p;
    if (!self)
        return;
    for (supply_t **at = &self->all->first; *at; at = &(*at)->next)
        if (*at == self) {
            *at = self->next;
            break;
        }
    if (self->known)
        fetch_release (self->all->fetch, self->id);
    for (uint32_t i = 0; i < self->paths.count; i++)
        free (self->paths.item [i]);
    free (self->paths.item);
    free (self->path);
    free (self);
    *self_p = NULL;
}

// ---- what a slot asks

supply_state_t supply_state (const supply_t *self)
{
    return self->state;
}

const error_t *supply_error (const supply_t *self)
{
    return &self->error;
}

uint64_t supply_away (const supply_t *self)
{
    return self->away;
}

bool supply_sees (const supply_t *self)
{
    return !self->guarded;
}

const char *supply_place (const supply_t *self)
{
    return self->path;
}

message_t supply_order (const supply_t *self, const message_t *order)
{
    message_t filled = *order;
    if (order->verb == MESSAGE_MAP && self->path) {
        filled.map.inode = self->inode;
        filled.map.device = self->device;
        filled.map.guarded = self->guarded;
        filled.map.local = self->path;
    }
    if (order->verb == MESSAGE_REDUCE && self->paths.item)
        filled.reduce.segments = self->paths;
    return filled;
}

void supply_need (supply_t *self, const message_need_t *need)
{
    self->asked = true;
    self->answered = self->state == SUPPLY_FAILED;
    self->have.job = need->job;
    self->have.file = need->file;
    if (!self->answered)
        fetch_need (self->all->fetch, self->id, need->offset);
}

bool supply_have (supply_t *self, message_t *have)
{
    if (!self->answered)
        return false;
    *have = (message_t) { .verb = MESSAGE_HAVE, .have = self->have };
    self->asked = self->answered = false;
    return true;
}

bool supply_waits (const supply_t *self)
{
    return self->asked || self->sending;
}

void supply_send (supply_t *self, const message_done_t *done, const char *folder)
{
    self->state = SUPPLY_COMING;
    self->sending = self->known = true;
    fetch_upload (self->all->fetch, self->id, done->job, folder, done->part, !done->held, done->rejects > 0);
}

uint64_t supply_moved (const supply_t *self)
{
    return self->moved;
}

uint64_t supply_carried (const supply_t *self)
{
    return self->carried;
}
