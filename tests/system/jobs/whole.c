// whole: counts the rows of groups that fit into a batch, without a look at flags: such groups come whole. Sizes lie all over 1 to
// RAC_ROWS, so that the end of a batch would cut most of them.
#include <racimo.h>

enum { GROUPS = 300, STEP = 1361 };                     // sizes all over 1 .. RAC_ROWS

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    int64_t *key = (int64_t *) rac_room (out, in->rows * sizeof *key);
    int64_t *value = (int64_t *) rac_room (out, in->rows * sizeof *value);
    uint32_t rows = 0;
    for (uint32_t r = 0; r < in->rows; r++) {
        int64_t group = in->column->at.i64 [r] / RAC_ROWS, row = in->column->at.i64 [r] % RAC_ROWS;
        if (row <= (group * STEP + RAC_ROWS - 1) % RAC_ROWS) {
            key [rows] = group;
            value [rows++] = row;
        }
    }
    rac_column columns [] = { rac_of_i64 (key), rac_of_i64 (value) };
    return rac_emit (out, rows, columns, 2);
}

static rac_status s_reduce (void *state, const rac_groups *in, rac_out *out)
{
    (void) state;
    int64_t *rows = (int64_t *) rac_room (out, in->groups * sizeof *rows);
    for (uint32_t g = 0; g < in->groups; g++)
        rows [g] = in->starts [g + 1] - in->starts [g];
    rac_column columns [] = { in->key [0], rac_of_i64 (rows) };
    return rac_emit (out, in->groups, columns, 2);
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: how many rows each group has");
    rac_numbered (plan, GROUPS * RAC_ROWS);
    rac_map (plan, s_map);
    rac_key (plan, "group", RAC_I64);
    rac_value (plan, "row", RAC_I64);
    rac_reduce (plan, s_reduce);
    rac_result (plan, "group", RAC_I64);
    rac_result (plan, "rows", RAC_I64);
    return RAC_OK;
}
