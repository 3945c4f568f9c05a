// tables: the protocol itself. A message is added by a struct in message.h and a table here; nothing else knows its fields.
//
// A test demands that the fields of each table fill their struct without a gap, so that none is forgotten.
#include "wire/message.h"

#define FIELD(type, field, sort, text) { #field, FIELD_##sort, offsetof (message_##type##_t, field), text }

#define EPOCH(type) FIELD (type, epoch, NUMBER, "the master's, from WELCOME or ACCEPTED")
#define JOB(type) FIELD (type, job, NUMBER, "number of the job")
#define SLOT(type) FIELD (type, slot, NUMBER, "the worker's slot, from 0")
#define STAGE(type) FIELD (type, stage, NUMBER, "0 map, 1 reduce")
#define TASK(type) FIELD (type, task, NUMBER, "index in the stage"), FIELD (type, attempt, NUMBER, "of the task, from 0")

static const field_t submit_fields [] = {
    FIELD (submit, name, TEXT, "of the job, for people"),
    FIELD (submit, source, PATH, "the C or C++ file"),
    FIELD (submit, options, PATHS, "the job's own, name=value"),
    FIELD (submit, inputs, PATHS, "files, folders, patterns"),
    FIELD (submit, input_list, PATH, "a file of more inputs, each ended by a NUL, or of a cluster its content hash, asked for with WANT; or empty"),
    FIELD (submit, output, PATH, "folder or file"),
    FIELD (submit, output_kind, NUMBER, "0 folder, 1 file"),
    FIELD (submit, overwrite, NUMBER, "1: replace what is there, at the successful end"),
    FIELD (submit, sync, NUMBER, "1: fsync parts and folder"),
    FIELD (submit, format, NUMBER, "rac_format, 0: the job's"),
    FIELD (submit, delimiter, PATH, "one byte, or empty: the format's"),
    FIELD (submit, header, NUMBER, "0: as the job says, 1: there is one, 2: there is none"),
    FIELD (submit, multiline, NUMBER, "1: newlines inside quotes are data"),
    FIELD (submit, output_format, NUMBER, "rac_format, 0: TSV"),
    FIELD (submit, output_header, NUMBER, "0: CSV yes, TSV no; 1: yes; 2: no"),
    FIELD (submit, chunk, NUMBER, "bytes of a split, 0: by size"),
    FIELD (submit, batch_rows, NUMBER, "0: the most"),
    FIELD (submit, partitions, NUMBER, "0: by size"),
    FIELD (submit, max_rejects, NUMBER, "rows that may be rejected"),
    FIELD (submit, task_timeout_s, NUMBER, "seconds without progress, 0: the worker's default"),
    FIELD (submit, shuffle_seed, NUMBER, "order in which tasks are handed out, 0: of the input"),
    FIELD (submit, bundle, TEXT, "content hash of the sources, which the master asks for with WANT; empty: source is a path there"),
    FIELD (submit, folder, PATH, "the client's, which relative names mean first; or empty"),
    FIELD (submit, sides, PATHS, "the job's side files, as it names them"),
    FIELD (submit, side_hashes, TEXTS, "of each: content hash, if the client brings it (WANT); else empty"),
    FIELD (submit, side_facts, NUMBERS, "of each three: size, fingerprints of head and tail of the client's file; zeros: it has none"),
    FIELD (submit, user, TEXT, "who asks"),
    FIELD (submit, priority, NUMBER, "0 to 200, 100 is usual; more goes first"),
    FIELD (submit, detached, NUMBER, "1: goes on when its client leaves"),
};

static const field_t cancel_fields [] = { FIELD (cancel, job, NUMBER, "number of the job, 0: whatever this connection has submitted that has none yet") };
static const field_t attach_fields [] = { JOB (attach) };
static const field_t query_fields [] = { FIELD (query, what, NUMBER, "1 jobs, 2 nodes, 3 the log of a job"), JOB (query) };
static const field_t end_fields [] = { FIELD (end, error, TEXT, "why there is no answer, or empty") };

