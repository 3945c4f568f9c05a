// parse_f64, parse_i64, parse_decimal: against strtod and strtoll wherever these and the contract agree on what a number is, and
// against a table where they do not.
#include "sets.h"
#include <errno.h>
#include <math.h>

enum { MOST = 1200 };

typedef struct { char data [MOST + 64]; uint32_t size; } text_t;

static uint64_t s_bits (double value)
{
    uint64_t bits;
    memcpy (&bits, &value, sizeof bits);
    return bits;
}

// What lies behind the text must not count: digits, points and blanks in turn.
static rac_bytes s_surrounded (text_t *text, const char *from, size_t size)
{
    memset (text->data, ".7 e" [size % 4], sizeof text->data);
    memcpy (text->data, from, size);
    return (rac_bytes) { text->data, (uint32_t) size, 0 };
}

static bool s_f64 (const char *from, double *value)
{
    text_t text;
    uint64_t valid, bad;
    rac_bytes bytes = s_surrounded (&text, from, strlen (from));
    uint32_t refused = kernel->parse_f64 (&bytes, 1, value, &valid, &bad);
    expect (valid == (*from ? ~UINT64_C (0) : ~UINT64_C (1)));
    expect (bad == (*from ? refused : 0));
    return refused == 0;
}

static void s_check_f64 (const char *from)
{
    double value, want = strtod (from, NULL);
    expect_msg (s_f64 (from, &value), "%s: refused", from);
    expect_msg (s_bits (value) == s_bits (want), "%s: %.17g instead of %.17g", from, value, want);
}

static void s_refuses_f64 (const char *from)
{
    double value = 1;
    expect_msg (!s_f64 (from, &value), "%s: taken as %g", from, value);
    expect (s_bits (value) == 0);
}

START_TEST (f64_forms)
{
    static const char *const good [] = {
        "0", "-0", "+0", "0.0", "-0.0", ".5", "5.", "-.5", "-5.", "+12.5", "00012", "1e5", "1E5", "1e+5", "1e-5", "1.e3", ".1e3", "1e05",
        "inf", "-inf", "+Infinity", "INFINITY", "nan", "NaN", "1e400", "-1e400", "1e-400", "-1e-400", "1e99999999999999999999",
        "1e-99999999999999999999", "0e99999999999999999999", "123456789012345678901234567890", "0.00000000000000000000000000000001",
        "9007199254740992", "9007199254740993", "9007199254740991", "9999999999999999", "18446744073709551615", "99999999999999999999",
        "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308",
        "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e22", "1e23", "8.5e22", "1e-22", "1e-23",
        "9007199254740993e3", "12345678", "123456789", "1234567.8", "12345678.9", "123456789012345.6", "1234567890123456", ".1234567",
        ".123456789012345", "1234567890123456.", "3.518437208883201171875e13",
    };
    static const char *const refused [] = {
        "", " ", "\t ", "-", "+", ".", "-.", "+.", "e", "e5", ".e5", "1e", "1e+", "1e-", "1.2.3", "1..2", "..", "1,5", "--1", "+-1", "- 1", "1 2",
        "0x10", "1e5.5", "1e5e5", "infin", "in", "nano", "nan(1)", "1f", "1_000", "12:30", "1234567.8.", "1/2", "1234567890123456x", "\xb2",
        "1\xb9", "123456789\xb9", "1e5 x", "a12345678", "12345678a", "123456789.12.4", "5-", "5\n", "5\r",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char blanks [64];
        s_check_f64 (good [i]);
        snprintf (blanks, sizeof blanks, " \t%s ", good [i]);
        s_check_f64 (blanks);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        s_refuses_f64 (refused [i]);
    double value;
    expect (s_f64 ("-nan", &value));
    expect (s_bits (value) == s_bits (NAN));
}
END_TEST

// Digits of any number with a point and an exponent at any place.
static void s_number (uint64_t *state, char *to, unsigned most, bool exponent)
{
    uint64_t bits = random_next (state);
    size_t digits = 1 + bits % most, point = (bits >> 16) % (digits + 4);
    if (bits >> 60 & 1)
        *to++ = '-';
    for (size_t i = 0; i < digits; i++) {
        if (i == point)
            *to++ = '.';
        *to++ = (char) ('0' + random_next (state) % 10);
    }
    *to = 0;
    if (exponent && bits >> 61 & 1)
        sprintf (to, "e%d", (int) ((bits >> 32) % 700) - 350);
}

START_TEST (f64_random)
{
    uint64_t state = 0;
    char text [MOST];
    for (int i = 0; i < 400000; i++) {
        s_number (&state, text, i % 4 ? 17 : 40, i % 2);
        s_check_f64 (text);
    }
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = random_next (&state);
        double value;
        memcpy (&value, &bits, sizeof value);
        if (!isfinite (value))
            continue;
        snprintf (text, sizeof text, "%.*e", (int) (i % 21), value);
        s_check_f64 (text);
    }
}
END_TEST

