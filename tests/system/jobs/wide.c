// More keys than results, and every array handed out looked at: aligned to 64 bytes, readable behind its end.
#include <racimo.h>

static int64_t sum_of_tail;                             // what lies behind an end may be read, whatever it is

static void look (const rac_column *column, uint32_t columns, size_t bytes, uint32_t rows, rac_out *out)
{
    for (uint32_t c = 0; c < columns; c++) {
        rac_count (out, (uintptr_t) column [c].at.any % 64 ? "unaligned" : "aligned", 1);
        for (size_t at = 0; at < 64; at++)
            sum_of_tail += ((const volatile char *) column [c].at.any) [rows * bytes + at];
    }
}

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    int64_t *key [4];
    rac_column column [5];
    look (in->column, in->columns, sizeof (int64_t), in->rows, out);
    for (int k = 0; k < 4; k++) {
        key [k] = (int64_t *) rac_room (out, in->rows * sizeof (int64_t));
        for (uint32_t row = 0; row < in->rows; row++)
            key [k] [row] = in->column [0].at.i64 [row] >> k & 1;
        column [k] = rac_of_i64 (key [k]);
    }
    column [4] = in->column [0];
    return rac_emit (out, in->rows, column, 5);
}

static rac_status reduce (void *state, const rac_groups *in, rac_out *out)
{
    (void) state;
    look (in->key, 4, sizeof (int64_t), in->groups, out);
    look (in->value, 1, sizeof (int64_t), in->starts [in->groups], out);
    int64_t *sum = (int64_t *) rac_room (out, in->groups * sizeof (int64_t));
    for (uint32_t g = 0; g < in->groups; g++) {
        sum [g] = 0;
        for (uint32_t row = in->starts [g]; row < in->starts [g + 1]; row++)
            sum [g] += in->value->at.i64 [row];
    }
    rac_column result = rac_of_i64 (sum);
    return rac_emit (out, in->groups, &result, 1);
}

RAC_JOB (plan)
{
    rac_numbered (plan, 4000);
    rac_map (plan, map);
    rac_key (plan, "a", RAC_I64);
    rac_key (plan, "b", RAC_I64);
    rac_key (plan, "c", RAC_I64);
    rac_key (plan, "d", RAC_I64);
    rac_value (plan, "row", RAC_I64);
    rac_reduce (plan, reduce);
    rac_result (plan, "sum", RAC_I64);
    return RAC_OK;
}