static const field_t job_info_fields [] = {
    JOB (job_info),
    FIELD (job_info, phase, NUMBER, "0 waiting, 1 map, 2 reduce, 3 commit, 4 ended"),
    FIELD (job_info, priority, NUMBER, "as submitted"),
    FIELD (job_info, submitted_s, NUMBER, "seconds since 1970"),
    FIELD (job_info, ended_s, NUMBER, "the same, 0: not yet"),
    FIELD (job_info, bytes_done, NUMBER, "of the input"),
    FIELD (job_info, bytes_all, NUMBER, "of the input"),
    FIELD (job_info, tasks_done, NUMBER, "of this phase"),
    FIELD (job_info, tasks_all, NUMBER, "of this phase"),
    FIELD (job_info, slots, NUMBER, "that work for it now"),
    FIELD (job_info, exit_code, NUMBER, "of one that has ended"),
    FIELD (job_info, name, TEXT, "of the job"),
    FIELD (job_info, user, TEXT, "who asked"),
    FIELD (job_info, output, PATH, "folder or file"),
    FIELD (job_info, error, TEXT, "one line, or empty"),
};

static const field_t node_info_fields [] = {
    FIELD (node_info, worker, NUMBER, "number of the worker, 0: none now"),
    FIELD (node_info, state, NUMBER, "0 away, 1 ready, 2 draining, 3 revoked"),
    FIELD (node_info, slots, NUMBER, "tasks at a time"),
    FIELD (node_info, busy, NUMBER, "of them at work"),
    FIELD (node_info, memory, NUMBER, "bytes for all slots"),
    FIELD (node_info, seen_ms, NUMBER, "milliseconds since it was heard of"),
    FIELD (node_info, millicelsius, NUMBER, "of its processor, 0: unknown"),
    FIELD (node_info, throttled, NUMBER, "bits of a Pi's firmware: 0 undervoltage, 1 capped, 2 throttled, 3 hot; 16 to 19: since its boot"),
    FIELD (node_info, bytes_per_s, NUMBER, "of input that one slot maps, 0: not measured"),
    FIELD (node_info, cached, NUMBER, "bytes in its chunk cache"),
    FIELD (node_info, streamed, NUMBER, "bytes received from the master"),
    FIELD (node_info, node, TEXT, "host name"),
    FIELD (node_info, address, TEXT, "where it is"),
    FIELD (node_info, cpu, TEXT, "x86_64 or aarch64"),
    FIELD (node_info, release, TEXT, "of racimo"),
    FIELD (node_info, role, TEXT, "worker or client"),
    FIELD (node_info, note, TEXT, "a warning, or empty"),
};

static const field_t want_fields [] = {
    FIELD (want, blob, TEXT, "content hash"),
    FIELD (want, offset, NUMBER, "of the first byte that is lacking"),
};

static const field_t blob_fields [] = {
    FIELD (blob, blob, TEXT, "content hash"),
    FIELD (blob, offset, NUMBER, "of these bytes"),
    FIELD (blob, size, NUMBER, "of the whole"),
    FIELD (blob, bytes, BYTES, "at most 48 KiB"),
    FIELD (blob, error, TEXT, "why it cannot be had, or empty"),
};

static const field_t join_fields [] = {
    FIELD (join, token, TEXT, "the secret part of the token"),
    FIELD (join, node, TEXT, "host name"),
};

static const field_t joined_fields [] = {
    FIELD (joined, role, TEXT, "worker or client, as the token says"),
    FIELD (joined, cluster, TEXT, "its name"),
    FIELD (joined, error, TEXT, "why refused, or empty"),
    FIELD (joined, control, NUMBER, "port for jobs and work"),
    FIELD (joined, data, NUMBER, "port for bulk data"),
};

static const field_t accepted_fields [] = { JOB (accepted), FIELD (accepted, epoch, NUMBER, "of this life of the master"),
    FIELD (accepted, data, NUMBER, "port of the data server, for a result that is fetched; 0: none") };

