// numbers: doubles and singles of random bits, so of every exponent, in input order and without a file.
#include <racimo.h>

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    double *doubles = (double *) rac_room (out, in->rows * sizeof *doubles);
    float *singles = (float *) rac_room (out, in->rows * sizeof *singles);
    for (uint32_t row = 0; row < in->rows; row++) {
        uint64_t bits = rac_random (7, (uint64_t) in->column->at.i64 [row]);
        if (in->column->at.i64 [row] % 16 == 0)
            bits &= 0xfff0000000000000u;                // a power of two, around which doubles lie unevenly
        uint32_t half = (uint32_t) (bits >> 32);
        memcpy (doubles + row, &bits, sizeof bits);
        memcpy (singles + row, &half, sizeof half);
    }
    rac_column columns [] = { in->column [0], rac_of_f64 (doubles), rac_column_of (RAC_F32, singles) };
    return rac_emit (out, in->rows, columns, 3);
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: numbers of random bits");
    rac_numbered (plan, rac_param_i64 (plan, "rows", "20000", "how many"));
    rac_map (plan, s_map);
    rac_result (plan, "n", RAC_I64);
    rac_result (plan, "double", RAC_F64);
    rac_result (plan, "single", RAC_F32);
    return RAC_OK;
}
