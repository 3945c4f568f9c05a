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
    MESSAGE_SUBMIT = 1, MESSAGE_CANCEL, MESSAGE_ATTACH, MESSAGE_QUERY,
    // master -> client
    MESSAGE_ACCEPTED, MESSAGE_STATE, MESSAGE_FINISHED, MESSAGE_JOB_INFO, MESSAGE_NODE_INFO, MESSAGE_END,
    // whoever lacks a file of a job, and whoever has it
    MESSAGE_WANT, MESSAGE_BLOB,
    // worker -> master -> worker: a job as that node has compiled it
    MESSAGE_BUILT,
    // a new node or client, and the master's door
    MESSAGE_JOIN, MESSAGE_JOINED,
    // worker -> master
    MESSAGE_HELLO, MESSAGE_BEAT, MESSAGE_DRAIN, MESSAGE_GONE, MESSAGE_LOG, MESSAGE_LACK,
    // master -> worker
    MESSAGE_WELCOME, MESSAGE_NODES, MESSAGE_JOB, MESSAGE_BUILD, MESSAGE_FORGET, MESSAGE_ABANDON, MESSAGE_AHEAD, MESSAGE_STOP,
    // master -> worker -> executor: work for one slot
    MESSAGE_DECLARE, MESSAGE_MAP, MESSAGE_SEAL, MESSAGE_REDUCE,
    // worker -> executor
    MESSAGE_LOAD, MESSAGE_SIDES, MESSAGE_HAVE,
    // executor -> worker: bytes of a guarded input that it is about to read
    MESSAGE_NEED,
    // executor -> worker -> master: its end
    MESSAGE_DECLARED, MESSAGE_DONE, MESSAGE_SEALED, MESSAGE_FAULT,
    // bulk data, on sockets of their own: worker -> data server or other worker, and back
    MESSAGE_FETCH, MESSAGE_BULK, MESSAGE_PUT, MESSAGE_STORED,
    MESSAGE_VERBS
} message_verb_t;

typedef enum { OUTPUT_FOLDER = 0, OUTPUT_FILE } output_kind_t;

// What the user asked for. Paths are absolute; inputs may be relative for a private master, which shares its client's folder. Zero or empty:
// the job's own choice, else the default.
typedef struct {
    char *name;                                         // of the job, for people: wordcount
    char *source;                                       // path of the C or C++ file
    wire_texts_t options;                               // the job's own: name=value, in the order given
    wire_texts_t inputs;                                // files, folders, patterns
    char *input_list;                                   // those that fit no message: a file of names, each ended by a NUL (a cluster: its hash); or empty
    char *output;                                       // folder or file; empty, of a cluster: one file that the client fetches (FETCH_RESULT)
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
    char *bundle;                                       // a cluster: content hash of the sources (wire/bundle.h), asked for with WANT; empty: `source` is a path
    char *folder;                                       // a cluster: the client's folder, which relative names mean first
    wire_texts_t sides;                                 // a cluster: the job's side files, as it names them
    wire_texts_t side_hashes;                           // of each the content hash, if the client brings it along (WANT); else empty
    wire_numbers_t side_facts;                          // of each three: size and fingerprints (input_fingerprint) of the client's file; zeros: it has none
    char *user;                                         // for people and fair sharing
    uint64_t priority;                                  // 0 to 200; 100 is usual: a job with more goes first
    uint64_t detached;                                  // 1: goes on when its client leaves
} message_submit_t;

typedef struct { uint64_t job; } message_cancel_t;                  // 0: what this connection has submitted and is no job yet
typedef struct { uint64_t job; } message_attach_t;                  // STATE and FINISHED of that job from now on
typedef enum { QUERY_JOBS = 1, QUERY_NODES, QUERY_LOG } query_what_t;
typedef struct { uint64_t what, job; } message_query_t;             // answered by INFOs or LOGs and an END; job 0: all
typedef struct { uint64_t job, epoch, data; } message_accepted_t;   // data: port of the data server, for a result that is fetched; 0: none
typedef struct { char *error; } message_end_t;                      // of the answers to a QUERY; or why the master does not do what was asked

