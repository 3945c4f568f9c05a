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
    FIELD (submit, input_list, PATH, "a file of more inputs, each ended by a NUL, or empty"),
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
};

static const field_t cancel_fields [] = { JOB (cancel) };
static const field_t accepted_fields [] = { JOB (accepted), FIELD (accepted, epoch, NUMBER, "of this life of the master") };

static const field_t state_fields [] = {
    JOB (state),
    FIELD (state, phase, NUMBER, "0 waiting, 1 map, 2 reduce, 3 commit"),
    FIELD (state, bytes_done, NUMBER, "of the input"),
    FIELD (state, bytes_all, NUMBER, "of the input"),
    FIELD (state, rows, NUMBER, "read so far"),
    FIELD (state, tasks_done, NUMBER, "of this phase"),
    FIELD (state, tasks_all, NUMBER, "of this phase"),
    FIELD (state, tasks_running, NUMBER, "of this phase"),
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
    FIELD (hello, protocol, NUMBER, "protocol version"),
    FIELD (hello, abi, NUMBER, "RAC_ABI"),
    FIELD (hello, nonce, NUMBER, "of this life of the worker"),
    FIELD (hello, pid, NUMBER, "process"),
    FIELD (hello, slots, NUMBER, "tasks at a time"),
    FIELD (hello, memory, NUMBER, "bytes for all slots"),
    FIELD (hello, node, TEXT, "host name"),
    FIELD (hello, cpu, TEXT, "x86_64 or aarch64"),
};

static const field_t beat_fields [] = {
    EPOCH (beat), FIELD (beat, worker, NUMBER, "from WELCOME"), JOB (beat),
    FIELD (beat, bytes, NUMBER, "done by the attempts under way"),
    FIELD (beat, rows, NUMBER, "done by the attempts under way"),
    FIELD (beat, resident, NUMBER, "peak bytes of all executors"),
};

static const field_t gone_fields [] = { FIELD (gone, worker, NUMBER, "from WELCOME") };

static const field_t welcome_fields [] = {
    FIELD (welcome, epoch, NUMBER, "of this life of the master"),
    FIELD (welcome, worker, NUMBER, "the worker's number; 0: counts as lost, say HELLO again"),
    FIELD (welcome, beat_ms, NUMBER, "milliseconds between BEATs"),
};

static const field_t job_fields [] = {
    EPOCH (job), JOB (job),
    FIELD (job, submit, BYTES, "an encoded SUBMIT"),
    FIELD (job, first_line, BYTES, "of the first input file"),
    FIELD (job, folder, PATH, "where attempts write parts"),
};

static const field_t forget_fields [] = { EPOCH (forget), JOB (forget) };
static const field_t abandon_fields [] = { EPOCH (abandon), JOB (abandon), STAGE (abandon), TASK (abandon), SLOT (abandon) };
static const field_t stop_fields [] = { EPOCH (stop) };
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
};

static const field_t seal_fields [] = { EPOCH (seal), JOB (seal), STAGE (seal), SLOT (seal),
    FIELD (seal, segment, NUMBER, "number that the segment gets") };

static const field_t reduce_fields [] = {
    EPOCH (reduce), JOB (reduce), STAGE (reduce), TASK (reduce), SLOT (reduce),
    FIELD (reduce, segments, PATHS, "all that the task reads"),
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
    FIELD (fault, error, TEXT, "one line"),
    FIELD (fault, compiler, TEXT, "the compiler's own lines, or empty"),
};

#define VERB(verb, type, sender, receiver, text) \
    [MESSAGE_##verb] = { #type, sender, receiver, text, type##_fields, COUNT_OF (type##_fields), sizeof (message_##type##_t) }

const verb_t message_verbs [MESSAGE_VERBS] = {
    VERB (SUBMIT, submit, "client", "master", "asks for a job; answered by ACCEPTED or FINISHED"),
    VERB (CANCEL, cancel, "client", "master", "ends a job; answered by FINISHED"),
    VERB (ACCEPTED, accepted, "master", "client", "input and output were looked at and the job waits or runs"),
    VERB (STATE, state, "master", "client", "how far the job is, at most ten a second, at least one"),
    VERB (FINISHED, finished, "master", "client", "the job's end, or its refusal (job 0)"),
    VERB (HELLO, hello, "worker", "master", "registers; answered by WELCOME or STOP"),
    VERB (BEAT, beat, "worker", "master", "the worker lives; silent for ten seconds it counts as lost"),
    VERB (GONE, gone, "worker", "master", "the worker leaves of itself"),
    VERB (WELCOME, welcome, "master", "worker", "the answer to HELLO"),
    VERB (JOB, job, "master", "worker", "what a job is, before its first task on that worker"),
    VERB (FORGET, forget, "master", "worker", "the job has ended: end what still runs of it, drop its segments"),
    VERB (ABANDON, abandon, "master", "worker", "end that attempt if it still runs; needs no answer"),
    VERB (STOP, stop, "master", "worker", "end; also from a client to its private master"),
    VERB (DECLARE, declare, "master", "executor", "load the job and say what it declares: DECLARED or FAULT"),
    VERB (MAP, map, "master", "executor", "map one split: DONE or FAULT"),
    VERB (SEAL, seal, "master", "executor", "write what the slot holds as one segment: SEALED or FAULT"),
    VERB (REDUCE, reduce, "master", "executor", "reduce the keys low <= k < high of all segments: DONE or FAULT"),
    VERB (LOAD, load, "worker", "executor", "the job that the next messages are about"),
    VERB (DECLARED, declared, "executor", "master", "what the job declares"),
    VERB (DONE, done, "executor", "master", "an attempt ended well"),
    VERB (SEALED, sealed, "executor", "master", "a segment is written"),
    VERB (FAULT, fault, "worker", "master", "an attempt failed, or the slot lost what it held"),
};
