// powers: 128 leading bits of the powers of ten, and the one multiplication both ways of number conversion are made of.
#pragma once
#include <stdint.h>

enum { POWER_FIRST = -342, POWER_LAST = 324, POWER_EXACT = 55 };    // 10^0 .. 10^55 have no more than 128 significant bits

typedef struct { uint64_t high, low; } power_t;

extern const power_t power_of_ten [POWER_LAST - POWER_FIRST + 1];   // rounded down

// The double nearest to mantissa x 10^exponent, ties to even; mantissa is not 0.
double round_decimal (uint64_t mantissa, int64_t exponent);
