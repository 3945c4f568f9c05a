// test_reader: every way to cut a file into splits, windows and batches gives the records that a naive program finds.
//
// The naive program (s_naive) goes byte by byte and record by record, and shares nothing with the reader. Rows and rejects are
// rendered as text, one line each, and compared.
#include "help.h"
#include "kernel/kernel.h"
#include "store/reader.h"

#include <math.h>

typedef struct { buffer_t rows, rejects; bool failed; } result_t;

typedef struct {
    rac_format format;
    char delimiter;
    bool header, multiline, learn;                      // learn: the reader is not told the number of fields
    uint32_t fields, batch_rows, batch_bytes;
} way_t;

static void s_free (result_t *result)
{
    buffer_free (&result->rows);
    buffer_free (&result->rejects);
}

static bool s_same (const buffer_t *a, const buffer_t *b)
{
    return a->size == b->size && (!a->size || !memcmp (a->data, b->data, a->size));
}

// The naive program ---------------------------------------------------------------------------------------------------------

static size_t s_naive_end (const way_t *way, const char *text, size_t size, size_t from, bool *open)
{
    bool inside = false;
    size_t at = from;
    for (; at < size; at++) {
        if (text [at] == '"' && way->format == RAC_CSV && way->multiline)
            inside = !inside;
        if (text [at] == '\n' && !inside)
            break;
    }
    *open = inside;
    return at;
}

// One field's value behind "|"; false: it is not sound.
static bool s_naive_value (const way_t *way, const char *text, size_t size, buffer_t *row)
{
    bool enclosed = way->format == RAC_CSV && size && text [0] == '"';
    buffer_add (row, "|", 1);
    for (size_t at = enclosed; at < size; at++) {
        if (way->format == RAC_CSV && text [at] == '"') {
            if (!enclosed)
                return false;
            if (at + 1 == size)
                return true;
            if (text [++at] != '"')
                return false;
        }
        buffer_add (row, text + at, 1);
    }
    return !enclosed;
}

static bool s_naive_row (const way_t *way, const char *text, size_t size, buffer_t *row)
{
    uint32_t fields = 0;
    bool inside = false, sound = true;
    for (size_t at = 0, begin = 0; at <= size; at++) {
        if (at < size && text [at] == '"' && way->format == RAC_CSV)
            inside = !inside;
        if (at < size && (inside || text [at] != way->delimiter))
            continue;
        sound = s_naive_value (way, text + begin, at - begin, row) && sound;
        fields++;
        begin = at + 1;
    }
    return sound && fields == way->fields;
}

static void s_naive_record (const way_t *way, const char *text, size_t size, size_t offset, result_t *into)
{
    size_t before = into->rows.size;
    bool good = true;
    if (way->format != RAC_LINES && way->fields > 1 && !size)
        return;
    buffer_print (&into->rows, "%zu", offset);
    if (way->format == RAC_LINES) {
        buffer_add (&into->rows, "|", 1);
        buffer_add (&into->rows, text, size);
    } else
        good = s_naive_row (way, text, size, &into->rows);
    buffer_add (&into->rows, "\n", 1);
    if (good)
        return;
    into->rows.size = before;
    buffer_print (&into->rejects, "%zu|", offset);
    buffer_add (&into->rejects, text, size);
    buffer_add (&into->rejects, "\n", 1);
}

static result_t s_naive (const way_t *way, const char *text, size_t size)
{
    result_t into = { 0 };
    size_t at = size >= 3 && !memcmp (text, "\xef\xbb\xbf", 3) ? 3 : 0;
    for (bool header = way->header, open; at < size; ) {
        size_t end = s_naive_end (way, text, size, at, &open), quotes = 0, next = end + 1;
        for (size_t i = at; i < end; i++)
            quotes += text [i] == '"';
        if (open || (way->format == RAC_CSV && !way->multiline && quotes % 2))
            into.failed = true;
        if (end < size && end > at && text [end - 1] == '\r')
            end--;
        if (!header)
            s_naive_record (way, text + at, end - at, at, &into);
        header = header && end == at;                   // empty lines before it
        at = next;
    }
    return into;
}

// The reader ----------------------------------------------------------------------------------------------------------------

static status_t s_reject (void *context, uint64_t offset, rac_bytes record, const char *why, error_t *error)
{
    (void) error;
    buffer_t *into = context;
    ck_assert (*why);
    buffer_print (into, "%llu|", (unsigned long long) offset);
    buffer_add (into, record.data, record.size);
    buffer_add (into, "\n", 1);
    return OK;
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
    result_t naive = s_naive (&way, text, size);
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
        result_t naive = s_naive (&way, text.data, text.size);
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

// Typed columns, counts, limits ---------------------------------------------------------------------------------------------

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
        result_t naive = s_naive (&way, cases [i].text, size);
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
    result_t naive = s_naive (&way, text, LONG + 3);
    s_compare (&way, &list, 1 << 20, text, LONG + 3, &naive);
    s_free (&naive);
    input_list_free (&list);
    free (text);
}
END_TEST

int main (void)
{
    kernel_choose ();
    const TTest *const tests [] = { every_cut_gives_the_same_records, random_texts, windows_of_a_large_file, typed_columns,
        bad_numbers_are_rejected, errors_name_the_place, fields_are_learned, a_long_line };
    return s_run ("reader", tests, COUNT_OF (tests));
}
