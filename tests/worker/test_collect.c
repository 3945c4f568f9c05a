// test_collect: however little memory a collect has and however often it is sealed, its segments merge to the same rows.
//
// Each job here is fed the same rows once with memory for all of them and once with almost none; the merged streams, folded or not, are
// written down as text and compared. Wide sums (1e300 beside 1) make states that take several rows.
#include "kernel/value.h"
#include "sealed.h"
#include "tests/folder.h"
#include "worker/gather.h"

#include <sys/stat.h>
#include <unistd.h>

enum { BATCHES = 60, FIRST_ROWS = 200 };

// ---- jobs: every way in which rows are kept

static rac_status s_no_map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state; (void) in; (void) out;
    return RAC_OK;
}

static void s_columns (rac_plan *plan)
{
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_map (plan, s_no_map);
    rac_key (plan, "word", RAC_BYTES);
    rac_key (plan, "number", RAC_F64);
    rac_value (plan, "value", RAC_F64);
    rac_value (plan, "count", RAC_I64);
}

static rac_status s_folds (rac_plan *plan)
{
    s_columns (plan);
    rac_fold (plan, "sum", RAC_SUM, "value");
    rac_fold (plan, "least", RAC_MIN, "value");
    rac_fold (plan, "mean", RAC_MEAN, "count");
    rac_fold (plan, "rows", RAC_COUNT, NULL);
    return RAC_OK;
}

static rac_status s_folds_in_parts (rac_plan *plan)
{
    rac_partition (plan, RAC_HASH, 300, NULL);
    return s_folds (plan);
}

static rac_status s_one_group (rac_plan *plan)
{
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_map (plan, s_no_map);
    rac_value (plan, "a", RAC_BYTES);
    rac_value (plan, "b", RAC_F64);
    rac_value (plan, "c", RAC_F64);
    rac_value (plan, "d", RAC_I64);
    rac_fold (plan, "sum", RAC_SUM, "c");
    return RAC_OK;
}

static rac_status s_sorted (rac_plan *plan)
{
    s_columns (plan);
    rac_descending (plan, "count");
    return RAC_OK;
}

static rac_status s_sorted_in_parts (rac_plan *plan)
{
    rac_partition (plan, RAC_HASH, 300, NULL);
    return s_sorted (plan);
}

static rac_status s_unique (rac_plan *plan)
{
    rac_unique (plan);
    return s_sorted (plan);
}

static batch_t s_batch;

static collect_t *s_collect (const sealed_t *sealed, uint64_t memory)
{
    return collect_new (sealed->job, &sealed->shape, memory, s_folder, "", 3);
}

// The first rows of s_batch.
static void s_add (collect_t *collect, const sealed_t *sealed, uint32_t rows)
{
    ck_assert_int_eq (collect_add (collect, s_batch.column, rows, sealed->shape.prefix ? s_batch.part : NULL, NULL), OK);
}

// ---- one way through

typedef struct { uint64_t memory; uint32_t batch_rows, seal_every; } way_t;

static void s_seal (collect_t *collect, sealed_t *sealed)
{
    const char *path;
    uint64_t bytes, rows;
    error_t error = { 0 };
    ck_assert_msg (collect_seal (collect, &path, &bytes, &rows, &error) == OK, "%s", error.text);
    ck_assert_int_eq (path != NULL, rows > 0);
    sealed->rows += rows;
    if (path)
        s_open (sealed, path);
}

