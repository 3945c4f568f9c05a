// digits: an unsigned number to decimal digits, two at a time from a table; for print*.c only.
#pragma once
#include <stdint.h>
#include <string.h>

static inline uint32_t digits_count (uint64_t value)
{
    static const uint64_t ten [] = {
        0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
        10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
        UINT64_C (10000000000000000000),
    };
    uint32_t bits = 64 - (uint32_t) __builtin_clzll (value | 1), about = bits * 1233 >> 12;    // 1233 / 4096: log10 (2)
    return about + (value >= ten [about]);
}

// Exactly `count` digits, with zeros in front.
static inline void digits_write (char *to, uint64_t value, uint32_t count)
{
    static const char pair [] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
        "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    for (; count >= 2; count -= 2) {
        memcpy (to + count - 2, pair + value % 100 * 2, 2);
        value /= 100;
    }
    if (count)
        *to = (char) ('0' + value % 10);
}
