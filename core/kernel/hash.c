// hash: 64-bit hashes of byte strings.
//
// Keys of up to 16 bytes (nearly all keys there are) take no branch on their length, because lengths in a column are random
// and a mispredicted branch costs more than the whole hash: 16 bytes are loaded and those behind the end masked away. Such a
// load may pass the end of the string. That is harmless as long as it stays in a page which the string touches; if it would not
// (one string in 256 lies so) the bytes are copied instead. The mixing is wyhash's (Wang Yi 2019): a 64 x 64 -> 128 bit
// multiplication whose halves are multiplied again, together with the length. Longer keys take XXH3 (Collet).
//
// The reading past the end is deliberate, so AddressSanitizer must not look at the loader.
#define XXH_INLINE_ALL
#include "kernel/shared.h"
#include <xxhash.h>

enum { SHORT = 16, SMALLEST_PAGE = 4096 };              // larger pages have borders at these places too

typedef uint64_t __attribute__ ((aligned (1), may_alias)) loose_t;
typedef struct { uint64_t low, high; } pair_t;

static const uint8_t s_mask [2 * SHORT] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};
static const char s_nothing [SHORT];

__attribute__ ((no_sanitize ("address")))
static inline pair_t s_load (const char *data, uint32_t size)
{
    const loose_t *from = (const loose_t *) (const void *) data, *mask = (const loose_t *) (const void *) (s_mask + SHORT - size);
    return (pair_t) { from [0] & mask [0], from [1] & mask [1] };
}

static pair_t s_load_copy (const char *data, uint32_t size)
{
    uint64_t word [2] = { 0, 0 };
    memcpy (word, data, size);
    return (pair_t) { word [0], word [1] };
}

static inline uint64_t s_short (const char *data, uint32_t size)
{
    const char *from = size ? data : s_nothing;         // an empty string touches no page, and may be NULL
    pair_t key = __builtin_expect ((uintptr_t) from % SMALLEST_PAGE > SMALLEST_PAGE - SHORT, 0)?
        s_load_copy (from, size): s_load (from, size);
    unsigned __int128 once = (unsigned __int128) (key.low ^ UINT64_C (0xa0761d6478bd642f)) * (key.high ^ UINT64_C (0xe7037ed1a0b428db));
    unsigned __int128 twice = (unsigned __int128) ((uint64_t) once ^ UINT64_C (0x8ebc6af09c88c6e3) ^ size)
        * ((uint64_t) (once >> 64) ^ UINT64_C (0x589965cc75374cc3));
    return (uint64_t) twice ^ (uint64_t) (twice >> 64);
}

void shared_hash_bytes (const rac_bytes *text, uint64_t *hash, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++)
        hash [row] = text [row].size <= SHORT ? s_short (text [row].data, text [row].size)
                                              : XXH3_64bits (text [row].data, text [row].size);
}
