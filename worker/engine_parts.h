// engine_parts: what the files of the engine share; nobody else includes it.
#pragma once
#include "base/file.h"
#include "kernel/kernel.h"
#include "store/reader.h"
#include "store/sink.h"
#include "worker/collect.h"
#include "worker/engine.h"
#include "worker/job.h"
#include <stdio.h>

typedef struct { char *name; int64_t value; } counter_t;
typedef struct { char *data; size_t size, mapped; } engine_side_t;  // mapped: bytes of address space; 0: on the heap

struct engine {
    rac_out out;                                        // first: the job holds a pointer to it
    rac_env env;
    message_submit_t submit;                            // decoded; its memory is `message`'s
    message_t message;
    message_load_t load;                                // scalars and own copies of texts
    job_t *job;
    shape_t shape;
    position_t *position;
    const input_guard_t *guard;
    const message_sides_t *sides;                       // where side files lie; NULL: where the job says
    void *state; bool opened;                           // the job's own
    engine_side_t *side;                                // its side files' bytes, by index in the job
    collect_t *collect;
    message_sealed_t held;                              // tasks and attempts held since the last seal

    // the attempt under way
    const rac_batch *batch;                             // in map
    sink_t *sink;                                       // where emitted rows go: map only, and reduce
    uint64_t parts;                                     // RAC_HASH, RAC_CHOSEN
    uint32_t *part;
    arena_t *room;                                      // rac_room
    const char *lower_of; uint32_t lower_size; char *lower;   // the last text that rac_words was asked about, lower-cased
    FILE *rejected; char *rejected_path; uint64_t rejects;
    counter_t *counter; uint32_t counters;
    char **counter_name; uint64_t *counter_value;       // as the message wants them
    char *part_name, *part_path;
    char *warning;
    error_t *error;                                     // where emit and reject tell what was wrong
};

// Begins an attempt: position, counters, names "map-00003-1" or "part-00003-1".
void engine_begin (engine_t *self, const char *what, uint64_t task, uint64_t attempt, error_t *error);
CHECKED status_t engine_open_job (engine_t *self, error_t *error);       // the job's open, before its first map or reduce
CHECKED status_t engine_open_sink (engine_t *self, bool first, error_t *error);
// Ends it: closes the sink and the rejected rows, fills counters, part, rows and bytes out. On failure all its files are deleted.
CHECKED status_t engine_end (engine_t *self, status_t rc, message_done_t *done, error_t *error);
CHECKED status_t engine_reject (engine_t *self, const char *file, uint64_t offset, rac_bytes record, const char *why, error_t *error);
void engine_out_init (engine_t *self);
// Can they be had? Then read them, once. rac_env's `side`.
CHECKED status_t engine_check_sides (const engine_t *self, const message_load_t *load, error_t *error);
CHECKED status_t engine_load_sides (engine_t *self, error_t *error);
void engine_free_sides (engine_t *self);
rac_bytes engine_side (const rac_env *env, const char *name);
