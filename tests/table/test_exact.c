// test_exact: exact sums against a slow method that shares nothing with them: Shewchuk's partials, a list of doubles that do not overlap,
// rounded as Python's math.fsum does ("Adaptive precision floating-point arithmetic", 1997). It cannot pass over infinity and come back,
// so the random values stay below 2^1010.
#include "help.h"
#include "table/exact.h"

#include <float.h>
#include <math.h>

typedef struct { double part [2200]; uint32_t count; } partials_t;      // no two share a bit, and a double has 2,098 places

static void s_partials_add (partials_t *self, double value)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        double y = self->part [i];
        if (fabs (value) < fabs (y)) {
            double swap = value;
            value = y;
            y = swap;
        }
        volatile double high = value + y, back = high - value;
        double low = y - back;
        if (low != 0)
            self->part [kept++] = low;
        value = high;
    }
    self->part [kept++] = value;
    self->count = kept;
    MUST (kept < 2200, "too many partials");
}

// The partials' sum to nearest even: from the top down until one does not vanish; then only its sign and the next one's can matter.
static double s_partials_round (const partials_t *self)
{
    uint32_t n = self->count;
    if (!n)
        return 0;
    double high = self->part [--n], low = 0;
    while (n) {
        double before = high, y = self->part [--n];
        high = before + y;
        low = y - (high - before);
        if (low != 0)
            break;
    }
    if (n && ((low < 0 && self->part [n - 1] < 0) || (low > 0 && self->part [n - 1] > 0))) {
        double twice = low * 2, next = high + twice;
        if (twice == next - high)
            high = next;
    }
    return high + 0.0;                                  // an exact zero is +0
}

// One double in the whole range, about as often huge as tiny; a good part of them subnormal.
static double s_any_double (void)
{
    uint64_t bits = s_random ();
    if (!(bits & 15 << 8))
        bits &= 0x800fffffffffffff;
    if ((bits >> 52 & 0x7ff) > 0x7f0)
        bits ^= 1ull << 62;
    double value;
    memcpy (&value, &bits, 8);
    return value;
}

static void s_same (double is, double wanted)
{
    MUST (!memcmp (&is, &wanted, 8) || (isnan (is) && isnan (wanted)), "%a where %a is right", is, wanted);
}

static double s_wide_sum (const double *value, uint32_t count)
{
    exact_wide_t *wide = exact_wide_new ();
    for (uint32_t i = 0; i < count; i++)
        exact_wide_add (wide, value [i]);
    double sum = exact_wide_round (wide);
    s_same (exact_wide_round (wide), sum);              // reading changes nothing
    exact_wide_free (wide);
    return sum;
}

static double s_right_sum (const double *value, uint32_t count)
{
    partials_t partials;
    partials.count = 0;
    for (uint32_t i = 0; i < count; i++)
        s_partials_add (&partials, value [i]);
    return s_partials_round (&partials);
}

START_TEST (whole_range)
{
    double value [300];
    for (uint32_t turn = 0; turn < 3000; turn++) {
        uint32_t count = s_below (turn % 10 ? 12 : 300);
        for (uint32_t i = 0; i < count; i++)
            value [i] = s_any_double ();
        s_same (s_wide_sum (value, count), s_right_sum (value, count));
    }
}
END_TEST

// Values whose sum loses nearly all of its leading digits, and sums that end among the subnormal.
START_TEST (cancellation)
{
    double value [64];
    for (uint32_t turn = 0; turn < 5000; turn++) {
        uint32_t count = 0;
        double scale = turn % 2 ? 0x1p-1060 : 1;
        while (count < 30) {
            double x = scale * ldexp ((double) (int64_t) s_random (), (int) s_below (60) - 60);
            value [count++] = x;
            if (s_below (4))
                value [count++] = -x;
        }
        s_same (s_wide_sum (value, count), s_right_sum (value, count));
    }
}
END_TEST

