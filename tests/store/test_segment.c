// test_segment: what was written comes back, whole and by ranges. The file that doc/block-format.md walks through is written here and compared
// byte by byte. What becomes of damaged files: test_segment_damage.c.
#include "rows.h"

#include <signal.h>
#include <sys/resource.h>

enum { RUN_ROWS = 4000 };

static void s_round_trip (segment_layout_t layout, uint32_t runs, uint32_t rows, uint32_t common, uint32_t tail)
{
    table_t *run = memory_new ((runs + 1) * sizeof *run);
    for (uint32_t i = 0; i < runs; i++)
        run [i] = s_table (i % 3 == 2 ? 0 : rows, common, tail);
    for (int codec = CODEC_NONE; codec <= CODEC_ZLIB; codec++) {
        const char *path = s_packed_segment (&layout, (codec_t) codec, run, runs);
        segment_t *segment = segment_open (path, &layout, NULL);
        ck_assert_uint_eq (segment_runs (segment), runs);
        for (uint32_t i = 0; i < runs; i++)
            ck_assert (s_read_range (segment, i + 1, &run [i], &layout, s_none, s_none));
        segment_close (&segment);
        ck_assert_ptr_null (segment);
    }
    for (uint32_t i = 0; i < runs; i++)
        s_table_free (&run [i]);
    free (run);
}

START_TEST (round_trips)
{
    s_round_trip (s_folds, 0, 0, 0, 0);
    s_round_trip (s_folds, 1, 1, 0, 10);
    s_round_trip (s_folds, 7, 20000, 0, 30);
    s_round_trip (s_records, 3, 9000, 70, 20);
    s_round_trip (s_both, 2, 5000, 8, 8);
    s_round_trip ((segment_layout_t) { 0 }, 2, 30000, 0, 0);        // empty strings
    s_round_trip (s_records, 40, 50, 3, 3);
}
END_TEST

// Every row's string as low and as high, a little more and a little less, and cut to what an index keeps.
static void s_ranges (uint32_t common, uint32_t tail)
{
    table_t table = s_table (RUN_ROWS, common, tail);
    const char *path = s_segment (&s_folds, &table, 1);
    segment_t *segment = segment_open (path, &s_folds, NULL);
    char text [2] [300];
    ck_assert_uint_gt (segment_blocks (segment), 1);
    for (uint32_t turn = 0; turn < 400; turn++) {
        rac_bytes border [2];
        for (int b = 0; b < 2; b++) {
            uint32_t r = turn % 4 ? s_below (RUN_ROWS) : s_below (3) ? RUN_ROWS - 1 : 0;
            border [b] = table.row [r].text;
            memcpy (text [b], border [b].data, border [b].size);
            border [b].data = text [b];
            switch (s_below (4)) {
            case 0: text [b] [border [b].size++] = 0; break;
            case 1: border [b].size -= border [b].size != 0; break;
            case 2: border [b].size = border [b].size < SEGMENT_KEY ? border [b].size : SEGMENT_KEY; break;
            default: break;
            }
        }
        ck_assert (s_read_range (segment, 1, &table, &s_folds, border [0], border [1]));
        ck_assert (s_read_range (segment, 1, &table, &s_folds, border [0], s_none));
        ck_assert (s_read_range (segment, 1, &table, &s_folds, s_none, border [1]));
    }
    for (uint32_t b = 0; b < segment_blocks (segment); b++) {       // the borders that a plan takes: the index itself
        const segment_block_t *block = segment_block (segment, b);
        rac_bytes key = { block->key, block->key_size, 0 };
        ck_assert (s_read_range (segment, 1, &table, &s_folds, key, s_none));
        ck_assert (s_read_range (segment, 1, &table, &s_folds, s_none, key));
    }
    segment_close (&segment);
    s_table_free (&table);
}

START_TEST (ranges)
{
    s_ranges (0, 60);
    s_ranges (20, 60);
    s_ranges (62, 30);
    s_ranges (64, 30);
    s_ranges (70, 30);
    s_ranges (200, 3);
}
END_TEST