static const field_t state_fields [] = {
    FIELD (state, job, NUMBER, "number of the job, 0: its names are being looked at"),
    FIELD (state, phase, NUMBER, "0 waiting, 1 map, 2 reduce, 3 commit"),
    FIELD (state, bytes_done, NUMBER, "of the input"),
    FIELD (state, bytes_all, NUMBER, "of the input"),
    FIELD (state, rows, NUMBER, "read so far"),
    FIELD (state, tasks_done, NUMBER, "of this phase"),
    FIELD (state, tasks_all, NUMBER, "of this phase"),
    FIELD (state, workers, NUMBER, "registered now"),
};

static const field_t finished_fields [] = {
    JOB (finished),
    FIELD (finished, exit_code, NUMBER, "0: all is in place"),
    FIELD (finished, error, TEXT, "one line, or empty"),
    FIELD (finished, compiler, TEXT, "the compiler's own lines, or empty"),
    FIELD (finished, summary, TEXT, "the JSON of _job.json, or empty"),
};

static const field_t hello_fields [] = {
    FIELD (hello, abi, NUMBER, "RAC_ABI"),
    FIELD (hello, start, NUMBER, "random, of this process: tells one that comes back from another with the same key"),
    FIELD (hello, nonce, NUMBER, "random, of each membership of it"),
    FIELD (hello, pid, NUMBER, "process"),
    FIELD (hello, slots, NUMBER, "tasks at a time"),
    FIELD (hello, memory, NUMBER, "bytes for all slots"),
    FIELD (hello, compiler, NUMBER, "1: it can compile jobs"),
    FIELD (hello, port, NUMBER, "where it serves segments, 0: nowhere"),
    FIELD (hello, address, TEXT, "host or address for other nodes, empty: as the master sees it"),
    FIELD (hello, node, TEXT, "host name"),
    FIELD (hello, cpu, TEXT, "x86_64 or aarch64"),
    FIELD (hello, release, TEXT, "of racimo"),
    FIELD (hello, machine, TEXT, "workers of one machine run each other's builds; empty: nobody else's"),
};

static const field_t lack_fields [] = { EPOCH (lack), JOB (lack) };
static const field_t build_fields [] = { EPOCH (build), JOB (build) };
static const field_t built_fields [] = {
    EPOCH (built), JOB (built),
    FIELD (built, kind, NUMBER, "of the error, as in FAULT"),
    FIELD (built, build, TEXT, "content hash of the shared object with its stamp, for WANT"),
    FIELD (built, error, TEXT, "why there is none, or empty"),
    FIELD (built, compiler, TEXT, "the compiler's own lines, or empty"),
};

static const field_t beat_fields [] = {
    EPOCH (beat), FIELD (beat, worker, NUMBER, "from WELCOME"), JOB (beat),
    FIELD (beat, bytes, NUMBER, "done by the attempts under way"),
    FIELD (beat, rows, NUMBER, "done by the attempts under way"),
    FIELD (beat, resident, NUMBER, "peak bytes of all executors"),
    FIELD (beat, cached, NUMBER, "bytes in the chunk cache"),
    FIELD (beat, streamed, NUMBER, "bytes received from the master"),
    FIELD (beat, millicelsius, NUMBER, "of the processor, 0: unknown"),
    FIELD (beat, throttled, NUMBER, "as in NODE_INFO"),
};

static const field_t drain_fields [] = { FIELD (drain, worker, NUMBER, "from WELCOME") };

static const field_t log_fields [] = {
    EPOCH (log), JOB (log), SLOT (log),
    FIELD (log, node, TEXT, "host name"),
    FIELD (log, text, TEXT, "what the job printed"),
};

static const field_t gone_fields [] = { FIELD (gone, worker, NUMBER, "from WELCOME") };

static const field_t welcome_fields [] = {
    FIELD (welcome, epoch, NUMBER, "of this life of the master"),
    FIELD (welcome, worker, NUMBER, "the worker's number; 0: counts as lost, say HELLO again"),
    FIELD (welcome, beat_ms, NUMBER, "milliseconds between BEATs"),
    FIELD (welcome, data, NUMBER, "port of the data server, 0: none"),
};

static const field_t nodes_fields [] = {
    EPOCH (nodes),
    FIELD (nodes, workers, NUMBERS, "their numbers"),
    FIELD (nodes, endpoints, TEXTS, "tcp://HOST:PORT where each serves segments"),
    FIELD (nodes, keys, TEXTS, "public key of each, or empty: no encryption"),
};

