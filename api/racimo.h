// racimo.h: a job is one C or C++ file with one RAC_JOB. Nothing to link; racimo compiles it where it runs.
//
// RAC_JOB declares what the job reads, its keys and values, and how they are folded or reduced. Data comes and goes in
// batches of columns: write loops over whole columns and the compiler makes them vector loops. A job that only names
// columns and folds needs no function at all:
//
//     #include <racimo.h>
//     RAC_JOB (plan)
//     {
//         rac_about (plan, "Mean reading of each station, from lines such as Hamburg;12.5");
//         rac_input (plan, RAC_CSV, ";", RAC_NO_HEADER);
//         rac_read (plan, "station", RAC_BYTES);
//         rac_read (plan, "celsius", RAC_F64);
//         rac_key (plan, "station", RAC_BYTES);
//         rac_value (plan, "celsius", RAC_F64);
//         rac_fold (plan, "mean", RAC_MEAN, "celsius");
//         return RAC_OK;
//     }
//
// The engine owns every structure and array that it hands out, for the call only; structures grow at their end in later
// releases, so never copy or allocate one. `racimo new NAME` writes a first job; doc/writing-a-job.md shows the rest.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAC_ABI = 1, RAC_ROWS = 4096 };              // RAC_ROWS: most rows of a batch; part of the ABI
enum { RAC_BYTES = 1, RAC_I64, RAC_F64, RAC_F32, RAC_TIME /* i64: microseconds since 1970, UTC */ };
#define RAC_DECIMAL(digits) (6u | (uint32_t) (digits) << 8)   // i64: the number times 10^digits, exact; 0 to 18 digits
typedef uint32_t rac_type;
typedef enum { RAC_LINES = 1, RAC_CSV, RAC_TSV, RAC_NUMBERED } rac_format;
typedef enum { RAC_OK, RAC_FAIL } rac_status;
typedef enum { RAC_COUNT = 1, RAC_SUM, RAC_MIN, RAC_MAX, RAC_MEAN } rac_fold_kind;
typedef enum { RAC_RANGE = 0, RAC_HASH, RAC_CHOSEN } rac_spread;
enum { RAC_NO_HEADER = 1 };                         // rac_input: the first line is data; columns are in the order of rac_read
enum { RAC_OPENED = 1, RAC_UNFINISHED = 2 };        // rac_groups.flags
enum { RAC_LOWER = 1, RAC_UTF8 = 2 };               // rac_words: lower-case ASCII; bytes >= 0x80 are letters too

typedef struct { const char *data; uint32_t size, spare; } rac_bytes;   // of an input: readable 64 bytes past its end

typedef struct {                                    // one column: a value a row
    union { const void *any; const int64_t *i64; const double *f64; const float *f32; const rac_bytes *bytes; } at;
    const uint64_t *valid;                          // bit r % 64 of valid [r / 64] clear: row r is missing; NULL: none is.
                                                    // Of an input a missing value reads as 0 or empty
    rac_type type;                                  // DECIMAL and TIME lie in at.i64
    uint32_t spare;
} rac_column;

typedef struct {                                    // input rows; columns in the order of rac_read
    uint32_t rows, columns, input, flags;           // rows: 1 to RAC_ROWS; input: which rac_input, from 0 (so far there is one)
    const rac_column *column;                       // arrays are 64-byte aligned and readable 64 bytes past their end
    const uint64_t *offset;                         // byte offset of each row in file (its number for RAC_NUMBERED)
    const char *file;
    const char *text; size_t text_size;             // RAC_LINES: the rows as they lie in the file, newlines and all; else NULL
} rac_batch;

typedef struct {                                    // rac_reduce: group g owns value rows starts [g] .. starts [g + 1] - 1
    uint32_t groups, flags;                         // A group above RAC_ROWS rows or 4 MiB comes in parts: RAC_UNFINISHED: the
    const uint32_t *starts;                         // last one goes on in the next call; RAC_OPENED: group 0 began in an earlier one
    const rac_column *key, *value;                  // a column for each rac_key, a row a group; a column for each rac_value, sorted
} rac_groups;                                       // by all of them, at most RAC_ROWS rows a call. Arrays as those of a batch

