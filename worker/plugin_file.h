// plugin_file: a job that its author has compiled: FILE.so, for one CPU; or FILE.x86_64.so, FILE.aarch64.so, ... beside each other, one a CPU.
#pragma once
#include "base/error.h"

bool plugin_file_is (const char *path);                 // by its name
// The one for this machine if it lies beside `path`, else path itself; the caller frees it.
char *plugin_file_choose (const char *path);
// Is it a shared object for this machine? kind JOB: it is none at all; else another machine may be the right one.
CHECKED status_t plugin_file_check (const char *path, error_t *error);
// The paths of all that belong to `path`, itself first; the caller frees them and the list.
char **plugin_file_list (const char *path, size_t *count);
// How much of a file's name is the job's: without .so and the CPU.
size_t plugin_file_stem (const char *name);
