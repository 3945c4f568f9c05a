// parse_time and print_time: against timegm for every day of ten thousand years, against a table for the forms.
#define _GNU_SOURCE
#include "kernel/print.h"
#include "sets.h"
#include <time.h>

static bool s_parse (const char *from, int64_t *us)
{
    char text [128];
    uint64_t valid, bad;
    memset (text, '3', sizeof text);
    memcpy (text, from, strlen (from));
    rac_bytes bytes = { text, (uint32_t) strlen (from), 0 };
    return kernel->parse_time (&bytes, 1, us, &valid, &bad) == 0;
}

START_TEST (days)
{
    for (int64_t day = -719162; day < 2932897; day++) {
        time_t seconds = day * 86400 + (day + 719162) % 86400;
        struct tm tm;
        char want [64], got [PRINT_ROOM + 1];
        gmtime_r (&seconds, &tm);
        snprintf (want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        got [print_time (got, seconds * 1000000)] = 0;
        expect_text (got, want);
        int64_t us = 0;
        expect (s_parse (got, &us));
        expect (us == seconds * 1000000);
    }
}
END_TEST

START_TEST (forms)
{
    static const struct { const char *text; int64_t us; } good [] = {
        { "1970-01-01", 0 }, { "1970-01-02", 86400000000 }, { "2024-01-31", 1706659200000000 }, { "2024-01-31T10:20:30", 1706696430000000 },
        { "2024-01-31 10:20:30", 1706696430000000 }, { "2024-01-31T10:20:30Z", 1706696430000000 }, { " 2024-01-31T10:20:30Z\t", 1706696430000000 },
        { "2024-01-31T10:20:30.5", 1706696430500000 }, { "2024-01-31T10:20:30.000001Z", 1706696430000001 },
        { "2024-01-31T10:20:30.0000019Z", 1706696430000001 }, { "2024-01-31T10:20:30+02:00", 1706689230000000 },
        { "2024-01-31T10:20:30.25-02:30", 1706705430250000 }, { "1969-12-31T23:59:59.999999Z", -1 }, { "2000-02-29", 951782400000000 },
        { "0001-01-01", INT64_C (-719162) * 86400000000 }, { "9999-12-31T23:59:59.999999", INT64_C (2932897) * 86400000000 - 1 },
    };
    static const char *const bad [] = {
        "", " ", "2024", "2024-01", "2024-1-31", "2024-01-32", "2024-00-10", "2024-13-10", "2024-01-00", "2023-02-29", "1900-02-29", "2024-04-31",
        "0000-01-01", "2024/01/31", "20240131", "2024-01-31T", "2024-01-31T10", "2024-01-31T10:20", "2024-01-31T24:00:00", "2024-01-31T10:60:00",
        "2024-01-31T10:20:60", "2024-01-31T10:20:30.", "2024-01-31T10:20:30.Z", "2024-01-31T10:20:30.5x", "2024-01-31T10:20:30z",
        "2024-01-31T10:20:30+0200", "2024-01-31T10:20:30+02", "2024-01-31T10:20:30+24:00", "2024-01-31T10:20:30+02:60", "2024-01-31Z",
        "2024-01-31t10:20:30", "2024-01-31T10:20:30ZZ", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2o24-01-31", "2024-01-31T1a:20:30",
        "-024-01-31", "2024-01-31X10:20:30", "2024-01-31T10-20:30", "2024-01-31 x",
    };
    int64_t us = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        expect_msg (s_parse (good [i].text, &us), "%s", good [i].text);
        expect (us == good [i].us);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_msg (!s_parse (bad [i], &us), "%s", bad [i]);
        expect (us == 0);
    }
}
END_TEST

START_TEST (prints)
{
    static const struct { int64_t us; const char *text; } known [] = {
        { 0, "1970-01-01T00:00:00Z" }, { -1, "1969-12-31T23:59:59.999999Z" }, { 500000, "1970-01-01T00:00:00.5Z" }, { 120, "1970-01-01T00:00:00.00012Z" },
        { INT64_MIN, "-9223372036854775808" }, { INT64_MAX, "9223372036854775807" }, { INT64_C (2932897) * 86400000000, "253402300800000000" },
        { INT64_C (-719162) * 86400000000 - 1, "-62135596800000001" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char got [PRINT_ROOM + 1];
        got [print_time (got, known [i].us)] = 0;
        expect_text (got, known [i].text);
    }
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_test (tests, days);
    tcase_add_test (tests, forms);
    tcase_add_test (tests, prints);
    return main_end ("time", tests);
}
