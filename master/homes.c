// homes: see homes.h.
//
// A file's bytes are told apart by grains of a mebibyte, as the nodes' caches are, or larger ones if the file is so large that it would have more
// than GRAINS; a grain remembers one node. A node is known by its key, for its number changes with every life; without keys, by its
// name. Files are known as the caches know them: what has been written to since is another file.
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
    char node [NODES] [64];
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

static const char *s_name (const member_t *member)
{
    return *member->key ? member->key : member->node;
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
    if (work->numbered || !done->moved || done->moved < done->bytes_in / 2)
        return;
    const input_split_t *split = &work->split [done->task];
    const input_file_t *file = &work->inputs.file [split->file];
    known_t *known = s_find (self, file);
    uint8_t node = s_node (self, s_name (member));
    uint32_t from, to;
    if (!node)
        return;
    if (!known)
        known = s_add (self, file);
    s_range (known, split, &from, &to);
    for (uint32_t i = from; i < to; i++)
        known->node [i] = node;
}

// The workers of now, by index of their node + 1.
static void s_present (homes_t *self, const roster_t *roster, uint64_t worker [NODES + 1])
{
    memset (worker, 0, (NODES + 1) * sizeof *worker);
    for (uint32_t i = 0; i < roster->members; i++)
        for (uint32_t n = 0; n < self->nodes; n++)
            if (!roster->member [i].gone && !strcmp (self->node [n], s_name (&roster->member [i])))
                worker [n + 1] = roster->member [i].number;
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

uint64_t *homes_of (homes_t *self, const work_t *work, const roster_t *roster)
{
    uint64_t worker [NODES + 1], *homes = NULL;
    if (work->numbered || !self->count)
        return NULL;
    s_present (self, roster, worker);
    known_t *known = NULL;
    uint32_t file = UINT32_MAX, looked = 0;
    for (uint32_t t = 0; t < work->tasks && looked <= FILES; t++) {
        if (work->split [t].file != file) {
            file = work->split [t].file;
            looked++;
            known = s_find (self, &work->inputs.file [file]);
        }
        if (!known)
            continue;
        if (!homes)
            homes = memory_new (work->tasks * sizeof *homes);
        homes [t] = s_most (known, &work->split [t], worker);
    }
    return homes;
}
