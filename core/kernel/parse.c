// parse: text to f64, i64 and decimal.
//
// Most numbers have at most 16 characters behind the sign. These are read as one or two words and never byte by byte, so that
// no branch depends on how long this row's number is: the text is shifted against the top of the word, '0' is taken from
// each byte, the point is found as a byte like others and closed up, all bytes are checked at once to be digits, and three
// multiplications add them up (Lemire; Langdale; "Muła's trick"):
//
//     - 1 2 . 3     word  . . . . 1 2 . 3  ->  . . . . . 1 2 3   123, one place behind the point
//
// What that does not take (blanks, plus, exponent, infinity, more digits, no number at all) goes by a scan a byte at a time
// that is exact about what is a number. An f64 is then rounded by round.c; with more than 19 digits its first 19 are tried
// with the last one up and down, and only if these disagree strtod gets the whole as digits and exponent, which no locale changes.
#include "kernel/powers.h"
#include "kernel/shared.h"

#include <math.h>
#include <strings.h>

enum { SHORT = 16, KEPT = 800 };        // KEPT: 768 digits and whether more follow decide every double

typedef struct { uint64_t mantissa; uint32_t places; } short_t;     // mantissa / 10^places

#define ALWAYS inline __attribute__ ((always_inline))   // before what runs once a row
#define RARELY __attribute__ ((noinline))               // keeps what does not out of the loops

#define EVERY(byte) (UINT64_C (0x0101010101010101) * (byte))

static const uint64_t s_ten [] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
    10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
    UINT64_C (10000000000000000000),
};

static ALWAYS uint64_t s_word (const char *at)
{
    uint64_t word;
    memcpy (&word, at, sizeof word);
    return word;
}

// Eight digits, each 0 to 9, the first in the lowest byte.
static ALWAYS uint64_t s_add_up (uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    return ((digits & UINT64_C (0xff000000ff)) * (100 + (UINT64_C (1000000) << 32))
        + ((digits >> 16) & UINT64_C (0xff000000ff)) * (1 + (UINT64_C (10000) << 32))) >> 32;
}

static ALWAYS bool s_all_digits (uint64_t digits)
{
    return !(((digits + EVERY (0x76)) | digits) & EVERY (0x80));
}

// The high bit of the first byte that is a point, or 0. (Borrows can raise false bits, but only above a true one.)
static ALWAYS uint64_t s_point (uint64_t digits)
{
    uint64_t other = digits ^ EVERY ('.' ^ '0'), points = (other - EVERY (1)) & ~other & EVERY (0x80);
    return points & -points;
}

// What is before the point moves up over it.
static ALWAYS uint64_t s_close (uint64_t digits, uint64_t point)
{
    uint64_t before = (point >> 7) - 1;
    return (digits & ~(before << 8 | 0xff)) | (digits & before) << 8;
}

// size: 1 to 8.
static ALWAYS bool s_read_8 (const char *at, uint32_t size, short_t *number)
{
    uint64_t digits = (s_word (at) ^ EVERY ('0')) << (64 - 8 * size), point = s_point (digits), closed = s_close (digits, point);
    digits = point ? closed : digits;
    number->places = point ? (uint32_t) __builtin_clzll (point) / 8 : 0;
    number->mantissa = s_add_up (digits);
    return s_all_digits (digits) && size > (point != 0);
}

// size: 9 to 16. The text's last eight bytes are the second word.
static ALWAYS bool s_read_16 (const char *at, uint32_t size, short_t *number)
{
    uint32_t free = 8 * (SHORT - size);
    uint64_t first = (s_word (at) ^ EVERY ('0')) << free, second = s_word (at + size - 8) ^ EVERY ('0');
    uint64_t point = s_point (first), later = s_point (second);
    number->places = 0;
    if (point) {
        first = s_close (first, point);
        number->places = 8 + (uint32_t) __builtin_clzll (point) / 8;
    }
    else
    if (later) {
        second = s_close (second, later) | first >> 56;
        first <<= 8;
        number->places = (uint32_t) __builtin_clzll (later) / 8;
    }
    number->mantissa = s_add_up (first) * 100000000 + s_add_up (second);
    return s_all_digits (first) && s_all_digits (second);
}

