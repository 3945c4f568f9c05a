// test_reader: every way to cut a file into splits, windows and batches gives the records that a naive program finds.
//
// The naive program shares nothing with the reader. Rows and rejects are rendered as text, one line each, and compared.
#include "kernel/kernel.h"
#include "rejects.h"
#include "tests/store/naive.h"

static void s_free (result_t *result)
{
    buffer_free (&result->rows);
    buffer_free (&result->rejects);
}

static void s_render (const rac_batch *batch, buffer_t *into)
{
    for (uint32_t r = 0; r < batch->rows; r++) {
        buffer_print (into, "%llu", (unsigned long long) batch->offset [r]);
        for (uint32_t c = 0; c < batch->columns; c++) {
            buffer_add (into, "|", 1);
            buffer_add (into, batch->column [c].at.bytes [r].data, batch->column [c].at.bytes [r].size);
        }
        buffer_add (into, "\n", 1);
    }
}

// The text of a batch of lines is what stands in the file from its first row to its last one's newline.
static void s_check_text (const rac_batch *batch, const char *text, size_t size)
{
    size_t from = batch->offset [0];
    ck_assert_uint_le (from + batch->text_size, size);
    ck_assert_mem_eq (batch->text, text + from, batch->text_size);
    size_t newlines = kernel->count_byte (batch->text, batch->text_size, '\n');
    ck_assert_uint_eq (newlines + (batch->text [batch->text_size - 1] != '\n'), batch->rows);
}

static void s_read_split (const way_t *way, const input_list_t *list, const input_split_t *split, const char *text, size_t size,
    result_t *into)
{
    enum { COLUMNS = 8 };
    reader_column_t column [COLUMNS];
    uint32_t columns = way->format == RAC_LINES ? 1 : way->fields;
    for (uint32_t c = 0; c < columns; c++)
        column [c] = (reader_column_t) { .position = c, .type = RAC_BYTES, .name = "x" };
    error_t error = { 0 };
    reader_t *reader = reader_open (&list->file [split->file], split->offset, split->length, &(reader_options_t) {
        .format = way->format, .delimiter = way->delimiter, .header = way->header, .multiline = way->multiline,
        .fields = way->learn ? 0 : way->fields,
        .columns = columns, .column = column, .batch_rows = way->batch_rows, .batch_bytes = way->batch_bytes,
        .reject = s_reject, .context = &into->rejects }, &error);
    ck_assert_msg (reader != NULL, "%s", error.text);
    const rac_batch *batch;
    status_t rc;
    while ((rc = reader_next (reader, &batch, &error)) == OK && batch) {
        ck_assert_uint_ge (batch->rows, 1);
        ck_assert_uint_le (batch->rows, way->batch_rows);
        if (way->format == RAC_LINES)
            s_check_text (batch, text, size);
        s_render (batch, &into->rows);
    }
    if (rc) {
        ck_assert_int_eq (error.kind, ERROR_DATA);
        ck_assert_ptr_nonnull (strstr (error.text, list->file [0].path));
        into->failed = true;
    } else
        ck_assert_uint_eq (reader_bytes (reader), split->length);
    reader_close (&reader);
}

static result_t s_read (const way_t *way, const input_list_t *list, uint64_t chunk, const char *text, size_t size)
{
    result_t into = { 0 };
    input_split_t *splits;
    uint32_t count = input_split (list, chunk, &splits);
    for (uint32_t i = 0; i < count; i++)
        s_read_split (way, list, &splits [i], text, size, &into);
    free (splits);
    return into;
}

static void s_compare (const way_t *way, const input_list_t *list, uint64_t chunk, const char *text, size_t size, const result_t *naive)
{
    result_t read = s_read (way, list, chunk, text, size);
    bool good = read.failed == naive->failed;
    if (!read.failed)
        good = good && s_same (&read.rows, &naive->rows) && s_same (&read.rejects, &naive->rejects);
    if (!good)
        printf ("--- chunk %llu rows %u bytes %u format %d header %d multiline %d fields %u\n%.*s\n--- read (failed %d)\n%.*s!%.*s\n"
            "--- wanted (failed %d)\n%.*s!%.*s\n", (unsigned long long) chunk, way->batch_rows, way->batch_bytes, (int) way->format,
            way->header, way->multiline, way->fields, size < 2000 ? (int) size : 0, text, read.failed,
            size < 2000 ? (int) read.rows.size : 0, read.rows.data, (int) read.rejects.size, read.rejects.data, naive->failed,
            size < 2000 ? (int) naive->rows.size : 0, naive->rows.data, (int) naive->rejects.size, naive->rejects.data);
    ck_assert (good);
    s_free (&read);
}

