// value: reading, ordering and printing by the shortest way that is plainly right.
//
// Doubles are read by strtod, which glibc rounds correctly, after the field has been checked against the grammar of
// doc/semantics.md (strtod alone would take hexadecimal and much else). The shortest text of a double is found by trying: for 1 to 17
// digits the nearest decimal by printf, and its two neighbours, because at a power of two the interval that reads back is lopsided
// and the nearest decimal may lie outside while its neighbour is inside. Slow, and independent of every clever algorithm.

#include "value.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

value_t value_bytes (const char *data, size_t size)
{
    return (value_t) { .kind = BYTES, .missing = size == 0, .data = data, .size = size };
}

value_t value_i64 (int64_t i)
{
    return (value_t) { .kind = I64, .i = i };
}

value_t value_f64 (double f)
{
    return (value_t) { .kind = F64, .f = f };
}

value_t value_missing (kind_t kind)
{
    return (value_t) { .kind = kind, .missing = true };
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading

static const char *s_digits (const char *at)
{
    while (isdigit ((unsigned char) *at))
        at++;
    return at;
}

static const char *s_sign (const char *at)
{
    return at + (*at == '+' || *at == '-');
}

static bool s_is_f64 (const char *text)
{
    const char *at = s_sign (text);
    if (!strcasecmp (at, "inf") || !strcasecmp (at, "infinity") || !strcasecmp (at, "nan"))
        return true;
    const char *whole = s_digits (at);
    size_t digits = (size_t) (whole - at);
    at = whole;
    if (*at == '.') {
        const char *fraction = s_digits (at + 1);
        digits += (size_t) (fraction - at - 1);
        at = fraction;
    }
    if (digits == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        const char *exponent = s_sign (at + 1);
        at = s_digits (exponent);
        if (at == exponent)
            return false;
    }
    return *at == 0;
}

// The digits of text and of `places` zeros behind it, as an integer within 64 bits.
static bool s_integer (const char *text, size_t digits, int places, bool negative, int64_t *into)
{
    __int128 sum = 0;
    for (size_t i = 0; i < digits + (size_t) places; i++) {
        sum = sum * 10 + (i < digits ? text [i] - '0' : 0);
        if (sum > (__int128) INT64_MAX + 1)
            return false;
    }
    sum = negative ? -sum : sum;
    *into = (int64_t) sum;
    return sum <= INT64_MAX;
}

static bool s_parse_decimal (const char *text, int digits, int64_t *into)
{
    const char *at = s_sign (text);
    const char *whole = s_digits (at);
    const char *fraction = *whole == '.' ? whole + 1 : whole;
    const char *end = s_digits (fraction);
    size_t places = (size_t) (end - fraction);
    size_t total = (size_t) (whole - at) + places;
    if (*end || (fraction == whole && places) || total == 0 || total > 4000)
        return false;
    while (places > (size_t) digits)
        if (fraction [--places] != '0')
            return false;
    char joined [4096];
    memcpy (joined, at, (size_t) (whole - at));
    memcpy (joined + (whole - at), fraction, places);
    return s_integer (joined, (size_t) (whole - at) + places, digits - (int) places, *text == '-', into);
}

static bool s_parse_i64 (const char *text, int64_t *into)
{
    const char *at = s_sign (text);
    const char *end = s_digits (at);
    return end > at && *end == 0 && s_integer (at, (size_t) (end - at), 0, *text == '-', into);
}

static int64_t s_days (int64_t year, int64_t month, int64_t day)
{
    static const int before [] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    int64_t past = year - 1;                            // whole years since 0001
    int64_t leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) && month > 2;
    return past * 365 + past / 4 - past / 100 + past / 400 + before [month - 1] + leap + day - 1 - 719162;
}

// Exactly n digits; -1: they are not there.
static int64_t s_fixed (const char **at, int n)
{
    int64_t sum = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        if (!isdigit ((unsigned char) **at))
            return -1;
        sum = sum * 10 + (**at - '0');
    }
    return sum;
}

