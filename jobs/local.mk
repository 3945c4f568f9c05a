dist_jobs_DATA += jobs/grep.c jobs/groupby.c jobs/pi.c jobs/sort.c jobs/stations.c jobs/wordcount.c
