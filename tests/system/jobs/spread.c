// spread: two folds of the job's own side by side, with states of different size and results of different type.
#include <racimo.h>

typedef struct { int64_t any, least, greatest; } spread_t;
typedef struct { uint64_t squares; uint32_t odd, values; } blend_t;

static int s_present (const rac_column *values, uint32_t row)
{
    return !values->valid || (values->valid [row / 64] >> row % 64 & 1);
}

static void s_spread_start (void *states, uint32_t groups)
{
    memset (states, 0, groups * sizeof (spread_t));
}

static void s_spread_widen (spread_t *state, int64_t least, int64_t greatest)
{
    state->least = !state->any || least < state->least ? least : state->least;
    state->greatest = !state->any || greatest > state->greatest ? greatest : state->greatest;
    state->any = 1;
}

static void s_spread_add (void *states, const uint32_t *group, const rac_column *values, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++)
        if (s_present (values, row))
            s_spread_widen ((spread_t *) states + group [row], values->at.i64 [row], values->at.i64 [row]);
}

static void s_spread_merge (void *states, const uint32_t *group, const void *others, uint32_t rows)
{
    const spread_t *other = (const spread_t *) others;
    for (uint32_t row = 0; row < rows; row++)
        if (other [row].any)
            s_spread_widen ((spread_t *) states + group [row], other [row].least, other [row].greatest);
}

static void s_spread_result (const void *states, uint32_t groups, void *values)
{
    const spread_t *state = (const spread_t *) states;
    for (uint32_t group = 0; group < groups; group++)
        ((double *) values) [group] = (double) state [group].greatest / 8 - (double) state [group].least / 8;
}

static void s_blend_start (void *states, uint32_t groups)
{
    memset (states, 0, groups * sizeof (blend_t));
}

static void s_blend_add (void *states, const uint32_t *group, const rac_column *values, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++)
        if (s_present (values, row)) {
            blend_t *state = (blend_t *) states + group [row];
            uint64_t value = (uint64_t) values->at.i64 [row];
            state->squares += value * value;
            state->odd += (uint32_t) (value & 1);
            state->values++;
        }
}

static void s_blend_merge (void *states, const uint32_t *group, const void *others, uint32_t rows)
{
    const blend_t *other = (const blend_t *) others;
    for (uint32_t row = 0; row < rows; row++) {
        blend_t *state = (blend_t *) states + group [row];
        state->squares += other [row].squares;
        state->odd += other [row].odd;
        state->values += other [row].values;
    }
}

static void s_blend_result (const void *states, uint32_t groups, void *values)
{
    const blend_t *state = (const blend_t *) states;
    for (uint32_t group = 0; group < groups; group++)
        ((int64_t *) values) [group] = (int64_t) (state [group].squares ^ (uint64_t) state [group].odd << 32 ^ state [group].values);
}

static const rac_fold_def s_spread = { sizeof (rac_fold_def), sizeof (spread_t), RAC_F64, 0,
    s_spread_start, s_spread_add, s_spread_merge, s_spread_result };
static const rac_fold_def s_blend = { sizeof (rac_fold_def), sizeof (blend_t), RAC_I64, 0,
    s_blend_start, s_blend_add, s_blend_merge, s_blend_result };

RAC_JOB (plan)
{
    rac_about (plan, "Test: own folds of the units of each user");
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_read (plan, "user", RAC_BYTES);
    rac_read (plan, "units", RAC_I64);
    rac_key (plan, "user", RAC_BYTES);
    rac_value (plan, "units", RAC_I64);
    rac_own_fold (plan, "spread", &s_spread, "units");
    rac_own_fold (plan, "blend", &s_blend, "units");
    rac_fold (plan, "rows", RAC_COUNT, NULL);
    if (rac_flag (plan, "hash", "three hash partitions instead of ranges"))
        rac_partition (plan, RAC_HASH, 3, NULL);
    return RAC_OK;
}
