// shared: what is the same in every set: hashing, and text to numbers. The bodies are plain C on 64-bit words; vector
// instructions were no gain, since each text is short and its multiplications, not its bytes, take the time.
#pragma once
#include "kernel/kernel.h"

void shared_hash_bytes (const rac_bytes *text, uint64_t *hash, uint32_t rows);
uint32_t shared_parse_f64 (const rac_bytes *text, uint32_t rows, double *value, uint64_t *valid, uint64_t *bad);
uint32_t shared_parse_i64 (const rac_bytes *text, uint32_t rows, int64_t *value, uint64_t *valid, uint64_t *bad);
uint32_t shared_parse_decimal (const rac_bytes *text, uint32_t rows, uint32_t digits, int64_t *value, uint64_t *valid, uint64_t *bad);
uint32_t shared_parse_time (const rac_bytes *text, uint32_t rows, int64_t *value, uint64_t *valid, uint64_t *bad);

// For the parsers of a column: every row good, until one is found wanting.
static inline void shared_start (uint32_t rows, uint64_t *valid, uint64_t *bad)
{
    memset (valid, 0xff, (rows + 63) / 64 * sizeof *valid);
    memset (bad, 0, (rows + 63) / 64 * sizeof *bad);
}

// This row is missing if its text is empty, else bad. Returns 1, to be counted.
static inline uint32_t shared_refuse (uint32_t row, uint32_t size, uint64_t *valid, uint64_t *bad)
{
    uint64_t bit = UINT64_C (1) << row % 64;
    if (size)
        bad [row / 64] |= bit;
    else
        valid [row / 64] &= ~bit;
    return 1;
}

// The text without the blanks around it.
static inline void shared_trim (const char **at, const char **end)
{
    while (*at < *end && (**at == ' ' || **at == '\t'))
        ++*at;
    while (*at < *end && ((*end) [-1] == ' ' || (*end) [-1] == '\t'))
        --*end;
}

#define SHARED_KERNELS .hash_bytes = shared_hash_bytes, .parse_f64 = shared_parse_f64, .parse_i64 = shared_parse_i64, \
    .parse_decimal = shared_parse_decimal, .parse_time = shared_parse_time