typedef enum { STATE_WAITING = 0, STATE_MAP, STATE_REDUCE, STATE_COMMIT, STATE_ENDED } state_phase_t;
typedef struct {
    uint64_t job, phase, priority, submitted_s, ended_s;            // phase: STATE_... Seconds since 1970; ended_s 0: not yet
    uint64_t bytes_done, bytes_all, tasks_done, tasks_all, slots;   // slots that work for it now
    uint64_t exit_code;
    char *name, *user, *output, *error;
} message_job_info_t;

typedef enum { NODE_AWAY = 0, NODE_READY, NODE_DRAINING, NODE_REVOKED } node_state_t;
typedef struct {
    uint64_t worker, state, slots, busy, memory, seen_ms;           // seen_ms: ago
    uint64_t millicelsius, throttled;                               // 0: unknown; bits of the Pi's firmware: 0-3 now, 16-19 since boot
    uint64_t bytes_per_s;                                           // a slot's measured speed, 0: not yet
    uint64_t cached, streamed;                                      // bytes in its chunk cache; received from the master in this life
    char *node, *address, *cpu, *release, *role, *note;             // role: worker or client; note: a warning, or empty
} message_node_info_t;

// A file by content: WANT asks for what follows `offset`, BLOB brings the next piece (at most 48 KiB). A BLOB with an error is the last.
typedef struct { char *blob; uint64_t offset; } message_want_t;
typedef struct { char *blob; uint64_t offset, size; wire_bytes_t bytes; char *error; } message_blob_t;

typedef struct { char *token, *node; } message_join_t;              // on the door's own socket; the key is the connection's
typedef struct { char *role, *cluster, *error; uint64_t control, data; } message_joined_t;  // ports; error: refused, else empty

typedef struct {                                        // at most ten a second; job 0: the master looks at what was submitted
    uint64_t job, phase;                                // phase: STATE_..., not STATE_ENDED
    uint64_t bytes_done, bytes_all, rows, tasks_done, tasks_all, workers;
} message_state_t;

typedef struct {
    uint64_t job, exit_code;                            // 0: all is in place; else see doc/racimo.1
    char *error;                                        // one line, or empty
    char *compiler;                                     // the compiler's own lines, cut to 16 KiB, or empty
    char *summary;                                      // the JSON of _job.json, or empty
} message_finished_t;

typedef struct {
    uint64_t abi, start, nonce, pid, slots, memory;       // start: of this process; nonce: of each membership of it; memory: bytes for all slots
    uint64_t compiler;                                  // 1: it can compile jobs
    uint64_t port;                                      // where it serves segments; 0: nowhere (private)
    char *address;                                      // host or address for other nodes; empty: as the master sees it
    char *node, *cpu, *release;                         // host name; x86_64, aarch64; 0.1.0
    char *machine;                                      // workers of one machine run each other's builds: a hash; empty: nobody else's
} message_hello_t;

// worker 0: this worker counts as lost: drop all work, say HELLO again. data: port of the data server, 0: none, all files are local.
typedef struct { uint64_t epoch, worker, beat_ms, data; } message_welcome_t;
// The workers of now, whenever that changes: where each serves and the key that it has (empty: no encryption). Connections of others are ended.
typedef struct { uint64_t epoch; wire_numbers_t workers; wire_texts_t endpoints, keys; } message_nodes_t;
// bytes, rows: of the attempts of `job` under way; resident: peak of all executors; cached: bytes in the chunk cache; the rest as in NODE_INFO.
typedef struct { uint64_t epoch, worker, job, bytes, rows, resident, cached, streamed, millicelsius, throttled; } message_beat_t;
typedef struct { uint64_t worker; } message_drain_t;                                     // give it no more; it leaves when nothing needs it
typedef struct { uint64_t epoch, job, slot; char *node, *text; } message_log_t;          // what a job printed there; also master -> client
typedef struct { uint64_t worker; } message_gone_t;                                      // a worker leaves of itself

