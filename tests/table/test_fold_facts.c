// test_fold_facts: single facts about folds that no random row would show: the order of doubles, sums that need every bit, overflow, rounding.
#include "help.h"
#include "base/memory.h"
#include "table/fold.h"

#include <float.h>
#include <math.h>

static double s_one (rac_fold_kind kind, const double *value, uint32_t rows, bool *there)
{
    fold_spec_t spec = { "one", kind, 0, RAC_F64, NULL };
    fold_t *fold = fold_new (&spec, 1);
    uint32_t group [8] = { 0 };
    rac_column column = rac_of_f64 (value);
    fold_grow (fold, 1);
    fold_add (fold, group, &column, rows);
    double result = 0;
    uint64_t valid = 0;
    ck_assert_int_eq (fold_result (fold, &(fold_room_t) { &result, &valid }, NULL), OK);
    *there = valid & 1;
    fold_destroy (&fold);
    return result;
}

START_TEST (order_of_doubles)
{
    static const struct { double value [4]; uint32_t rows; double least, most; } cases [] = {
        { { 0.0, -0.0 }, 2, -0.0, 0.0 }, { { -0.0, 0.0 }, 2, -0.0, 0.0 }, { { -0.0 }, 1, -0.0, -0.0 },
        { { NAN, 5, -INFINITY }, 3, -INFINITY, NAN }, { { INFINITY, NAN }, 2, INFINITY, NAN }, { { NAN, -NAN }, 2, NAN, NAN },
        { { DBL_TRUE_MIN, -DBL_TRUE_MIN, 0.0 }, 3, -DBL_TRUE_MIN, DBL_TRUE_MIN }, { { DBL_MAX, INFINITY }, 2, DBL_MAX, INFINITY },
        { { -INFINITY }, 1, -INFINITY, -INFINITY },
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++)
        for (int most = 0; most < 2; most++) {
            bool there;
            double result = s_one (most ? RAC_MAX : RAC_MIN, cases [i].value, cases [i].rows, &there), wanted = most ? cases [i].most : cases [i].least;
            ck_assert (there);
            ck_assert_msg (isnan (wanted) ? isnan (result) : s_bits (result) == s_bits (wanted), "case %zu: %g where %g is right", i, result, wanted);
        }
}
END_TEST

START_TEST (sums_of_doubles)
{
    static const struct { double value [4]; uint32_t rows; double sum; } cases [] = {
        { { 0 }, 0, 0 }, { { -0.0 }, 1, 0 }, { { 1e100, 1, -1e100 }, 3, 1 }, { { DBL_MAX, DBL_MAX, -DBL_MAX }, 3, DBL_MAX },
        { { 0.1, 0.2, -0.3 }, 3, 0x1p-55 }, { { INFINITY, 1 }, 2, INFINITY }, { { 1, -INFINITY }, 2, -INFINITY },
        { { INFINITY, -INFINITY }, 2, NAN }, { { NAN, 1, 2 }, 3, NAN },
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        bool there;
        double result = s_one (RAC_SUM, cases [i].value, cases [i].rows, &there);
        ck_assert (there);
        ck_assert_msg (isnan (cases [i].sum) ? isnan (result) : s_bits (result) == s_bits (cases [i].sum), "case %zu: %a", i, result);
        result = s_one (RAC_MEAN, cases [i].value, cases [i].rows, &there);
        ck_assert_int_eq (there, cases [i].rows > 0);
        double mean = cases [i].sum / cases [i].rows;
        ck_assert (!there || isnan (mean) || s_bits (result) == s_bits (mean));
    }
}
END_TEST

// Two million values just below 2^45: the window overflows into a wide sum, and one fold of all equals many.
START_TEST (window_overflow)
{
    fold_spec_t spec = { "sum", RAC_SUM, 0, RAC_F64, NULL };
    fold_t *fold = fold_new (&spec, 1);
    uint32_t *group = memory_new (RAC_ROWS * sizeof *group);
    double *value = memory_new (RAC_ROWS * sizeof *value), result, big = 0x1p45 - 0x1p-7;
    for (uint32_t r = 0; r < RAC_ROWS; r++)
        value [r] = -big;
    rac_column column = rac_of_f64 (value);
    fold_grow (fold, 1);
    for (uint32_t i = 0; i < 512; i++)
        fold_add (fold, group, &column, RAC_ROWS);
    uint64_t valid;
    ck_assert_uint_gt (fold_extra_rows (fold, 0), 0);
    ck_assert_int_eq (fold_result (fold, &(fold_room_t) { &result, &valid }, NULL), OK);
    ck_assert (s_bits (result) == s_bits (-big * 512 * RAC_ROWS));
    fold_destroy (&fold);
    free (group);
    free (value);
}
END_TEST

static status_t s_sum_i64 (rac_fold_kind kind, rac_type type, const int64_t *value, uint32_t rows, int64_t *result, error_t *error)
{
    fold_spec_t spec = { "total", kind, 0, type, NULL };
    fold_t *fold = fold_new (&spec, 1);
    uint32_t group [8] = { 0 };
    rac_column column = rac_column_of (type, value);
    uint64_t valid;
    fold_grow (fold, 1);
    fold_add (fold, group, &column, rows);
    status_t rc = fold_result (fold, &(fold_room_t) { result, &valid }, error);
    fold_destroy (&fold);
    return rc;
}

START_TEST (sums_of_numbers)
{
    static const int64_t values [] = { INT64_MAX, INT64_MAX, INT64_MIN, INT64_MIN, 2 };
    int64_t result;
    error_t error = { 0 };
    ck_assert_int_eq (s_sum_i64 (RAC_SUM, RAC_I64, values, 5, &result, &error), OK);
    ck_assert_int_eq (result, 0);
    ck_assert_int_eq (s_sum_i64 (RAC_SUM, RAC_I64, values, 1, &result, &error), OK);
    ck_assert_int_eq (result, INT64_MAX);
    ck_assert_int_eq (s_sum_i64 (RAC_SUM, RAC_I64, values, 2, &result, &error), FAILED);
    ck_assert_int_eq (error.kind, ERROR_DATA);
    ck_assert_ptr_nonnull (strstr (error.text, "'total'"));
    ck_assert_int_eq (s_sum_i64 (RAC_SUM, RAC_DECIMAL (2), values + 2, 2, &result, NULL), FAILED);
}
END_TEST

// Means of decimals round the exact sum once: strtod of its digits is the witness.
START_TEST (means_of_decimals)
{
    for (uint32_t turn = 0; turn < 20000; turn++) {
        uint32_t digits = s_below (19), rows = 1 + s_below (3);
        int64_t value [3], result;
        __int128 sum = 0;
        for (uint32_t r = 0; r < rows; r++) {
            value [r] = (int64_t) s_random () >> s_below (63);
            sum += value [r];
        }
        char text [64], *at = text + 48;
        snprintf (at, 16, "e-%u", digits);
        unsigned __int128 left = sum < 0 ? -(unsigned __int128) sum : (unsigned __int128) sum;
        do
            *--at = (char) ('0' + (int) (left % 10));
        while ((left /= 10));
        double wanted = strtod (at, NULL) / rows, is;
        ck_assert_int_eq (s_sum_i64 (RAC_MEAN, RAC_DECIMAL (digits), value, rows, &result, NULL), OK);
        memcpy (&is, &result, 8);
        MUST (is == (sum < 0 ? -wanted : wanted), "%s: %.17g", at, is);
    }
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { order_of_doubles, sums_of_doubles, window_overflow, sums_of_numbers, means_of_decimals };
    return s_run ("fold_facts", tests, COUNT_OF (tests));
}
