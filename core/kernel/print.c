// print: integers, decimals, times, and any column's value. For f64 see print_float.c.
#include "kernel/print.h"
#include "kernel/calendar.h"
#include "kernel/digits.h"
#include "kernel/value.h"

// Writes the sign and returns the magnitude; INT64_MIN has one, too.
static inline uint64_t s_sign (char *to, int64_t value, size_t *size)
{
    *to = '-';
    *size = value < 0;
    return value < 0 ? -(uint64_t) value : (uint64_t) value;
}

size_t print_i64 (char *to, int64_t value)
{
    size_t size;
    uint64_t magnitude = s_sign (to, value, &size);
    uint32_t count = digits_count (magnitude);
    digits_write (to + size, magnitude, count);
    return size + count;
}

size_t print_decimal (char *to, int64_t value, uint32_t digits)
{
    if (digits == 0)
        return print_i64 (to, value);
    size_t size;
    uint64_t magnitude = s_sign (to, value, &size);
    uint32_t count = digits_count (magnitude);
    if (count <= digits)
        count = digits + 1;                             // the zero before the point
    digits_write (to + size, magnitude, count);
    char *point = to + size + count - digits;
    memmove (point + 1, point, digits);
    *point = '.';
    return size + count + 1;
}

static inline void s_part (char *to, char before, uint64_t value, uint32_t count)
{
    *to = before;
    digits_write (to + 1, value, count);
}

// A time that has no year of four digits is printed as its number of microseconds: it is data gone wrong, but not lost.
size_t print_time (char *to, int64_t us)
{
    if (us < CALENDAR_FIRST_US || us >= CALENDAR_END_US)
        return print_i64 (to, us);
    int64_t days = us / DAY_US - (us % DAY_US < 0);
    uint64_t of_day = (uint64_t) (us - days * DAY_US), seconds = of_day / 1000000, fraction = of_day % 1000000;
    date_t date = calendar_date (days);
    digits_write (to, date.year, 4);
    s_part (to + 4, '-', date.month, 2);
    s_part (to + 7, '-', date.day, 2);
    s_part (to + 10, 'T', seconds / 3600, 2);
    s_part (to + 13, ':', seconds / 60 % 60, 2);
    s_part (to + 16, ':', seconds % 60, 2);
    size_t size = 19;
    if (fraction) {
        s_part (to + size, '.', fraction, 6);
        for (size += 7; to [size - 1] == '0'; size--)
            ;
    }
    to [size] = 'Z';
    return size + 1;
}

size_t print_value (char *to, rac_type type, const rac_column *column, uint32_t row)
{
    if (value_missing (column, row))
        return 0;
    switch (type & 0xff) {
    case RAC_F64:
        return print_f64 (to, column->at.f64 [row]);
    case RAC_F32:
        return print_f64 (to, (double) column->at.f32 [row]);
    case RAC_TIME:
        return print_time (to, column->at.i64 [row]);
    case RAC_DECIMAL (0):
        return print_decimal (to, column->at.i64 [row], type >> 8);
    default:
        return print_i64 (to, column->at.i64 [row]);
    }
}
