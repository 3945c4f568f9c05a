// exact: see exact.h.
//
// The wide accumulator's digit i stands for digit x 2^(32 i - 1088); a value's 53 bits are added into two or three neighbouring
// digits without carrying. A digit word takes 2^30 such additions before it could overflow; then, and before reading, carries are
// propagated so that every digit but the top one lies in [0, 2^32).
#include "table/exact.h"
#include "base/memory.h"

#include <math.h>

enum { BASE = -1088, DIGITS = 70 };                     // 70 x 32 bits from 2^-1088: up to 2^1152, above any sum of 2^60 doubles

struct exact_wide {
    int64_t digit [DIGITS];
    uint32_t pending;                                   // additions since the last carry
    bool nan, plus, minus;                              // values that were not finite
};

exact_wide_t *exact_wide_new (void)
{
    return memory_new (sizeof (exact_wide_t));
}

void exact_wide_free (exact_wide_t *self)
{
    free (self);
}

size_t exact_wide_bytes (void)
{
    return sizeof (exact_wide_t);
}

static void s_carry (exact_wide_t *self)
{
    int64_t carry = 0;
    for (int i = 0; i < DIGITS - 1; i++) {
        int64_t sum = self->digit [i] + carry;
        carry = sum >> 32;
        self->digit [i] = sum & 0xffffffff;
    }
    self->digit [DIGITS - 1] += carry;
    self->pending = 0;
}

// Adds (negative ? - : +) of a 128-bit magnitude x 2^exponent.
static void s_add (exact_wide_t *self, unsigned __int128 magnitude, int exponent, bool negative)
{
    int at = (exponent - BASE) / 32, shift = (exponent - BASE) % 32;
    unsigned __int128 low = (unsigned __int128) (uint64_t) magnitude << shift, high = (magnitude >> 64) << shift;
    uint32_t digit [5] = { (uint32_t) low, (uint32_t) (low >> 32), (uint32_t) (low >> 64) | (uint32_t) high, (uint32_t) (high >> 32), (uint32_t) (high >> 64) };
    for (int i = 0; i < 5 && at + i < DIGITS; i++)
        self->digit [at + i] += negative ? -(int64_t) digit [i] : (int64_t) digit [i];
    if (++self->pending == 1u << 30)
        s_carry (self);
}

void exact_wide_add (exact_wide_t *self, double value)
{
    if (!isfinite (value)) {
        self->nan |= isnan (value);
        self->plus |= value > 0;
        self->minus |= value < 0;
        return;
    }
    uint64_t bits;
    memcpy (&bits, &value, 8);
    int exponent = (int) (bits >> 52 & 0x7ff);
    uint64_t mantissa = bits & 0xfffffffffffff;
    if (exponent)
        mantissa |= 1ull << 52;
    else
        exponent = 1;                                   // subnormal: no leading one, the same unit as the smallest normal
    s_add (self, mantissa, exponent - 1075, bits >> 63);
}

void exact_wide_add_units (exact_wide_t *self, __int128 units, int exponent)
{
    bool negative = units < 0;
    s_add (self, negative ? -(unsigned __int128) units : (unsigned __int128) units, exponent, negative);
}

void exact_wide_merge (exact_wide_t *self, const exact_wide_t *other)
{
    exact_wide_t copy = *other;
    s_carry (&copy);
    s_carry (self);
    for (int i = 0; i < DIGITS; i++)
        self->digit [i] += copy.digit [i];
    self->pending = 2;
    self->nan |= other->nan;
    self->plus |= other->plus;
    self->minus |= other->minus;
}

// Rounds carried digits to a double, bit by bit and by hand, because results may be subnormal. Rare enough to be simple.
static double s_pack (const int64_t *digit, bool negative)
{
    int top = DIGITS - 1;
    while (top >= 0 && !digit [top])
        top--;
    if (top < 0)
        return 0;
    int bit = 63 - __builtin_clzll ((uint64_t) digit [top]);
    int lead = top * 32 + bit + BASE;                   // the leading one stands for 2^lead
    int unit = lead - 52 < -1074 ? -1074 : lead - 52;   // the last place of the result
    uint64_t mantissa = 0;
    bool half = false, sticky = false;
    for (int i = top; i >= 0; i--)
        for (int b = i == top ? bit : 31; b >= 0; b--) {
            int place = i * 32 + b + BASE;
            uint64_t one = (uint64_t) digit [i] >> b & 1;
            if (place >= unit)
                mantissa = mantissa << 1 | one;
            else if (place == unit - 1)
                half = one;
            else
                sticky |= one;
        }
    mantissa += half && (sticky || mantissa & 1);
    double value = ldexp ((double) mantissa, unit);     // exact: mantissa <= 2^53
    return negative ? -value : value;
}

double exact_wide_round (exact_wide_t *self)
{
    if (self->nan || (self->plus && self->minus))
        return NAN;
    if (self->plus || self->minus)
        return self->plus ? INFINITY : -INFINITY;
    s_carry (self);
    bool negative = self->digit [DIGITS - 1] < 0;
    if (!negative)
        return s_pack (self->digit, false);
    exact_wide_t copy = *self;
    for (int i = 0; i < DIGITS; i++)
        copy.digit [i] = -copy.digit [i];
    s_carry (&copy);
    return s_pack (copy.digit, true);
}

double exact_round (__int128 units)
{
    return ldexp ((double) units, EXACT_UNIT);          // the conversion rounds to nearest even, the scaling is exact
}

bool exact_wide_piece (exact_wide_t *self, uint32_t piece, __int128 *units)
{
    if (piece == EXACT_PIECES - 1) {
        *units = self->nan | self->plus << 1 | self->minus << 2;
        return *units != 0;
    }
    if (self->pending)
        s_carry (self);
    uint32_t at = 2 * piece;                            // digits at and at + 1; the top one keeps its sign
    __int128 high = at + 1 < DIGITS ? self->digit [at + 1] : 0;
    *units = high * ((__int128) 1 << 32) + self->digit [at];
    return *units != 0;
}

void exact_wide_add_piece (exact_wide_t *self, uint32_t piece, __int128 units)
{
    if (piece == EXACT_PIECES - 1) {
        self->nan |= units & 1;
        self->plus |= units >> 1 & 1;
        self->minus |= units >> 2 & 1;
    } else
        exact_wide_add_units (self, units, exact_piece_exponent (piece));
}
