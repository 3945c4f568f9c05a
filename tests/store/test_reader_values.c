// test_reader_values: columns of types, what is rejected because it is no number, and errors that name their place.
#include "kernel/kernel.h"
#include "rejects.h"

static const reader_options_t s_csv = { .format = RAC_CSV, .delimiter = ',', .batch_rows = RAC_ROWS };

// Opens over the whole file and reads the first batch; *batch is NULL at the end, or if it failed.
static reader_t *s_first (const input_list_t *list, const reader_options_t *options, const rac_batch **batch, error_t *error)
{
    *batch = NULL;
    reader_t *reader = reader_open (&list->file [0], 0, list->file [0].size, options, error);
    if (reader && reader_next (reader, batch, error))
        *batch = NULL;
    return reader;
}

START_TEST (typed_columns)
{
    static const char text [] = "name,f,i,d,t\n\"x\",1.5,-7,12.30,2024-01-31\ny,,,,\n\"\",\"2\",8,\"1\",1970-01-01T00:00:01Z\r\n";
    static const reader_column_t column [] = { { 0, RAC_BYTES, "name" }, { 1, RAC_F64, "f" }, { 1, RAC_F32, "f" }, { 2, RAC_I64, "i" },
        { 3, RAC_DECIMAL (2), "d" }, { 4, RAC_TIME, "t" }, { 0, RAC_BYTES, "name" } };
    reader_options_t options = s_csv;
    options.header = true;
    options.columns = COUNT_OF (column);
    options.column = column;
    options.input = 3;
    input_list_t list = s_file (text, sizeof text - 1);
    error_t error = { 0 };
    const rac_batch *batch;
    reader_t *reader = s_first (&list, &options, &batch, &error);
    ck_assert_msg (batch != NULL, "%s", error.text);
    ck_assert_uint_eq (batch->rows, 3);
    ck_assert_uint_eq (batch->input, 3);
    ck_assert_ptr_null (batch->text);
    ck_assert_str_eq (batch->file, list.file [0].path);
    const rac_column *c = batch->column;
    for (uint32_t i = 0; i < batch->columns; i++) {
        ck_assert_uint_eq ((uintptr_t) c [i].at.any % 64, 0);
        bool number = c [i].type != RAC_BYTES;
        ck_assert ((c [i].valid != NULL) == number);
        ck_assert (!number || (c [i].valid [0] & 7) == 5);
    }
    ck_assert (c [1].at.f64 [0] == 1.5 && c [1].at.f64 [1] == 0 && c [1].at.f64 [2] == 2);
    ck_assert (c [2].at.f32 [0] == 1.5f && c [2].at.f32 [2] == 2);
    ck_assert (c [3].at.i64 [0] == -7 && c [3].at.i64 [1] == 0 && c [3].at.i64 [2] == 8);
    ck_assert (c [4].at.i64 [0] == 1230 && c [4].at.i64 [2] == 100);
    ck_assert (c [5].at.i64 [2] == 1000000);
    ck_assert_mem_eq (c [6].at.bytes [0].data, "x", 1);
    ck_assert_uint_eq (c [6].at.bytes [2].size, 0);
    ck_assert_int_eq (reader_next (reader, &batch, &error), OK);
    ck_assert_ptr_null (batch);
    reader_close (&reader);
    input_list_free (&list);
}
END_TEST