// One and half a last place, and a speck more or less: the rounding to even decides, or the speck.
START_TEST (half_a_place)
{
    for (int exponent = -1022; exponent < 1000; exponent += 7)
        for (int speck = -1; speck <= 1; speck++)
            for (int odd = 0; odd < 2; odd++) {
                double one = ldexp (odd ? 1 + DBL_EPSILON : 1, exponent), half = ldexp (DBL_EPSILON / 2, exponent);
                double value [] = { one, half, speck * DBL_TRUE_MIN };
                double wanted = half == 0 ? one : (odd || speck > 0) && !(odd && speck < 0) ? one + 2 * half : one;
                if (half != 0 && half > DBL_TRUE_MIN)
                    s_same (s_wide_sum (value, 3), wanted);
                value [0] = -value [0];
                value [1] = -value [1];
                value [2] = -value [2];
                if (half != 0 && half > DBL_TRUE_MIN)
                    s_same (s_wide_sum (value, 3), -wanted);
            }
}
END_TEST

START_TEST (borders)
{
    static const struct { double value [4]; double sum; } cases [] = {
        { { 0, 0, 0, 0 }, 0 }, { { -0.0, -0.0, -0.0, -0.0 }, 0 }, { { 1, -1, 0, 0 }, 0 },
        { { DBL_MAX, DBL_MAX, -DBL_MAX, -DBL_MAX }, 0 }, { { DBL_MAX, DBL_MAX, -DBL_MAX, 0 }, DBL_MAX },
        { { DBL_MAX, DBL_MAX, 0, 0 }, INFINITY }, { { -DBL_MAX, -DBL_MAX, 1, 0 }, -INFINITY },
        { { DBL_MAX, 0x1p969, 0, 0 }, DBL_MAX }, { { DBL_MAX, 0x1p970, 0, 0 }, INFINITY }, { { DBL_MAX, 0x1p970, -DBL_TRUE_MIN, 0 }, DBL_MAX },
        { { DBL_TRUE_MIN, 0, 0, 0 }, DBL_TRUE_MIN }, { { -DBL_TRUE_MIN, -DBL_TRUE_MIN, 0, 0 }, -2 * DBL_TRUE_MIN },
        { { DBL_MIN, -DBL_TRUE_MIN, 0, 0 }, DBL_MIN - DBL_TRUE_MIN }, { { 1, DBL_TRUE_MIN, 0, 0 }, 1 },
        { { 1e16, 1, 1e-16, 0 }, 10000000000000002. }, { { 1e308, 1, -1e308, 0 }, 1 },
        { { INFINITY, 1, -DBL_MAX, 0 }, INFINITY }, { { -INFINITY, DBL_MAX, DBL_MAX, 0 }, -INFINITY },
        { { INFINITY, -INFINITY, 0, 0 }, NAN }, { { NAN, 1, 0, 0 }, NAN }, { { NAN, INFINITY, 0, 0 }, NAN },
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++)
        s_same (s_wide_sum (cases [i].value, 4), cases [i].sum);
}
END_TEST

// exact_fits either refuses or is exact: the units, taken back, are the value.
START_TEST (window)
{
    uint32_t fitting = 0;
    for (uint32_t i = 0; i < 400000; i++) {
        double value = i % 2 ? s_any_double () : ldexp ((double) (int64_t) (s_random () >> s_below (60)), (int) s_below (160) - 110);
        __int128 units;
        if (!exact_fits (value, &units)) {
            MUST (fabs (value) < 0x1p-27 || fabs (value) >= 0x1p45 || !isfinite (value), "%a should fit", value);
            continue;
        }
        fitting++;
        exact_wide_t *wide = exact_wide_new ();
        exact_wide_add_units (wide, units, EXACT_UNIT);
        s_same (exact_wide_round (wide), value + 0.0);
        s_same (exact_round (units), value + 0.0);
        exact_wide_free (wide);
    }
    ck_assert_uint_gt (fitting, 50000);
}
END_TEST

