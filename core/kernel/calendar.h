// calendar: days since 1970-01-01 and the proleptic Gregorian date, both ways, after Hinnant ("chrono-compatible low-level date
// algorithms"): years are counted from the first of March, so that the leap day comes last. For the years 1 to 9999.
#pragma once
#include <stdint.h>

typedef struct { uint32_t year, month, day; } date_t;

#define DAY_US INT64_C (86400000000)
#define CALENDAR_FIRST_US (-INT64_C (719162) * DAY_US)              // 0001-01-01
#define CALENDAR_END_US (INT64_C (2932897) * DAY_US)                // 10000-01-01

static inline int64_t calendar_days (date_t date)
{
    uint32_t year = date.year - (date.month <= 2), era = year / 400, of_era = year % 400;
    uint32_t of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
    return (int64_t) (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

static inline date_t calendar_date (int64_t days)
{
    uint32_t all = (uint32_t) (days + 719468), era = all / 146097, of_era = all % 146097;
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    uint32_t day = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    return (date_t) { year + era * 400 + (month <= 2), month, day };
}

static inline uint32_t calendar_month_days (uint32_t year, uint32_t month)
{
    if (month == 2)
        return year % 4 || (year % 100 == 0 && year % 400) ? 28 : 29;
    return 30 + ((month + month / 8) & 1);
}