// All rows are the same in each way: they are made in the same order by the same counter, RAC_ROWS at a time.
// Returns how many rows the segments held before they were merged.
static uint64_t s_pass (job_declare_fn *declare, const way_t *way, buffer_t *into)
{
    sealed_t *sealed = s_begin (declare);
    collect_t *collect = s_collect (sealed, way->memory);
    s_counter = 0;
    for (uint32_t b = 0; b < BATCHES; b++) {
        uint32_t rows = FIRST_ROWS + 5 * b;
        s_make (&s_batch, rows);
        for (uint32_t from = 0; from < rows; from += way->batch_rows) {
            rac_column column [4];
            for (int c = 0; c < 4; c++)
                column [c] = value_slice (&s_batch.column [c], from);
            uint32_t some = rows - from < way->batch_rows ? rows - from : way->batch_rows;
            ck_assert_int_eq (collect_add (collect, column, some, sealed->shape.prefix ? s_batch.part + from : NULL, NULL), OK);
        }
        if (b % way->seal_every == way->seal_every - 1)
            s_seal (collect, sealed);
    }
    s_seal (collect, sealed);
    ck_assert (way->memory > 1 ? !collect_spilled (collect) : collect_spilled (collect) > 0);
    ck_assert_uint_ge (sealed->cursors, 1);
    if (way->memory == 1 && way->seal_every > BATCHES)  // every batch was a run, and the runs of the one segment were merged on the way
        ck_assert_uint_lt (sealed->cursors, 16);
    s_merge (sealed, into);
    uint64_t rows = sealed->rows;
    collect_destroy (&collect);
    ck_assert_ptr_null (collect);
    s_end (sealed);
    return rows;
}

static uint32_t s_lines (const buffer_t *text)
{
    uint32_t lines = 0;
    for (size_t i = 0; i < text->size; i++)
        lines += text->data [i] == '\n';
    return lines;
}

static uint32_t s_same_every_way (job_declare_fn *declare)
{
    static const way_t plain = { 1ull << 40, RAC_ROWS, BATCHES + 1 };
    static const way_t ways [] = { { 1, RAC_ROWS, BATCHES + 1 }, { 1, 64, 7 }, { 1ull << 40, 128, 1 }, { 1, 320, 1 } };
    buffer_t wanted = { 0 };
    uint64_t rows = s_pass (declare, &plain, &wanted);
    uint32_t lines = s_lines (&wanted);
    if (declare == s_sorted || declare == s_unique)     // in a run of their own, keys that are there already are not written
        ck_assert_uint_eq (rows, lines);
    for (size_t w = 0; w < COUNT_OF (ways); w++) {
        buffer_t is = { 0 };
        (void) s_pass (declare, &ways [w], &is);
        ck_assert_msg (is.size == wanted.size && !memcmp (is.data, wanted.data, is.size), "way %zu gives other rows", w);
        buffer_free (&is);
    }
    buffer_free (&wanted);
    return lines;
}

// ---- tests

START_TEST (groups)
{
    ck_assert_uint_gt (s_same_every_way (s_folds), 500);
    ck_assert_uint_gt (s_same_every_way (s_folds_in_parts), 500);
    ck_assert_uint_eq (s_same_every_way (s_one_group), 1);
}
END_TEST

// Nothing is lost on the way through a segment: a fold that never left memory has the same result.
START_TEST (through_a_segment)
{
    static const uint32_t group [RAC_ROWS];
    static const way_t way = { 1, 64, 5 };
    sealed_t *sealed = s_begin (s_one_group);
    fold_t *fold = shape_fold_new (&sealed->shape, sealed->job);
    fold_grow (fold, 1);
    s_counter = 0;
    for (uint32_t b = 0; b < BATCHES; b++) {
        s_make (&s_batch, FIRST_ROWS + 5 * b);
        fold_add (fold, group, s_batch.column, FIRST_ROWS + 5 * b);
    }
    ck_assert_uint_gt (fold_extra_rows (fold, 0), 0);
    buffer_t wanted = { 0 }, is = { 0 };
    s_hex (&wanted, "", 0);
    s_add_results (fold, sealed->job, &wanted);
    buffer_add (&wanted, "", 1);
    (void) s_pass (s_one_group, &way, &is);
    ck_assert_str_eq (is.data, wanted.data);
    buffer_free (&wanted);
    buffer_free (&is);
    fold_destroy (&fold);
    s_end (sealed);
}
END_TEST