// Exactly half way between two doubles, and one in the last of all places above and below.
START_TEST (f64_half_way)
{
    uint64_t state = 0;
    for (int i = 0; i < 3000; i++) {
        uint64_t bits = random_next (&state) & ~(UINT64_C (1) << 63);
        if (i % 3 == 0)
            bits = (bits & 0xfffffffffffff) | (UINT64_C (990) + bits % 80) << 52;
        double low, high;
        memcpy (&low, &bits, sizeof low);
        bits++;
        memcpy (&high, &bits, sizeof high);
        if (!isfinite (low) || !isfinite (high))
            continue;
        char text [MOST];
        int size = snprintf (text, sizeof text, "%.800Le", ((long double) low + (long double) high) / 2);
        if (size >= MOST)
            continue;
        s_check_f64 (text);
        char *last = strchr (text, 'e') - 1;
        *last = '1';
        s_check_f64 (text);
        while (*last == '0' || *last == '1' || *last == '.')
            --last;
        --*last;
        s_check_f64 (text);
    }
}
END_TEST

// A very long number keeps what decides: here the last of thousands of digits.
START_TEST (f64_very_long)
{
    enum { ZEROS = 5000 };
    static char text [ZEROS + 200];
    char *at = text + sprintf (text, "9007199254740993.");
    memset (at, '0', ZEROS);
    memcpy (at + ZEROS, "", 1);
    uint64_t valid, bad;
    double value;
    rac_bytes bytes = { text, (uint32_t) strlen (text), 0 };
    expect (kernel->parse_f64 (&bytes, 1, &value, &valid, &bad) == 0);
    expect (value == 9007199254740992.0);
    at [ZEROS - 1] = '1';
    expect (kernel->parse_f64 (&bytes, 1, &value, &valid, &bad) == 0);
    expect (value == 9007199254740994.0);
    memset (text, '0', ZEROS);
    memcpy (text, "0.", 2);
    sprintf (text + ZEROS, "125e%d", ZEROS);
    bytes.size = (uint32_t) strlen (text);
    expect (kernel->parse_f64 (&bytes, 1, &value, &valid, &bad) == 0);
    expect (value == 12.5);
}
END_TEST

static bool s_i64 (const char *from, int64_t *value)
{
    text_t text;
    uint64_t valid, bad;
    rac_bytes bytes = s_surrounded (&text, from, strlen (from));
    return kernel->parse_i64 (&bytes, 1, value, &valid, &bad) == 0;
}

START_TEST (i64)
{
    static const char *const refused [] = {
        "", " ", "-", "+", "1.", "1.0", ".", ".1", "1e3", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "12a",
        "1 2", "--1", "+-1", "0x1", "12345678.", "123456789012.", "18446744073709551617", "1\xb9", "inf",
    };
    static const char *const good [] = {
        "0", "-0", "+7", "9223372036854775807", "-9223372036854775808", "00000000000000000000000000000012", " 12\t", "-00000000000000000001",
    };
    int64_t value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        expect_msg (s_i64 (good [i], &value), "%s", good [i]);
        expect (value == strtoll (good [i], NULL, 10));
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        expect_msg (!s_i64 (refused [i], &value), "%s", refused [i]);
        expect (value == 0);
    }
    uint64_t state = 0;
    for (int i = 0; i < 200000; i++) {
        char text [64];
        snprintf (text, sizeof text, "%lld%s", (long long) ((int64_t) random_next (&state) >> i % 64), i % 11 ? "" : "7");
        errno = 0;
        int64_t want = strtoll (text, NULL, 10);
        expect (s_i64 (text, &value) == (errno == 0));
        expect (value == (errno ? 0 : want));
    }
}
END_TEST

// What the text means, in wide arithmetic; what is far out of range stays there.
static __int128 s_ten_times (__int128 all)
{
    return all > (__int128) 1 << 100 ? all : all * 10;
}

