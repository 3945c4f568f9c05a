// test_job: what a declaration becomes, and the one line that each contradiction is answered with.
//
// Columns by header and parameters: test_job_input.c.
#include "declare.h"

static rac_status s_no_map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state; (void) in; (void) out;
    return RAC_OK;
}

static rac_status s_no_reduce (void *state, const rac_groups *in, rac_out *out)
{
    (void) state; (void) in; (void) out;
    return RAC_OK;
}

static void s_no_choice (void *state, const rac_column *key, uint32_t rows, uint32_t parts, uint32_t *part)
{
    (void) state; (void) key; (void) rows; (void) parts; (void) part;
}

static void s_start (void *states, uint32_t groups) { (void) states; (void) groups; }
static void s_add (void *states, const uint32_t *group, const rac_column *values, uint32_t rows) { (void) states; (void) group; (void) values; (void) rows; }
static void s_merge (void *states, const uint32_t *group, const void *others, uint32_t rows) { (void) states; (void) group; (void) others; (void) rows; }
static void s_value (const void *states, uint32_t groups, void *values) { (void) states; (void) groups; (void) values; }

static const rac_fold_def s_own = { sizeof (rac_fold_def), 8, RAC_F64, 0, s_start, s_add, s_merge, s_value };

// ---- good ones

JOB (stations)
{
    rac_about (plan, "first");
    rac_about (plan, "Coldest \"and\" warmest");
    rac_input (plan, RAC_CSV, ";", RAC_NO_HEADER);
    rac_read (plan, "name", RAC_BYTES);
    rac_read (plan, "celsius", RAC_F32);
    rac_key (plan, "name", RAC_BYTES);
    rac_value (plan, "celsius", RAC_F32);
    rac_fold (plan, "min", RAC_MIN, "celsius");
    rac_fold (plan, "mean", RAC_MEAN, "celsius");
    rac_fold (plan, "rows", RAC_COUNT, NULL);
    rac_own_fold (plan, "own", &s_own, "celsius");
    rac_descending (plan, "name");
    return RAC_OK;
}

START_TEST (a_fold)
{
    job_t *job = s_good (stations, "x;1.5");
    ck_assert_str_eq (job->about, "Coldest \"and\" warmest");
    ck_assert_int_eq (job->mode, JOB_FOLD);
    ck_assert_int_eq (job->input [0].delimiter, ';');
    ck_assert (!job->input [0].header);
    ck_assert_uint_eq (job->input [0].fields, 2);
    ck_assert_uint_eq (job->input [0].read [1].position, 1);
    ck_assert_uint_eq (job->keys, 1);
    ck_assert_uint_eq (job->columns, 2);
    ck_assert (job->column [0].descending && !job->column [1].descending);
    ck_assert_uint_eq (job->from [0], 0);
    ck_assert_uint_eq (job->from [1], 1);
    ck_assert_uint_eq (job->results, 5);
    ck_assert_uint_eq (job->result [1].type, RAC_F64);  // min of f32
    ck_assert_uint_eq (job->result [3].type, RAC_I64);
    ck_assert_str_eq (job->result [4].name, "own");
    ck_assert_uint_eq (job->fold [2].value, UINT32_MAX);
    ck_assert_uint_eq (job->fold [0].value, 1);
    job_destroy (&job);
    ck_assert_ptr_null (job);
    job_destroy (&job);
    job = s_good (stations, NULL);                      // as for `racimo describe`: no data known
    ck_assert_uint_eq (job->input [0].fields, 0);
    job_destroy (&job);
    job = s_good (stations, "");                        // of an empty file nothing is known either
    ck_assert_uint_eq (job->input [0].fields, 0);
    job_destroy (&job);
}
END_TEST

