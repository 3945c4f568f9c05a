// print: f64 against the shortest of printf's %.1e to %.17e that reads back, laid out anew; integers and decimals against printf.
#include "kernel/print.h"
#include "sets.h"
#include <inttypes.h>
#include <math.h>

static const char *s_print (double value)
{
    static char text [PRINT_ROOM + 8];
    memset (text, '~', sizeof text);
    text [print_f64 (text, value)] = 0;
    expect (text [PRINT_ROOM] == '~');
    return text;
}

// Digits, the point behind the first `before` of them (0 and less: so many zeros between), as Python's repr but without ".0".
static void s_lay_out (char *to, const char *digits, int before)
{
    int count = (int) strlen (digits);
    if (before <= -4 || before > 16)
        snprintf (to, 120, "%.1s%s%se%+03d", digits, count > 1 ? "." : "", digits + 1, before - 1);
    else
    if (before <= 0)
        snprintf (to, 120, "0.%.*s%s", -before, "000", digits);
    else
    if (before >= count)
        snprintf (to, 120, "%s%.*s", digits, before - count, "0000000000000000");
    else
        snprintf (to, 120, "%.*s.%s", before, digits, digits + before);
}

// The first of 1, 2 .. 17 digits that reads back. Below a power of two doubles lie closer than above it, so that the nearest decimal
// may be out of reach while the next greater one is not.
static void s_model (char *to, double value)
{
    for (int places = 0; places <= 17; places++) {
        char text [128], digits [64];
        snprintf (text, sizeof text, "%.*e", places, fabs (value));
        int exponent = atoi (strchr (text, 'e') + 1);
        memmove (text + 1, text + 2, strlen (text + 1));
        uint64_t number = strtoull (text, NULL, 10);
        for (uint64_t up = 0; up < 2; up++) {
            int count = snprintf (digits, sizeof digits, "%" PRIu64, number + up);
            snprintf (text, sizeof text, "%se%d", digits, exponent - places);
            if (strtod (text, NULL) == fabs (value)) {
                *to = '-';
                s_lay_out (to + (value < 0), digits, exponent - places + count);
                return;
            }
        }
    }
}

static void s_check (double value)
{
    char want [128];
    s_model (want, value);
    expect_text (s_print (value), want);
    expect (strtod (s_print (value), NULL) == value);
}

START_TEST (f64_known)
{
    static const struct { double value; const char *text; } known [] = {
        { 12, "12" }, { -12.5, "-12.5" }, { 0.1, "0.1" }, { 0.0, "0" }, { -0.0, "-0" }, { 1e16, "1e+16" }, { 1e15, "1000000000000000" },
        { 9999999999999998, "9999999999999998" }, { 0.0001, "0.0001" }, { 0.00001, "1e-05" }, { 1.5e-7, "1.5e-07" }, { 1e300, "1e+300" },
        { 123456789012345680.0, "1.2345678901234568e+17" }, { INFINITY, "inf" }, { -INFINITY, "-inf" }, { NAN, "nan" }, { -NAN, "nan" },
        { 5e-324, "5e-324" }, { -1.7976931348623157e308, "-1.7976931348623157e+308" }, { 2.2250738585072014e-308, "2.2250738585072014e-308" },
        { 1e22, "1e+22" }, { 1e23, "1e+23" }, { 9007199254740992, "9007199254740992" }, { 0.30000000000000004, "0.30000000000000004" },
        { 2e-44, "2e-44" }, { 9.5367431640625e-07, "9.5367431640625e-07" }, { 0.00012345678901234567, "0.00012345678901234567" }, { 100, "100" },
        { 4.35, "4.35" }, { 1234.5, "1234.5" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        expect_text (s_print (known [i].value), known [i].text);
}
END_TEST

START_TEST (f64_shortest)
{
    uint64_t state = 0;
    for (int i = 0; i < 300000; i++) {
        uint64_t bits = random_next (&state);
        double value;
        if (i % 4 == 0)
            bits &= UINT64_C (0xfff0000000000000) | UINT64_C (1) << i / 4 % 52;     // powers of two and what lies beside them
        memcpy (&value, &bits, sizeof value);
        if (isfinite (value) && value != 0)
            s_check (value);
    }
    for (int i = 1; i < 300000; i++)                    // as data have them
        s_check ((double) ((int64_t) random_next (&state) >> (20 + i % 43)) / (double [6]) { 10, 100, 1000, 1e5, 7, 64 } [i % 6] + 1e-3);
    for (int exponent = -1074; exponent < 1024; exponent++) {
        s_check (ldexp (1, exponent));
        s_check (nextafter (ldexp (1, exponent), 5e-324));
        s_check (nextafter (ldexp (1, exponent), 1e308));
    }
}
END_TEST

START_TEST (integers)
{
    uint64_t state = 0;
    for (int i = 0; i < 300000; i++) {
        char got [PRINT_ROOM + 1], want [64];
        int64_t value = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : (int64_t) random_next (&state) >> i % 64;
        got [print_i64 (got, value)] = 0;
        snprintf (want, sizeof want, "%" PRId64, value);
        expect_text (got, want);
        uint32_t digits = (uint32_t) (i / 64 % 19);
        uint64_t size = value < 0 ? -(uint64_t) value : (uint64_t) value, unit = 1;
        for (uint32_t j = 0; j < digits; j++)
            unit *= 10;
        snprintf (want, sizeof want, digits ? "%s%" PRIu64 ".%0*" PRIu64 : "%s%" PRIu64, value < 0 ? "-" : "", size / unit, (int) digits, size % unit);
        got [print_decimal (got, value, digits)] = 0;
        expect_text (got, want);
    }
    for (uint64_t power = 1, i = 0; i < 19; i++, power *= 10) {
        char got [PRINT_ROOM + 1];
        got [print_i64 (got, (int64_t) power)] = 0;
        expect (strlen (got) == i + 1);
        expect (print_i64 (got, (int64_t) power - 1) == (i ? i : 1));
    }
}
END_TEST

START_TEST (values)
{
    char to [PRINT_ROOM + 1] = "";
    uint64_t valid = 2;
    int64_t number [] = { 1, 12345 };
    float single [] = { 0.5f, 0.1f };
    double real [] = { 1, -2.5 };
    rac_column column = rac_of_i64 (number);
    to [print_value (to, RAC_I64, &column, 1)] = 0;
    expect_text (to, "12345");
    to [print_value (to, RAC_DECIMAL (2), &column, 1)] = 0;
    expect_text (to, "123.45");
    to [print_value (to, RAC_TIME, &column, 1)] = 0;
    expect_text (to, "1970-01-01T00:00:00.012345Z");
    column.valid = &valid;
    expect (print_value (to, RAC_I64, &column, 0) == 0);
    expect (print_value (to, RAC_I64, &column, 1) == 5);
    column = rac_column_of (RAC_F32, single);
    to [print_value (to, RAC_F32, &column, 1)] = 0;
    expect_text (to, "0.10000000149011612");
    column = rac_column_of (RAC_F64, real);
    to [print_value (to, RAC_F64, &column, 1)] = 0;
    expect_text (to, "-2.5");
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_test (tests, f64_known);
    tcase_add_test (tests, f64_shortest);
    tcase_add_test (tests, integers);
    tcase_add_test (tests, values);
    return main_end ("print", tests);
}