START_TEST (records)
{
    uint32_t rows = 0;
    for (uint32_t b = 0; b < BATCHES; b++)
        rows += FIRST_ROWS + 5 * b;
    ck_assert_uint_eq (s_same_every_way (s_sorted), rows);
    ck_assert_uint_eq (s_same_every_way (s_sorted_in_parts), rows);
    ck_assert_uint_eq (s_same_every_way (s_unique), s_same_every_way (s_folds));
}
END_TEST

// ---- wide states: some hundred groups of them fill a batch, and each group comes once

static void s_start (void *states, uint32_t count) { memset (states, 0, (size_t) count * 4096); }
static void s_result (const void *states, uint32_t count, void *values) { (void) states; memset (values, 0, count * sizeof (int64_t)); }
static void s_ignore (void *states, const uint32_t *group, const rac_column *values, uint32_t rows)
{
    (void) states; (void) group; (void) values; (void) rows;
}
static void s_merge_none (void *states, const uint32_t *group, const void *others, uint32_t rows)
{
    (void) states; (void) group; (void) others; (void) rows;
}

static rac_status s_wide (rac_plan *plan)
{
    static const rac_fold_def wide = { sizeof wide, 4096, RAC_I64, 0, s_start, s_ignore, s_merge_none, s_result };
    s_columns (plan);
    rac_own_fold (plan, "one", &wide, "count");
    rac_own_fold (plan, "two", &wide, "count");
    rac_own_fold (plan, "three", &wide, "count");
    rac_own_fold (plan, "four", &wide, "count");
    return RAC_OK;
}

START_TEST (wide_states)
{
    enum { MOST_BYTES = 4 << 20, GROUPS = 1500 };
    sealed_t *sealed = s_begin (s_wide);
    collect_t *collect = s_collect (sealed, 1);
    for (int pass = 0; pass < 2; pass++) {
        s_make (&s_batch, GROUPS);
        for (uint32_t r = 0; r < GROUPS; r++) {
            s_batch.number [r] = r % 1200;              // the key, with a part that the row has as well
            s_batch.word [r].size = 0;
            s_batch.part [r] = r % 3;
        }
        s_add (collect, sealed, GROUPS);
    }
    s_seal (collect, sealed);
    fold_t *fold = shape_fold_new (&sealed->shape, sealed->job);
    merge_t *merge = merge_new (sealed->cursor, sealed->cursors);
    gather_t gather = gather_new (fold, NULL);
    uint32_t seen = 0;
    do {
        ck_assert_int_eq (gather_next (&gather, merge, NULL), OK);
        ck_assert_uint_le ((uint64_t) gather.keys * fold_row_bytes (fold), MOST_BYTES);
        seen += gather.keys;
    } while (gather.keys);
    ck_assert_uint_eq (seen, 1200);
    gather_free (&gather);
    merge_destroy (&merge);
    fold_destroy (&fold);
    collect_destroy (&collect);
    s_end (sealed);
}
END_TEST

// A batch of groups that are all new, each with states as wide as they may be, does not take many times the memory before it is looked at.
START_TEST (wide_batch)
{
    enum { MEMORY = 8 << 20, GROUPS = 2000 };
    sealed_t *sealed = s_begin (s_wide);
    collect_t *collect = s_collect (sealed, MEMORY);
    s_make (&s_batch, GROUPS);
    for (uint32_t r = 0; r < GROUPS; r++) {
        s_batch.number [r] = r;
        s_batch.word [r].size = 0;
    }
    s_add (collect, sealed, GROUPS);
    s_seal (collect, sealed);
    ck_assert_uint_eq (sealed->rows, GROUPS);
    ck_assert_uint_ge (sealed->cursors, GROUPS * 4ull * 4096 / (MEMORY / 4 * 5ull));      // runs: of at most that much each
    collect_destroy (&collect);
    s_end (sealed);
}
END_TEST