JOB (sorted)
{
    rac_input (plan, RAC_TSV, NULL, 0);
    rac_read (plan, "c", RAC_I64);
    rac_read (plan, "a", RAC_BYTES);
    rac_read (plan, "2", RAC_TIME);
    rac_read (plan, "d", RAC_DECIMAL (2));
    rac_key (plan, "a", RAC_BYTES);
    rac_value (plan, "c", RAC_I64);
    rac_value (plan, "2", RAC_TIME);
    rac_value (plan, "d", RAC_DECIMAL (2));
    rac_descending (plan, "d");
    rac_sort (plan, "a");
    rac_sort (plan, "2");
    rac_result (plan, "d", RAC_DECIMAL (2));
    rac_result (plan, "a", RAC_BYTES);
    rac_unique (plan);
    rac_partition (plan, RAC_HASH, 7, NULL);
    return RAC_OK;
}

START_TEST (a_sort)
{
    job_t *job = s_good (sorted, "a\tb\tc\td");
    static const uint32_t order [] = { 3, 2, 1 }, from [] = { 1, 0, 2, 3 }, position [] = { 2, 0, 1, 3 };
    ck_assert_int_eq (job->mode, JOB_SORT);
    ck_assert_int_eq (job->input [0].delimiter, '\t');
    ck_assert_uint_eq (job->orders, 3);
    ck_assert_mem_eq (job->order, order, sizeof order);
    ck_assert_mem_eq (job->from, from, sizeof from);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq (job->input [0].read [i].position, position [i]);
    ck_assert (job->column [3].descending && !job->column [2].descending && job->unique);
    ck_assert_uint_eq (job->results, 2);
    ck_assert_uint_eq (job->shown [0], 3);
    ck_assert_uint_eq (job->shown [1], 0);
    ck_assert_uint_eq (job->parts, 7);
    job_destroy (&job);
}
END_TEST

JOB (reducing)
{
    rac_numbered (plan, 100);
    rac_map (plan, s_no_map);
    rac_key (plan, "k", RAC_F64);
    rac_reduce (plan, s_no_reduce);
    rac_result (plan, "r", RAC_F32);
    rac_partition (plan, RAC_CHOSEN, 3, s_no_choice);
    return RAC_OK;
}

JOB (mapping)
{
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_map (plan, s_no_map);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}

JOB (counting)
{
    rac_numbered (plan, 5);
    rac_fold (plan, "n", RAC_COUNT, NULL);
    return RAC_OK;
}

START_TEST (other_modes)
{
    job_t *job = s_good (reducing, NULL);
    ck_assert_int_eq (job->mode, JOB_REDUCE);
    ck_assert_int_eq (job->input [0].rows, 100);
    ck_assert_uint_eq (job->input [0].reads, 1);        // the row's number
    job_destroy (&job);
    job = s_good (mapping, "a,b,c");
    ck_assert_int_eq (job->mode, JOB_MAP_ONLY);
    ck_assert_uint_eq (job->input [0].fields, 0);       // of a line nothing is a field
    job_destroy (&job);
    job = s_good (counting, NULL);
    ck_assert_int_eq (job->mode, JOB_FOLD);
    ck_assert_uint_eq (job->columns, 0);
    job_destroy (&job);
}
END_TEST

// ---- contradictions

JOB (nothing) { (void) plan; return RAC_OK; }
JOB (failing) { rac_numbered (plan, 1); return RAC_FAIL; }
JOB (refusing) { rac_numbered (plan, 1); return rac_refuse (plan, "give --by COLUMN"); }
JOB (read_before) { rac_read (plan, "a", RAC_I64); return RAC_OK; }
JOB (map_before) { rac_map (plan, s_no_map); return RAC_OK; }
JOB (two_inputs) { rac_numbered (plan, 1); return counting (plan); }
JOB (negative_rows) { rac_numbered (plan, -1); return RAC_OK; }
JOB (two_in_a_line) { rac_input (plan, RAC_LINES, NULL, 0); rac_read (plan, "a", RAC_BYTES); rac_read (plan, "b", RAC_BYTES); return RAC_OK; }
JOB (text_of_a_number) { rac_numbered (plan, 1); rac_read (plan, "a", RAC_BYTES); return RAC_OK; }
JOB (odd_format) { rac_input (plan, (rac_format) 9, NULL, 0); return RAC_OK; }
JOB (long_delimiter) { rac_input (plan, RAC_CSV, "::", 0); return RAC_OK; }
JOB (quote_as_delimiter) { rac_input (plan, RAC_CSV, "\"", 0); return RAC_OK; }
JOB (bad_standard) { (void) rac_param_i64 (plan, "n", "many", ""); return counting (plan); }
JOB (newer) { rac_say (plan, 99, NULL, NULL, 0, 0, NULL, NULL); return counting (plan); }
JOB (side_missing) { rac_side (plan, "words", "/nowhere/words.txt"); return counting (plan); }
JOB (endless) { while (rac_say (plan, RAC_D_KEY, "k", NULL, RAC_I64, 0, NULL, NULL) == RAC_OK) { } return RAC_OK; }

