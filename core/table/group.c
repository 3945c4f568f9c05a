// group: see group.h.
//
// A slot of the table is 8 bytes: the upper half of the hash and the group's number + 1, so that most misses are decided without
// touching a key. A group's record is 32 bytes, half a cache line, and holds the first 16 bytes of its key padded with zeros: most keys of
// most data are no longer, and compare as two words. Slots of a batch are looked up in two passes: the first asks the memory for them, the
// second uses them, so that the misses of a large table overlap.
#include "table/group.h"
#include "kernel/kernel.h"
#include "table/sort.h"

#include <string.h>

typedef struct {
    uint64_t head [2];                                  // first 16 bytes, zeros behind the end
    const char *data;                                   // the whole key, in the arena; NULL if it fits head
    uint32_t size, hash;
} record_t;

typedef struct { uint32_t hash, number; } slot_t;       // number: + 1; 0: empty

struct group {
    slot_t *slot; uint32_t mask;
    record_t *record; uint32_t count, room;
    arena_t *keys;
    uint32_t *hash, *longer;                            // scratch of a batch
    uint64_t (*head) [2];
    uint32_t *sorted;
    sort_item_t *item;
};

enum { SLOTS = 4096 };

static void s_slots_new (group_t *self, uint32_t slots)
{
    free (self->slot);
    self->slot = memory_new (slots * sizeof *self->slot);
    self->mask = slots - 1;
}

group_t *group_new (void)
{
    group_t *self = memory_new (sizeof *self);
    s_slots_new (self, SLOTS);
    self->keys = arena_new (256 * 1024);
    self->hash = memory_new (RAC_ROWS * sizeof *self->hash);
    self->longer = memory_new (RAC_ROWS * sizeof *self->longer);
    self->head = memory_new (RAC_ROWS * sizeof *self->head);
    return self;
}

void group_destroy (group_t **self_p)
{
    group_t *self = *self_p;
    if (!self)
        return;
    arena_destroy (&self->keys);
    free (self->slot); free (self->record); free (self->hash); free (self->longer); free (self->head); free (self->sorted); free (self->item);
    free (self);
    *self_p = NULL;
}

void group_reset (group_t *self)
{
    if (self->mask >= 1u << 20)
        s_slots_new (self, 1u << 20);
    else
        memset (self->slot, 0, (self->mask + 1ull) * sizeof *self->slot);
    arena_reset (self->keys);
    self->count = 0;
    free (self->sorted); free (self->item);
    self->sorted = NULL;
    self->item = NULL;
}

uint32_t group_count (const group_t *self)
{
    return self->count;
}

size_t group_bytes (const group_t *self)
{
    // The sort at the end needs 2 items and a number for each group besides what lies there now.
    return (self->mask + 1ull) * sizeof *self->slot + (size_t) self->count * (sizeof *self->record + 2 * sizeof (sort_item_t) + 4) + arena_bytes (self->keys);
}

static void s_grow_slots (group_t *self)
{
    s_slots_new (self, 2 * (self->mask + 1));
    for (uint32_t g = 0; g < self->count; g++) {
        uint32_t at = self->record [g].hash & self->mask;
        while (self->slot [at].number)
            at = (at + 1) & self->mask;
        self->slot [at] = (slot_t) { self->record [g].hash, g + 1 };
    }
}

// The first 16 bytes of a key as two words, zeros behind its end. Without a branch on the size: sizes of words are a coin toss.
__attribute__ ((no_sanitize ("address", "undefined")))
static inline void s_head (rac_bytes key, uint64_t head [2])
{
    static const uint64_t ones [4] = { ~0ull, ~0ull, 0, 0 };
    uint32_t size = key.size < 16 ? key.size : 16;
    uint64_t mask [2];
    __builtin_memcpy (mask, (const char *) ones + 16 - size, 16);
    const char *data = size ? key.data : (const char *) ones;                  // an empty key touches no page, and may be NULL
    if (__builtin_expect (((uintptr_t) data & 4095) <= 4096 - 16, 1))          // the load stays within a page that the key touches
        __builtin_memcpy (head, data, 16);
    else {
        head [0] = head [1] = 0;
        memcpy (head, data, size);
    }
    head [0] &= mask [0];
    head [1] &= mask [1];
}

