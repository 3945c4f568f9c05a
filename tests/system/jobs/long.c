// One group of 700 MB: its values come to reduce in parts that fit into memory, however long each is.
#include <racimo.h>

enum { VALUES = 1400, SIZE = 500000 };

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    char *text = (char *) rac_room (out, SIZE);
    memset (text, 'x', SIZE);
    rac_bytes key = rac_text ("all"), value = { text, SIZE, 0 };
    rac_column column [2] = { rac_of_bytes (&key), rac_of_bytes (&value) };
    rac_status status = RAC_OK;
    for (uint32_t row = 0; row < in->rows && status == RAC_OK; row++) {
        memcpy (text, &in->column [0].at.i64 [row], sizeof (int64_t));
        status = rac_emit (out, 1, column, 2);
    }
    return status;
}

static rac_status reduce (void *state, const rac_groups *in, rac_out *out)
{
    (void) state;
    int64_t bytes = 0;
    for (uint32_t row = 0; row < in->starts [in->groups]; row++)
        bytes += in->value->at.bytes [row].size;
    rac_column part = rac_of_i64 (&bytes);
    return rac_emit (out, 1, &part, 1);
}

RAC_JOB (plan)
{
    rac_numbered (plan, VALUES);
    rac_map (plan, map);
    rac_key (plan, "key", RAC_BYTES);
    rac_value (plan, "value", RAC_BYTES);
    rac_reduce (plan, reduce);
    rac_result (plan, "bytes", RAC_I64);
    return RAC_OK;
}
