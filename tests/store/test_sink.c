// test_sink: what is written is what doc/semantics.md says, and nothing is written that cannot be read back.
#include "help.h"
#include "store/reader.h"
#include "store/sink.h"

#include <signal.h>
#include <sys/resource.h>

static const rac_type s_types [] = { RAC_BYTES, RAC_F64, RAC_I64, RAC_DECIMAL (2), RAC_TIME };
static const char *const s_header [] = { "name", "a,\"b\"", "i", "d", "t" };

static sink_options_t s_options (rac_format format, uint32_t columns)
{
    return (sink_options_t) { .format = format, .delimiter = format == RAC_CSV ? ',' : '\t', .columns = columns, .type = s_types };
}

static void s_compare (const char *path, const char *wanted, uint64_t bytes)
{
    buffer_t text = { 0 };
    ck_assert_int_eq (file_load (path, 1 << 20, &text, NULL), OK);
    ck_assert_uint_eq (text.size, bytes);
    buffer_add (&text, "", 1);
    ck_assert_str_eq (text.data, wanted);
    buffer_free (&text);
}

START_TEST (every_type)
{
    static const rac_bytes names [] = { { "x", 1, 0 }, { "", 0, 0 }, { "a long name, with a delimiter behind", 36, 0 } };
    static const double f64 [] = { 0.1, -0.0, 1e16 };
    static const int64_t i64 [] = { -5, 0, INT64_MAX }, decimal [] = { 12345, -5, 0 }, time [] = { 0, 1500000, 0 };
    static const uint64_t valid = 5;
    rac_column column [] = { rac_of_bytes (names), rac_of_f64 (f64), rac_of_i64 (i64), rac_column_of (RAC_DECIMAL (2), decimal),
        rac_column_of (RAC_TIME, time) };
    column [2].valid = &valid;
    sink_options_t options = s_options (RAC_CSV, 5);
    options.header = s_header;
    options.sync = true;
    error_t error = { 0 };
    const char *path = s_path ("out");
    sink_t *sink = sink_open (path, &options, &error);
    ck_assert_msg (sink != NULL, "%s", error.text);
    ck_assert_int_eq (sink_write (sink, 3, column, &error), OK);
    uint64_t bytes, rows;
    ck_assert_int_eq (sink_close (&sink, &bytes, &rows, &error), OK);
    ck_assert_ptr_null (sink);
    ck_assert_uint_eq (rows, 3);
    s_compare (path, "name,\"a,\"\"b\"\"\",i,d,t\nx,0.1,-5,123.45,1970-01-01T00:00:00Z\n,-0,,-0.05,1970-01-01T00:00:01.5Z\n"
        "\"a long name, with a delimiter behind\",1e+16,9223372036854775807,0.00,1970-01-01T00:00:00Z\n", bytes);
}
END_TEST

// Writes one row of one or two bytes columns; NULL wanted: refused.
static void s_text (rac_format format, char delimiter, uint32_t columns, const char *value, const char *wanted)
{
    static const rac_type types [] = { RAC_BYTES, RAC_BYTES };
    sink_options_t options = { .format = format, .delimiter = delimiter, .columns = columns, .type = types };
    rac_bytes bytes = { value, (uint32_t) strlen (value), 0 };
    rac_column column [] = { rac_of_bytes (&bytes), rac_of_bytes (&bytes) };
    error_t error = { 0 };
    const char *path = s_path ("text");
    sink_t *sink = sink_open (path, &options, &error);
    ck_assert_ptr_nonnull (sink);
    status_t rc = sink_write (sink, 1, column, &error);
    if (wanted) {
        ck_assert_msg (rc == OK, "%s", error.text);
        uint64_t written;
        ck_assert_int_eq (sink_close (&sink, &written, NULL, &error), OK);
        s_compare (path, wanted, written);
        ck_assert_int_eq (unlink (path), 0);
    } else {
        ck_assert_int_eq (rc, FAILED);
        ck_assert_int_eq (error.kind, ERROR_OUTPUT);
        ck_assert (strstr (error.text, path) && strstr (error.text, "use --output-format csv"));
        sink_abandon (&sink);
        ck_assert_int_eq (access (path, F_OK), -1);
    }
}

START_TEST (text)
{
    s_text (RAC_TSV, '\t', 2, "plain \"text\"", "plain \"text\"\tplain \"text\"\n");
    s_text (RAC_TSV, '\t', 2, "a tab\there", NULL);
    s_text (RAC_TSV, '\t', 2, "a newline after more than sixteen bytes\n", NULL);
    s_text (RAC_TSV, '\t', 1, "a tab\there", "a tab\there\n");
    s_text (RAC_TSV, '\t', 1, "new\nline", NULL);
    s_text (RAC_CSV, ',', 1, "new\nline", "\"new\nline\"\n");
    s_text (RAC_CSV, ',', 2, "\r", "\"\r\",\"\r\"\n");
    s_text (RAC_CSV, ';', 2, "a,b\"c", "\"a,b\"\"c\";\"a,b\"\"c\"\n");
    s_text (RAC_CSV, ';', 2, "a;b", "\"a;b\";\"a;b\"\n");
    s_text (RAC_CSV, ',', 1, "", "\n");
}
END_TEST

