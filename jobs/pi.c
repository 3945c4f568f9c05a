// pi: Monte Carlo without any input: of random points in the unit square, pi / 4 lie within the circle.
//
// The rows are only numbers. rac_random makes a point from seed and row alone, so the result is the same however the rows are
// cut into tasks, and the loop has no state that would keep the compiler from using vectors.
#include <racimo.h>

static rac_status open_seed (const rac_env *env, void **state)
{
    uint64_t *seed = (uint64_t *) malloc (sizeof *seed);
    if (!seed)
        return RAC_FAIL;
    *seed = (uint64_t) strtoll (env->param (env, "seed"), NULL, 10);
    *state = seed;
    return RAC_OK;
}

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    const uint64_t seed = *(const uint64_t *) state;
    const int64_t *number = in->column [0].at.i64;
    double hit [RAC_ROWS];
    for (uint32_t row = 0; row < in->rows; row++) {
        uint64_t point = 2 * (uint64_t) number [row];
        double x = rac_uniform (rac_random (seed, point));
        double y = rac_uniform (rac_random (seed, point + 1));
        hit [row] = x * x + y * y < 1 ? 4 : 0;
    }
    rac_column column = rac_of_f64 (hit);
    return rac_emit (out, in->rows, &column, 1);
}

RAC_JOB (plan)
{
    int64_t samples = rac_param_i64 (plan, "samples", "10000000", "how many random points");
    rac_param_i64 (plan, "seed", "1", "which random points: another seed gives another estimate");
    if (samples < 1)
        return rac_refuse (plan, "--samples must be 1 or more");

    rac_about (plan, "An estimate of pi by random points; no input");
    rac_numbered (plan, samples);
    rac_open (plan, open_seed, free);
    rac_map (plan, map);
    rac_value (plan, "hit", RAC_F64);
    rac_fold (plan, "pi", RAC_MEAN, "hit");
    return RAC_OK;
}
