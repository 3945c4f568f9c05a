// homes: see homes.h.
//
// A file's bytes are told apart by grains of a mebibyte, as the nodes' caches are, or larger ones if the file is so large that it would have more
// than GRAINS; a grain remembers one node. A node is known by its key, for its number changes with every life; without keys, by its
// name and port. Files are known as the caches know them: what has been written to since is another file.
//
// Tasks whose bytes nobody has are dealt out in one stretch a worker, as long as its part of the work (slots, and their speed where it is
// measured). If they were dealt like cards, every task's last record would need the first block of another node's task, which for tasks of
// one block doubles what is sent; and a later job with other splits would find most of them half here and half there. With long stretches
// that happens only where two meet. Whoever is done early takes from the others: that is the plan's.
#include "master/homes.h"

#include <stdio.h>

enum { GRAINS = 4096, FILES = 4096, NODES = 255, GRAIN = 1 << 20 };

typedef struct {
    uint64_t device, inode, size, used;                 // used: when last, by `uses`
    int64_t mtime_ns, ctime_ns;
    uint64_t grain;                                     // bytes
    uint32_t grains;
    uint8_t *node;                                      // by grain: index in `node` + 1; 0: nobody
} known_t;

struct homes {
    known_t *known;
    uint32_t count;
    uint64_t uses;
    char node [NODES] [96];
    uint32_t nodes;
};

homes_t *homes_new (void)
{
    return memory_new (sizeof (homes_t));
}

void homes_destroy (homes_t **self_p)
{
    homes_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->count; i++)
        free (self->known [i].node);
    free (self->known);
    free (self);
    *self_p = NULL;
}

typedef struct { char text [96]; } name_t;

static name_t s_name (const member_t *member)
{
    name_t name;
    if (*member->key)
        snprintf (name.text, sizeof name.text, "%s", member->key);
    else
        snprintf (name.text, sizeof name.text, "%s:%u", member->node, (unsigned) member->port);
    return name;
}

// Its index + 1; 0: there are too many.
static uint8_t s_node (homes_t *self, const char *name)
{
    for (uint32_t i = 0; i < self->nodes; i++)
        if (!strcmp (self->node [i], name))
            return (uint8_t) (i + 1);
    if (self->nodes == NODES)
        return 0;
    snprintf (self->node [self->nodes++], sizeof self->node [0], "%s", name);
    return (uint8_t) self->nodes;
}

static bool s_same (const known_t *known, const input_file_t *file)
{
    return known->inode == file->inode && known->device == file->device && known->size == file->size && known->mtime_ns == file->mtime_ns
        && known->ctime_ns == file->ctime_ns;
}

static known_t *s_find (homes_t *self, const input_file_t *file)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (s_same (&self->known [i], file)) {
            self->known [i].used = ++self->uses;
            return &self->known [i];
        }
    return NULL;
}

static known_t *s_room (homes_t *self)
{
    if (self->count < FILES) {
        self->known = memory_grow (self->known, (self->count + 1) * sizeof *self->known);
        return &self->known [self->count++];
    }
    known_t *oldest = self->known;
    for (uint32_t i = 1; i < self->count; i++)
        if (self->known [i].used < oldest->used)
            oldest = &self->known [i];
    free (oldest->node);
    return oldest;
}

static known_t *s_add (homes_t *self, const input_file_t *file)
{
    known_t *known = s_room (self);
    *known = (known_t) { .device = file->device, .inode = file->inode, .size = file->size, .mtime_ns = file->mtime_ns, .ctime_ns = file->ctime_ns,
        .used = ++self->uses, .grain = GRAIN };
    while (known->size / known->grain >= GRAINS)
        known->grain *= 2;
    known->grains = (uint32_t) (known->size / known->grain) + 1;
    known->node = memory_new (known->grains);
    return known;
}

// The grains that a split is about: those whose middle lies in it, but at least the one that it begins in.
static void s_range (const known_t *known, const input_split_t *split, uint32_t *from, uint32_t *to)
{
    uint64_t half = known->grain / 2, end = split->offset + split->length;
    *from = (uint32_t) ((split->offset + half) / known->grain);
    *to = (uint32_t) ((end + half) / known->grain);
    if (*to <= *from) {
        *from = (uint32_t) (split->offset / known->grain);
        *to = *from + 1;
    }
    if (*to > known->grains)
        *to = known->grains;
}

void homes_learn (homes_t *self, const work_t *work, const member_t *member, const message_done_t *done)
{
    if (work->numbered)
        return;
    bool moved = done->moved && done->moved >= done->bytes_in / 2;
    const input_split_t *split = &work->split [done->task];
    const input_file_t *file = &work->inputs.file [split->file];
    known_t *known = s_find (self, file);
    uint8_t node = s_node (self, s_name (member).text);
    uint32_t from, to;
    if (!node)
        return;
    if (!known)
        known = s_add (self, file);
    s_range (known, split, &from, &to);
    for (uint32_t i = from; i < to; i++)
        if (moved || !known->node [i])                  // read ahead for an earlier task, or from its own disk or memory
            known->node [i] = node;
}

