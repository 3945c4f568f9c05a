// compact: all runs of a segment merged into one, so that however much is spilled, a reducer has few runs to read at a time.
#pragma once
#include "store/segment.h"
#include "worker/collect.h"

// Merges the runs of the whole segment at `from` into one run of `to`, equal keys folded (fold: without groups, and again afterwards) or, for
// records, kept (of a unique job: once). Both files stay the caller's.
CHECKED status_t compact_runs (const job_t *job, const shape_t *shape, fold_t *fold, const char *from, segment_writer_t *to, error_t *error);
