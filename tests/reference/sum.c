// sum: every finite double is an integer times 2^-1074, so a sum of doubles is a sum of integers of at most 2,098 bits (the idea of
// Kulisch's accumulator). All of them are kept, carries are late and nothing is clever; one rounding happens at the end.
//
// Invariant: the sum over i of limb [i] * 2^(32 i) is the exact sum of the finite values added so far.

#include "sum.h"
#include <math.h>
#include <string.h>

static void s_carry (sum_t *self)
{
    for (size_t i = 0; i + 1 < SUM_LIMBS; i++) {
        int64_t low = self->limb [i] & 0xffffffff;
        self->limb [i + 1] += (self->limb [i] - low) / ((int64_t) 1 << 32);
        self->limb [i] = low;
    }
    self->pending = 0;
}

static void s_add_finite (sum_t *self, double value)
{
    int exponent;
    double fraction = frexp (fabs (value), &exponent);  // value = fraction * 2^exponent, 0.5 <= fraction < 1
    int shift = exponent - 53 + 1074;                   // of the 53-bit integer; negative for subnormal values
    uint64_t mantissa = (uint64_t) ldexp (fraction, 53);
    if (shift < 0) {
        mantissa >>= -shift;                            // these bits are zeros
        shift = 0;
    }
    unsigned __int128 wide = (unsigned __int128) mantissa << shift % 32;
    for (size_t i = (size_t) shift / 32; wide; i++, wide >>= 32)
        self->limb [i] += (signbit (value) ? -1 : 1) * (int64_t) (uint32_t) wide;
    if (++self->pending == 1u << 30)
        s_carry (self);
}

void sum_add (sum_t *self, double value)
{
    if (isnan (value))
        self->nan = true;
    else
    if (isinf (value)) {
        self->positive_infinity |= value > 0;
        self->negative_infinity |= value < 0;
    }
    else
    if (value != 0)
        s_add_finite (self, value);
}

static bool s_bit (const sum_t *self, size_t at)
{
    return self->limb [at / 32] >> at % 32 & 1;
}

// The magnitude's top 53 bits, rounded by the bit below and the rest.
static double s_round (const sum_t *self)
{
    size_t top = SUM_LIMBS * 32;
    while (top && !s_bit (self, top - 1))
        top--;
    size_t low = top > 53 ? top - 53 : 0;
    uint64_t mantissa = 0;
    for (size_t i = top; i > low; i--)
        mantissa = mantissa << 1 | s_bit (self, i - 1);
    if (low && s_bit (self, low - 1)) {
        bool rest = false;
        for (size_t i = 0; i + 1 < low; i++)
            rest |= s_bit (self, i);
        mantissa += rest || (mantissa & 1);
    }
    return ldexp ((double) mantissa, (int) low - 1074);  // exact, or infinite beyond the largest double
}

double sum_result (sum_t *self)
{
    if (self->nan || (self->positive_infinity && self->negative_infinity))
        return (double) NAN;
    if (self->positive_infinity || self->negative_infinity)
        return self->positive_infinity ? (double) INFINITY : -(double) INFINITY;
    s_carry (self);
    sum_t magnitude = *self;
    bool negative = self->limb [SUM_LIMBS - 1] < 0;     // after a carry the sign is that of the last limb
    if (negative) {
        for (size_t i = 0; i < SUM_LIMBS; i++)
            magnitude.limb [i] = -magnitude.limb [i];
        s_carry (&magnitude);
    }
    double result = s_round (&magnitude);
    return negative && result != 0 ? -result : result;
}