typedef struct rac_plan rac_plan; typedef struct rac_out rac_out; typedef struct rac_env rac_env;
typedef rac_status rac_open_fn (const rac_env *env, void **state);            // once a process, before any map or reduce
typedef void rac_close_fn (void *state);
typedef rac_status rac_map_fn (void *state, const rac_batch *in, rac_out *out);
typedef rac_status rac_reduce_fn (void *state, const rac_groups *in, rac_out *out);
// For each of at most RAC_ROWS rows a number below parts that depends on its key columns alone: part [r].
typedef void rac_choose_fn (void *state, const rac_column *key, uint32_t rows, uint32_t parts, uint32_t *part);

typedef struct {                                    // a job's own fold; its state is plain little-endian data without pointers
    uint32_t size, state_bytes;                     // size: sizeof (rac_fold_def); state_bytes: of one group, 1 to 4096
    rac_type result_type;                           // RAC_I64, RAC_F64, RAC_TIME or RAC_DECIMAL
    uint32_t flags;                                 // 0. add and merge have to be associative and commutative: rows come in any order
    void (*start) (void *states, uint32_t groups);  // states: an array of state_bytes each; make these groups empty
    // Row r of the one column belongs to group [r]; rows without a value are not among them.
    void (*add) (void *states, const uint32_t *group, const rac_column *values, uint32_t rows);
    void (*merge) (void *states, const uint32_t *group, const void *others, uint32_t rows);       // others [r] into group [r]
    void (*result) (const void *states, uint32_t groups, void *values);                           // int64_t or double each
} rac_fold_def;

// ---- Declaring, in RAC_JOB. Texts are copied. What is wrong is kept and reported when RAC_JOB returns: no call needs a check.

static inline void rac_about (rac_plan *p, const char *text);                  // one line for `racimo list` and `describe`
// The input. delimiter: one character, "tab", or NULL for the format's own; flags: RAC_NO_HEADER. What the user says on the
// command line (--format, --delimiter, --no-header) wins.
static inline void rac_input (rac_plan *p, rac_format f, const char *delimiter, uint32_t flags);
// Instead of files: rows numbered 0 .. rows - 1 in one RAC_I64 column, for simulations and generators.
static inline void rac_numbered (rac_plan *p, int64_t rows);
// The next column of the batch: by its name in the header, or "3" for the third; without a header in this order.
static inline void rac_read (rac_plan *p, const char *name, rac_type t);
// The function that turns batches into rows. Without one, keys and values are the columns read under the same names.
static inline void rac_map (rac_plan *p, rac_map_fn *f);
// What map emits: the keys, in this order, then the values. Folds without a key make one group of all rows.
static inline void rac_key (rac_plan *p, const char *name, rac_type t);
static inline void rac_value (rac_plan *p, const char *name, rac_type t);
// A column of the result: a fold of a value. Missing values are skipped. RAC_COUNT of NULL counts rows.
static inline void rac_fold (rac_plan *p, const char *name, rac_fold_kind f, const char *value);
static inline void rac_own_fold (rac_plan *p, const char *name, const rac_fold_def *f, const char *value);
// Instead of folds, a function over sorted groups; instead of both, the sorted rows themselves, or of each key the first.
static inline void rac_reduce (rac_plan *p, rac_reduce_fn *f);
static inline void rac_unique (rac_plan *p);
// A column that reduce emits; that map emits, if there is no key; or which keys and values to write of sorted rows.
static inline void rac_result (rac_plan *p, const char *name, rac_type t);
static inline void rac_sort (rac_plan *p, const char *value);                  // rows of a group by this value first
static inline void rac_descending (rac_plan *p, const char *key_or_value);     // the same, largest first; also for keys
// How keys are spread over parts: RAC_RANGE (standard: the parts in order are the sorted result), RAC_HASH, or RAC_CHOSEN with
// a function. parts: at most 65535; 0 is by size, but RAC_CHOSEN needs a number.
static inline void rac_partition (rac_plan *p, rac_spread s, uint32_t parts, rac_choose_fn *f);
static inline void rac_open (rac_plan *p, rac_open_fn *open, rac_close_fn *close);   // the job's own state; close may be NULL
static inline void rac_side (rac_plan *p, const char *name, const char *path);       // a small file that every executor reads
static inline rac_status rac_refuse (rac_plan *p, const char *why);            // `return rac_refuse (...)`: a wrong parameter