static const field_t job_fields [] = {
    EPOCH (job), JOB (job),
    FIELD (job, submit, BYTES, "an encoded SUBMIT"),
    FIELD (job, first_line, BYTES, "of the first input file"),
    FIELD (job, folder, PATH, "where attempts write parts; a file .racimo-EPOCH-JOB in it shows that it is the master's own"),
    FIELD (job, sides, PATHS, "its side files, as it names them"),
    FIELD (job, side_paths, PATHS, "of each: where it is on the head"),
    FIELD (job, side_errors, TEXTS, "of each: why it cannot be had, or empty"),
    FIELD (job, side_facts, NUMBERS, "of each seven: device, inode, size, mtime_ns, ctime_ns, head, tail, as in MAP"),
};

static const field_t forget_fields [] = { EPOCH (forget), JOB (forget) };
static const field_t abandon_fields [] = { EPOCH (abandon), JOB (abandon), STAGE (abandon), TASK (abandon), SLOT (abandon) };

static const field_t ahead_fields [] = {
    EPOCH (ahead), JOB (ahead), FIELD (ahead, task, NUMBER, "index in the reduce stage"),
    FIELD (ahead, owners, NUMBERS, "other workers that have segments of it so far; empty: the task will not come"),
    FIELD (ahead, numbers, NUMBERS, "from SEAL, of each"),
    FIELD (ahead, bytes, NUMBERS, "size of each"),
    FIELD (ahead, low, BYTES, "first key"),
    FIELD (ahead, high, BYTES, "the key behind the last"),
    FIELD (ahead, last, NUMBER, "1: no upper border"),
};

static const field_t stop_fields [] = { EPOCH (stop), FIELD (stop, reason, TEXT, "why this node is not wanted; empty: the master ends") };
static const field_t declare_fields [] = { EPOCH (declare), JOB (declare), SLOT (declare) };

static const field_t map_fields [] = {
    EPOCH (map), JOB (map), STAGE (map), TASK (map), SLOT (map),
    FIELD (map, hold, NUMBER, "1: keep the result for a SEAL; 0: write a part"),
    FIELD (map, parts, NUMBER, "partitions of RAC_HASH and RAC_CHOSEN, else 0"),
    FIELD (map, path, PATH, "empty: rows by number; offset and length count rows"),
    FIELD (map, offset, NUMBER, "bytes"),
    FIELD (map, length, NUMBER, "bytes"),
    FIELD (map, size, NUMBER, "of the file at submit"),
    FIELD (map, inode, NUMBER, "of the file at submit"),
    FIELD (map, device, NUMBER, "of the file at submit"),
    FIELD (map, mtime_ns, NUMBER, "of the file at submit"),
    FIELD (map, packed, NUMBER, "1: gzip"),
    FIELD (map, file, NUMBER, "index in the job's input"),
    FIELD (map, ctime_ns, NUMBER, "of the file at submit"),
    FIELD (map, head, NUMBER, "fingerprint of its first 64 KiB"),
    FIELD (map, tail, NUMBER, "fingerprint of its last 64 KiB"),
    FIELD (map, local, PATH, "worker to executor: where to read, empty: at path"),
    FIELD (map, guarded, NUMBER, "worker to executor: 1: ask with NEED before reading"),
};

static const field_t seal_fields [] = { EPOCH (seal), JOB (seal), STAGE (seal), SLOT (seal),
    FIELD (seal, segment, NUMBER, "number that the segment gets") };

static const field_t reduce_fields [] = {
    EPOCH (reduce), JOB (reduce), STAGE (reduce), TASK (reduce), SLOT (reduce),
    FIELD (reduce, segments, PATHS, "all that the task reads, as their owners name them"),
    FIELD (reduce, owners, NUMBERS, "worker that has each"),
    FIELD (reduce, numbers, NUMBERS, "from SEAL, of each"),
    FIELD (reduce, bytes, NUMBERS, "size of each"),
    FIELD (reduce, low, BYTES, "first key"),
    FIELD (reduce, high, BYTES, "the key behind the last"),
    FIELD (reduce, last, NUMBER, "1: no upper border"),
};