// Rows that were dropped, or are none, leave no file and no trace in what comes after.
START_TEST (dropped)
{
    sealed_t *sealed = s_begin (s_sorted);
    for (uint64_t memory = 1; memory < 1ull << 40; memory += 1ull << 39) {
        collect_t *collect = s_collect (sealed, memory);
        s_seal (collect, sealed);
        s_make (&s_batch, 900);
        s_add (collect, sealed, 900);
        collect_drop (collect);
        ck_assert_int_eq (rmdir (s_folder), 0);         // empty
        ck_assert_int_eq (mkdir (s_folder, 0700), 0);
        s_seal (collect, sealed);
        s_add (collect, sealed, 0);
        s_seal (collect, sealed);
        ck_assert_uint_eq (sealed->segments, 0);
        s_add (collect, sealed, 7);
        s_seal (collect, sealed);
        ck_assert_uint_eq (sealed->segments, 1);
        buffer_t text = { 0 };
        s_merge (sealed, &text);
        ck_assert_uint_eq (s_lines (&text), 7);
        buffer_free (&text);
        file_remove_tree (s_folder);
        ck_assert_int_eq (mkdir (s_folder, 0700), 0);
        collect_destroy (&collect);
    }
    s_end (sealed);
}
END_TEST

// Whoever watches sees runs being written and merged: with hardly any memory each batch is a run, and many runs are merged.
START_TEST (writing_is_progress)
{
    sealed_t *sealed = s_begin (s_folds);
    collect_t *collect = s_collect (sealed, 1);
    uint64_t blocks = 0, before;
    collect_watch (collect, &blocks);
    s_make (&s_batch, 64);
    for (int i = 0; i < 20; i++) {
        before = blocks;
        s_add (collect, sealed, 64);
        ck_assert_uint_gt (blocks, before);
    }
    ck_assert_uint_gt (blocks, 20);                     // a block a run, and those of the merge
    collect_destroy (&collect);
    s_end (sealed);
}
END_TEST

START_TEST (no_folder)
{
    sealed_t *sealed = s_begin (s_folds);
    error_t error = { 0 };
    collect_t *collect = collect_new (sealed->job, &sealed->shape, 1, "/nowhere", "", 1);
    s_make (&s_batch, 64);
    ck_assert_int_eq (collect_add (collect, s_batch.column, 64, NULL, &error), FAILED);
    ck_assert_ptr_nonnull (strstr (error.text, "/nowhere/segment"));
    collect_destroy (&collect);
    s_end (sealed);
}
END_TEST

// The keys that partitions are made of: the same for equal keys however the rows are kept, and -0 is 0.
START_TEST (keys)
{
    s_make (&s_batch, 200);
    for (int whole = 0; whole < 2; whole++) {
        sealed_t *sealed = s_begin (whole ? s_sorted : s_folds);
        collect_t *collect = s_collect (sealed, 1);
        const rac_bytes *key = collect_keys (collect, s_batch.column, 200);
        for (uint32_t a = 0; a < 200; a++)
            for (uint32_t b = 0; b < 200; b++) {
                bool same = s_batch.word [a].size == s_batch.word [b].size && s_batch.number [a] == s_batch.number [b]
                    && (!s_batch.word [a].size || !memcmp (s_batch.word [a].data, s_batch.word [b].data, s_batch.word [a].size));
                bool same_key = key [a].size == key [b].size && !memcmp (key [a].data, key [b].data, key [a].size);
                if (same != same_key)
                    ck_abort_msg ("keys %u and %u", a, b);
            }
        collect_destroy (&collect);
        s_end (sealed);
    }
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { groups, through_a_segment, wide_states, wide_batch, records, dropped, writing_is_progress, no_folder, keys };
    return main_run ("collect", s_folder_make, s_folder_remove, tests, COUNT_OF (tests));
}
