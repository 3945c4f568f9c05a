// late: distinct lines in order; the map that sees the line "wait" stands still until the test lets it go. If that is the last line, all other maps
// end before, so that a test can change the world when much is mapped and nothing can be reduced.
#include "stand.h"

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    const rac_bytes *line = in->column [0].at.bytes;
    if (in->rows && line [in->rows - 1].size == 4 && !memcmp (line [in->rows - 1].data, "wait", 4))
        stand_still (state);
    return rac_emit (out, in->rows, in->column, 1);
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: distinct lines in order; waits in its last map");
    stand_params (plan);
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, stand_open, free);
    rac_map (plan, s_map);
    rac_key (plan, "line", RAC_BYTES);
    rac_unique (plan);
    return RAC_OK;
}