// Records of few keys, so that most blocks begin within a key's rows: a range that is cut at an index's key has all rows of a key or none.
static void s_key_ranges (uint32_t common)
{
    table_t table = s_table (RUN_ROWS, common, 0);
    for (uint32_t r = 0; r < RUN_ROWS; r++) {           // key: common bytes, a letter, an end; then a value of 4 bytes
        uint32_t value = __builtin_bswap32 (r);
        char *data = arena_take (table.memory, common + 80);
        memset (data, 'c', common);
        data [common] = (char) ('a' + r * 5 / RUN_ROWS);
        data [common + 1] = 0;
        memcpy (data + common + 2, &value, 4);
        memset (data + common + 6, 'v', 74);
        table.row [r].text = (rac_bytes) { data, common + 80, 0 };
        table.row [r].key_size = common + 2;
    }
    segment_t *segment = segment_open (s_segment (&s_records, &table, 1), &s_records, NULL);
    uint32_t blocks = segment_blocks (segment);
    ck_assert_uint_gt (blocks, 2);
    for (uint32_t b = 0; b < blocks; b++) {
        const segment_block_t *block = segment_block (segment, b);
        rac_bytes key = { block->key, block->key_size, 0 };
        ck_assert_uint_eq (block->key_size, common + 2 < SEGMENT_KEY ? common + 2 : SEGMENT_KEY);
        ck_assert (s_read_range (segment, 1, &table, &s_records, key, s_none));
        ck_assert (s_read_range (segment, 1, &table, &s_records, s_none, key));
    }
    segment_close (&segment);
    s_table_free (&table);
}

START_TEST (ranges_of_keys)
{
    s_key_ranges (0);
    s_key_ranges (60);
    s_key_ranges (63);
    s_key_ranges (100);
}
END_TEST

START_TEST (no_such_run)
{
    table_t table = s_table (10, 0, 5);
    segment_t *segment = segment_open (s_segment (&s_folds, &table, 1), &s_folds, NULL);
    for (uint32_t run = 0; run < 4; run += 2) {
        cursor_t *cursor = cursor_open (segment, run, s_none, s_none, NULL);
        ck_assert (cursor && cursor->done);
        cursor_close (&cursor);
    }
    segment_close (&segment);
    s_table_free (&table);
}
END_TEST

// Rows of megabytes, one of the most that is possible, and one byte more.
START_TEST (big_rows)
{
    enum { MOST = 16 * 1024 * 1024 };
    char *text = memory_new (MOST + 1);
    row_t row [] = { { { text, 3, 0 }, 3, "" }, { { text, 3 << 20, 0 }, 0, "" }, { { text, MOST, 0 }, MOST, "" } };
    table_t table = { row, 3, NULL };
    for (int codec = CODEC_NONE; codec <= CODEC_ZLIB; codec++) {
        segment_t *segment = segment_open (s_packed_segment (&s_records, (codec_t) codec, &table, 1), &s_records, NULL);
        ck_assert (s_read_range (segment, 1, &table, &s_records, s_none, s_none));
        segment_close (&segment);
    }
    error_t error = { 0 };
    segment_writer_t *writer = segment_create (s_path ("segment"), &s_records, &error);
    segment_begin_run (writer);
    ck_assert_int_eq (segment_add (writer, (rac_bytes) { text, MOST + 1, 0 }, 1, NULL, &error), FAILED);
    ck_assert_int_eq (error.kind, ERROR_DATA);
    segment_discard (&writer);
    ck_assert_ptr_null (writer);
    ck_assert_int_ne (access (s_path ("segment"), F_OK), 0);
    segment_discard (&writer);
    free (text);
}
END_TEST

