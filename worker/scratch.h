// scratch: the worker's folder for what is not kept: runs and segments, a folder a job; and its twin in memory.
//
// Segments that are small beside the memory allowed need not touch a disk: on a Pi that is an SD card of 46 MB/s. They are files in a
// folder on /dev/shm (or what RACIMO_SHM names; empty: none). Its name follows from that of the scratch folder, so that whoever outlives the worker can remove both.
#pragma once
#include "base/error.h"

CHECKED status_t scratch_new (const char *folder, error_t *error);       // made if missing; without /dev/shm there is no twin
void scratch_remove (const char *folder);                                // both, with all in them
// The folders of one job, made or removed. *twin is empty if there is none, or none that is ours alone; the caller frees both.
CHECKED status_t scratch_job_new (const char *folder, const char *name, char **job, char **twin, error_t *error);
void scratch_job_remove (const char *job, const char *twin);
