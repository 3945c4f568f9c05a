// sum: the exact sum of doubles, as one long integer.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUM_LIMBS = 70 };                                // of 32 bits: the 2,098 of all finite doubles, and room for 2^60 of them

typedef struct {
    int64_t limb [SUM_LIMBS];                           // least first, in units of 2^-1074; each may be out of range until carried
    size_t pending;                                     // additions since the last carry
    bool nan, positive_infinity, negative_infinity;
} sum_t;                                                // zeroed: the sum of nothing

void sum_add (sum_t *self, double value);
double sum_result (sum_t *self);                        // rounded once, to nearest even
