// body_scan: find_pair, find_fields and count_byte, written once over a set's primitives; plain.c, avx2.c and neon.c include it.
//
// Text is taken in blocks of 64 bytes. A primitive compares a block with a byte and gives a bitmap, bit i for byte i, so that
// whatever follows is arithmetic on one 64-bit word and the same for all sets. The two ideas are simdjson's (Langdale and
// Lemire, "Parsing gigabytes of JSON per second", 2019):
//
//     text      a , " b , c " , d          quotes       ..1.....1..     one bitmap
//     inside    ..111111...                prefix xor of the quotes: bit i is the parity of the quotes up to i
//     fields    .1.......1.                commas and newlines that are not inside
//
// and the bitmap becomes positions by writing eight at a time without asking how many there are: a loop that runs exactly as
// often as there are bits ends unpredictably, and that misprediction costs more than the positions that are overwritten again.
//
// Before including it a set defines, for 64 readable bytes at `at`:
//     s_match (at, byte), s_match_pair (at, a, b)    bitmap of the equal bytes
//     s_letters (at, flags), s_lower (to, at)        for body_text.h
//     s_prefix_xor (bits)                            bit i of the result is the parity of bits 0 .. i
//     s_lowest (bits)                                number of the lowest bit; any number if there is none
#pragma once

// The bits of a block of which only the first bytes (1 to 63) are text.
static inline uint64_t s_within (size_t bytes)
{
    return ~(~UINT64_C (0) << bytes);
}

static inline uint64_t s_four (uint32_t *at, uint32_t base, uint64_t bits)
{
    at [0] = base + s_lowest (bits);
    bits &= bits - 1;
    at [1] = base + s_lowest (bits);
    bits &= bits - 1;
    at [2] = base + s_lowest (bits);
    bits &= bits - 1;
    at [3] = base + s_lowest (bits);
    return bits & (bits - 1);
}

// Appends base plus the number of each bit and returns how many; writes up to 64 entries in any case.
static inline size_t s_positions (uint32_t *at, uint32_t base, uint64_t bits)
{
    size_t count = (size_t) __builtin_popcountll (bits);
    bits = s_four (at, base, bits);
    bits = s_four (at + 4, base, bits);
    if (__builtin_expect (count > 8, 0)) {
        bits = s_four (at + 8, base, bits);
        bits = s_four (at + 12, base, bits);
        for (size_t done = 16; done < count; done += 4)
            bits = s_four (at + done, base, bits);
    }
    return count;
}

static size_t s_find_pair (const char *data, size_t size, char a, char b, uint32_t *at)
{
    uint32_t *end = at;
    size_t base = 0;
    for (; base + 64 <= size; base += 64) {
        uint64_t bits = s_match_pair (data + base, a, b);
        if (bits)
            end += s_positions (end, (uint32_t) base, bits);
    }
    if (base < size)
        end += s_positions (end, (uint32_t) base, s_match_pair (data + base, a, b) & s_within (size - base));
    return (size_t) (end - at);
}

// The outside part of a block's marks. *inside is all ones or all zeros: is the byte before the block inside quotes?
static inline uint64_t s_outside (uint64_t marks, uint64_t quote_bits, uint64_t *inside)
{
    if (quote_bits | *inside) {
        uint64_t within = s_prefix_xor (quote_bits) ^ *inside;
        *inside = (uint64_t) ((int64_t) within >> 63);
        marks &= ~within;
    }
    return marks;
}

static size_t s_find_fields (const char *data, size_t size, char delimiter, char quote, bool *quoted, uint64_t *quotes, uint32_t *at)
{
    uint32_t *end = at;
    uint64_t inside = *quoted ? ~UINT64_C (0) : 0, seen = 0;
    size_t base = 0;
    for (; base + 64 <= size; base += 64) {
        uint64_t quote_bits = s_match (data + base, quote);
        uint64_t marks = s_outside (s_match_pair (data + base, delimiter, '\n'), quote_bits, &inside);
        if (quote_bits)
            seen += (uint64_t) __builtin_popcountll (quote_bits);
        if (marks)
            end += s_positions (end, (uint32_t) base, marks);
    }
    if (base < size) {
        uint64_t within = s_within (size - base), quote_bits = s_match (data + base, quote) & within;
        seen += (uint64_t) __builtin_popcountll (quote_bits);
        end += s_positions (end, (uint32_t) base, within & s_outside (s_match_pair (data + base, delimiter, '\n'), quote_bits, &inside));
    }
    *quoted = inside != 0;      // the bits behind the text's end repeat the parity at its end
    *quotes += seen;
    return (size_t) (end - at);
}

static size_t s_count_byte (const char *data, size_t size, char byte)
{
    size_t count = 0, base = 0;
    for (; base + 64 <= size; base += 64)
        count += (size_t) __builtin_popcountll (s_match (data + base, byte));
    if (base < size)
        count += (size_t) __builtin_popcountll (s_match (data + base, byte) & s_within (size - base));
    return count;
}