// All cuts: splits of every size (one only if multiline), batches of 1, 7 and 4096 rows, windows of 1, 5 and 262144 bytes.
static void s_check_all_cuts (way_t way, const char *text, size_t size)
{
    static const uint32_t rows [] = { 1, 7, RAC_ROWS }, bytes [] = { 1, 5, 0 };
    input_list_t list = s_file (text, size);
    result_t naive = naive_read (&way, text, size);
    for (uint64_t chunk = way.multiline ? size + 1 : 1; chunk <= size + 1; chunk++)
        for (size_t i = 0; i < COUNT_OF (rows); i++) {
            way.batch_rows = rows [i];
            way.batch_bytes = bytes [(i + chunk) % COUNT_OF (bytes)];
            s_compare (&way, &list, chunk, text, size, &naive);
        }
    s_free (&naive);
    input_list_free (&list);
}

static void s_check_text_of (const char *text, size_t size)
{
    s_check_all_cuts ((way_t) { .format = RAC_LINES, .fields = 1 }, text, size);
    for (uint32_t fields = 1; fields <= 3; fields++)
        for (int header = 0; header < 2; header++) {
            s_check_all_cuts ((way_t) { .format = RAC_CSV, .delimiter = ',', .fields = fields, .header = header }, text, size);
            s_check_all_cuts ((way_t) { .format = RAC_TSV, .delimiter = ',', .fields = fields, .header = header }, text, size);
            s_check_all_cuts ((way_t) { .format = RAC_CSV, .delimiter = ',', .fields = fields, .header = header, .multiline = true },
                text, size);
        }
}

START_TEST (every_cut_gives_the_same_records)
{
    static const char *const texts [] = {
        "", "\n", "\r\n", "\r", "a", "a\n", "a\r", "a\r\r", "\n\n\na,b\n\n", "a,b\nc,d\n", "a,b\r\nc,d\r\n", "a,b\nc,d", "a,b\r\nc,d\r",
        "\xef\xbb\xbf", ("\xef\xbb\xbf" "a,b\nc,d\n"), "\xef\xbb\xbf\nx\n", "\xef\xbb\xbf\"a\",b\r\nc,\"d\"\r\n", "\xef\xbb",
        "h,i\n\nj,k\n\r\n\nl,m", "a,b,c\nd,e\nf,g,h,i\n,,\n,\n", "\"a,b\",c\n\"\",\"d\"\n", "\"a\"\"b\",c\nd,\"\"\"\"\n",
        "\"a\nb\",c\nd,e\n", "\"a\nb\nc\",d\n", "a\"b,c\"d,e\nf,g\n", "5\" pipe,3\nx,y\n", "\"a\"x,b\nc,d\n", "\"\n", "x,\"\n\n\"\n",
        "\xff\xfe,\x80\n\xc3\x28,\n",
    };
    for (size_t i = 0; i < COUNT_OF (texts); i++)
        s_check_text_of (texts [i], strlen (texts [i]));
    static const char nul [] = "a\0b,c\n\0,\0\0\n";
    s_check_text_of (nul, sizeof nul - 1);
}
END_TEST

// Texts of random bytes out of a few: far more broken than files are.
START_TEST (random_texts)
{
    static const char letters [] = "aab1,,,\n\n\n\"\"\r";
    for (uint64_t round = 0; round < 300; round++) {
        char text [32];
        size_t size = rac_random (1, round) % sizeof text;
        for (size_t i = 0; i < size; i++)
            text [i] = letters [rac_random (2, round * sizeof text + i) % (sizeof letters - 1)];
        way_t way = { .format = round % 3 ? RAC_CSV : RAC_TSV, .delimiter = ',', .fields = 1 + (uint32_t) round % 2,
            .header = round % 5 == 0, .multiline = round % 4 == 0 };
        s_check_all_cuts (way, text, size);
    }
}
END_TEST

