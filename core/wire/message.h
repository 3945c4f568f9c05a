// message: every control message, as one plain struct beside one table of fields.
//
// The tables are the protocol: one walker encodes, decodes, prints and documents them all (doc/protocol.md is checked against them
// by a test). The same messages go between client, master and worker over ZeroMQ, and between worker and executor over a SEQPACKET
// socketpair. A body is one msgpack map from field name to value, at most MESSAGE_LIMIT bytes; decoding checks depth, counts and trailing
// bytes before anything is allocated, then types, names and UTF-8. Every field is required, none may come twice.
//
// Texts are of two sorts. What people read (errors, names, counters) is UTF-8, and encoding repairs what is not. What names a file or
// is the user's own (paths, options, delimiters) is bytes without NUL, which come out as they went in. NULL is sent as the empty text.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include <stdint.h>

enum { MESSAGE_PROTOCOL = 1, MESSAGE_LIMIT = 64 * 1024 };

typedef struct { char *data; uint32_t size; } wire_bytes_t;
typedef struct { char **item; uint32_t count; } wire_texts_t;
typedef struct { uint64_t *item; uint32_t count; } wire_numbers_t;
typedef struct { wire_bytes_t *item; uint32_t count; } wire_bytes_list_t;

typedef enum {
    // client -> master
    MESSAGE_SUBMIT = 1, MESSAGE_CANCEL,
    // master -> client
    MESSAGE_ACCEPTED, MESSAGE_STATE, MESSAGE_FINISHED,
    // worker -> master
    MESSAGE_HELLO, MESSAGE_BEAT, MESSAGE_GONE,
    // master -> worker
    MESSAGE_WELCOME, MESSAGE_JOB, MESSAGE_FORGET, MESSAGE_ABANDON, MESSAGE_STOP,
    // master -> worker -> executor: work for one slot
    MESSAGE_DECLARE, MESSAGE_MAP, MESSAGE_SEAL, MESSAGE_REDUCE,
    // worker -> executor
    MESSAGE_LOAD,
    // executor -> worker -> master: its end
    MESSAGE_DECLARED, MESSAGE_DONE, MESSAGE_SEALED, MESSAGE_FAULT,
    MESSAGE_VERBS
} message_verb_t;

typedef enum { OUTPUT_FOLDER = 0, OUTPUT_FILE } output_kind_t;

// What the user asked for. Paths are absolute; inputs may be relative for a private master, which shares its client's folder. Zero or empty: the job's own choice, else the default.
typedef struct {
    char *name;                                         // of the job, for people: wordcount
    char *source;                                       // path of the C or C++ file
    wire_texts_t options;                               // the job's own: name=value, in the order given
    wire_texts_t inputs;                                // files, folders, patterns
    char *input_list;                                   // a file that holds more of them, each ended by a NUL, for those that fit no message; or empty
    char *output;                                       // folder or file
    uint64_t output_kind, overwrite, sync;
    uint64_t format;                                    // rac_format, 0: the job's
    char *delimiter;
    uint64_t header;                                    // 0: as the job says, 1: there is one, 2: there is none
    uint64_t multiline;
    uint64_t output_format;                             // rac_format, 0: TSV
    uint64_t output_header;                             // 0: CSV yes, TSV no; 1: yes; 2: no
    uint64_t chunk;                                     // bytes of a split, 0: default
    uint64_t batch_rows;                                // 0: RAC_ROWS
    uint64_t partitions;                                // 0: by size
    uint64_t max_rejects;
    uint64_t task_timeout_s;                            // 0: default
    uint64_t shuffle_seed;                              // tests: hand out tasks in this pseudo-random order; 0: in input order
} message_submit_t;

typedef struct { uint64_t job; } message_cancel_t;
typedef struct { uint64_t job, epoch; } message_accepted_t;

typedef struct {                                        // at most ten a second
    uint64_t job, phase;                                // phase: 0 waiting, 1 map, 2 reduce, 3 commit
    uint64_t bytes_done, bytes_all, rows, tasks_done, tasks_all, tasks_running, workers;
} message_state_t;

typedef struct {
    uint64_t job, exit_code;                            // 0: all is in place; else see doc/racimo.1
    char *error;                                        // one line, or empty
    char *compiler;                                     // the compiler's own lines, cut to 16 KiB, or empty
    char *summary;                                      // the JSON of _job.json, or empty
} message_finished_t;

typedef struct {
    uint64_t protocol, abi, nonce, pid, slots, memory;  // nonce: of this boot of the worker; memory: bytes for all slots
    char *node, *cpu;                                   // host name; x86_64, aarch64
} message_hello_t;

typedef struct { uint64_t epoch, worker, beat_ms; } message_welcome_t;                   // worker 0: this worker counts as lost: drop all work, say HELLO again
typedef struct { uint64_t epoch, worker, job, bytes, rows, resident; } message_beat_t;   // bytes, rows: of the attempts under way; resident: peak of all executors
typedef struct { uint64_t worker; } message_gone_t;                                      // a worker leaves of itself

typedef struct {                                        // once a job, before its first task; again after a new WELCOME
    uint64_t epoch, job;
    wire_bytes_t submit;                                // the encoded message_submit_t
    wire_bytes_t first_line;                            // of the first input file, for the names of columns
    char *folder;                                       // where attempts write parts: attempt files are created here
} message_job_t;