WRONG (odd_type, rac_read (plan, "a", 77))
WRONG (odd_decimal, rac_read (plan, "a", RAC_DECIMAL (19)))
WRONG (no_name, rac_read (plan, NULL, RAC_I64))
WRONG (key_after_value, rac_value (plan, "v", RAC_I64); rac_key (plan, "k", RAC_I64))
WRONG (key_of_odd_type, rac_key (plan, "k", 0))
WRONG (fold_of_nothing, rac_fold (plan, "f", RAC_SUM, NULL))
WRONG (fold_of_unknown, rac_fold (plan, "f", RAC_SUM, "v"))
WRONG (fold_of_key, rac_key (plan, "v", RAC_I64); rac_fold (plan, "f", RAC_SUM, "v"))
WRONG (fold_of_bytes, rac_value (plan, "v", RAC_BYTES); rac_fold (plan, "f", RAC_MIN, "v"))
WRONG (sum_of_times, rac_value (plan, "v", RAC_TIME); rac_fold (plan, "f", RAC_MEAN, "v"))
WRONG (odd_fold, rac_value (plan, "v", RAC_I64); rac_fold (plan, "f", (rac_fold_kind) 9, "v"))
WRONG (reduce_without_key, rac_reduce (plan, s_no_reduce); rac_result (plan, "r", RAC_I64))
WRONG (reduce_and_fold, rac_key (plan, "k", RAC_I64); rac_reduce (plan, s_no_reduce); rac_fold (plan, "n", RAC_COUNT, NULL))
WRONG (reduce_without_result, rac_map (plan, s_no_map); rac_key (plan, "k", RAC_I64); rac_reduce (plan, s_no_reduce))
WRONG (unique_fold, rac_key (plan, "k", RAC_I64); rac_fold (plan, "n", RAC_COUNT, NULL); rac_unique (plan))
WRONG (value_without_key, rac_map (plan, s_no_map); rac_value (plan, "v", RAC_I64))
WRONG (only_input, rac_read (plan, "a", RAC_I64); rac_result (plan, "a", RAC_I64))
WRONG (result_of_fold, rac_fold (plan, "n", RAC_COUNT, NULL); rac_result (plan, "r", RAC_I64))
WRONG (result_unknown, rac_map (plan, s_no_map); rac_key (plan, "k", RAC_I64); rac_result (plan, "k", RAC_F64))
WRONG (never_read, rac_read (plan, "a", RAC_I64); rac_key (plan, "k", RAC_I64))
WRONG (read_otherwise, rac_read (plan, "k", RAC_F64); rac_key (plan, "k", RAC_I64))
WRONG (sort_by_unknown, rac_map (plan, s_no_map); rac_key (plan, "k", RAC_I64); rac_sort (plan, "v"))
WRONG (sort_twice, rac_map (plan, s_no_map); rac_key (plan, "k", RAC_I64); rac_value (plan, "v", RAC_I64); rac_sort (plan, "v"); rac_descending (plan, "v"))
WRONG (hash_without_key, rac_fold (plan, "n", RAC_COUNT, NULL); rac_partition (plan, RAC_HASH, 2, NULL))
WRONG (chosen_without_function, rac_key (plan, "k", RAC_I64); rac_partition (plan, RAC_CHOSEN, 2, NULL))
WRONG (hash_with_function, rac_key (plan, "k", RAC_I64); rac_partition (plan, RAC_HASH, 2, s_no_choice))
WRONG (chosen_without_parts, rac_key (plan, "k", RAC_I64); rac_partition (plan, RAC_CHOSEN, 0, s_no_choice))
WRONG (many_parts, rac_key (plan, "k", RAC_I64); rac_partition (plan, RAC_HASH, 65536, NULL))
WRONG (own_of_nothing, rac_own_fold (plan, "f", &s_own, NULL))
WRONG (own_without_functions, rac_value (plan, "v", RAC_I64); rac_own_fold (plan, "f", NULL, "v"))

