// money: every declared fold over every type, by two number keys, or over all rows.
#include <racimo.h>

RAC_JOB (plan)
{
    rac_about (plan, "Test: folds of each code and score");
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_read (plan, "code", RAC_I64);
    rac_read (plan, "score", RAC_F64);
    rac_read (plan, "amount", RAC_DECIMAL (2));
    rac_read (plan, "time", RAC_TIME);
    rac_read (plan, "units", RAC_I64);
    rac_read (plan, "weight", RAC_F32);
    if (!rac_flag (plan, "all", "one group over all rows")) {
        rac_key (plan, "code", RAC_I64);
        rac_key (plan, "score", RAC_F64);
        rac_descending (plan, "code");
    }
    rac_value (plan, "amount", RAC_DECIMAL (2));
    rac_value (plan, "time", RAC_TIME);
    rac_value (plan, "units", RAC_I64);
    rac_value (plan, "weight", RAC_F32);
    rac_fold (plan, "rows", RAC_COUNT, NULL);
    rac_fold (plan, "amounts", RAC_COUNT, "amount");
    rac_fold (plan, "sum_amount", RAC_SUM, "amount");
    rac_fold (plan, "mean_amount", RAC_MEAN, "amount");
    rac_fold (plan, "min_amount", RAC_MIN, "amount");
    rac_fold (plan, "first", RAC_MIN, "time");
    rac_fold (plan, "last", RAC_MAX, "time");
    rac_fold (plan, "sum_units", RAC_SUM, "units");
    rac_fold (plan, "mean_units", RAC_MEAN, "units");
    rac_fold (plan, "max_units", RAC_MAX, "units");
    rac_fold (plan, "sum_weight", RAC_SUM, "weight");
    rac_fold (plan, "mean_weight", RAC_MEAN, "weight");
    rac_fold (plan, "min_weight", RAC_MIN, "weight");
    rac_fold (plan, "max_weight", RAC_MAX, "weight");
    return RAC_OK;
}