// The workers of now, by index of their node + 1.
static void s_present (homes_t *self, const roster_t *roster, uint64_t worker [NODES + 1])
{
    memset (worker, 0, (NODES + 1) * sizeof *worker);
    for (uint32_t i = 0; i < roster->members; i++) {
        name_t name = s_name (&roster->member [i]);
        for (uint32_t n = 0; n < self->nodes; n++)
            if (!roster->member [i].gone && !strcmp (self->node [n], name.text))
                worker [n + 1] = roster->member [i].number;
    }
}

static uint64_t s_most (const known_t *known, const input_split_t *split, const uint64_t worker [NODES + 1])
{
    uint32_t from, to, grains [NODES + 1] = { 0 };
    uint8_t best = 0;
    s_range (known, split, &from, &to);
    for (uint32_t i = from; i < to; i++) {
        uint8_t node = known->node [i];
        if (worker [node] && ++grains [node] > grains [best])
            best = node;
    }
    return worker [best];
}

// What is known; 0: nothing.
static void s_recall (homes_t *self, const work_t *work, const roster_t *roster, uint64_t *homes)
{
    uint64_t worker [NODES + 1];
    known_t *known = NULL;
    uint32_t file = UINT32_MAX, looked = 0;
    s_present (self, roster, worker);
    for (uint32_t t = 0; t < work->tasks && looked <= FILES; t++) {
        if (work->split [t].file != file) {
            file = work->split [t].file;
            looked++;
            known = s_find (self, &work->inputs.file [file]);
        }
        if (known)
            homes [t] = s_most (known, &work->split [t], worker);
    }
}

// ---- dealing out

typedef struct { uint64_t worker; double power, bytes; } hand_t;       // bytes: still to be given to it

static bool s_takes (const member_t *member)
{
    return !member->gone && !member->draining;
}

static uint32_t s_hands (const roster_t *roster, const plan_t *plan, hand_t *hand)
{
    uint32_t hands = 0, measured = 0;
    double all = 0;
    for (uint32_t i = 0; i < roster->members; i++) {
        const member_t *member = &roster->member [i];
        uint64_t busy, speed = 0;
        if (!s_takes (member))
            continue;
        plan_worker_state (plan, member->number, &busy, &speed);
        hand [hands++] = (hand_t) { member->number, (double) member->slots * (double) speed, 0 };
        measured += speed != 0;
        all += (double) speed;
    }
    double usual = measured ? all / measured : 1;
    for (uint32_t i = 0; i < hands; i++)
        if (hand [i].power <= 0)
            hand [i].power = usual * (double) roster_find ((roster_t *) roster, hand [i].worker)->slots;
    return hands;
}

// To each its part of all bytes, less what it has at home already.
static void s_share_out (const work_t *work, const uint64_t *homes, hand_t *hand, uint32_t hands)
{
    double power = 0, bytes = 0;
    for (uint32_t i = 0; i < hands; i++)
        power += hand [i].power;
    for (uint32_t t = 0; t < work->tasks; t++)
        bytes += (double) work->split [t].length;
    for (uint32_t i = 0; i < hands; i++)
        hand [i].bytes = bytes * hand [i].power / power;
    for (uint32_t t = 0; t < work->tasks; t++)
        for (uint32_t i = 0; i < hands && homes [t]; i++)
            if (hand [i].worker == homes [t])
                hand [i].bytes -= (double) work->split [t].length;
}

static void s_deal (const work_t *work, uint64_t *homes, hand_t *hand, uint32_t hands)
{
    uint32_t at = 0;
    for (uint32_t t = 0; t < work->tasks; t++) {
        double length = (double) work->split [t].length;
        if (homes [t])
            continue;
        while (at + 1 < hands && hand [at].bytes < length / 2)
            at++;
        homes [t] = hand [at].worker;
        hand [at].bytes -= length;
    }
}

uint64_t *homes_of (homes_t *self, const work_t *work, const roster_t *roster, const plan_t *plan)
{
    if (work->numbered || !work->tasks || roster->members < 2)
        return NULL;
    uint64_t *homes = memory_new (work->tasks * sizeof *homes);
    hand_t *hand = memory_new (roster->members * sizeof *hand);
    s_recall (self, work, roster, homes);
    uint32_t hands = s_hands (roster, plan, hand);
    if (hands) {
        s_share_out (work, homes, hand, hands);
        s_deal (work, homes, hand, hands);
    }
    free (hand);
    return homes;
}