START_TEST (not_in_the_window)
{
    static const double values [] = { INFINITY, -INFINITY, NAN, 0x1p46, -0x1p1000, 0x1p-81, DBL_TRUE_MIN, 0x1.0000000000001p-30 };
    __int128 units;
    for (size_t i = 0; i < COUNT_OF (values); i++)
        ck_assert (!exact_fits (values [i], &units));
    ck_assert (exact_fits (0x1p-80, &units) && units == 1);
    ck_assert (exact_fits (-0x1.8p-79, &units) && units == -3);
    ck_assert (exact_fits (-0.0, &units) && units == 0);
}
END_TEST

// The extremes of 128 bits, at every place where pieces lie.
START_TEST (units_of_128_bits)
{
    static const uint64_t halves [] = { 0, 1, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0x123456789abcdef0 };
    for (size_t h = 0; h < COUNT_OF (halves); h++)
        for (size_t l = 0; l < COUNT_OF (halves); l++)
            for (int exponent = -1088; exponent < 890; exponent += 61) {
                __int128 units = (__int128) ((unsigned __int128) halves [h] << 64 | halves [l]);
                exact_wide_t *wide = exact_wide_new ();
                exact_wide_add_units (wide, units, exponent);
                partials_t partials;
                partials.count = 0;
                for (int limb = 0; limb < 4; limb++) {  // the top limb carries the sign
                    uint32_t bits = (uint32_t) ((unsigned __int128) units >> 32 * limb);
                    s_partials_add (&partials, limb == 3 ? ldexp ((int32_t) bits, 96) : ldexp (bits, 32 * limb));
                }
                double sum = s_partials_round (&partials), is = exact_wide_round (wide);
                if (exponent > -1000)                   // below, the result is rounded a second time, to a subnormal
                    s_same (is, ldexp (sum, exponent));
                exact_wide_free (wide);
            }
}
END_TEST

// Saved as pieces and read back, through as many sums as there are pieces, is the same sum.
static void s_through_pieces (exact_wide_t *wide, exact_wide_t *into)
{
    for (uint32_t piece = 0; piece < EXACT_PIECES; piece++) {
        __int128 units = 0;
        if (exact_wide_piece (wide, piece, &units)) {
            MUST (units != 0, "piece %u is nothing", piece);
            exact_wide_add_piece (into, piece, units);
        }
    }
}

START_TEST (pieces_and_merges)
{
    double value [200];
    for (uint32_t turn = 0; turn < 1500; turn++) {
        uint32_t count = s_below (200);
        exact_wide_t *wide [4], *all = exact_wide_new (), *again = exact_wide_new ();
        for (int w = 0; w < 4; w++)
            wide [w] = exact_wide_new ();
        for (uint32_t i = 0; i < count; i++) {
            value [i] = turn % 3 ? s_any_double () : -fabs (s_any_double ());
            if (!s_below (2000))
                value [i] = s_below (2) ? INFINITY : s_below (2) ? -INFINITY : NAN;
            exact_wide_add (wide [s_below (4)], value [i]);
        }
        for (int w = 0; w < 4; w++) {
            s_through_pieces (wide [w], again);
            exact_wide_merge (all, wide [w]);
            exact_wide_free (wide [w]);
        }
        double sum = s_wide_sum (value, count);
        s_same (exact_wide_round (all), sum);
        s_same (exact_wide_round (again), sum);
        exact_wide_free (all);
        exact_wide_free (again);
    }
}
END_TEST

// A million of the largest numbers either way: the digits' carries hold, and so does what is taken away again.
START_TEST (many)
{
    exact_wide_t *wide = exact_wide_new ();
    for (uint32_t i = 0; i < 1000000; i++)
        exact_wide_add (wide, -DBL_MAX);
    for (uint32_t i = 0; i < 999999; i++)
        exact_wide_add (wide, DBL_MAX);
    exact_wide_t *pieces = exact_wide_new ();
    s_through_pieces (wide, pieces);
    s_same (exact_wide_round (wide), -DBL_MAX);
    s_same (exact_wide_round (pieces), -DBL_MAX);
    exact_wide_free (wide);
    exact_wide_free (pieces);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { whole_range, cancellation, half_a_place, borders, window, not_in_the_window, units_of_128_bits, pieces_and_merges, many };
    return s_run ("exact", tests, COUNT_OF (tests));
}
