// plan_borders: where the reduce tasks' key ranges begin and end.
//
// Range borders come from the samples that the segments bring: each sampled key stands for the bytes of its segment up to the next
// sampled key. All samples of all segments, sorted, are the estimated distribution of bytes over keys (sample sort; Blelloch et al.
// 1991), which is cut into R ranges of about equal weight. A key that weighs more than a range gets one of its own, and there are fewer
// ranges than R when there are fewer distinct keys.
//
// With partitions by hash or by the job's choice, keys begin with the partition as two bytes, big-endian, and the borders are these.
#include "master/plan_state.h"

#include <racimo.h>
#include <string.h>

enum { RANGE_BYTES = 16 << 20, RANGES = 256, RANGES_HEAVY = 16 };

typedef struct { wire_bytes_t key; uint64_t weight; } sample_t;

static int s_compare (const wire_bytes_t *a, const wire_bytes_t *b)
{
    return memory_compare (a->data, a->size, b->data, b->size);
}

static int s_compare_samples (const void *a, const void *b)
{
    return s_compare (&((const sample_t *) a)->key, &((const sample_t *) b)->key);
}

static uint64_t s_ranges_of (uint64_t bytes)
{
    uint64_t ranges = bytes / RANGE_BYTES + (bytes % RANGE_BYTES != 0);
    return ranges < 1 ? 1 : ranges > RANGES ? RANGES : ranges;
}

uint32_t plan_job_parts (const job_t *self)
{
    uint64_t parts = self->parts ? self->parts : self->partitions;
    if (!parts)
        parts = s_ranges_of (self->input_bytes);
    if (!self->parts && !self->partitions && self->heavy && parts < RANGES_HEAVY)
        parts = RANGES_HEAVY;
    return (uint32_t) parts;
}

// All samples in the order of their keys, each with the bytes it stands for. *total: their sum.
static sample_t *s_samples (const job_t *self, uint32_t *count, uint64_t *total)
{
    *count = 0;
    *total = 0;
    for (uint32_t i = 0; i < self->segments; i++)
        *count += self->segment [i].keys.count;
    sample_t *sample = memory_new (*count * sizeof *sample), *at = sample;
    for (uint32_t i = 0; i < self->segments; i++) {
        const segment_t *segment = &self->segment [i];
        for (uint32_t k = 0; k < segment->keys.count; k++, at++) {
            uint64_t next = k + 1 < segment->keys.count ? segment->weights.item [k + 1] : segment->bytes;
            uint64_t from = segment->weights.item [k];
            at->key = segment->keys.item [k];
            at->weight = next > from ? next - from : 0;
            *total += at->weight;
        }
    }
    qsort (sample, *count, sizeof *sample, s_compare_samples);
    return sample;
}

static uint32_t s_distinct (const sample_t *sample, uint32_t count)
{
    uint32_t distinct = count > 0;
    for (uint32_t i = 1; i < count; i++)
        distinct += s_compare (&sample [i - 1].key, &sample [i].key) != 0;
    return distinct;
}

static wire_bytes_t s_keep (job_t *self, wire_bytes_t key)
{
    char *data = arena_take (self->memory, key.size + 1);
    memcpy (data, key.data, key.size);
    return (wire_bytes_t) { data, key.size };
}

static uint32_t s_cut_range (job_t *self, double part)
{
    uint32_t count;
    uint64_t total, bytes = 0;
    sample_t *sample = s_samples (self, &count, &total);
    for (uint32_t i = 0; i < self->segments; i++)
        bytes += self->segment [i].bytes;
    uint64_t ranges = self->partitions ? self->partitions : s_ranges_of ((uint64_t) ((double) bytes / part));
    uint32_t distinct = s_distinct (sample, count);
    if (!self->partitions && self->heavy && ranges < RANGES_HEAVY)
        ranges = distinct < RANGES_HEAVY ? distinct : RANGES_HEAVY;
    self->border = arena_take (self->memory, (count + 1) * sizeof *self->border);
    uint32_t borders = 0;
    uint64_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool first = i == 0 || s_compare (&sample [i - 1].key, &sample [i].key);
        bool due = (unsigned __int128) before * ranges >= (unsigned __int128) total * (borders + 1);
        if (i && first && due && borders + 1 < ranges)
            self->border [borders++] = s_keep (self, sample [i].key);
        before += sample [i].weight;
    }
    free (sample);
    return borders + 1;
}

static uint32_t s_cut_prefix (job_t *self)
{
    uint32_t parts = plan_job_parts (self);
    self->border = arena_take (self->memory, parts * sizeof *self->border);
    for (uint32_t i = 1; i < parts; i++) {
        char prefix [2] = { (char) (i >> 8), (char) i };
        self->border [i - 1] = s_keep (self, (wire_bytes_t) { prefix, 2 });
    }
    return parts;
}

uint32_t plan_job_cut (job_t *self, double part)
{
    if (!plan_job_reachable (self)->paths.count)        // no record at all: one task, so that folds without a key give their row
        return 1;
    return self->spread == RAC_RANGE ? s_cut_range (self, part) : s_cut_prefix (self);
}
