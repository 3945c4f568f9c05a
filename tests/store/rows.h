// rows: tables of rows, written as segments, read back and compared. For the tests of segments only.
#pragma once
#include "help.h"
#include "store/segment_format.h"
#include "table/sort.h"

typedef struct { rac_bytes text; uint32_t key_size; char state [24]; } row_t;
typedef struct { row_t *row; uint32_t rows; arena_t *memory; } table_t;

static uint64_t s_counter;

static inline uint32_t s_below (uint32_t bound)
{
    return (uint32_t) (rac_random (2, s_counter++) % bound);
}

static inline int s_order (rac_bytes a, rac_bytes b)
{
    uint32_t least = a.size < b.size ? a.size : b.size;
    int order = least ? memcmp (a.data, b.data, least) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static inline int s_compare (const void *a, const void *b)
{
    return s_order (((const row_t *) a)->text, ((const row_t *) b)->text);
}

// Rows in order: strings of `common` equal bytes and a random tail, a third of them equal to others, each with a random state.
static inline table_t s_table (uint32_t rows, uint32_t common, uint32_t tail)
{
    table_t table = { memory_new ((rows + 1) * sizeof (row_t)), rows, arena_new (1 << 16) };
    for (uint32_t r = 0; r < rows; r++) {
        row_t *row = &table.row [r];
        uint32_t size = common + s_below (tail + 1);
        char *data = arena_take (table.memory, size + 1);
        for (uint32_t i = 0; i < size; i++)
            data [i] = (char) (i < common ? 'c' : s_below (4) ? 'a' + s_below (3) : 0);
        row->text = (rac_bytes) { data, size, 0 };
        if (r && !s_below (3))
            row->text = table.row [s_below (r)].text;
        for (uint32_t i = 0; i < sizeof row->state; i++)
            row->state [i] = (char) s_below (256);
    }
    qsort (table.row, rows, sizeof *table.row, s_compare);
    for (uint32_t r = 0; r < rows; r++)
        table.row [r].key_size = s_below (table.row [r].text.size + 1);
    return table;
}

static inline void s_table_free (table_t *self)
{
    free (self->row);
    arena_destroy (&self->memory);
}

static const segment_layout_t s_folds = { .state_bytes = 24 }, s_records = { .records = true }, s_both = { .state_bytes = 8, .records = true };

static inline void s_write_rows (segment_writer_t *writer, const table_t *table, const segment_layout_t *layout)
{
    error_t error = { 0 };
    segment_begin_run (writer);
    for (uint32_t r = 0; r < table->rows; r++) {
        const row_t *row = &table->row [r];
        if (segment_add (writer, row->text, layout->records ? row->key_size : row->text.size, row->state, &error))
            ck_abort_msg ("%s", error.text);
    }
    ck_assert_int_eq (segment_end_run (writer, &error), OK);
}

static const char *s_packed_segment (const segment_layout_t *layout, codec_t codec, const table_t *run, uint32_t runs)
{
    error_t error = { 0 };
    const char *path = s_path ("segment");
    segment_writer_t *writer = segment_create (path, layout, &error);
    uint64_t bytes = 0, rows = 0, all = 0;
    pace_t pace = pace_new (codec == CODEC_ZLIB ? PACK_ALWAYS : PACK_NEVER);
    ck_assert_msg (writer != NULL, "%s", error.text);
    segment_pack (writer, &pace);
    for (uint32_t i = 0; i < runs; i++) {
        s_write_rows (writer, &run [i], layout);
        all += run [i].rows;
    }
    ck_assert_uint_eq (segment_written_runs (writer), runs);
    ck_assert_int_eq (segment_finish (&writer, &bytes, &rows, &error), OK);
    ck_assert_ptr_null (writer);
    ck_assert_uint_eq (rows, all);
    buffer_t file = { 0 };
    ck_assert_int_eq (file_load (path, 1 << 30, &file, NULL), OK);
    ck_assert_uint_eq (file.size, bytes);
    buffer_free (&file);
    return path;
}

static const char *s_segment (const segment_layout_t *layout, const table_t *run, uint32_t runs)
{
    return s_packed_segment (layout, CODEC_NONE, run, runs);
}

// What is wrong with a row that the cursor stands on; NULL: nothing.
static const char *s_differs (const cursor_t *cursor, const row_t *row, const segment_layout_t *layout)
{
    if (s_order (cursor->text, row->text))
        return "string";
    if (cursor->key_size != (layout->records ? row->key_size : row->text.size))
        return "key size";
    if (layout->state_bytes && memcmp (cursor->state, row->state, layout->state_bytes))
        return "state";
    return cursor->prefix == sort_prefix (row->text, 0) ? NULL : "prefix";
}

// One run's rows in a range. A segment that was tampered with may fail, with a line that names the file; then false.
static inline bool s_read_range (segment_t *segment, uint32_t run, const table_t *table, const segment_layout_t *layout, rac_bytes low, rac_bytes high)
{
    uint32_t r = 0;
    error_t error = { 0 };
    while (r < table->rows && low.size && s_order (table->row [r].text, low) < 0)
        r++;
    cursor_t *cursor = cursor_open (segment, run, low, high, &error);
    status_t rc = cursor ? OK : FAILED;
    for (; !rc && !cursor->done; rc = cursor_next (cursor, &error), r++) {
        if (high.data && s_order (cursor->text, high) >= 0)
            ck_abort_msg ("run %u, row %u: not below the upper border", run, r);
        const char *wrong = r < table->rows ? s_differs (cursor, &table->row [r], layout) : "a row too many";
        if (wrong)
            ck_abort_msg ("run %u, row %u: %s", run, r, wrong);
    }
    if (!rc && r < table->rows && (!high.data || s_order (table->row [r].text, high) < 0))
        ck_abort_msg ("run %u: rows from %u on are lost", run, r);
    if (rc && !strstr (error.text, "segment"))
        ck_abort_msg ("an error without a name: %s", error.text);
    cursor_close (&cursor);
    return !rc;
}

static const rac_bytes s_none;