// Options of the job: each call declares --name and returns its value, or `standard` if the user gives none.
static inline const char *rac_param (rac_plan *p, const char *name, const char *standard, const char *help);
static inline int64_t rac_param_i64 (rac_plan *p, const char *name, const char *standard, const char *help);
static inline double rac_param_f64 (rac_plan *p, const char *name, const char *standard, const char *help);
static inline int rac_flag (rac_plan *p, const char *name, const char *help);  // 1 if it is given

// ---- In a map or reduce. Errors that rac_emit and rac_reject report are kept by the engine: return RAC_FAIL then.

// Emits `rows` rows; column [i] is the i-th declared. They are copied or folded before it returns.
static inline rac_status rac_emit (rac_out *o, uint32_t rows, const rac_column *column, uint32_t columns);
static inline void *rac_room (rac_out *o, size_t bytes);                       // scratch, 64-byte aligned, until map or reduce returns
// In a map only: row `row` of the batch is one of the rejected, which fail the job if they are more than --max-rejects.
// It is the map that leaves it out of what it emits.
static inline rac_status rac_reject (rac_out *o, uint32_t row, const char *why);
static inline void rac_count (rac_out *o, const char *counter, int64_t n);     // at most 256 names; failed attempts do not count
// The next words of text from *from on (start at 0), at most room; returns how many, 0: no more. A word is a maximal run of
// ASCII letters. flags: RAC_LOWER, RAC_UTF8. Words are good until map returns.
static inline uint32_t rac_words (rac_out *o, rac_bytes text, uint32_t *from, uint32_t flags, rac_bytes *word, uint32_t room);
static inline const char *rac_find (rac_out *o, const char *text, size_t size, rac_bytes needle);   // its first place, or NULL

static inline rac_column rac_of_bytes (const rac_bytes *v);                    // columns for rac_emit, nothing missing
static inline rac_column rac_of_i64 (const int64_t *v);
static inline rac_column rac_of_f64 (const double *v);
static inline rac_column rac_column_of (rac_type t, const void *values);       // of any type; set .valid for missing values
static inline rac_bytes rac_text (const char *s);                              // borrows s

