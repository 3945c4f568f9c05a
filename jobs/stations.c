// stations: the coldest, the mean and the warmest reading of each station, from lines such as "Nairobi;21.4".
//
// A job without a single function: it names the columns to read, the key and the folds.
#include <racimo.h>

RAC_JOB (plan)
{
    rac_about (plan, "Coldest, mean and warmest reading of each station, from lines \"station;celsius\"");
    rac_input (plan, RAC_CSV, ";", RAC_NO_HEADER);
    rac_read (plan, "station", RAC_BYTES);
    rac_read (plan, "celsius", RAC_F64);

    rac_key (plan, "station", RAC_BYTES);
    rac_value (plan, "celsius", RAC_F64);
    rac_fold (plan, "min", RAC_MIN, "celsius");
    rac_fold (plan, "mean", RAC_MEAN, "celsius");
    rac_fold (plan, "max", RAC_MAX, "celsius");
    return RAC_OK;
}