typedef struct { uint64_t epoch, job; } message_forget_t;                                // the job has ended: end what still runs of it, drop its segments
typedef struct { uint64_t epoch, job, stage, task, attempt, slot; } message_abandon_t;   // kill that attempt if it still runs
typedef struct { uint64_t epoch; } message_stop_t;

typedef struct { uint64_t epoch, job, slot; } message_declare_t;

typedef struct {
    uint64_t epoch, job, stage, task, attempt, slot;
    uint64_t hold;                                      // 1: keep the result for a later SEAL; 0: map only, write a part
    uint64_t parts;                                     // RAC_HASH and RAC_CHOSEN: how many partitions; else 0
    char *path;                                         // empty: RAC_NUMBERED; then offset and length count rows
    uint64_t offset, length, size, inode, device, mtime_ns, packed;
} message_map_t;

typedef struct { uint64_t epoch, job, stage, slot, segment; } message_seal_t;            // write what the slot holds as segment number `segment`

typedef struct {
    uint64_t epoch, job, stage, task, attempt, slot;
    wire_texts_t segments;                              // paths, each readable here
    wire_bytes_t low, high;                             // keys k with low <= k < high; high empty: no upper border
    uint64_t last;                                      // 1: high is infinite
} message_reduce_t;

typedef struct {
    uint64_t job, memory, slot;                         // memory: bytes this executor may use for data
    wire_bytes_t submit, first_line;
    char *plugin;                                       // path of the compiled job
    char *scratch;                                      // folder for runs and segments
    char *twin;                                         // the same in memory, for segments that are small; empty: none
    char *folder;                                       // for parts
} message_load_t;

typedef struct {
    uint64_t epoch, job, slot;
    uint64_t format, header, multiline, numbered_rows;  // of input 0; how the master cuts the input
    char *delimiter;
    uint64_t shuffle;                                   // 0: map only, a part a split; 1: map, then reduce
    uint64_t spread, parts;                             // rac_spread; parts: wanted by the job, 0: by size
    uint64_t heavy;                                     // 1: the job has a reduce of its own: worth many tasks even for few bytes
    wire_texts_t result_names;
} message_declared_t;

typedef struct {                                        // an attempt ended well
    uint64_t epoch, job, stage, task, attempt, slot;
    uint64_t held;                                      // 1: its result lies in the executor until SEALED names it
    uint64_t bytes_in, rows_in, bytes_out, rows_out, rejects, time_us, spilled;
    char *part;                                         // name of the attempt in the job's folder: its part, unless held; its rejected rows: + ".rejected"
    char *warning;                                      // or empty
    wire_texts_t counters; wire_numbers_t counts;
} message_done_t;

typedef struct {
    uint64_t epoch, job, stage, slot, segment;
    wire_numbers_t tasks, attempts;                     // the exact set that it holds
    char *path;                                         // empty if it holds no record
    uint64_t bytes, rows, time_us;
    wire_bytes_list_t keys;                             // a sample of its keys, ascending, each cut to 64 bytes, at most 128
    wire_numbers_t weights;                             // bytes of the segment before each of them
} message_sealed_t;

// An attempt failed, or a slot lost what it held. Each DECLARE, MAP, SEAL and REDUCE has exactly one answer, in the order given; a death of
// the executor answers the message that it was at (later ones go to its successor). After a failed SEAL the slot holds nothing.
typedef struct {
    uint64_t epoch, job, stage, task, attempt, slot;
    uint64_t verb;                                      // of what failed: DECLARE, MAP, SEAL, REDUCE; 0: the executor died between messages
    uint64_t kind;                                      // error_kind_t
    uint64_t lost;                                      // 1: the executor died; what the slot held is gone
    char *error, *compiler;
} message_fault_t;

typedef struct {
    message_verb_t verb;
    union {
        message_submit_t submit; message_cancel_t cancel; message_accepted_t accepted; message_state_t state; message_finished_t finished;
        message_hello_t hello; message_beat_t beat; message_gone_t gone; message_welcome_t welcome; message_job_t job; message_forget_t forget;
        message_abandon_t abandon; message_stop_t stop; message_declare_t declare; message_map_t map; message_seal_t seal; message_reduce_t reduce;
        message_load_t load; message_declared_t declared; message_done_t done; message_sealed_t sealed; message_fault_t fault;
    };
    arena_t *memory;                                    // what a decoded message points to; NULL for one made by hand
} message_t;

// Appends [verb byte][protocol byte][msgpack body] to `into`. FAILED: larger than MESSAGE_LIMIT.
CHECKED status_t message_encode (const message_t *self, buffer_t *into, error_t *error);
// A new message that owns all it points to, or an error that names verb and field.
CHECKED status_t message_decode (const void *bytes, size_t size, message_t *into, error_t *error);
void message_free (message_t *self);
void message_print (const message_t *self, buffer_t *into);        // one line, for logs
const char *message_name (message_verb_t verb);                    // "submit"

// The tables, for the walker, the documentation and the tests.
typedef enum { FIELD_NUMBER, FIELD_TEXT, FIELD_PATH, FIELD_BYTES, FIELD_TEXTS, FIELD_PATHS, FIELD_NUMBERS, FIELD_BYTES_LIST } field_kind_t;
typedef struct { const char *name; field_kind_t kind; size_t at; const char *about; } field_t;
typedef struct { const char *name; const char *from, *to, *about; const field_t *field; size_t fields; size_t size; } verb_t;
extern const verb_t message_verbs [MESSAGE_VERBS];                 // by verb; [0] is empty
void message_document (buffer_t *into);                            // the tables as Markdown, for doc/protocol.md