static bool s_parse_fraction (const char **at, int64_t *us)
{
    const char *from = ++*at;
    int64_t unit = 100000;
    for (; isdigit ((unsigned char) **at); (*at)++, unit /= 10) {
        *us += unit * (**at - '0');
        if (unit == 0 && **at != '0')
            return false;
    }
    return *at > from;
}

static bool s_parse_zone (const char *at, int64_t *us)
{
    if (*at == 0 || !strcmp (at, "Z"))
        return true;
    int sign = *at == '+' ? 1 : *at == '-' ? -1 : 0;
    at++;
    int64_t hours = s_fixed (&at, 2);
    at += *at == ':';
    int64_t minutes = s_fixed (&at, 2);
    *us -= sign * (hours * 60 + minutes) * 60 * 1000000;
    return sign && hours >= 0 && minutes >= 0 && *at == 0;
}

static bool s_parse_time (const char *at, int64_t *us)
{
    static const int lengths [] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t year = s_fixed (&at, 4);
    if (year < 1 || *at++ != '-')
        return false;
    int64_t month = s_fixed (&at, 2);
    if (month < 1 || month > 12 || *at++ != '-')
        return false;
    int64_t day = s_fixed (&at, 2);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day < 1 || day > lengths [month - 1] + (month == 2 && leap))
        return false;
    *us = s_days (year, month, day) * 86400 * 1000000;
    if (*at == 0)
        return true;
    if (*at != 'T' && *at != ' ')
        return false;
    at++;
    int64_t hour = s_fixed (&at, 2);
    if (hour < 0 || hour > 23 || *at++ != ':')
        return false;
    int64_t minute = s_fixed (&at, 2);
    if (minute < 0 || minute > 59 || *at++ != ':')
        return false;
    int64_t second = s_fixed (&at, 2);
    if (second < 0 || second > 59)
        return false;
    *us += ((hour * 60 + minute) * 60 + second) * 1000000;
    if (*at == '.' && !s_parse_fraction (&at, us))
        return false;
    return s_parse_zone (at, us);
}

bool value_parse (kind_t kind, int digits, const char *text, size_t size, value_t *into)
{
    if (kind == BYTES || size == 0) {
        *into = kind == BYTES ? value_bytes (text, size) : value_missing (kind);
        into->digits = digits;
        return true;
    }
    *into = (value_t) { .kind = kind, .digits = digits };
    while (size && (*text == ' ' || *text == '\t'))
        text++, size--;
    while (size && (text [size - 1] == ' ' || text [size - 1] == '\t'))
        size--;
    char field [4200];
    if (size >= sizeof field || memchr (text, 0, size))
        return false;
    memcpy (field, text, size);
    field [size] = 0;
    switch (kind) {
        case I64: return s_parse_i64 (field, &into->i);
        case DECIMAL: return s_parse_decimal (field, digits, &into->i);
        case TIME: return s_parse_time (field, &into->i);
        default: break;
    }
    into->f = strtod (field, NULL);
    if (kind == F32)
        into->f = (double) (float) into->f;
    return s_is_f64 (field);
}

// ---------------------------------------------------------------------------------------------------------------------
// Order

value_t value_as_key (value_t value)
{
    if (value.kind == F64 || value.kind == F32)
        value.f = isnan (value.f) ? (double) NAN : value.f + 0.0;     // -0 + 0 is +0
    return value;
}

static int s_compare_f64 (double a, double b)
{
    if (isnan (a) || isnan (b))
        return !!isnan (a) - !!isnan (b);
    if (a == 0 && b == 0)
        return !!signbit (b) - !!signbit (a);
    return (a > b) - (a < b);
}

