// gate: stands still in its first map until the test lets it go.
#include "stand.h"

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    stand_still (state);
    return rac_emit (out, in->rows, in->column, 1);
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: waits in its first map");
    stand_params (plan);
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, stand_open, free);
    rac_map (plan, s_map);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