// A delimiter that numbers are made of: CSV quotes them, TSV refuses.
START_TEST (delimiter_of_numbers)
{
    static const rac_type types [] = { RAC_F64, RAC_F64 };
    static const double value = 1.5;
    rac_column column [] = { rac_of_f64 (&value), rac_of_f64 (&value) };
    sink_options_t options = { .format = RAC_CSV, .delimiter = '.', .columns = 2, .type = types };
    sink_t *sink = sink_open (s_path ("a"), &options, NULL);
    ck_assert_int_eq (sink_write (sink, 1, column, NULL), OK);
    ck_assert_int_eq (sink_close (&sink, NULL, NULL, NULL), OK);
    s_compare (s_path ("a"), "\"1.5\".\"1.5\"\n", 12);
    options.format = RAC_TSV;
    sink = sink_open (s_path ("b"), &options, NULL);
    ck_assert_int_eq (sink_write (sink, 1, column, NULL), FAILED);
    sink_abandon (&sink);
}
END_TEST

// What the CSV sink writes, the CSV reader reads: all bytes, many rows, several buffers.
START_TEST (round_trip)
{
    enum { ROWS = 4096, TIMES = 20, MOST = 40 };
    static char store [ROWS] [MOST];
    static rac_bytes value [ROWS];
    for (uint64_t r = 0; r < ROWS; r++) {
        size_t size = rac_random (3, r) % MOST;
        for (uint64_t i = 0; i < size; i++)
            store [r] [i] = (char) (rac_random (r + 9, i) & (r % 2 ? 0xff : 0x2f));
        value [r] = (rac_bytes) { store [r], (uint32_t) size, 0 };
    }
    static const rac_type types [] = { RAC_BYTES, RAC_BYTES };
    rac_column column [] = { rac_of_bytes (value), rac_of_bytes (value) };
    sink_options_t options = { .format = RAC_CSV, .delimiter = ',', .columns = 2, .type = types };
    const char *path = s_path ("out");
    sink_t *sink = sink_open (path, &options, NULL);
    for (int i = 0; i < TIMES; i++)
        ck_assert_int_eq (sink_write (sink, ROWS, column, NULL), OK);
    uint64_t bytes, rows;
    ck_assert_int_eq (sink_close (&sink, &bytes, &rows, NULL), OK);
    ck_assert_uint_eq (rows, ROWS * TIMES);
    ck_assert_uint_gt (bytes, 2 << 20);
    input_list_t list = s_listed (path);
    ck_assert_uint_eq (list.file [0].size, bytes);
    static const reader_column_t wanted [] = { { 1, RAC_BYTES, "b" } };
    error_t error = { 0 };
    reader_t *reader = reader_open (&list.file [0], 0, bytes, &(reader_options_t) { .format = RAC_CSV, .delimiter = ',',
        .multiline = true, .columns = 1, .column = wanted, .batch_rows = RAC_ROWS }, &error);
    const rac_batch *batch;
    uint64_t row = 0;
    while (reader_next (reader, &batch, &error) == OK && batch)
        for (uint32_t r = 0; r < batch->rows; r++, row++) {
            const rac_bytes *got = &batch->column [0].at.bytes [r], *put = &value [row % ROWS];
            ck_assert (got->size == put->size && (!got->size || !memcmp (got->data, put->data, got->size)));
        }
    ck_assert_msg (!error.text [0], "%s", error.text);
    ck_assert_uint_eq (row, rows);
    reader_close (&reader);
    input_list_free (&list);
}
END_TEST

// A file that may not grow stands for a full disk: the error names the path, and nothing stays behind.
START_TEST (no_room)
{
    struct rlimit before, limit;
    ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 100 * 1000;
    signal (SIGXFSZ, SIG_IGN);
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
    static const rac_type types [] = { RAC_BYTES };
    enum { SIZE = 300 * 1000 };
    char *full = memset (memory_new (SIZE), 'x', SIZE);
    rac_bytes value = { full, SIZE, 0 };
    rac_column column = rac_of_bytes (&value);
    sink_options_t options = { .format = RAC_TSV, .delimiter = '\t', .columns = 1, .type = types };
    const char *path = s_path ("full");
    sink_t *sink = sink_open (path, &options, NULL);
    ck_assert_int_eq (sink_write (sink, 1, &column, NULL), OK);
    error_t error = { 0 };
    ck_assert_int_eq (sink_close (&sink, NULL, NULL, &error), FAILED);
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &before), 0);
    free (full);
    ck_assert_ptr_null (sink);
    ck_assert_int_eq (error.kind, ERROR_OUTPUT);
    ck_assert_ptr_nonnull (strstr (error.text, path));
    ck_assert_int_eq (access (path, F_OK), -1);
}
END_TEST

START_TEST (refusals)
{
    sink_options_t options = s_options (RAC_CSV, 1);
    error_t error = { 0 };
    ck_assert_ptr_null (sink_open (s_path ("no/such/folder"), &options, &error));
    ck_assert (strstr (error.text, "no/such/folder: cannot create") && error.kind == ERROR_OUTPUT);
    const char *path = s_write ("there", "x", 1);
    error_clear (&error);
    ck_assert_ptr_null (sink_open (path, &options, &error));
    ck_assert_ptr_nonnull (strstr (error.text, "File exists"));
    s_compare (path, "x", 1);
    options.delimiter = '"';
    ck_assert_ptr_null (sink_open (s_path ("new"), &options, NULL));
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { every_type, text, delimiter_of_numbers, round_trip, no_room, refusals };
    return s_run ("sink", tests, COUNT_OF (tests));
}
