// avx2: the set for x86-64 with AVX2, BMI and PCLMULQDQ (Intel since 2013, AMD since 2015; kernel.c asks the CPU).
//
// A block is two vectors of 32 bytes. The parity of quotes is a carry-less multiplication by all ones: each bit of that
// product is the xor of the bits below it. Only this file is compiled for these instructions; nothing here may run before
// kernel_choose has found them.
#if defined __x86_64__
#include "kernel/shared.h"
#include <immintrin.h>

#if defined __clang__
#pragma clang attribute push (__attribute__ ((target ("avx2,bmi,bmi2,popcnt,pclmul"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target ("avx2,bmi,bmi2,popcnt,pclmul")
#endif

static inline __m256i s_load (const char *at)
{
    return _mm256_loadu_si256 ((const __m256i *) (const void *) at);
}

// The high bits of 64 bytes.
static inline uint64_t s_bits (__m256i low, __m256i high)
{
    return (uint32_t) _mm256_movemask_epi8 (low) | (uint64_t) (uint32_t) _mm256_movemask_epi8 (high) << 32;
}

static inline uint64_t s_match (const char *at, char byte)
{
    __m256i bytes = _mm256_set1_epi8 (byte);
    return s_bits (_mm256_cmpeq_epi8 (s_load (at), bytes), _mm256_cmpeq_epi8 (s_load (at + 32), bytes));
}

static inline uint64_t s_match_pair (const char *at, char a, char b)
{
    __m256i as = _mm256_set1_epi8 (a), bs = _mm256_set1_epi8 (b), low = s_load (at), high = s_load (at + 32);
    return s_bits (_mm256_or_si256 (_mm256_cmpeq_epi8 (low, as), _mm256_cmpeq_epi8 (low, bs)),
                   _mm256_or_si256 (_mm256_cmpeq_epi8 (high, as), _mm256_cmpeq_epi8 (high, bs)));
}

// All ones in each byte from first to first + 25. The compare is signed, so the range is moved up against 127, where what
// lies behind it wraps round to the negative.
static inline __m256i s_alphabet (__m256i bytes, char first)
{
    return _mm256_cmpgt_epi8 (_mm256_add_epi8 (bytes, _mm256_set1_epi8 ((char) (127 - 25 - first))), _mm256_set1_epi8 (127 - 26));
}

static inline uint64_t s_letters (const char *at, uint32_t flags)
{
    __m256i low = s_load (at), high = s_load (at + 32), blank = _mm256_set1_epi8 (0x20);
    __m256i others = flags & RAC_UTF8 ? _mm256_set1_epi8 ((char) 0x80) : _mm256_setzero_si256 ();
    return s_bits (_mm256_or_si256 (s_alphabet (_mm256_or_si256 (low, blank), 'a'), _mm256_and_si256 (low, others)),
                   _mm256_or_si256 (s_alphabet (_mm256_or_si256 (high, blank), 'a'), _mm256_and_si256 (high, others)));
}

static inline void s_lower (char *to, const char *at)
{
    for (unsigned i = 0; i < 64; i += 32) {
        __m256i bytes = s_load (at + i), blank = _mm256_set1_epi8 (0x20);
        bytes = _mm256_or_si256 (bytes, _mm256_and_si256 (s_alphabet (bytes, 'A'), blank));
        _mm256_storeu_si256 ((__m256i *) (void *) (to + i), bytes);
    }
}

static inline uint64_t s_prefix_xor (uint64_t bits)
{
    return (uint64_t) _mm_cvtsi128_si64 (_mm_clmulepi64_si128 (_mm_set_epi64x (0, (long long) bits), _mm_set1_epi8 ((char) 0xff), 0));
}

static inline uint32_t s_lowest (uint64_t bits)
{
    return (uint32_t) _tzcnt_u64 (bits);
}

#include "kernel/body_scan.h"
#include "kernel/body_text.h"

#if defined __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const kernel_t kernel_avx2 = {
    .name = "avx2", SHARED_KERNELS,
    .find_pair = s_find_pair, .find_fields = s_find_fields, .count_byte = s_count_byte, .words = s_words, .find = s_find,
};
#else
typedef int kernel_avx2_is_for_x86_64;                  // an empty translation unit is not C
#endif
