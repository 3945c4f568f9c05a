// weigh: for each number, the byte of a side file at a place that depends on it, and how large that file is. Whoever reads another file says so.
#include <racimo.h>
#include <stdlib.h>

static rac_status open_model (const rac_env *env, void **state)
{
    rac_bytes *model = (rac_bytes *) malloc (sizeof *model);
    *model = env->side (env, "model");
    *state = model;
    return RAC_OK;
}

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    const rac_bytes *model = (const rac_bytes *) state;
    const int64_t *at = in->column [0].at.i64;
    int64_t weight [RAC_ROWS], size [RAC_ROWS];
    for (uint32_t row = 0; row < in->rows; row++) {
        weight [row] = model->size ? (unsigned char) model->data [(uint64_t) at [row] * 7919 % model->size] : -1;
        size [row] = model->size;
    }
    rac_column column [3] = { rac_of_i64 (at), rac_of_i64 (weight), rac_of_i64 (size) };
    return rac_emit (out, in->rows, column, 3);
}

RAC_JOB (plan)
{
    const char *path = rac_param (plan, "model", "weights.bin", "the model");
    rac_side (plan, "model", path);
    rac_numbered (plan, 20000);
    rac_open (plan, open_model, free);
    rac_map (plan, map);
    rac_result (plan, "at", RAC_I64);
    rac_result (plan, "weight", RAC_I64);
    rac_result (plan, "size", RAC_I64);
    return RAC_OK;
}