// A multiplication of 64 by 64 bits, its halves folded together, as in wyhash; the size keeps "a" and "a\0" apart.
static inline uint32_t s_hash (const uint64_t head [2], uint32_t size)
{
    unsigned __int128 product = (unsigned __int128) (head [0] ^ 0xa0761d6478bd642f ^ size) * (head [1] ^ 0xe7037ed1a0b428db);
    uint64_t hash = (uint64_t) product ^ (uint64_t) (product >> 64);
    return (uint32_t) (hash ^ hash >> 32);
}

static uint32_t s_add (group_t *self, rac_bytes key, const uint64_t head [2], uint32_t hash)
{
    if (self->count == self->room) {
        self->room = self->room + self->room / 2 + 1024;
        self->record = memory_grow (self->record, self->room * sizeof *self->record);
    }
    record_t *record = &self->record [self->count];
    *record = (record_t) { .head = { head [0], head [1] }, .size = key.size, .hash = hash };
    if (key.size > 16) {
        char *copy = arena_take (self->keys, key.size);
        memcpy (copy, key.data, key.size);
        record->data = copy;
    }
    return ++self->count;
}

static inline bool s_same (const record_t *record, rac_bytes key, const uint64_t head [2])
{
    return record->head [0] == head [0] && record->head [1] == head [1] && record->size == key.size
        && (key.size <= 16 || !memcmp (record->data + 16, key.data + 16, key.size - 16));
}

static inline uint32_t s_find (group_t *self, rac_bytes key, const uint64_t head [2], uint32_t hash)
{
    for (uint32_t at = hash & self->mask; ; at = (at + 1) & self->mask) {
        slot_t slot = self->slot [at];
        if (!slot.number) {
            uint32_t number = s_add (self, key, head, hash);
            self->slot [at] = (slot_t) { hash, number };
            if (self->count > self->mask / 8 * 5)
                s_grow_slots (self);
            return number - 1;
        }
        if (slot.hash == hash && s_same (&self->record [slot.number - 1], key, head))
            return slot.number - 1;
    }
}

// Heads and hashes of a batch's keys; keys longer than their heads are hashed whole, afterwards and together.
static void s_prepare (group_t *self, const rac_bytes *key, uint32_t rows)
{
    uint32_t longer = 0;
    for (uint32_t r = 0; r < rows; r++) {
        s_head (key [r], self->head [r]);
        self->hash [r] = s_hash (self->head [r], key [r].size);
        self->longer [longer] = r;
        longer += key [r].size > 16;
    }
    for (uint32_t i = 0; i < longer; i++) {
        uint64_t hash;
        kernel->hash_bytes (&key [self->longer [i]], &hash, 1);
        self->hash [self->longer [i]] = (uint32_t) hash;
    }
}

void group_find (group_t *self, const rac_bytes *key, uint32_t rows, uint32_t *number)
{
    s_prepare (self, key, rows);
    for (uint32_t from = 0; from < rows; from += 64) {  // far enough ahead for memory, near enough for the first cache
        uint32_t to = from + 64 < rows ? from + 64 : rows;
        if (self->mask > 8 * SLOTS) {
            for (uint32_t r = from; r < to; r++)
                __builtin_prefetch (&self->slot [self->hash [r] & self->mask]);
            for (uint32_t r = from; r < to; r++) {
                uint32_t guess = self->slot [self->hash [r] & self->mask].number;
                __builtin_prefetch (&self->record [guess - (guess > 0)]);
            }
        }
        for (uint32_t r = from; r < to; r++)
            number [r] = s_find (self, key [r], self->head [r], self->hash [r]);
    }
}

rac_bytes group_key (const group_t *self, uint32_t number)
{
    const record_t *record = &self->record [number];
    return (rac_bytes) { record->data ? record->data : (const char *) record->head, record->size, 0 };
}

static rac_bytes s_text (const void *context, uint32_t index)
{
    return group_key (context, index);
}

const uint32_t *group_sorted (group_t *self)
{
    free (self->sorted);
    self->sorted = memory_grow (NULL, (self->count + 1) * sizeof *self->sorted);
    self->item = memory_grow (self->item, (self->count + 1) * 2 * sizeof *self->item);
    for (uint32_t g = 0; g < self->count; g++)
        self->item [g] = (sort_item_t) { .prefix = __builtin_bswap64 (self->record [g].head [0]), .index = g };
    sort_items (self->item, self->item + self->count, self->count, s_text, self);
    for (uint32_t g = 0; g < self->count; g++)
        self->sorted [g] = self->item [g].index;
    free (self->item);
    self->item = NULL;
    return self->sorted;
}
