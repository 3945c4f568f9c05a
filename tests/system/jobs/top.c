// top: the three largest amounts of each user, by a secondary sort: values come with the largest amount first.
#include <racimo.h>

typedef struct { int64_t seen; } top_t;

static rac_status s_open (const rac_env *env, void **state)
{
    (void) env;
    *state = calloc (1, sizeof (top_t));
    return *state ? RAC_OK : RAC_FAIL;
}

// One row of a column, with its own validity.
static rac_column s_row (const rac_column *column, uint32_t row, uint64_t *valid)
{
    rac_column one = *column;
    *valid = !column->valid || (column->valid [row / 64] >> row % 64 & 1);
    one.valid = valid;
    if (column->type == RAC_BYTES)
        one.at.bytes += row;
    else
        one.at.i64 += row;
    return one;
}

static rac_status s_emit_row (rac_out *out, const rac_groups *in, uint32_t group, uint32_t row, int64_t rank)
{
    uint64_t valid [4];
    rac_column columns [] = { s_row (in->key, group, valid), rac_of_i64 (&rank), s_row (in->value, row, valid + 1),
        s_row (in->value + 1, row, valid + 2), s_row (in->value + 2, row, valid + 3) };
    return rac_emit (out, 1, columns, 5);
}

static rac_status s_reduce (void *state, const rac_groups *in, rac_out *out)
{
    top_t *self = (top_t *) state;
    for (uint32_t group = 0; group < in->groups; group++) {
        if (group > 0 || !(in->flags & RAC_OPENED))
            self->seen = 0;
        for (uint32_t row = in->starts [group]; row < in->starts [group + 1]; row++)
            if (++self->seen <= 3 && s_emit_row (out, in, group, row, self->seen))
                return RAC_FAIL;
    }
    return RAC_OK;
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: the three largest amounts of each user");
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_read (plan, "user", RAC_BYTES);
    rac_read (plan, "amount", RAC_DECIMAL (2));
    rac_read (plan, "time", RAC_TIME);
    rac_read (plan, "note", RAC_BYTES);
    rac_key (plan, "user", RAC_BYTES);
    rac_value (plan, "amount", RAC_DECIMAL (2));
    rac_value (plan, "time", RAC_TIME);
    rac_value (plan, "note", RAC_BYTES);
    rac_descending (plan, "amount");
    rac_open (plan, s_open, free);
    rac_reduce (plan, s_reduce);
    rac_result (plan, "user", RAC_BYTES);
    rac_result (plan, "rank", RAC_I64);
    rac_result (plan, "amount", RAC_DECIMAL (2));
    rac_result (plan, "time", RAC_TIME);
    rac_result (plan, "note", RAC_BYTES);
    return RAC_OK;
}