static ALWAYS bool s_read_short (const char *at, uint32_t size, short_t *number)
{
    return size - 1 < 8 ? s_read_8 (at, size, number) : size - 1 < SHORT && s_read_16 (at, size, number);
}

// The slow but whole way for f64.
typedef struct {
    uint64_t mantissa;                  // the first 19 significant digits
    int64_t exponent;                   // the number is about mantissa x 10^exponent,
    bool more;                          // and more than that if a digit behind was not zero
    const char *digits, *digits_end;    // with their point
} long_t;

// An exponent's digits; exponents beyond any text's length stay there, so that nothing overflows.
static bool s_read_exponent (const char *at, const char *end, int64_t *exponent)
{
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    if (at == end)
        return false;
    int64_t value = 0;
    for (; at < end; at++) {
        unsigned digit = (unsigned) (uint8_t) *at - '0';
        if (digit > 9)
            return false;
        if (value < INT64_C (100000000000))
            value = value * 10 + digit;
    }
    *exponent += negative ? -value : value;
    return true;
}

static bool s_read_long (const char *at, const char *end, long_t *number)
{
    bool any = false, point = false;
    uint32_t significant = 0;
    *number = (long_t) { .digits = at };
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        unsigned digit = (unsigned) (uint8_t) *at - '0';
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        if (digit > 9)
            return false;
        any = true;
        if (significant < 19) {
            number->mantissa = number->mantissa * 10 + digit;
            significant += number->mantissa != 0;
            number->exponent -= point;
        }
        else {
            number->more |= digit != 0;
            number->exponent += !point;
        }
    }
    number->digits_end = at;
    return any && (at == end || s_read_exponent (at + 1, end, &number->exponent));
}

// All that decides: the significant digits, at most KEPT of them, a one if something follows, and the exponent.
static double s_read_exactly (const long_t *number)
{
    char text [KEPT + 32];
    size_t size = 0;
    bool more = false;
    for (const char *at = number->digits; at < number->digits_end; at++) {
        if (*at == '.' || (*at == '0' && size == 0))
            continue;
        if (size < KEPT)
            text [size++] = *at;
        else
            more |= *at != '0';
    }
    int64_t exponent = number->exponent - ((int64_t) size - 19);
    if (more) {
        text [size++] = '1';
        exponent--;
    }
    exponent = exponent < -99999 ? -99999 : exponent > 99999 ? 99999 : exponent;
    snprintf (text + size, sizeof text - size, "e%d", (int) exponent);
    return strtod (text, NULL);
}

static bool s_is_word (const char *at, const char *end, const char *word)
{
    size_t size = strlen (word);
    return (size_t) (end - at) == size && strncasecmp (at, word, size) == 0;
}

RARELY static bool s_f64_slowly (const char *at, const char *end, double *value)
{
    shared_trim (&at, &end);
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    long_t number;
    if (s_is_word (at, end, "nan")) {
        *value = NAN;
        return true;
    }
    if (s_is_word (at, end, "inf") || s_is_word (at, end, "infinity"))
        *value = INFINITY;
    else
    if (!s_read_long (at, end, &number))
        return false;
    else {
        *value = number.mantissa ? round_decimal (number.mantissa, number.exponent) : 0;
        if (number.more && round_decimal (number.mantissa + 1, number.exponent) != *value)
            *value = s_read_exactly (&number);
    }
    *value = negative ? -*value : *value;
    return true;
}