typedef struct {                                        // once a job, before its first task; again after a new WELCOME
    uint64_t epoch, job;
    wire_bytes_t submit;                                // the encoded message_submit_t
    wire_bytes_t first_line;                            // of the first input file, for the names of columns
    char *folder;                                       // where attempts write parts. Who finds .racimo-EPOCH-JOB (decimal) there sees the master's disk
    wire_texts_t sides, side_paths, side_errors;        // its side files: as the job names them; where they are on the head; or why there is none
    wire_numbers_t side_facts;                          // of each seven, as of MAP: device, inode, size, mtime, ctime, head, tail; FETCH_SIDE by its index
} message_job_t;

// A node without a compiler runs what one of the same machine has compiled. It says LACK; the master asks such a one with BUILD, takes the build
// (WANT, BLOB) and says BUILT, for which the node sends WANT. With an error: there is none; kind JOB: it does not compile anywhere.
typedef struct { uint64_t epoch, job; } message_lack_t;
typedef struct { uint64_t epoch, job; } message_build_t;
typedef struct { uint64_t epoch, job, kind; char *build, *error, *compiler; } message_built_t;     // build: content hash

typedef struct { uint64_t epoch, job; } message_forget_t;                                // the job has ended: end what still runs of it, drop its segments
typedef struct { uint64_t epoch, job, stage, task, attempt, slot; } message_abandon_t;   // kill that attempt if it still runs
// That reduce task may come to this worker: what other workers have of it so far may be fetched while nothing else has to be. Takes the place of an
// earlier one of the task; without segments: it will not come. No answer, and no promise.
typedef struct {
    uint64_t epoch, job, task;
    wire_numbers_t owners, numbers, bytes;              // the rest as in REDUCE
    wire_bytes_t low, high;
    uint64_t last;
} message_ahead_t;
typedef struct { uint64_t epoch; char *reason; } message_stop_t;                         // reason: why this node is not wanted; empty: the master ends

typedef struct { uint64_t epoch, job, slot; } message_declare_t;

typedef struct {
    uint64_t epoch, job, stage, task, attempt, slot;
    uint64_t hold;                                      // 1: keep the result for a later SEAL; 0: map only, write a part
    uint64_t parts;                                     // RAC_HASH and RAC_CHOSEN: how many partitions; else 0
    char *path;                                         // empty: RAC_NUMBERED; then offset and length count rows
    uint64_t offset, length, size, inode, device, mtime_ns, packed;
    uint64_t file, ctime_ns;                            // its index in the job's input, for FETCH
    uint64_t head, tail;                                // input_fingerprint; 0 and 0 for a worker that shares the master's disk
    char *local;                                        // worker -> executor: where to read; empty: at path
    uint64_t guarded;                                   // worker -> executor: 1: ask with NEED before reading at `local`
} message_map_t;

typedef struct { uint64_t epoch, job, stage, slot, segment; } message_seal_t;            // write what the slot holds as segment number `segment`

typedef struct {
    uint64_t epoch, job, stage, task, attempt, slot;
    wire_texts_t segments;                              // paths on their owners; to an executor: each readable here
    wire_numbers_t owners, numbers, bytes;              // of each segment: worker, number given by SEAL, size of the file
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
    uint64_t sided;                                     // 0: side files lie where the job says; 1: a cluster: SIDES says where, before the first MAP or REDUCE
    wire_texts_t sides, side_errors;                    // sided: which there are, and why one cannot be had
} message_load_t;

// Side files as the job names them, where each lies here, whole, and its time, if somebody else may change it meanwhile; else 0.
typedef struct { uint64_t job; wire_texts_t sides, places; wire_numbers_t mtimes; } message_sides_t;

