// sort: see sort.h.
//
// Most significant byte first: a pass over the items counts the values of one byte of their prefixes and moves them into 256
// buckets; each bucket goes on with the next byte. Bytes that are the same in all items cost only the count. Small buckets are finished
// by insertion on whole prefixes. Where eight bytes were not enough, the next eight are fetched from the strings, so that the strings
// themselves are touched only for ties. The largest bucket of a pass is not recursed into but gone on with, so each level of recursion has
// at most half of the items of the one above: 32 levels at most, however long the strings.
#include "table/sort.h"

#include <string.h>

enum { SMALL = 40 };

typedef struct { sort_text_fn *text; const void *context; } strings_t;

static void s_sort (sort_item_t *item, sort_item_t *spare, uint32_t count, uint32_t byte, uint32_t depth, const strings_t *strings);

static int s_compare_from (const strings_t *strings, uint32_t a, uint32_t b, uint32_t depth)
{
    rac_bytes x = strings->text (strings->context, a), y = strings->text (strings->context, b);
    uint32_t least = x.size < y.size ? x.size : y.size;
    int order = least > depth ? memcmp (x.data + depth, y.data + depth, least - depth) : 0;
    return order ? order : (x.size > y.size) - (x.size < y.size);
}

static inline bool s_less (const strings_t *strings, const sort_item_t *a, const sort_item_t *b, uint32_t depth)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    return s_compare_from (strings, a->index, b->index, depth) < 0;
}

static void s_insertion (sort_item_t *item, uint32_t count, uint32_t depth, const strings_t *strings)
{
    for (uint32_t i = 1; i < count; i++) {
        sort_item_t moving = item [i];
        uint32_t at = i;
        for (; at && s_less (strings, &moving, &item [at - 1], depth); at--)
            item [at] = item [at - 1];
        item [at] = moving;
    }
}

// All prefixes at this depth are equal: strings that end within them come first (shorter before longer), the others get their next 8 bytes.
// Returns how many have ended; those are in place.
static uint32_t s_deeper (sort_item_t *item, sort_item_t *spare, uint32_t count, uint32_t depth, const strings_t *strings)
{
    uint32_t at [10] = { 0 };                           // by bytes that are left: 0 to 8, more
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = strings->text (strings->context, item [i].index).size;
        item [i].spare = size <= depth ? 0 : size - depth <= 8 ? size - depth : 9;
        if (item [i].spare < 9)
            at [item [i].spare + 1]++;
    }
    for (int i = 1; i < 10; i++)
        at [i] += at [i - 1];
    uint32_t ended = at [9];
    memcpy (spare, item, count * sizeof *item);
    for (uint32_t i = 0; i < count; i++)
        item [at [spare [i].spare]++] = spare [i];
    for (uint32_t i = ended; i < count; i++)
        item [i].prefix = sort_prefix (strings->text (strings->context, item [i].index), depth + 8);
    return ended;
}

// Moves the items into buckets by one byte, sorts all but the largest, and returns which that is.
static uint32_t s_buckets (sort_item_t *item, sort_item_t *spare, const uint32_t counts [256], uint32_t count, uint32_t byte, uint32_t depth,
                           const strings_t *strings, uint32_t *start)
{
    uint32_t at [256], sum = 0, largest = 0, shift = 56 - 8 * byte;
    for (uint32_t i = 0; i < 256; i++) {
        at [i] = sum;
        sum += counts [i];
        if (counts [i] > counts [largest])
            largest = i;
    }
    *start = at [largest];
    for (uint32_t i = 0; i < count; i++)
        spare [at [item [i].prefix >> shift & 0xff]++] = item [i];
    memcpy (item, spare, count * sizeof *item);
    for (uint32_t i = 0; i < 256; item += counts [i++])
        if (i != largest)
            s_sort (item, spare, counts [i], byte + 1, depth, strings);
    return largest;
}

static void s_sort (sort_item_t *item, sort_item_t *spare, uint32_t count, uint32_t byte, uint32_t depth, const strings_t *strings)
{
    while (count > SMALL) {
        if (byte == 8) {
            uint32_t ended = s_deeper (item, spare, count, depth, strings);
            item += ended;
            count -= ended;
            depth += 8;
            byte = 0;
            continue;
        }
        uint32_t counts [256] = { 0 }, shift = 56 - 8 * byte, start = 0;
        for (uint32_t i = 0; i < count; i++)
            counts [item [i].prefix >> shift & 0xff]++;
        if (counts [item [0].prefix >> shift & 0xff] < count) {
            count = counts [s_buckets (item, spare, counts, count, byte, depth, strings, &start)];
            item += start;
        }
        byte++;
    }
    s_insertion (item, count, depth, strings);
}

void sort_items (sort_item_t *item, sort_item_t *spare, uint32_t count, sort_text_fn *text, const void *context)
{
    strings_t strings = { text, context };
    s_sort (item, spare, count, 0, 0, &strings);
}
