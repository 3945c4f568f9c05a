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

// The rows of a column from `from` on, which is a multiple of 64.
static inline rac_column value_slice (const rac_column *column, uint32_t from)
{
    rac_column slice = *column;
    slice.at.any = (const char *) column->at.any + (size_t) from * value_bytes (column->type);
    slice.valid = column->valid ? column->valid + from / 64 : NULL;
    return slice;
}