// Before it reads [offset, offset + length) of a guarded input the executor asks; the worker answers when all of it lies at `local`:
// HAVE names how far it may read without asking again. kind and error: it cannot be had.
typedef struct { uint64_t job, file, offset, length; } message_need_t;
typedef struct { uint64_t job, file, upto, kind; char *error; } message_have_t;

typedef struct {
    uint64_t epoch, job, slot;
    uint64_t format, header, multiline, numbered_rows;  // of input 0; how the master cuts the input
    char *delimiter;
    uint64_t shuffle;                                   // 0: map only, a part a split; 1: map, then reduce
    uint64_t spread, parts;                             // rac_spread; parts: wanted by the job, 0: by size
    uint64_t heavy;                                     // 1: the job has a reduce of its own: worth many tasks even for few bytes
    uint64_t whole;                                     // 1: rows are shuffled as maps emit them, not folded before
    wire_texts_t result_names;
} message_declared_t;

typedef struct {                                        // an attempt ended well
    uint64_t epoch, job, stage, task, attempt, slot;
    uint64_t held;                                      // 1: its result lies in the executor until SEALED names it
    uint64_t bytes_in, rows_in, bytes_out, rows_out, rejects, time_us, spilled;
    uint64_t moved, carried;                            // bytes that came over the network for it; as they were packed on the way
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
    uint64_t away;                                      // worker whose segments could not be fetched: not this task's fault; else 0
    char *error, *compiler;
} message_fault_t;

// Bulk data. A request is its own credit: whoever receives asks for at most FETCH_BYTES at a time and keeps a few requests under way, so a
// server holds no state of a transfer and no queue without bound. Payloads travel in a second frame of BULK and PUT. At the end of a file
// there are no bytes, and that is no error: who does not know how large a result is reads until then.
enum { FETCH_BYTES = 256 * 1024 };
typedef enum { FETCH_INPUT = 0, FETCH_SEGMENT, FETCH_RESULT, FETCH_SIDE } fetch_what_t;
typedef struct {
    uint64_t request, what, job, index;                 // index: of the input or side file, or the segment's number; request: comes back in the answer
    uint64_t offset, length, codecs;                    // codecs: bit 1 << bulk_codec_t for each that the asker can unpack
} message_fetch_t;
typedef struct {                                        // + a frame
    uint64_t request, offset, length, codec, checksum;  // length: unpacked; checksum: XXH3 of the unpacked bytes
    uint64_t kind; char *error;                         // error: no bytes; kind: error_kind_t
} message_bulk_t;
typedef struct {                                        // + a frame: a piece of a part that an attempt has written
    uint64_t request, job;
    char *part;                                         // name in the job's folder
    uint64_t offset, length, codec, checksum;
    uint64_t last;                                      // 1: the part ends here: have it on the disk before STORED
} message_put_t;
typedef struct { uint64_t request, kind; char *error; } message_stored_t;

typedef struct {
    message_verb_t verb;
    union {
        message_submit_t submit; message_cancel_t cancel; message_accepted_t accepted; message_state_t state; message_finished_t finished;
        message_hello_t hello; message_beat_t beat; message_gone_t gone; message_welcome_t welcome; message_job_t job; message_forget_t forget;
        message_abandon_t abandon; message_ahead_t ahead; message_stop_t stop;
        message_declare_t declare; message_map_t map; message_seal_t seal; message_reduce_t reduce;
        message_attach_t attach; message_query_t query; message_job_info_t job_info; message_node_info_t node_info; message_end_t end;
        message_want_t want; message_blob_t blob; message_lack_t lack; message_build_t build; message_built_t built;
        message_join_t join; message_joined_t joined; message_drain_t drain; message_log_t log;
        message_nodes_t nodes; message_need_t need; message_have_t have; message_fetch_t fetch; message_bulk_t bulk; message_put_t put;
        message_stored_t stored; message_load_t load; message_sides_t sides;
        message_declared_t declared; message_done_t done; message_sealed_t sealed; message_fault_t fault;
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