static const field_t load_fields [] = {
    JOB (load), FIELD (load, memory, NUMBER, "bytes that this executor may use for data"), SLOT (load),
    FIELD (load, submit, BYTES, "an encoded SUBMIT"),
    FIELD (load, first_line, BYTES, "of the first input file"),
    FIELD (load, plugin, PATH, "the compiled job"),
    FIELD (load, scratch, PATH, "folder for runs and segments"),
    FIELD (load, twin, PATH, "the same in memory, for segments that are small; empty: none"),
    FIELD (load, folder, PATH, "folder for parts"),
    FIELD (load, sided, NUMBER, "1: SIDES says where side files lie; 0: they lie where the job says"),
    FIELD (load, sides, PATHS, "side files, as the job names them"),
    FIELD (load, side_errors, TEXTS, "of each: why it cannot be had, or empty"),
};

static const field_t sides_fields [] = {
    JOB (sides),
    FIELD (sides, sides, PATHS, "side files, as the job names them"),
    FIELD (sides, places, PATHS, "of each: where it lies here, whole"),
    FIELD (sides, mtimes, NUMBERS, "of each: the time it must have when it is read, 0: any"),
};

static const field_t need_fields [] = {
    JOB (need), FIELD (need, file, NUMBER, "from MAP"),
    FIELD (need, offset, NUMBER, "of the first byte"),
    FIELD (need, length, NUMBER, "bytes, cut at the file's end"),
};

static const field_t have_fields [] = {
    JOB (have), FIELD (have, file, NUMBER, "from NEED"),
    FIELD (have, upto, NUMBER, "all from the offset of NEED to here may be read"),
    FIELD (have, kind, NUMBER, "of the error, as in FAULT"),
    FIELD (have, error, TEXT, "why it cannot be had, or empty"),
};

static const field_t fetch_fields [] = {
    FIELD (fetch, request, NUMBER, "comes back in the answer"),
    FIELD (fetch, what, NUMBER, "0 input file, 1 segment, 2 file of the result, 3 side file"),
    JOB (fetch),
    FIELD (fetch, index, NUMBER, "of the input or side file, number of the segment"),
    FIELD (fetch, offset, NUMBER, "of the first byte"),
    FIELD (fetch, length, NUMBER, "bytes, at most 256 KiB"),
    FIELD (fetch, codecs, NUMBER, "bit 0 none, 1 zlib, 2 lz4, 3 zstd: what the asker can unpack"),
};

static const field_t bulk_fields [] = {
    FIELD (bulk, request, NUMBER, "from FETCH"),
    FIELD (bulk, offset, NUMBER, "of the first byte"),
    FIELD (bulk, length, NUMBER, "bytes, unpacked"),
    FIELD (bulk, codec, NUMBER, "of the second frame: 0 none, 1 zlib, 2 lz4, 3 zstd"),
    FIELD (bulk, checksum, NUMBER, "XXH3 of the unpacked bytes"),
    FIELD (bulk, kind, NUMBER, "of the error, as in FAULT"),
    FIELD (bulk, error, TEXT, "why there are no bytes, or empty"),
};

static const field_t put_fields [] = {
    FIELD (put, request, NUMBER, "comes back in the answer"),
    JOB (put),
    FIELD (put, part, PATH, "name in the job's folder"),
    FIELD (put, offset, NUMBER, "of the first byte"),
    FIELD (put, length, NUMBER, "bytes, unpacked"),
    FIELD (put, codec, NUMBER, "of the second frame, as in BULK"),
    FIELD (put, checksum, NUMBER, "XXH3 of the unpacked bytes"),
    FIELD (put, last, NUMBER, "1: the part ends here and is to be on the disk"),
};

static const field_t stored_fields [] = {
    FIELD (stored, request, NUMBER, "from PUT"),
    FIELD (stored, kind, NUMBER, "of the error, as in FAULT"),
    FIELD (stored, error, TEXT, "why it is not stored, or empty"),
};

