// print_float: the shortest digits that read back as the same double, and of these the nearest; laid out as Python's repr does,
// but without ".0".
//
// Schubfach (Giulietti, "The Schubfach way to render doubles", 2021), as in Bolz's drachennest. A double v = c 2^q owns the
// interval of reals which round to it, from c - 1/2 to c + 1/2 (c - 1/4 below where a binade begins). Scaled by 10^-k, with k so
// that the interval is 1 to 10 wide, it must hold an integer, so only four candidates have to be looked at:
//
//      10 s'        s  v  s + 1          10 s' + 10
//     --+-------(---+--+--+----)-------------+------       take the multiple of ten if one is inside, else the nearest inside
//
// All four are compared in units of a quarter, by a product with 128 bits of 10^-k whose lost bits stick to the lowest one
// ("round to odd"), which is proven to be enough.
#include "kernel/digits.h"
#include "kernel/powers.h"
#include "kernel/print.h"

#include <math.h>
#include <stdbool.h>

typedef struct { uint64_t digits; int exponent; } decimal_t;    // digits x 10^exponent

// The product with the power's 128 bits, less its lowest 128; odd if anything was lost.
static inline uint64_t s_round_to_odd (power_t power, uint64_t factor)
{
    unsigned __int128 low = (unsigned __int128) power.low * factor, high = (unsigned __int128) power.high * factor;
    high += (uint64_t) (low >> 64);
    return (uint64_t) (high >> 64) | ((uint64_t) high > 1);
}

// 10^exponent's leading bits rounded up, as the algorithm's proof wants them.
static inline power_t s_power (int exponent)
{
    power_t power = power_of_ten [exponent - POWER_FIRST];
    if ((exponent < 0 || exponent > POWER_EXACT) && ++power.low == 0)
        power.high++;
    return power;
}

// c 2^q, not zero; narrow: the interval below is half as wide as above.
static decimal_t s_shortest (uint64_t c, int q, bool narrow)
{
    int k = (q * 1262611 - (narrow ? 524031 : 0)) >> 22;                        // floor (log10 (2^q or 3/4 2^q))
    int h = q + ((-k * 1741647) >> 19) + 1;
    power_t power = s_power (-k);
    uint64_t v = s_round_to_odd (power, (4 * c) << h), odd = c & 1;             // an even c owns its interval's ends
    uint64_t lower = s_round_to_odd (power, (4 * c - 2 + narrow) << h) + odd;
    uint64_t upper = s_round_to_odd (power, (4 * c + 2) << h) - odd;
    uint64_t s = v / 4, tens = s / 10;
    bool down, up;
    if (s >= 10) {
        down = lower <= 40 * tens;
        up = 40 * tens + 40 <= upper;
        if (down != up)
            return (decimal_t) { tens + up, k + 1 };
    }
    down = lower <= 4 * s;
    up = 4 * s + 4 <= upper;
    if (down != up)
        return (decimal_t) { s + up, k };
    uint64_t middle = 4 * s + 2;
    return (decimal_t) { s + (v > middle || (v == middle && (s & 1))), k };
}

static inline decimal_t s_strip_zeros (decimal_t number)
{
    if (number.digits % 100000000 == 0) {
        number.digits /= 100000000;
        number.exponent += 8;
    }
    while (number.digits % 10 == 0) {
        number.digits /= 10;
        number.exponent++;
    }
    return number;
}

// 1.5e-07: at least two digits of exponent.
static size_t s_lay_out_power (char *to, decimal_t number, uint32_t count)
{
    int exponent = number.exponent + (int) count - 1;
    size_t size = 1;
    digits_write (to + 1, number.digits, count);
    to [0] = to [1];
    if (count > 1) {
        to [1] = '.';
        size = count + 1;
    }
    to [size++] = 'e';
    to [size++] = exponent < 0 ? '-' : '+';
    uint32_t magnitude = (uint32_t) (exponent < 0 ? -exponent : exponent), places = magnitude > 99 ? 3 : 2;
    digits_write (to + size, magnitude, places);
    return size + places;
}

// Where the point stands among the digits decides the form: 0.0001 and 1234567890123456 are the longest without exponent.
static size_t s_lay_out (char *to, decimal_t number)
{
    uint32_t count = digits_count (number.digits);
    int point = (int) count + number.exponent;
    if (point <= -4 || point > 16)
        return s_lay_out_power (to, number, count);
    if (point <= 0) {
        memcpy (to, "0.000", 5);
        digits_write (to + 2 - point, number.digits, count);
        return (size_t) (2 - point) + count;
    }
    uint32_t before = (uint32_t) point;
    digits_write (to, number.digits, count);
    if (before >= count) {
        memset (to + count, '0', before - count);
        return before;
    }
    memmove (to + before + 1, to + before, count - before);
    to [before] = '.';
    return count + 1;
}

// A number's digits; exponent is IEEE's field, 0 to 2046.
static size_t s_print_finite (char *to, uint64_t mantissa, int exponent)
{
    bool narrow = mantissa == 0 && exponent > 1;
    if (exponent)
        mantissa |= UINT64_C (1) << 52;
    int q = (exponent ? exponent : 1) - 1075;
    if (q <= 0 && q >= -52 && !(mantissa & ((UINT64_C (1) << -q) - 1)))         // an integer is its own shortest form
        return print_i64 (to, (int64_t) (mantissa >> -q));
    return s_lay_out (to, s_strip_zeros (s_shortest (mantissa, q, narrow)));
}

size_t print_f64 (char *to, double value)
{
    uint64_t bits;
    memcpy (&bits, &value, sizeof bits);
    int exponent = (int) (bits >> 52 & 0x7ff);
    if (isnan (value)) {
        memcpy (to, "nan", 3);
        return 3;
    }
    *to = '-';
    size_t sign = bits >> 63;
    if (isinf (value)) {
        memcpy (to + sign, "inf", 3);
        return sign + 3;
    }
    if (value == 0) {
        to [sign] = '0';
        return sign + 1;
    }
    return sign + s_print_finite (to + sign, bits & ((UINT64_C (1) << 52) - 1), exponent);
}
