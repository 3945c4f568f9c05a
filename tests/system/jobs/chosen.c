// chosen: sorted lines in partitions of the job's choice: by the last byte.
#include <racimo.h>

static void s_choose (void *state, const rac_column *key, uint32_t rows, uint32_t parts, uint32_t *part)
{
    (void) state;
    for (uint32_t row = 0; row < rows; row++) {
        const rac_bytes *line = key->at.bytes + row;
        part [row] = line->size ? (uint32_t) (unsigned char) line->data [line->size - 1] % parts : 0;
    }
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: lines sorted within partitions by their last byte");
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_key (plan, "line", RAC_BYTES);
    rac_partition (plan, RAC_CHOSEN, 5, s_choose);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