// What is packed is smaller, and what is not smaller packed is stored as it is.
START_TEST (packed_blocks)
{
    table_t text = s_table (RUN_ROWS, 70, 20);
    rac_bytes noise = { memory_new (1 << 20), 1 << 20, 0 };
    for (uint32_t i = 0; i < noise.size / 8; i++)
        memcpy ((char *) noise.data + 8 * i, &(uint64_t) { rac_random (3, i) }, 8);
    table_t table [] = { text, { &(row_t) { noise, 5, "" }, 1, NULL } };
    for (int t = 0; t < 2; t++) {
        uint64_t size [2] = { 0 };
        for (int codec = CODEC_NONE; codec <= CODEC_ZLIB; codec++) {
            segment_t *segment = segment_open (s_packed_segment (&s_records, (codec_t) codec, &table [t], 1), &s_records, NULL);
            for (uint32_t b = 0; b < segment_blocks (segment); b++)
                size [codec] += segment_block (segment, b)->stored;
            segment_close (&segment);
        }
        ck_assert (t == 0 ? size [CODEC_ZLIB] < size [CODEC_NONE] / 2 : size [CODEC_ZLIB] == size [CODEC_NONE]);
    }
    free ((char *) noise.data);
    s_table_free (&text);
}
END_TEST

// A disk that is full at once, and one that takes some bytes of a block and no more: an error with the file's name, from the row that
// filled a block or from the end.
static void s_full (const char *path)
{
    table_t table = s_table (20000, 0, 30);
    error_t error = { 0 };
    segment_writer_t *writer = segment_create (path, &s_folds, &error);
    ck_assert_ptr_nonnull (writer);
    segment_begin_run (writer);
    status_t rc = OK;
    for (uint32_t r = 0; r < table.rows && !rc; r++)
        rc = segment_add (writer, table.row [r].text, table.row [r].text.size, table.row [r].state, &error);
    ck_assert_int_eq (rc, FAILED);
    ck_assert_msg (strstr (error.text, path) != NULL, "'%s'", error.text);
    error_clear (&error);
    ck_assert_int_eq (segment_finish (&writer, NULL, NULL, &error), FAILED);
    ck_assert_msg (strstr (error.text, path) != NULL, "'%s'", error.text);
    ck_assert_ptr_null (writer);
    s_table_free (&table);
}

START_TEST (full_disk)
{
    struct rlimit before, small;
    s_full ("/dev/full");
    signal (SIGXFSZ, SIG_IGN);
    ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 200000;                            // within the second block
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &small), 0);
    s_full (s_path ("segment"));
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &before), 0);
}
END_TEST

// ---- the file of doc/block-format.md

START_TEST (documented_example)
{
    error_t error = { 0 };
    segment_writer_t *writer = segment_create (s_path ("segment"), &(segment_layout_t) { .state_bytes = 8 }, &error);
    static const int64_t counts [] = { 2, 1 };
    buffer_t file = { 0 }, dump = { 0 }, page = { 0 };
    segment_begin_run (writer);
    ck_assert_int_eq (segment_add (writer, (rac_bytes) { "fig", 3, 0 }, 3, (const char *) &counts [0], &error), OK);
    ck_assert_int_eq (segment_add (writer, (rac_bytes) { "grape", 5, 0 }, 5, (const char *) &counts [1], &error), OK);
    ck_assert_int_eq (segment_end_run (writer, &error), OK);
    ck_assert_int_eq (segment_finish (&writer, NULL, NULL, &error), OK);
    ck_assert_int_eq (file_load (s_path ("segment"), 4096, &file, NULL), OK);
    for (size_t at = 0; at < file.size; at++) {         // lines as the page has them
        if (at % 16 == 0)
            buffer_print (&dump, "%04zx ", at);
        buffer_print (&dump, " %02x", (unsigned char) file.data [at]);
        if (at % 16 == 15 || at + 1 == file.size)
            buffer_add (&dump, "\n", 1);
    }
    buffer_add (&dump, "", 1);
    const char *source = getenv ("SRC");
    char *path = file_join (source ? source : ".", "doc/block-format.md");
    ck_assert_msg (file_load (path, 1 << 20, &page, &error) == OK, "%s", error.text);
    buffer_add (&page, "", 1);
    ck_assert_msg (strstr (page.data, dump.data) != NULL, "%s has not these lines:\n%s", path, dump.data);
    free (path);
    buffer_free (&file);
    buffer_free (&dump);
    buffer_free (&page);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { round_trips, ranges, ranges_of_keys, no_such_run, big_rows, packed_blocks, full_disk, documented_example };
    return s_run ("segment", tests, COUNT_OF (tests));
}
