# dist_jobs_DATA += jobs/NAME.c