// Random bits that depend on seed and counter alone, so that a simulation gives the same result however it is split
// (the finaliser of SplitMix64, Steele, Lea and Flood 2014); rac_uniform: a double in [0, 1).
static inline uint64_t rac_random (uint64_t seed, uint64_t counter)
{
    uint64_t x = seed * 0xd1342543de82ef95u + (counter + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}
static inline double rac_uniform (uint64_t bits) { return (double) (int64_t) (bits >> 11) * 0x1p-53; }

// ---- The ABI: how the above reaches the engine. A job need not read on, but may call plan->input_columns and env->side.

typedef struct {                                    // what one rac_... call of RAC_JOB says; made by the functions below
    uint32_t size, what; const char *name, *text; const void *of; void (*fn) (void); int64_t kind, more;
} rac_clause;
struct rac_plan { uint32_t size, abi;
    rac_status (*declare) (rac_plan *, const rac_clause *);
    const char *(*param) (rac_plan *, const char *name, rac_type type, const char *standard, const char *help);  // its value
    uint32_t (*input_columns) (rac_plan *, uint32_t input);                           // 0: no data is known yet
    const char *(*input_name) (rac_plan *, uint32_t input, uint32_t column); };       // NULL: there is no header
struct rac_env { uint32_t size, abi;
    const char *(*param) (const rac_env *, const char *name);                         // as given or as standard; NULL: never declared
    rac_bytes (*side) (const rac_env *, const char *name);                            // a side file's bytes, good while the job runs
    uint32_t (*input_columns) (const rac_env *, uint32_t input);
    const char *(*input_name) (const rac_env *, uint32_t input, uint32_t column); };
struct rac_out { uint32_t size, abi;
    rac_status (*emit) (rac_out *, uint32_t rows, const rac_column *column, uint32_t columns);
    void *(*room) (rac_out *, size_t bytes);
    rac_status (*reject) (rac_out *, uint32_t row, const char *why);
    void (*count) (rac_out *, const char *counter, int64_t n);
    uint32_t (*words) (rac_out *, rac_bytes text, uint32_t *from, uint32_t flags, rac_bytes *word, uint32_t room);
    const char *(*find) (rac_out *, const char *text, size_t size, rac_bytes needle); };

enum { RAC_D_ABOUT = 1, RAC_D_INPUT, RAC_D_READ, RAC_D_MAP, RAC_D_KEY, RAC_D_VALUE, RAC_D_FOLD, RAC_D_OWN_FOLD, RAC_D_REDUCE,
    RAC_D_RESULT, RAC_D_ORDER, RAC_D_SPREAD, RAC_D_OPEN, RAC_D_CLOSE, RAC_D_SIDE, RAC_D_UNIQUE, RAC_D_REFUSE };
typedef void rac_any_fn (void);
static inline rac_status rac_say (rac_plan *p, uint32_t what, const char *name, const char *text, int64_t kind, int64_t more,
    const void *of, rac_any_fn *fn)
{
    rac_clause c;
    c.size = sizeof c; c.what = what; c.name = name; c.text = text; c.of = of; c.fn = fn; c.kind = kind; c.more = more;
    return p->declare (p, &c);
}
static inline void rac_about (rac_plan *p, const char *text) { rac_say (p, RAC_D_ABOUT, NULL, text, 0, 0, NULL, NULL); }
static inline void rac_input (rac_plan *p, rac_format f, const char *delimiter, uint32_t flags)
{ rac_say (p, RAC_D_INPUT, NULL, delimiter, f, flags, NULL, NULL); }
static inline void rac_numbered (rac_plan *p, int64_t rows)
{ rac_say (p, RAC_D_INPUT, NULL, NULL, RAC_NUMBERED, rows, NULL, NULL); }
static inline void rac_read (rac_plan *p, const char *name, rac_type t)
{ rac_say (p, RAC_D_READ, name, NULL, t, 0, NULL, NULL); }
static inline void rac_map (rac_plan *p, rac_map_fn *f) { rac_say (p, RAC_D_MAP, NULL, NULL, 0, 0, NULL, (rac_any_fn *) f); }
static inline void rac_key (rac_plan *p, const char *name, rac_type t)
{ rac_say (p, RAC_D_KEY, name, NULL, t, 0, NULL, NULL); }
static inline void rac_value (rac_plan *p, const char *name, rac_type t)
{ rac_say (p, RAC_D_VALUE, name, NULL, t, 0, NULL, NULL); }
static inline void rac_fold (rac_plan *p, const char *name, rac_fold_kind f, const char *value)
{ rac_say (p, RAC_D_FOLD, name, value, f, 0, NULL, NULL); }
static inline void rac_own_fold (rac_plan *p, const char *name, const rac_fold_def *f, const char *value)
{ rac_say (p, RAC_D_OWN_FOLD, name, value, 0, 0, f, NULL); }
static inline void rac_reduce (rac_plan *p, rac_reduce_fn *f)
{ rac_say (p, RAC_D_REDUCE, NULL, NULL, 0, 0, NULL, (rac_any_fn *) f); }
static inline void rac_unique (rac_plan *p) { rac_say (p, RAC_D_UNIQUE, NULL, NULL, 0, 0, NULL, NULL); }
static inline void rac_result (rac_plan *p, const char *name, rac_type t)
{ rac_say (p, RAC_D_RESULT, name, NULL, t, 0, NULL, NULL); }
static inline void rac_sort (rac_plan *p, const char *value) { rac_say (p, RAC_D_ORDER, value, NULL, 0, 0, NULL, NULL); }
static inline void rac_descending (rac_plan *p, const char *key_or_value)
{ rac_say (p, RAC_D_ORDER, key_or_value, NULL, 1, 0, NULL, NULL); }
static inline void rac_partition (rac_plan *p, rac_spread s, uint32_t parts, rac_choose_fn *f)
{ rac_say (p, RAC_D_SPREAD, NULL, NULL, s, parts, NULL, (rac_any_fn *) f); }
static inline void rac_open (rac_plan *p, rac_open_fn *open, rac_close_fn *close)
{ rac_say (p, RAC_D_OPEN, NULL, NULL, 0, 0, NULL, (rac_any_fn *) open); rac_say (p, RAC_D_CLOSE, NULL, NULL, 0, 0, NULL, (rac_any_fn *) close); }
static inline void rac_side (rac_plan *p, const char *name, const char *path)
{ rac_say (p, RAC_D_SIDE, name, path, 0, 0, NULL, NULL); }
static inline rac_status rac_refuse (rac_plan *p, const char *why)
{ return rac_say (p, RAC_D_REFUSE, NULL, why, 0, 0, NULL, NULL); }
static inline const char *rac_param (rac_plan *p, const char *name, const char *standard, const char *help)
{ return p->param (p, name, RAC_BYTES, standard, help); }
static inline int64_t rac_param_i64 (rac_plan *p, const char *name, const char *standard, const char *help)
{ return strtoll (p->param (p, name, RAC_I64, standard, help), NULL, 10); }
static inline double rac_param_f64 (rac_plan *p, const char *name, const char *standard, const char *help)
{ return strtod (p->param (p, name, RAC_F64, standard, help), NULL); }
static inline int rac_flag (rac_plan *p, const char *name, const char *help)
{ return p->param (p, name, 0, "", help) [0] == '1'; }
static inline rac_status rac_emit (rac_out *o, uint32_t rows, const rac_column *column, uint32_t columns)
{ return o->emit (o, rows, column, columns); }
static inline void *rac_room (rac_out *o, size_t bytes) { return o->room (o, bytes); }
static inline rac_status rac_reject (rac_out *o, uint32_t row, const char *why) { return o->reject (o, row, why); }
static inline void rac_count (rac_out *o, const char *counter, int64_t n) { o->count (o, counter, n); }
static inline uint32_t rac_words (rac_out *o, rac_bytes text, uint32_t *from, uint32_t flags, rac_bytes *word, uint32_t room)
{ return o->words (o, text, from, flags, word, room); }
static inline const char *rac_find (rac_out *o, const char *text, size_t size, rac_bytes needle)
{ return o->find (o, text, size, needle); }
static inline rac_column rac_column_of (rac_type t, const void *values)
{ rac_column c; c.at.any = values; c.valid = NULL; c.type = t; c.spare = 0; return c; }
static inline rac_column rac_of_bytes (const rac_bytes *v) { return rac_column_of (RAC_BYTES, v); }
static inline rac_column rac_of_i64 (const int64_t *v) { return rac_column_of (RAC_I64, v); }
static inline rac_column rac_of_f64 (const double *v) { return rac_column_of (RAC_F64, v); }
static inline rac_bytes rac_text (const char *s)
{ rac_bytes b; b.data = s; b.size = (uint32_t) strlen (s); b.spare = 0; return b; }

#ifdef __cplusplus
#define RAC_JOB(plan) extern "C" __attribute__ ((visibility ("default"))) rac_status racimo_job_1 (rac_plan *plan)
#else
#define RAC_JOB(plan) __attribute__ ((visibility ("default"))) rac_status racimo_job_1 (rac_plan *plan)
#endif