// Bad numbers leave the batch, in every column at once, and their neighbours stay as they are.
START_TEST (bad_numbers_are_rejected)
{
    buffer_t text = { 0 }, rejects = { 0 }, wanted = { 0 };
    for (int r = 0; r < 1000; r++) {
        bool bad = r % 70 == 3 || r % 90 == 4;
        if (bad)
            buffer_print (&wanted, "%zu|n%d,%s,%s\n", text.size, r, r % 70 == 3 ? "x1" : "1", r % 90 == 4 ? "1.5" : r % 3 ? "7" : "");
        buffer_print (&text, "n%d,%s,%s\n", r, r % 70 == 3 ? "x1" : "1", r % 90 == 4 ? "1.5" : r % 3 ? "7" : "");
    }
    static const reader_column_t column [] = { { 2, RAC_I64, "i" }, { 0, RAC_BYTES, "n" }, { 1, RAC_F32, "f" } };
    reader_options_t options = s_csv;
    options.columns = COUNT_OF (column);
    options.column = column;
    options.reject = s_reject;
    options.context = &rejects;
    input_list_t list = s_file (text.data, text.size);
    error_t error = { 0 };
    const rac_batch *batch;
    reader_t *reader = s_first (&list, &options, &batch, &error);
    ck_assert_msg (batch != NULL, "%s", error.text);
    ck_assert (s_same (&rejects, &wanted));
    for (uint32_t r = 0, n = 0; r < batch->rows; r++, n++) {
        while (n % 70 == 3 || n % 90 == 4)
            n++;
        char name [16];
        int size = snprintf (name, sizeof name, "n%u", n);
        ck_assert_uint_eq (batch->column [1].at.bytes [r].size, (unsigned) size);
        ck_assert_mem_eq (batch->column [1].at.bytes [r].data, name, (size_t) size);
        ck_assert_int_eq (batch->column [0].at.i64 [r], n % 3 ? 7 : 0);
        ck_assert_uint_eq (batch->column [0].valid [r / 64] >> (r % 64) & 1, n % 3 > 0);
        ck_assert (batch->column [2].at.f32 [r] == 1);
        ck_assert_mem_eq (text.data + batch->offset [r], name, (size_t) size);
    }
    ck_assert_uint_eq (batch->rows, 1000 - kernel->count_byte (wanted.data, wanted.size, '\n'));
    reader_close (&reader);
    input_list_free (&list);
    buffer_free (&text);
    buffer_free (&rejects);
    buffer_free (&wanted);
}
END_TEST

static void s_expect (const char *text, const reader_options_t *options, const char *wanted)
{
    input_list_t list = s_file (text, strlen (text));
    error_t error = { 0 };
    const rac_batch *batch;
    reader_t *reader = s_first (&list, options, &batch, &error);
    for (status_t rc = OK; batch && !rc; )              // a good record before may come out first
        rc = reader_next (reader, &batch, &error);
    ck_assert_msg (strstr (error.text, wanted) && strstr (error.text, list.file [0].path), "'%s' does not say '%s'", error.text, wanted);
    ck_assert_int_eq (error.kind, ERROR_DATA);
    reader_close (&reader);
    input_list_free (&list);
}

START_TEST (errors_name_the_place)
{
    static const reader_column_t column [] = { { 1, RAC_F64, "celsius" } };
    reader_options_t options = s_csv;
    options.columns = 1;
    options.column = column;
    s_expect ("a,1\nb,x\n", &options, "byte 4: celsius: not a number: 'x'");
    s_expect ("a,1\nb,2,3\n", &options, "byte 4: 3 fields instead of 2");
    s_expect ("a,1\nb\n", &options, "byte 4: 1 field instead of 2");
    s_expect ("a,1\nb\"c\"d,2\n", &options, "byte 4: field 1: a quote that neither");
    s_expect ("a\nb\n", &options, "column 'celsius' is field 2, but records have 1");
    s_expect ("a,1\n\"b\nc\",2\n", &options, "byte 4: a record with an odd number of quotes");
    s_expect ("a,1\n\"b\nc\",2\n", &options, "newline inside quotes: use --multiline");
    options.multiline = true;
    s_expect ("a,1\n\"b\nc,2\n", &options, "byte 4: a quote in this record is never closed");
    options.multiline = false;
    options.record_limit = 8;
    s_expect ("a,1\nb,234567\nc,2345678\n", &options, "byte 13: a record longer than the limit of 8 bytes");
    options.batch_bytes = 1;
    s_expect ("a,234567890", &options, "byte 0: a record longer than the limit of 8 bytes");
    options.format = RAC_LINES;
    options.columns = 0;
    options.batch_bytes = 0;
    s_expect ("a\n123456789\n", &options, "byte 2: a record longer than the limit of 8 bytes");
}
END_TEST

int main (void)
{
    kernel_choose ();
    const TTest *const tests [] = { typed_columns, bad_numbers_are_rejected, errors_name_the_place };
    return s_run ("reader_values", tests, COUNT_OF (tests));
}