static const field_t declared_fields [] = {
    EPOCH (declared), JOB (declared), SLOT (declared),
    FIELD (declared, format, NUMBER, "rac_format of the input"),
    FIELD (declared, header, NUMBER, "1: each file begins with a header"),
    FIELD (declared, multiline, NUMBER, "1: a file is one split"),
    FIELD (declared, numbered_rows, NUMBER, "of RAC_NUMBERED"),
    FIELD (declared, delimiter, PATH, "of the input"),
    FIELD (declared, shuffle, NUMBER, "0: map only, 1: map, then reduce"),
    FIELD (declared, spread, NUMBER, "rac_spread"),
    FIELD (declared, parts, NUMBER, "wanted by the job, 0: by size"),
    FIELD (declared, heavy, NUMBER, "1: worth many reduce tasks even for few bytes"),
    FIELD (declared, whole, NUMBER, "1: rows are shuffled as maps emit them, not folded before"),
    FIELD (declared, result_names, TEXTS, "columns of the result"),
};

static const field_t done_fields [] = {
    EPOCH (done), JOB (done), STAGE (done), TASK (done), SLOT (done),
    FIELD (done, held, NUMBER, "1: the result lies in the executor until SEALED names it"),
    FIELD (done, bytes_in, NUMBER, "read"),
    FIELD (done, rows_in, NUMBER, "read"),
    FIELD (done, bytes_out, NUMBER, "of the part"),
    FIELD (done, rows_out, NUMBER, "of the part, or emitted"),
    FIELD (done, rejects, NUMBER, "rows rejected"),
    FIELD (done, time_us, NUMBER, "the attempt took"),
    FIELD (done, spilled, NUMBER, "bytes written to scratch"),
    FIELD (done, moved, NUMBER, "bytes that came over the network for it"),
    FIELD (done, carried, NUMBER, "the same, as packed on the way"),
    FIELD (done, part, PATH, "name in the job's folder: of the part, unless held; of rejected rows: + .rejected"),
    FIELD (done, warning, TEXT, "or empty"),
    FIELD (done, counters, TEXTS, "names"),
    FIELD (done, counts, NUMBERS, "a value each"),
};

static const field_t sealed_fields [] = {
    EPOCH (sealed), JOB (sealed), STAGE (sealed), SLOT (sealed),
    FIELD (sealed, segment, NUMBER, "from SEAL"),
    FIELD (sealed, tasks, NUMBERS, "the exact set that it holds"),
    FIELD (sealed, attempts, NUMBERS, "one each"),
    FIELD (sealed, path, PATH, "empty: no record"),
    FIELD (sealed, bytes, NUMBER, "of the segment"),
    FIELD (sealed, rows, NUMBER, "of the segment"),
    FIELD (sealed, time_us, NUMBER, "it took"),
    FIELD (sealed, keys, BYTES_LIST, "a sample, ascending, at most 128, each cut to 64 bytes"),
    FIELD (sealed, weights, NUMBERS, "bytes of the segment before each of them"),
};

static const field_t fault_fields [] = {
    EPOCH (fault), JOB (fault), STAGE (fault), TASK (fault), SLOT (fault),
    FIELD (fault, verb, NUMBER, "what failed, 0: the executor died between messages"),
    FIELD (fault, kind, NUMBER, "0 other, 1 usage, 2 data, 3 job, 4 output"),
    FIELD (fault, lost, NUMBER, "1: the executor died and what the slot held is gone"),
    FIELD (fault, away, NUMBER, "worker whose segments could not be fetched: no fault of the task; or the sender itself, "
        "which can do nothing of this job (no compiler, a full disk); else 0"),
    FIELD (fault, error, TEXT, "one line"),
    FIELD (fault, compiler, TEXT, "the compiler's own lines, or empty"),
};

