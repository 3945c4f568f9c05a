// test_merge: any number of runs, empty ones too, come as one ascending stream, in which equal strings stand in the order of their runs.
#include "help.h"
#include "store/merge.h"

enum { RUNS = 70 };

static uint64_t s_counter;

static uint32_t s_below (uint32_t bound)
{
    return (uint32_t) (rac_random (3, s_counter++) % bound);
}

static int s_order (rac_bytes a, rac_bytes b)
{
    uint32_t least = a.size < b.size ? a.size : b.size;
    int order = least ? memcmp (a.data, b.data, least) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

typedef struct { char data [24]; uint32_t size; uint32_t run; } row_t;

static rac_bytes s_text (const row_t *row)
{
    return (rac_bytes) { row->data, row->size, 0 };
}

static int s_compare (const void *a, const void *b)
{
    const row_t *x = a, *y = b;
    int order = s_order (s_text (x), s_text (y));
    return order ? order : (x->run > y->run) - (x->run < y->run);
}

// Few letters, NULs at the end, mostly a beginning of 8 equal bytes: many equal strings, and more whose first 8 bytes are.
static row_t s_row (uint32_t run)
{
    row_t row = { .run = run };
    uint32_t common = s_below (4) ? 8 : 0;
    row.size = common + s_below (6);
    for (uint32_t i = 0; i < row.size; i++)
        row.data [i] = (char) (i < common ? 'p' : s_below (3));
    return row;
}

// Rows of run i stand in row [start [i]] to row [start [i + 1]]. The state of a row is the number of its run.
static segment_t *s_segment (row_t *row, const uint32_t *start, uint32_t runs)
{
    static const segment_layout_t layout = { .state_bytes = 4 };
    error_t error = { 0 };
    segment_writer_t *writer = segment_create (s_path ("segment"), &layout, &error);
    for (uint32_t i = 0; i < runs; i++) {
        qsort (row + start [i], start [i + 1] - start [i], sizeof *row, s_compare);
        segment_begin_run (writer);
        for (uint32_t r = start [i]; r < start [i + 1]; r++)
            if (segment_add (writer, s_text (&row [r]), row [r].size, (const char *) &row [r].run, &error))
                ck_abort_msg ("%s", error.text);
        ck_assert_int_eq (segment_end_run (writer, &error), OK);
    }
    ck_assert_int_eq (segment_finish (&writer, NULL, NULL, &error), OK);
    segment_t *segment = segment_open (s_path ("segment"), &layout, &error);
    ck_assert_msg (segment != NULL, "%s", error.text);
    return segment;
}

static void s_merges (uint32_t runs, uint32_t most)
{
    uint32_t start [RUNS + 1] = { 0 };
    for (uint32_t i = 0; i < runs; i++)
        start [i + 1] = start [i] + (s_below (4) ? s_below (most + 1) : 0);
    row_t *row = memory_new ((start [runs] + 1) * sizeof *row);
    for (uint32_t i = 0; i < runs; i++)
        for (uint32_t r = start [i]; r < start [i + 1]; r++)
            row [r] = s_row (i);
    segment_t *segment = s_segment (row, start, runs);
    cursor_t *cursor [RUNS];
    for (uint32_t i = 0; i < runs; i++)
        cursor [i] = cursor_open (segment, i + 1, (rac_bytes) { 0 }, (rac_bytes) { 0 }, NULL);
    qsort (row, start [runs], sizeof *row, s_compare);
    merge_t *merge = merge_new (cursor, runs);
    for (uint32_t r = 0; r < start [runs]; r++) {
        const cursor_t *top = merge_top (merge);
        if (!top || s_order (top->text, s_text (&row [r])) || memcmp (top->state, &row [r].run, 4))
            ck_abort_msg ("%u runs: place %u of %u is wrong", runs, r, start [runs]);
        if (merge_next (merge, NULL))
            ck_abort_msg ("%u runs: cannot be read", runs);
    }
    ck_assert_ptr_null (merge_top (merge));
    merge_destroy (&merge);
    ck_assert_ptr_null (merge);
    for (uint32_t i = 0; i < runs; i++)
        cursor_close (&cursor [i]);
    segment_close (&segment);
    free (row);
}

START_TEST (every_number_of_runs)
{
    for (uint32_t runs = 0; runs <= RUNS; runs++) {
        s_merges (runs, 0);
        s_merges (runs, 1);
        s_merges (runs, 60);
    }
}
END_TEST

START_TEST (runs_of_many_blocks)
{
    s_merges (5, 60000);
}
END_TEST

// A run that becomes unreadable in its middle: rows up to there, then an error, never an end.
START_TEST (damaged_run)
{
    uint32_t start [] = { 0, 20000, 20001 };
    row_t *row = memory_new (start [2] * sizeof *row);
    for (uint32_t r = 0; r < start [2]; r++)
        row [r] = s_row (r == 20000);
    segment_t *segment = s_segment (row, start, 2);
    ck_assert_uint_gt (segment_blocks (segment), 3);
    cursor_t *cursor [2];
    for (uint32_t i = 0; i < 2; i++)
        cursor [i] = cursor_open (segment, i + 1, (rac_bytes) { 0 }, (rac_bytes) { 0 }, NULL);
    ck_assert_int_eq (truncate (s_path ("segment"), (off_t) segment_block (segment, 1)->offset + 100), 0);
    merge_t *merge = merge_new (cursor, 2);
    error_t error = { 0 };
    status_t rc = OK;
    while (!rc && merge_top (merge))
        rc = merge_next (merge, &error);
    ck_assert_int_ne (rc, OK);
    ck_assert_ptr_nonnull (strstr (error.text, "segment"));
    merge_destroy (&merge);
    for (uint32_t i = 0; i < 2; i++)
        cursor_close (&cursor [i]);
    segment_close (&segment);
    free (row);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { every_number_of_runs, runs_of_many_blocks, damaged_run };
    return s_run ("merge", tests, COUNT_OF (tests));
}
