// round: the double nearest to a decimal mantissa and exponent.
//
// Small ones are exact at once: a mantissa below 2^53 and a power of ten up to 22 are doubles themselves, and IEEE's division or
// multiplication rounds their quotient or product correctly (Clinger, "How to read floating point numbers accurately", 1990).
// All others go by Eisel and Lemire's algorithm (Lemire, "Number parsing at a gigabyte per second", 2021): the mantissa times
// the power's leading 128 bits has enough bits right that the double is certain, for every mantissa of 64 bits (Mushtak and Lemire,
// "Fast number parsing without fallback", 2023).
#include "kernel/powers.h"

#include <math.h>
#include <string.h>

enum { MANTISSA_BITS = 52, BIAS = 1023, EXPONENT_INFINITE = 0x7ff };

typedef struct { uint64_t high, low; } product_t;

static inline product_t s_multiply (uint64_t a, uint64_t b)
{
    unsigned __int128 all = (unsigned __int128) a * b;
    return (product_t) { (uint64_t) (all >> 64), (uint64_t) all };
}

// mantissa (highest bit set) times 10^exponent's significant bits. The low word of the power matters only if the bits that
// decide about rounding are all ones, so that a carry could run through them.
static product_t s_product (uint64_t mantissa, int exponent)
{
    power_t power = power_of_ten [exponent - POWER_FIRST];
    if (exponent < 0 && exponent >= -27 && ++power.low == 0)    // the proof wants these few rounded up
        power.high++;
    product_t product = s_multiply (mantissa, power.high);
    uint64_t below = ~UINT64_C (0) >> (MANTISSA_BITS + 3);
    if ((product.high & below) == below) {
        product_t more = s_multiply (mantissa, power.low);
        product.low += more.high;
        product.high += product.low < more.high;
    }
    return product;
}

static double s_double (uint64_t mantissa, int exponent)
{
    uint64_t bits = (uint64_t) exponent << MANTISSA_BITS | (mantissa & ((UINT64_C (1) << MANTISSA_BITS) - 1));
    double value;
    memcpy (&value, &bits, sizeof value);
    return value;
}

// mantissa has one bit more than is kept, with shift bits of weight 2^binary lost by subnormality.
static double s_subnormal (uint64_t mantissa, int binary)
{
    if (binary < -62)
        return 0;
    mantissa >>= 1 - binary;
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    return s_double (mantissa, mantissa >> MANTISSA_BITS != 0);
}

static double s_eisel_lemire (uint64_t mantissa, int exponent)
{
    int zeros = __builtin_clzll (mantissa);
    product_t product = s_product (mantissa << zeros, exponent);
    int upper = (int) (product.high >> 63), shift = upper + 64 - MANTISSA_BITS - 3;
    uint64_t kept = product.high >> shift;
    int binary = ((217706 * exponent) >> 16) + 63 + upper - zeros + BIAS;       // 217706 / 2^16: log2 (10)
    if (binary <= 0)
        return s_subnormal (kept, binary);
    // Exactly half way: to even. It can happen only for these few exponents.
    if (product.low <= 1 && exponent >= -4 && exponent <= 23 && (kept & 3) == 1 && kept << shift == product.high)
        kept &= ~UINT64_C (1);
    kept = (kept + (kept & 1)) >> 1;
    if (kept >> (MANTISSA_BITS + 1)) {
        kept >>= 1;
        binary++;
    }
    return binary >= EXPONENT_INFINITE ? INFINITY : s_double (kept, binary);
}

double round_decimal (uint64_t mantissa, int64_t exponent)
{
    static const double exact [] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    if (mantissa <= UINT64_C (1) << 53 && exponent >= -22 && exponent <= 22)
        return exponent < 0 ? (double) mantissa / exact [-exponent] : (double) mantissa * exact [exponent];
    if (exponent < POWER_FIRST)
        return 0;
    return exponent > 308 ? INFINITY : s_eisel_lemire (mantissa, (int) exponent);
}