static void s_own_but (rac_plan *plan, rac_fold_def own)
{
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_value (plan, "v", RAC_I64);
    rac_own_fold (plan, "f", &own, "v");
}

JOB (own_lacks_merge) { rac_fold_def own = s_own; own.merge = NULL; s_own_but (plan, own); return RAC_OK; }
JOB (own_of_no_size) { rac_fold_def own = s_own; own.state_bytes = 0; s_own_but (plan, own); return RAC_OK; }
JOB (own_too_big) { rac_fold_def own = s_own; own.state_bytes = 4097; s_own_but (plan, own); return RAC_OK; }
JOB (own_with_flags) { rac_fold_def own = s_own; own.flags = 1; s_own_but (plan, own); return RAC_OK; }
JOB (own_gives_bytes) { rac_fold_def own = s_own; own.result_type = RAC_BYTES; s_own_but (plan, own); return RAC_OK; }

static void s_many (rac_plan *plan, uint32_t values)
{
    char name [16];
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_map (plan, s_no_map);
    for (uint32_t i = 0; i < values; i++) {
        snprintf (name, sizeof name, "v%u", i);
        rac_value (plan, name, RAC_I64);
    }
    rac_fold (plan, "last", RAC_SUM, name);
}

JOB (most_columns) { s_many (plan, JOB_COLUMNS); return RAC_OK; }
JOB (too_many_columns) { s_many (plan, JOB_COLUMNS + 1); return RAC_OK; }

START_TEST (contradictions)
{
    static const struct { job_declare_fn *declare; const char *words; } cases [] = {
        { nothing, "declares no input" }, { failing, "failed without a reason" }, { read_before, "rac_read comes before rac_input" },
        { map_before, "rac_map comes before rac_input" }, { two_inputs, "declares 2 inputs" }, { two_in_a_line, "'b' is a second" },
        { text_of_a_number, "a type that cannot be read" }, { odd_format, "unknown format 9" }, { long_delimiter, "a delimiter is one byte" },
        { quote_as_delimiter, "a delimiter is one byte" }, { bad_standard, "the standard of --n is 'many'" }, { newer, "newer racimo (clause 99)" }, { endless, "declares more than" },
        { odd_type, "'a' has a type that cannot be read" }, { odd_decimal, "a type that cannot be read" },
        { no_name, "a column to read has no name" }, { key_after_value, "key 'k' is declared after a value" }, { key_of_odd_type, "'k' has an unknown type" },
        { fold_of_nothing, "fold 'f' needs a value" }, { fold_of_unknown, "of 'v', which is not declared" }, { fold_of_key, "of 'v', which is not declared" },
        { fold_of_bytes, "bytes can be counted" }, { sum_of_times, "times have no sum" }, { odd_fold, "a kind that this release does not know" },
        { reduce_without_key, "a reduce needs a key" }, { reduce_and_fold, "does not go with folds" }, { reduce_without_result, "no rac_result says" },
        { unique_fold, "rac_unique goes with keys alone" }, { value_without_key, "values without a key need a fold" }, { only_input, "nothing would be done" },
        { result_of_fold, "does not go with folds" }, { result_unknown, "result 'k' is neither" }, { never_read, "'k' is emitted by no map" },
        { read_otherwise, "'k' is read and emitted as different types" }, { sort_by_unknown, "sorts by 'v', which is neither" },
        { sort_twice, "sorts by 'v' twice" }, { hash_without_key, "rac_partition needs a key" }, { chosen_without_function, "goes with a function" },
        { hash_with_function, "goes with a function" }, { chosen_without_parts, "needs a number of parts" }, { many_parts, "65535 parts are possible, not 65536" },
        { own_of_nothing, "not declared by rac_value" }, { own_without_functions, "lacks a function" }, { own_lacks_merge, "lacks a function" },
        { own_of_no_size, "a state of 0 bytes" }, { own_too_big, "a state of 4097 bytes" }, { own_with_flags, "flags" },
        { own_gives_bytes, "neither i64, f64, decimal nor time" }, { too_many_columns, "more than 255" },
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++)
        s_bad (cases [i].declare, NULL, ERROR_JOB, cases [i].words);
    s_bad (refusing, NULL, ERROR_USAGE, "testjob: give --by COLUMN");
    s_bad (negative_rows, NULL, ERROR_USAGE, "asks for -1 rows");
    error_t error = { 0 };
    job_t *siding = s_good (side_missing, NULL);        // a cluster's are looked for elsewhere
    ck_assert (job_check_sides (siding, "testjob", &error) && error.kind == ERROR_USAGE && strstr (error.text, "/nowhere/words.txt"));
    job_destroy (&siding);
    job_t *job = s_good (most_columns, NULL);
    ck_assert_uint_eq (job->columns, JOB_COLUMNS);
    job_destroy (&job);
}
END_TEST

