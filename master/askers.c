// askers: see askers.h.
//
// What lies here for an asker is what is being read and packed for him (working) and what the socket holds because his connection is full (waiting). At
// most EACH for one, which is more than a worker's window (sixteen pieces, worker/link.c), and ALL together. Beyond that, an asker for whom nothing lies
// here still gets a piece, up to SPARE more: those who take what they get go on, piece by piece, while the others are found out. Turns go around.
//
// How much waits is asked of the kernel's counts (peer_waiting), every PATIENT_MS, or every HURRY_MS while somebody waits for his turn. Whose share
// has not become less for STUCK_US is cut off: a worker that stands still for so long counts as lost anyway.
#include "master/askers.h"
#include "base/memory.h"

enum {
    MOST = 64,                                          // requests that wait for their turn
    EACH = 6 << 20, ALL = 64 << 20, SPARE = 32 << 20,
    HURRY_MS = 2, PATIENT_MS = 250, STUCK_US = 10 * 1000 * 1000,
};

struct asker {
    peer_id_t id;
    void *request [MOST]; uint32_t first, count;        // a ring
    size_t working, waiting;                            // bytes
    int64_t taken_us;                                   // when he took something last
    bool cut;                                           // what he still says is not heard
};

struct askers {
    peer_t *peer;
    void (*drop) (void *request);
    asker_t **asker; size_t count, turn;
    size_t lying;                                       // bytes, of all
    size_t requests;                                    // that wait
    int64_t looked_us;
};

askers_t *askers_new (peer_t *peer, void (*drop) (void *request))
{
    askers_t *self = memory_new (sizeof *self);
    self->peer = peer;
    self->drop = drop;
    return self;
}

static void *s_pop (askers_t *self, asker_t *asker)
{
    void *request = asker->request [asker->first];
    asker->first = (asker->first + 1) % MOST;
    asker->count--;
    self->requests--;
    return request;
}

static void s_drop_all (askers_t *self, asker_t *asker)
{
    while (asker->count)
        self->drop (s_pop (self, asker));
}

void askers_destroy (askers_t **self_p)
{
    askers_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; free (self->asker [i++]))
        s_drop_all (self, self->asker [i]);
    free (self->asker);
    free (self);
    *self_p = NULL;
}

static asker_t *s_of (askers_t *self, const peer_id_t *id)
{
    for (size_t i = 0; i < self->count; i++)
        if (peer_id_equal (&self->asker [i]->id, id))
            return self->asker [i];
    if ((self->count & (self->count - 1)) == 0)
        self->asker = memory_grow (self->asker, (self->count ? 2 * self->count : 1) * sizeof *self->asker);
    asker_t *asker = self->asker [self->count++] = memory_new (sizeof *asker);
    asker->id = *id;
    return asker;
}

static void s_cut (askers_t *self, asker_t *asker, const char *why)
{
    asker->cut = true;
    s_drop_all (self, asker);
    peer_cut_one (self->peer, &asker->id, why);
}

void askers_add (askers_t *self, const peer_id_t *from, void *request)
{
    asker_t *asker = s_of (self, from);
    if (!asker->cut && asker->count == MOST)
        s_cut (self, asker, "it asks for more and more, and does not take what it asked for");
    if (asker->cut) {
        self->drop (request);
        return;
    }
    asker->request [(asker->first + asker->count++) % MOST] = request;
    self->requests++;
}

static bool s_has_room (const askers_t *self, const asker_t *asker)
{
    size_t lying = asker->working + asker->waiting;
    return lying ? lying + FETCH_BYTES <= EACH && self->lying + FETCH_BYTES <= ALL : self->lying + FETCH_BYTES <= ALL + SPARE;
}

void *askers_next (askers_t *self, asker_t **whose)
{
    for (size_t i = 0; self->requests && i < self->count; i++) {
        asker_t *asker = self->asker [(self->turn + i) % self->count];
        if (!asker->count || !s_has_room (self, asker))
            continue;
        self->turn = (self->turn + i + 1) % self->count;
        asker->working += FETCH_BYTES;
        self->lying += FETCH_BYTES;
        *whose = asker;
        return s_pop (self, asker);
    }
    return NULL;
}

void askers_done (askers_t *self, asker_t *whose)
{
    whose->working -= FETCH_BYTES;
    self->lying -= FETCH_BYTES;
}

// False: he is gone, or has all that he asked for. What had come from one who was cut may still be on its way through the socket for a while.
static bool s_look_at (askers_t *self, asker_t *asker, int64_t now_us)
{
    size_t waiting = peer_waiting (self->peer, &asker->id);
    if (!asker->cut && (waiting < asker->waiting || !waiting || !asker->taken_us))
        asker->taken_us = now_us;
    self->lying = self->lying + waiting - asker->waiting;
    asker->waiting = waiting;
    bool stuck = now_us - asker->taken_us > STUCK_US;
    if (stuck && !asker->cut)
        s_cut (self, asker, "it does not take what it asked for");
    return waiting || asker->working || asker->count || (asker->cut && !stuck);
}

int askers_look (askers_t *self, int64_t now_us)
{
    int wait_ms = self->requests ? HURRY_MS : PATIENT_MS;
    if (self->count && now_us - self->looked_us >= wait_ms * 1000) {
        self->looked_us = now_us;
        for (size_t i = self->count; i-- > 0; )
            if (!s_look_at (self, self->asker [i], now_us)) {
                free (self->asker [i]);
                self->asker [i] = self->asker [--self->count];
            }
    }
    return self->count ? wait_ms : -1;
}