static bool s_model_decimal (const char *text, uint32_t digits, int64_t *value)
{
    __int128 all = 0;
    bool negative = *text == '-', point = false;
    uint32_t places = 0;
    for (text += negative; *text; text++)
        if (*text == '.')
            point = true;
        else
        if (point && places == digits) {
            if (*text != '0')
                return false;
        }
        else {
            all = s_ten_times (all) + (*text - '0');
            places += point;
        }
    for (; places < digits; places++)
        all = s_ten_times (all);
    all = negative ? -all : all;
    *value = (int64_t) all;
    return all >= INT64_MIN && all <= INT64_MAX;
}

static bool s_decimal (const char *from, uint32_t digits, int64_t *value)
{
    text_t text;
    uint64_t valid, bad;
    rac_bytes bytes = s_surrounded (&text, from, strlen (from));
    return kernel->parse_decimal (&bytes, 1, digits, value, &valid, &bad) == 0;
}

START_TEST (decimal)
{
    static const struct { const char *text; uint32_t digits; bool good; int64_t value; } known [] = {
        { "123.45", 2, true, 12345 }, { "-0.05", 2, true, -5 }, { "12", 2, true, 1200 }, { "12.", 2, true, 1200 }, { ".5", 2, true, 50 },
        { "+1.5", 1, true, 15 }, { " 1.5 ", 1, true, 15 }, { "1.50000000000000000000000", 1, true, 15 }, { "1.55", 1, false, 0 },
        { "12.0", 0, true, 12 }, { "12.5", 0, false, 0 }, { "92233720368547758.07", 2, true, INT64_MAX }, { ".", 2, false, 0 }, { "", 2, false, 0 },
        { "92233720368547758.08", 2, false, 0 }, { "-92233720368547758.08", 2, true, INT64_MIN }, { "10", 18, false, 0 }, { "9", 18, true, 9000000000000000000 },
        { "1e2", 2, false, 0 }, { "1.2.3", 2, false, 0 }, { "-", 2, false, 0 }, { "1.2.3456789", 2, false, 0 }, { "0", 18, true, 0 }, { "-10", 18, false, 0 },
    };
    int64_t value, want;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        expect_msg (s_decimal (known [i].text, known [i].digits, &value) == known [i].good, "%s", known [i].text);
        expect (value == known [i].value);
    }
    uint64_t state = 0;
    for (int i = 0; i < 300000; i++) {
        char text [MOST];
        s_number (&state, text, i % 3 ? 6 : 24, false);
        uint32_t digits = (uint32_t) (random_next (&state) % 19);
        bool good = s_model_decimal (text, digits, &want);
        expect_msg (s_decimal (text, digits, &value) == good, "%s with %u digits", text, digits);
        expect (value == (good ? want : 0));
    }
}
END_TEST

// The bitmaps of a whole column.
START_TEST (column)
{
    enum { ROWS = 150 };
    static const char cell [] = "12;x1;;;-3.5;";
    rac_bytes text [ROWS];
    double value [ROWS];
    uint64_t valid [3], bad [3];
    char data [sizeof cell + 64] = { 0 };
    memcpy (data, cell, sizeof cell);
    for (uint32_t row = 0; row < ROWS; row++)
        text [row] = row % 3 == 0 ? (rac_bytes) { data, 2, 0 } : row % 3 == 1 ? (rac_bytes) { data + 3, 2, 0 } : (rac_bytes) { NULL, 0, 0 };
    expect (kernel->parse_f64 (text, ROWS, value, valid, bad) == ROWS / 3 * 2);
    for (uint32_t row = 0; row < 192; row++) {
        expect ((valid [row / 64] >> row % 64 & 1) == (row >= ROWS || row % 3 != 2));
        expect ((bad [row / 64] >> row % 64 & 1) == (row < ROWS && row % 3 == 1));
    }
    for (uint32_t row = 0; row < ROWS; row++)
        expect (value [row] == (row % 3 ? 0 : 12));
    expect (kernel->parse_f64 (text, 0, value, valid, bad) == 0);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_test (tests, f64_forms);
    tcase_add_test (tests, f64_random);
    tcase_add_test (tests, f64_half_way);
    tcase_add_test (tests, f64_very_long);
    tcase_add_test (tests, i64);
    tcase_add_test (tests, decimal);
    tcase_add_test (tests, column);
    return main_end ("parse", tests);
}
