// work: what the master's shell keeps of one job, beside the plan's judgement: what was asked, the input and its cut, the output, and
// what the results told. One job's; the loop's thread.
#pragma once
#include "master/output.h"
#include "master/sides.h"
#include "store/input.h"
#include "wire/peer.h"

typedef struct {                                        // of the attempt that counts
    bool there;
    char *part;                                         // or NULL
    uint64_t attempt, bytes_in, rows_in, bytes_out, rows_out, rejects, time_us, spilled;
    char **counter; uint64_t *count; uint32_t counters;
} result_t;

typedef struct { char node [64]; uint64_t worker, attempts, bytes_in, moved, carried, time_us, millicelsius, throttled; } share_t;   // of a worker

typedef enum { PRINT_UNKNOWN, PRINT_ASKED, PRINT_KNOWN } print_state_t;
typedef struct { uint64_t head, tail; print_state_t state; } print_t;

typedef struct work {
    struct work *next;
    uint64_t number;
    peer_id_t *watcher; uint32_t watchers;              // clients that follow it
    char owner [KEY_TEXT];                              // key of the client that submitted it; empty: no encryption
    int64_t told_us;                                    // when they last got a STATE
    message_state_t told_state;                         // and which
    message_t asked;                                    // SUBMIT, decoded
    buffer_t encoded;                                   // and as it goes to the executors
    input_list_t inputs;
    sides_t sides;                                      // of a cluster; desk_sides_end frees it
    uint64_t input_bytes;
    buffer_t first_line;
    output_t *output;
    input_split_t *split;                               // by map task; of RAC_NUMBERED: file 0, rows
    uint32_t tasks;
    bool numbered, shuffle;
    wire_texts_t names;                                 // of the result's columns
    result_t *result [2];                               // by stage and task
    uint32_t results [2];
    int64_t submitted_us, declared_us, mapped_us, reduced_us, ended_us;   // 0: not yet
    uint64_t attempts, faults, segments, segment_bytes, segment_rows, seal_us, resident;
    uint64_t *told;                                     // workers that have got its JOB
    uint32_t tolds;
    share_t *share; uint32_t shares;                    // of the work, by node
    print_t *print;                                     // of the inputs (prints.h)
    uint64_t codecs;                                    // bit 1 << bulk_codec_t for each that data were packed with
    bool committing;                                    // an errand: it alone touches output and results
    bool ended;                                         // for the plan; what follows will be told when nothing is hidden any more
    uint64_t exit_code;
    char *end, *compiler;                               // a line, and the compiler's lines
    buffer_t summary;
    char *warning;                                      // the first one
    char *doom;                                         // or why it cannot go on
} work_t;

// What `asked` names as its inputs: each a name as a client of a cluster means it below `roots`, within `fence`; both NULL: as it stands.
typedef struct { const roots_t *roots; const input_fence_t *fence; const char *list; } names_t;    // list: a file of more names, or NULL
// Looks at output and inputs and reads the header line. NULL: refused. Takes what `asked` owns. Any thread's.
work_t *work_new (uint64_t number, message_t *asked, const names_t *names, error_t *error);
void work_destroy (work_t **self_p);                    // and what of its output is not committed
// Cuts the input as the job declared; *bytes is malloced: of each task.
CHECKED status_t work_cut (work_t *self, const message_declared_t *declared, uint64_t **bytes, error_t *error);
void work_map_message (const work_t *self, uint64_t task, message_map_t *into);                       // path and all that describes the split
void work_watch (work_t *self, const peer_id_t *client);                                               // again: once is enough
bool work_watches (const work_t *self, const peer_id_t *client);
void work_unwatch (work_t *self, uint32_t index);
share_t *work_share (work_t *self, uint64_t worker, const char *node);                                 // made if it has none yet
bool work_told (const work_t *self, uint64_t worker);   // has it got the JOB? Then it gets the FORGET too
bool work_tell (work_t *self, uint64_t worker);         // true: it has not; from now on it has
void work_keep (work_t *self, const message_done_t *done);                                             // counts instead of an older one
CHECKED status_t work_commit (work_t *self, error_t *error);
void work_name_task (const work_t *self, uint64_t stage, uint64_t task, char *text, size_t room);      // "task 3 (FILE bytes A-B)"
uint64_t work_rows (const work_t *self);                                                               // read by what counts

// summary.c: the JSON of _job.json.
void work_summary (const work_t *self, buffer_t *into);