#define VERB(verb, type, sender, receiver, text) \
    [MESSAGE_##verb] = { #type, sender, receiver, text, type##_fields, COUNT_OF (type##_fields), sizeof (message_##type##_t) }

const verb_t message_verbs [MESSAGE_VERBS] = {
    VERB (SUBMIT, submit, "client", "master", "asks for a job; answered by ACCEPTED or FINISHED"),
    VERB (CANCEL, cancel, "client", "master", "ends a job; answered by FINISHED"),
    VERB (ATTACH, attach, "client", "master", "wants STATE and FINISHED of a job"),
    VERB (QUERY, query, "client", "master", "answered by JOB_INFO, NODE_INFO or LOG messages and an END"),
    VERB (ACCEPTED, accepted, "master", "client", "input and output were looked at and the job waits or runs"),
    VERB (STATE, state, "master", "client", "how far the job is, at most ten a second, at least one"),
    VERB (FINISHED, finished, "master", "client", "the job's end, or its refusal (job 0)"),
    VERB (JOB_INFO, job_info, "master", "client", "a job, as racimo jobs shows it"),
    VERB (NODE_INFO, node_info, "master", "client", "a node, as racimo nodes shows it"),
    VERB (END, end, "master", "client", "that was all"),
    VERB (WANT, want, "anyone", "anyone", "asks for a piece of a file of a job: from client to master to worker"),
    VERB (BLOB, blob, "anyone", "anyone", "the answer to WANT"),
    VERB (BUILT, built, "worker", "worker", "a job as a node has compiled it, by content; through the master"),
    VERB (JOIN, join, "node", "master", "asks to be let in, on a socket of its own; the key is the connection's"),
    VERB (JOINED, joined, "master", "node", "the answer to JOIN"),
    VERB (HELLO, hello, "worker", "master", "registers; answered by WELCOME or STOP"),
    VERB (BEAT, beat, "worker", "master", "the worker lives; silent for ten seconds it counts as lost"),
    VERB (DRAIN, drain, "worker", "master", "give me nothing more, and STOP when nothing needs me"),
    VERB (GONE, gone, "worker", "master", "the worker leaves of itself"),
    VERB (LOG, log, "worker", "client", "what a job printed; kept by the master"),
    VERB (LACK, lack, "worker", "master", "has no compiler for that job: who has a build for its machine? Answered by BUILT"),
    VERB (WELCOME, welcome, "master", "worker", "the answer to HELLO"),
    VERB (NODES, nodes, "master", "worker", "the workers of now and where they serve segments"),
    VERB (JOB, job, "master", "worker", "what a job is, before its first task on that worker"),
    VERB (BUILD, build, "master", "worker", "wants that job as compiled there; answered by BUILT"),
    VERB (FORGET, forget, "master", "worker", "the job has ended: end what still runs of it, drop its segments"),
    VERB (ABANDON, abandon, "master", "worker", "end that attempt if it still runs; needs no answer"),
    VERB (AHEAD, ahead, "master", "worker", "that reduce task may come: its segments may be fetched when nothing else is; needs no answer"),
    VERB (STOP, stop, "master", "worker", "end; also from a client to its private master"),
    VERB (DECLARE, declare, "master", "executor", "load the job and say what it declares: DECLARED or FAULT"),
    VERB (MAP, map, "master", "executor", "map one split: DONE or FAULT"),
    VERB (SEAL, seal, "master", "executor", "write what the slot holds as one segment: SEALED or FAULT"),
    VERB (REDUCE, reduce, "master", "executor", "reduce the keys low <= k < high of all segments: DONE or FAULT"),
    VERB (LOAD, load, "worker", "executor", "the job that the next messages are about"),
    VERB (SIDES, sides, "worker", "executor", "where the side files of a job lie, before its first MAP or REDUCE"),
    VERB (NEED, need, "executor", "worker", "bytes of a guarded input that it is about to read"),
    VERB (HAVE, have, "worker", "executor", "the answer to NEED"),
    VERB (DECLARED, declared, "executor", "master", "what the job declares"),
    VERB (DONE, done, "executor", "master", "an attempt ended well"),
    VERB (SEALED, sealed, "executor", "master", "a segment is written"),
    VERB (FAULT, fault, "worker", "master", "an attempt failed, or the slot lost what it held"),
    VERB (FETCH, fetch, "worker", "worker", "asks the data server or another worker for a range; answered by BULK"),
    VERB (BULK, bulk, "worker", "worker", "the answer, with the bytes in a second frame"),
    VERB (PUT, put, "worker", "data server", "a piece of a part in a second frame; answered by STORED"),
    VERB (STORED, stored, "data server", "worker", "the answer to PUT"),
};
