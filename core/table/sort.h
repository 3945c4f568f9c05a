// sort: byte strings in memcmp order, by an MSD radix sort over 8-byte prefixes.
#pragma once
#include <racimo.h>
#include <stdbool.h>

typedef struct {
    uint64_t prefix;                                    // the string's bytes at the depth being sorted, big-endian, zeros behind its end
    uint32_t index;                                     // of the string, in the caller's order
    uint32_t spare;
} sort_item_t;

typedef rac_bytes sort_text_fn (const void *context, uint32_t index);

// The 8 bytes of a text from `depth` on as a big-endian number.
static inline uint64_t sort_prefix (rac_bytes text, uint32_t depth)
{
    uint64_t bits = 0;
    if (text.size >= depth + 8) {
        __builtin_memcpy (&bits, text.data + depth, 8);
        return __builtin_bswap64 (bits);
    }
    for (uint32_t i = 0; i < 8; i++)
        bits = bits << 8 | (depth + i < text.size ? (unsigned char) text.data [depth + i] : 0);
    return bits;
}

// Sorts items whose prefix is that of depth 0; `spare` has room for as many. Equal strings stay in no particular order.
void sort_items (sort_item_t *item, sort_item_t *spare, uint32_t count, sort_text_fn *text, const void *context);