// ---- what a declaration looks like to people and programs

static void s_has (const buffer_t *text, const char *words)
{
    ck_assert_msg (strstr (text->data, words) != NULL, "'%s' is not in:\n%s", words, text->data);
}

JOB (explained)
{
    (void) rac_flag (plan, "loud", "say it \"loud\"\n");
    (void) rac_param_i64 (plan, "n", "7", "how many");
    return stations (plan);
}

START_TEST (explanations)
{
    job_t *job = s_good (explained, NULL);
    buffer_t text = { 0 }, json = { 0 };
    job_explain (job, "testjob", false, &text);
    buffer_add (&text, "", 1);
    s_has (&text, "testjob: Coldest \"and\" warmest\n");
    s_has (&text, "csv, delimiter ';', without a header\n");
    s_has (&text, "name                 bytes, descending\n");
    s_has (&text, "min                  min of celsius\n");
    s_has (&text, "rows                 count\n");
    s_has (&text, "own                  own fold of celsius\n");
    s_has (&text, "  --n N                  how many [7]\n");
    job_explain (job, "test\\job", true, &json);
    buffer_add (&json, "", 1);
    s_has (&json, "\"name\": \"test\\\\job\"");
    s_has (&json, "\"about\": \"Coldest \\\"and\\\" warmest\"");
    s_has (&json, "{\"name\": \"loud\", \"type\": \"flag\", \"default\": \"\", \"help\": \"say it \\\"loud\\\"\\u000a\"}");
    s_has (&json, "\"keys\": [{\"name\": \"name\", \"type\": \"bytes\"}]");
    s_has (&json, "\"values\": [{\"name\": \"celsius\", \"type\": \"f32\"}]");
    job_destroy (&job);
    buffer_free (&text);
    buffer_free (&json);
    char room [16];
    ck_assert_str_eq (job_type_name (RAC_DECIMAL (18), room), "decimal(18)");
    ck_assert_str_eq (job_type_name (77, room), "unknown");
    job = s_good (counting, NULL);
    job_explain (job, "testjob", true, &text);
    job_explain (job, "testjob", false, &text);
    job_destroy (&job);
    buffer_free (&text);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { a_fold, a_sort, other_modes, contradictions, explanations };
    return main_run ("job", NULL, NULL, tests, COUNT_OF (tests));
}
