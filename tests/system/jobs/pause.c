// pause: sorts lines and stands still in its first reduce until the test lets it go, so that a test can change the world in the middle of a shuffle.
#include "stand.h"

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    return rac_emit (out, in->rows, in->column, 1);
}

static rac_status s_reduce (void *state, const rac_groups *in, rac_out *out)
{
    stand_still (state);
    uint32_t opened = in->flags & RAC_OPENED;           // a group that goes on: its key is there already
    rac_column key = rac_of_bytes (in->key [0].at.bytes + opened);
    return in->groups > opened ? rac_emit (out, in->groups - opened, &key, 1) : RAC_OK;
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: distinct lines in order; waits in its first reduce");
    stand_params (plan);
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, stand_open, free);
    rac_map (plan, s_map);
    rac_key (plan, "line", RAC_BYTES);
    rac_reduce (plan, s_reduce);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
