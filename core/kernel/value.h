// value: what every loop over a column's values must know of its type.
#pragma once
#include <racimo.h>
#include <stdbool.h>

// Bytes that a value takes in an array.
static inline uint32_t value_bytes (rac_type type)
{
    return type == RAC_BYTES ? sizeof (rac_bytes) : type == RAC_F32 ? sizeof (float) : sizeof (int64_t);
}

static inline bool value_missing (const rac_column *column, uint32_t row)
{
    return column->valid && !(column->valid [row / 64] >> row % 64 & 1);
}
