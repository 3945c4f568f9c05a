// ledger: sorted rows of every type: the largest amount first, then by weight; the rest of the row breaks ties.
#include <racimo.h>

RAC_JOB (plan)
{
    rac_about (plan, "Test: events sorted by amount and weight");
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_read (plan, "amount", RAC_DECIMAL (2));
    rac_read (plan, "weight", RAC_F32);
    rac_read (plan, "user", RAC_BYTES);
    rac_read (plan, "time", RAC_TIME);
    rac_read (plan, "score", RAC_F64);
    rac_read (plan, "units", RAC_I64);
    rac_key (plan, "amount", RAC_DECIMAL (2));
    rac_key (plan, "weight", RAC_F32);
    rac_value (plan, "user", RAC_BYTES);
    rac_value (plan, "time", RAC_TIME);
    rac_value (plan, "score", RAC_F64);
    rac_value (plan, "units", RAC_I64);
    rac_descending (plan, "amount");
    if (rac_flag (plan, "unique", "one row for each amount and weight"))
        rac_unique (plan);
    rac_result (plan, "user", RAC_BYTES);
    rac_result (plan, "time", RAC_TIME);
    rac_result (plan, "amount", RAC_DECIMAL (2));
    rac_result (plan, "weight", RAC_F32);
    rac_result (plan, "score", RAC_F64);
    rac_result (plan, "units", RAC_I64);
    return RAC_OK;
}
