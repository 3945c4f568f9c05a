// parse_time: ISO 8601 dates and times to microseconds since 1970, UTC.
//
//     2024-01-31   2024-01-31T10:20:30   2024-01-31 10:20:30.25Z   2024-01-31T10:20:30+02:00
//
// Years 0001 to 9999; no zone means UTC; digits of the fraction behind the sixth are dropped. There is no second 60: what
// follows would have no microsecond of its own.
#include "kernel/calendar.h"
#include "kernel/shared.h"

// Two digits, or 100 and more if they are none.
static inline uint32_t s_two (const char *at)
{
    uint32_t tens = (uint32_t) (uint8_t) at [0] - '0', ones = (uint32_t) (uint8_t) at [1] - '0';
    return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

static bool s_date (const char *at, int64_t *us)
{
    uint32_t century = s_two (at), years = s_two (at + 2);
    date_t date = { century * 100 + years, s_two (at + 5), s_two (at + 8) };
    if (century > 99 || years > 99 || date.year == 0 || at [4] != '-' || at [7] != '-')
        return false;
    if (date.month - 1 > 11 || date.day == 0 || date.day > calendar_month_days (date.year, date.month))
        return false;
    *us = calendar_days (date) * DAY_US;
    return true;
}

static bool s_clock (const char *at, int64_t *us)
{
    uint32_t hours = s_two (at), minutes = s_two (at + 3), seconds = s_two (at + 6);
    if (hours > 23 || minutes > 59 || seconds > 59 || at [2] != ':' || at [5] != ':')
        return false;
    *us += (int64_t) (hours * 3600 + minutes * 60 + seconds) * 1000000;
    return true;
}

// The digits behind a point; at least one.
static bool s_fraction (const char **at, const char *end, int64_t *us)
{
    const char *first = *at;
    uint32_t weight = 100000;
    for (; *at < end && (uint8_t) (**at - '0') <= 9; ++*at, weight /= 10)
        *us += weight * (uint32_t) (**at - '0');
    return *at > first;
}

static bool s_zone (const char *at, const char *end, int64_t *us)
{
    if (at == end)
        return true;
    if (*at == 'Z')
        return end - at == 1;
    if (end - at != 6 || (*at != '+' && *at != '-') || at [3] != ':')
        return false;
    uint32_t hours = s_two (at + 1), minutes = s_two (at + 4);
    int64_t ahead = (int64_t) (hours * 60 + minutes) * 60000000;
    *us -= *at == '+' ? ahead : -ahead;
    return hours <= 23 && minutes <= 59 && *us >= CALENDAR_FIRST_US && *us < CALENDAR_END_US;
}

static bool s_time (const char *at, const char *end, int64_t *us)
{
    shared_trim (&at, &end);
    if (end - at < 10 || !s_date (at, us))
        return false;
    at += 10;
    if (at == end)
        return true;
    if (end - at < 9 || (*at != 'T' && *at != ' ') || !s_clock (at + 1, us))
        return false;
    at += 9;
    if (at < end && *at == '.') {
        at++;
        if (!s_fraction (&at, end, us))
            return false;
    }
    return s_zone (at, end, us);
}

uint32_t shared_parse_time (const rac_bytes *text, uint32_t rows, int64_t *value, uint64_t *valid, uint64_t *bad)
{
    uint32_t refused = 0;
    shared_start (rows, valid, bad);
    for (uint32_t row = 0; row < rows; row++)
        if (text [row].size == 0 || !s_time (text [row].data, text [row].data + text [row].size, &value [row])) {
            value [row] = 0;
            refused += shared_refuse (row, text [row].size, valid, bad);
        }
    return refused;
}
