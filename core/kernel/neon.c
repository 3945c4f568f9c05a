// neon: the set for aarch64, where every CPU has it.
//
// NEON has no movemask. A block is four vectors of 16 bytes: each compare's ones are masked to a different bit for each of eight
// neighbours, and three rounds of pairwise additions leave 64 bits in order (Langdale and Lemire's way). The carry-less
// multiplication for the parity of quotes is part of the crypto extension, which a Raspberry Pi 4 lacks: hence shifts.
#if defined __aarch64__
#include "kernel/shared.h"
#include <arm_neon.h>

static inline uint8x16_t s_load (const char *at)
{
    return vld1q_u8 ((const uint8_t *) at);
}

// 64 bytes of all ones or zeros as 64 bits.
static inline uint64_t s_bits (uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    static const uint8_t bit [16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
    uint8x16_t own = vld1q_u8 (bit);
    uint8x16_t ab = vpaddq_u8 (vandq_u8 (a, own), vandq_u8 (b, own));
    uint8x16_t cd = vpaddq_u8 (vandq_u8 (c, own), vandq_u8 (d, own));
    uint8x16_t all = vpaddq_u8 (ab, cd);
    return vgetq_lane_u64 (vreinterpretq_u64_u8 (vpaddq_u8 (all, all)), 0);
}

static inline uint64_t s_match (const char *at, char byte)
{
    uint8x16_t bytes = vdupq_n_u8 ((uint8_t) byte);
    return s_bits (vceqq_u8 (s_load (at), bytes), vceqq_u8 (s_load (at + 16), bytes),
                   vceqq_u8 (s_load (at + 32), bytes), vceqq_u8 (s_load (at + 48), bytes));
}

static inline uint8x16_t s_either (const char *at, char a, char b)
{
    uint8x16_t bytes = s_load (at);
    return vorrq_u8 (vceqq_u8 (bytes, vdupq_n_u8 ((uint8_t) a)), vceqq_u8 (bytes, vdupq_n_u8 ((uint8_t) b)));
}

static inline uint64_t s_match_pair (const char *at, char a, char b)
{
    return s_bits (s_either (at, a, b), s_either (at + 16, a, b), s_either (at + 32, a, b), s_either (at + 48, a, b));
}

// All ones in each byte from first to first + 25: what lies before it wraps round to a large number.
static inline uint8x16_t s_alphabet (uint8x16_t bytes, char first)
{
    return vcltq_u8 (vsubq_u8 (bytes, vdupq_n_u8 ((uint8_t) first)), vdupq_n_u8 (26));
}

static inline uint8x16_t s_letter (const char *at, uint8_t others)
{
    uint8x16_t bytes = s_load (at), letters = s_alphabet (vorrq_u8 (bytes, vdupq_n_u8 (0x20)), 'a');
    return vorrq_u8 (letters, vtstq_u8 (bytes, vdupq_n_u8 (others)));
}

static inline uint64_t s_letters (const char *at, uint32_t flags)
{
    uint8_t others = (uint8_t) (flags & RAC_UTF8 ? 0x80 : 0);
    return s_bits (s_letter (at, others), s_letter (at + 16, others), s_letter (at + 32, others), s_letter (at + 48, others));
}

static inline void s_lower (char *to, const char *at)
{
    for (unsigned i = 0; i < 64; i += 16) {
        uint8x16_t bytes = s_load (at + i), blank = vdupq_n_u8 (0x20);
        vst1q_u8 ((uint8_t *) (to + i), vorrq_u8 (bytes, vandq_u8 (s_alphabet (bytes, 'A'), blank)));
    }
}

static inline uint64_t s_prefix_xor (uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    return bits ^ bits << 32;
}

static inline uint32_t s_lowest (uint64_t bits)
{
    return (uint32_t) __builtin_ctzll (bits | UINT64_C (1) << 63);
}

#include "kernel/body_scan.h"
#include "kernel/body_text.h"

const kernel_t kernel_neon = {
    .name = "neon", SHARED_KERNELS,
    .find_pair = s_find_pair, .find_fields = s_find_fields, .count_byte = s_count_byte, .words = s_words, .find = s_find,
};
#else
typedef int kernel_neon_is_for_aarch64;                 // an empty translation unit is not C
#endif