// The sign is the divisor's, so that it costs nothing and "-0" is -0.
static ALWAYS bool s_f64 (const char *at, uint32_t size, double *value)
{
    static const double unit [2] [SHORT + 1] = {
        { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16 },
        { -1e0, -1e1, -1e2, -1e3, -1e4, -1e5, -1e6, -1e7, -1e8, -1e9, -1e10, -1e11, -1e12, -1e13, -1e14, -1e15, -1e16 },
    };
    short_t number;
    uint32_t negative = *at == '-';
    if (!s_read_short (at + negative, size - negative, &number) || number.mantissa > UINT64_C (1) << 53)
        return s_f64_slowly (at, at + size, value);
    *value = (double) (int64_t) number.mantissa / unit [negative] [number.places];
    return true;
}

uint32_t shared_parse_f64 (const rac_bytes *text, uint32_t rows, double *value, uint64_t *valid, uint64_t *bad)
{
    uint32_t refused = 0;
    shared_start (rows, valid, bad);
    for (uint32_t row = 0; row < rows; row++)
        if (text [row].size == 0 || !s_f64 (text [row].data, text [row].size, &value [row])) {
            value [row] = 0;
            refused += shared_refuse (row, text [row].size, valid, bad);
        }
    return refused;
}

// The magnitude with its sign, if it is in range.
static ALWAYS bool s_signed (uint64_t magnitude, bool negative, int64_t *value)
{
    *value = (int64_t) (negative ? -magnitude : magnitude);
    return magnitude <= (uint64_t) INT64_MAX + negative;
}

// A number times 10^digits; digits < 0: no point is allowed.
RARELY static bool s_fixed_slowly (const char *at, const char *end, int digits, int64_t *value)
{
    shared_trim (&at, &end);
    bool negative = at < end && *at == '-', any = false, point = digits < 0;
    at += at < end && (*at == '-' || *at == '+');
    int places = 0;
    uint64_t magnitude = 0;
    for (; at < end; at++) {
        unsigned digit = (unsigned) (uint8_t) *at - '0';
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        if (digit > 9)
            return false;
        any = true;
        if (point && places == digits) {
            if (digit)
                return false;
            continue;
        }
        places += point && digits >= 0;
        if (__builtin_mul_overflow (magnitude, 10u, &magnitude) || __builtin_add_overflow (magnitude, digit, &magnitude))
            return false;
    }
    for (; places < digits; places++)
        if (__builtin_mul_overflow (magnitude, 10u, &magnitude))
            return false;
    return any && s_signed (magnitude, negative, value);
}

uint32_t shared_parse_i64 (const rac_bytes *text, uint32_t rows, int64_t *value, uint64_t *valid, uint64_t *bad)
{
    uint32_t refused = 0;
    shared_start (rows, valid, bad);
    for (uint32_t row = 0; row < rows; row++) {
        const char *at = text [row].data;
        uint32_t size = text [row].size, negative = size && *at == '-';
        short_t number;
        if (size && s_read_short (at + negative, size - negative, &number) && !number.places
            && at [size - 1] != '.')
            value [row] = negative ? -(int64_t) number.mantissa : (int64_t) number.mantissa;
        else
        if (!size || !s_fixed_slowly (at, at + size, -1, &value [row])) {
            value [row] = 0;
            refused += shared_refuse (row, size, valid, bad);
        }
    }
    return refused;
}

uint32_t shared_parse_decimal (const rac_bytes *text, uint32_t rows, uint32_t digits, int64_t *value, uint64_t *valid, uint64_t *bad)
{
    uint32_t refused = 0;
    shared_start (rows, valid, bad);
    for (uint32_t row = 0; row < rows; row++) {
        const char *at = text [row].data;
        uint32_t size = text [row].size, negative = size && *at == '-';
        uint64_t magnitude;
        short_t number;
        if (size && s_read_short (at + negative, size - negative, &number) && number.places <= digits
            && !__builtin_mul_overflow (number.mantissa, s_ten [digits - number.places], &magnitude)
            && s_signed (magnitude, negative, &value [row]))
            continue;
        if (!size || !s_fixed_slowly (at, at + size, (int) digits, &value [row])) {
            value [row] = 0;
            refused += shared_refuse (row, size, valid, bad);
        }
    }
    return refused;
}
