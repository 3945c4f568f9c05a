// plain: the set without vector instructions: any little-endian 64-bit machine, and the model that the others are tested against.
//
// A block is eight words; a byte is compared in all eight places of a word at once (Mycroft 1987, in the form without false
// positives) and the high bits are gathered to eight neighbouring ones by a multiplication.
#include "kernel/shared.h"

#define ONES UINT64_C (0x0101010101010101)
#define HIGHS UINT64_C (0x8080808080808080)

static inline uint64_t s_word (const char *at)
{
    uint64_t word;
    memcpy (&word, at, sizeof word);
    return word;
}

// Bits 7, 15 .. 63 of highs (no other is set) as bits 0 .. 7.
static inline uint64_t s_gather (uint64_t highs)
{
    return (highs >> 7) * UINT64_C (0x0102040810204080) >> 56;
}

// The high bit of each byte of word that is zero.
static inline uint64_t s_zeros (uint64_t word)
{
    return ~(((word & ~HIGHS) + ~HIGHS) | word) & HIGHS;
}

// The high bit of each byte from low to high, both below 128.
static inline uint64_t s_from_to (uint64_t word, uint64_t low, uint64_t high)
{
    uint64_t seven = word & ~HIGHS;
    return (seven + ONES * (128 - low)) & ~(seven + ONES * (127 - high)) & ~word & HIGHS;
}

static inline uint64_t s_match_pair (const char *at, char a, char b)
{
    uint64_t bits = 0, as = ONES * (uint8_t) a, bs = ONES * (uint8_t) b;
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t word = s_word (at + i);
        bits |= s_gather (s_zeros (word ^ as) | s_zeros (word ^ bs)) << i;
    }
    return bits;
}

static inline uint64_t s_match (const char *at, char byte)
{
    uint64_t bits = 0, bytes = ONES * (uint8_t) byte;
    for (unsigned i = 0; i < 64; i += 8)
        bits |= s_gather (s_zeros (s_word (at + i) ^ bytes)) << i;
    return bits;
}

static inline uint64_t s_letters (const char *at, uint32_t flags)
{
    uint64_t bits = 0, others = flags & RAC_UTF8 ? HIGHS : 0;
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t word = s_word (at + i);
        bits |= s_gather (s_from_to (word | ONES * 0x20, 'a', 'z') | (word & others)) << i;
    }
    return bits;
}

static inline void s_lower (char *to, const char *at)
{
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t word = s_word (at + i);
        word |= s_from_to (word, 'A', 'Z') >> 2;
        memcpy (to + i, &word, sizeof word);
    }
}

static inline uint64_t s_prefix_xor (uint64_t bits)
{
    for (unsigned by = 1; by < 64; by *= 2)
        bits ^= bits << by;
    return bits;
}

static inline uint32_t s_lowest (uint64_t bits)
{
    return (uint32_t) __builtin_ctzll (bits | UINT64_C (1) << 63);
}

#include "kernel/body_scan.h"
#include "kernel/body_text.h"

const kernel_t kernel_plain = {
    .name = "plain", SHARED_KERNELS,
    .find_pair = s_find_pair, .find_fields = s_find_fields, .count_byte = s_count_byte, .words = s_words, .find = s_find,
};
