// sources: the files that make a job: its source, and the local ones that it includes, for a bundle that travels to a cluster.
#pragma once
#include "wire/bundle.h"

// Follows #include "..." lines from file to file; what is included with < > and what is not there beside the file are the compiler's.
// Of a job that is compiled already: its files for all CPUs (worker/plugin_file.h).
// *count paths, absolute and without "..", the source first; sources_free them. FAILED: one cannot be read, or they are too many.
CHECKED status_t sources_find (const char *source, char ***path, size_t *count, error_t *error);
void sources_free (char ***path, size_t *count);
// The bundle of all of them.
CHECKED status_t sources_bundle (const char *source, buffer_t *bundle, error_t *error);