// Megabytes, so that windows of the usual size end in many places; mostly regular, with all oddities now and then.
static void s_big (buffer_t *text, uint64_t seed, bool odd, bool multiline)
{
    for (uint64_t row = 0; text->size < 1500 * 1000; row++) {
        uint64_t bits = rac_random (seed, row);
        unsigned pick = odd ? (unsigned) (bits % 97) : 97;
        buffer_print (text, "%s%llu,\"q%u\",%.*s", pick == 1 ? "\r\n" : pick == 2 ? "x," : "", (unsigned long long) (bits >> 40), pick,
            (int) (bits >> 8 & 63), "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
        buffer_print (text, "%s\n", pick == 3 ? "\r" : pick == 4 ? "\"\"" : pick == 5 && multiline ? "\n" : "");
        if (pick == 6)
            buffer_print (text, "\"a \"\"b\"\", c\",,\"%s\"\n", multiline ? "\n\n" : "");
    }
}

START_TEST (windows_of_a_large_file)
{
    for (int kind = 0; kind < 4; kind++) {
        buffer_t text = { 0 };
        s_big (&text, (uint64_t) kind, kind > 0, kind == 2);
        way_t way = { .format = kind == 3 ? RAC_LINES : RAC_CSV, .delimiter = ',', .fields = 3, .multiline = kind == 2,
            .batch_rows = RAC_ROWS };
        result_t naive = naive_read (&way, text.data, text.size);
        ck_assert (!naive.failed);
        ck_assert ((kind == 1 || kind == 2) == (naive.rejects.size > 0));
        input_list_t list = s_file (text.data, text.size);
        static const uint64_t chunks [] = { 100 * 1000, 262144, 1 << 30 };
        for (size_t i = kind == 2 ? 2 : 0; i < COUNT_OF (chunks); i++)
            s_compare (&way, &list, chunks [i], text.data, text.size, &naive);
        way.batch_bytes = 1000;
        s_compare (&way, &list, 1 << 30, text.data, text.size, &naive);
        input_list_free (&list);
        s_free (&naive);
        buffer_free (&text);
    }
}
END_TEST

// The number of fields is that of the file's first record with a character, whichever split asks: one that begins with a
// broken record, or one of empty lines alone.
START_TEST (fields_are_learned)
{
    static const struct { const char *text; uint32_t fields; bool header; } cases [] = {
        { "\n\r\n\na,1\nb,2\n\n\nc\nd,3\n\n", 2, false }, { "\n\n\n\n\na\nb\n\n", 1, false }, { "\n\n", 1, false },
        { "\xef\xbb\xbf", 1, true }, { "a,b,c\nd\n\n\ne,f,g", 3, true }, { "\n\r\na,b\n\n", 2, true },
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        size_t size = strlen (cases [i].text);
        way_t way = { .format = RAC_CSV, .delimiter = ',', .fields = cases [i].fields, .header = cases [i].header, .batch_rows = 2 };
        input_list_t list = s_file (cases [i].text, size);
        result_t naive = naive_read (&way, cases [i].text, size);
        way.learn = true;
        for (uint64_t chunk = 1; chunk <= size; chunk++)
            s_compare (&way, &list, chunk, cases [i].text, size, &naive);
        s_free (&naive);
        input_list_free (&list);
    }
}
END_TEST

START_TEST (a_long_line)
{
    enum { LONG = 5 * 1000 * 1000 };
    char *text = memory_new (LONG + 4);
    memset (text, 'x', LONG);
    memcpy (text + LONG, "\ny\n", 3);
    input_list_t list = s_file (text, LONG + 3);
    way_t way = { .format = RAC_LINES, .fields = 1, .batch_rows = RAC_ROWS };
    result_t naive = naive_read (&way, text, LONG + 3);
    s_compare (&way, &list, 1 << 20, text, LONG + 3, &naive);
    s_free (&naive);
    input_list_free (&list);
    free (text);
}
END_TEST

int main (void)
{
    kernel_choose ();
    const TTest *const tests [] = { every_cut_gives_the_same_records, random_texts, windows_of_a_large_file, fields_are_learned, a_long_line };
    return s_run ("reader", tests, COUNT_OF (tests));
}