static int s_compare_bytes (const value_t *a, const value_t *b)
{
    size_t common = a->size < b->size ? a->size : b->size;
    int order = common ? memcmp (a->data, b->data, common) : 0;
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

int value_compare (const value_t *a, const value_t *b)
{
    if (a->missing || b->missing)
        return b->missing - a->missing;
    switch (a->kind) {
        case BYTES: return s_compare_bytes (a, b);
        case F64: case F32: return s_compare_f64 (a->f, b->f);
        default: return (a->i > b->i) - (a->i < b->i);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Printing

static bool s_reads_back (long long digits, int exponent, double value)
{
    char text [64];
    snprintf (text, sizeof text, "%llde%d", digits, exponent);
    return strtod (text, NULL) == value;
}

// The fewest digits for a positive finite value = digits * 10^exponent.
static void s_shortest (double value, long long *digits, int *exponent)
{
    for (int n = 1; ; n++) {
        char text [64], joined [64];
        snprintf (text, sizeof text, "%.*e", n - 1, value);
        char *e = strchr (text, 'e');
        snprintf (joined, sizeof joined, "%c%.*s", text [0], n > 1 ? (int) (e - text - 2) : 0, text + 2);
        long long nearest = atoll (joined);
        *exponent = atoi (e + 1) - (n - 1);
        for (int step = 0; step < 3; step++) {
            *digits = nearest + (step == 1) - (step == 2);
            if (s_reads_back (*digits, *exponent, value))
                return;
        }
    }
}

static void s_print_plain (FILE *to, const char *digits, int count, int point)
{
    if (point <= 0)
        fprintf (to, "0.%.*s%s", -point, "0000", digits);
    else
    if (point >= count)
        fprintf (to, "%s%.*s", digits, point - count, "0000000000000000");
    else
        fprintf (to, "%.*s.%s", point, digits, digits + point);
}

void print_f64 (FILE *to, double value)
{
    if (isnan (value)) {
        fputs ("nan", to);
        return;
    }
    if (signbit (value))
        fputc ('-', to);
    value = fabs (value);
    if (isinf (value) || value == 0) {
        fputs (value == 0 ? "0" : "inf", to);
        return;
    }
    long long digits;
    int exponent;
    s_shortest (value, &digits, &exponent);
    for (; digits % 10 == 0; digits /= 10)
        exponent++;
    char text [32];
    int count = snprintf (text, sizeof text, "%lld", digits);
    int point = count + exponent;                       // digits before the point
    if (point > -4 && point <= 16)
        s_print_plain (to, text, count, point);
    else
        fprintf (to, "%c%s%se%+03d", text [0], count > 1 ? "." : "", text + 1, point - 1);
}

static void s_print_decimal (FILE *to, int64_t value, int digits)
{
    char text [64];
    int count = snprintf (text, sizeof text, "%0*llu", digits + 1,
        value < 0 ? 0ull - (unsigned long long) value : (unsigned long long) value);
    fprintf (to, "%s%.*s", value < 0 ? "-" : "", count - digits, text);
    if (digits)
        fprintf (to, ".%s", text + count - digits);
}

static void s_print_time (FILE *to, int64_t us)
{
    int64_t day = us / 86400000000 - (us % 86400000000 < 0);
    int64_t rest = us - day * 86400000000;
    int64_t year = 1, month = 1;
    while (s_days (year + 1, 1, 1) <= day)
        year++;
    while (month < 12 && s_days (year, month + 1, 1) <= day)
        month++;
    int64_t second = rest / 1000000;
    fprintf (to, "%04d-%02d-%02dT%02d:%02d:%02d", (int) year, (int) month, (int) (day - s_days (year, month, 1) + 1),
        (int) (second / 3600), (int) (second / 60 % 60), (int) (second % 60));
    if (rest % 1000000) {
        char fraction [8];
        snprintf (fraction, sizeof fraction, "%06d", (int) (rest % 1000000));
        for (size_t end = 6; fraction [end - 1] == '0'; )
            fraction [--end] = 0;
        fprintf (to, ".%s", fraction);
    }
    fputc ('Z', to);
}

void value_print (FILE *to, const value_t *value)
{
    if (value->missing)
        return;
    switch (value->kind) {
        case BYTES: fwrite (value->data, 1, value->size, to); break;
        case I64: fprintf (to, "%lld", (long long) value->i); break;
        case DECIMAL: s_print_decimal (to, value->i, value->digits); break;
        case TIME: s_print_time (to, value->i); break;
        default: print_f64 (to, value->f);
    }
}
