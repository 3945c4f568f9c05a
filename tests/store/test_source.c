// test_source: a file is read whole or not at all. Whatever is wrong with it, nobody gets a short result that looks like success.
#include "help.h"
#include "store/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

// Appends one gzip member.
static void s_pack (buffer_t *into, const char *text, size_t size)
{
    z_stream stream = { 0 };
    ck_assert_int_eq (deflateInit2 (&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t most = deflateBound (&stream, size);
    buffer_reserve (into, most);
    stream.next_in = (Bytef *) (uintptr_t) text;
    stream.avail_in = (uInt) size;
    stream.next_out = (Bytef *) into->data + into->size;
    stream.avail_out = (uInt) most;
    ck_assert_int_eq (deflate (&stream, Z_FINISH), Z_STREAM_END);
    into->size += stream.total_out;
    deflateEnd (&stream);
}

// All bytes from offset on, read `step` at a time, into `text`; *warned: whether there was a warning.
static status_t s_slurp (const input_file_t *file, uint64_t offset, size_t step, buffer_t *text, bool *warned, error_t *error)
{
    text->size = 0;
    source_t *source = source_open (file, offset, error);
    if (!source)
        return FAILED;
    status_t rc = OK;
    for (size_t size = 1; size && !rc; text->size += size) {
        buffer_reserve (text, step);
        rc = source_read (source, text->data + text->size, step, &size, error);
        ck_assert_uint_le (size, step);
    }
    if (!rc)
        rc = source_check (source, error);
    if (!rc)
        ck_assert_uint_le (source_taken (source), file->size);
    *warned = source_warning (source) && strstr (source_warning (source), file->path);
    source_close (&source);
    return rc;
}

static void s_expect (const buffer_t *bytes, const char *wanted, size_t size, bool warns)
{
    input_list_t list = s_file (bytes->data, bytes->size);
    static const size_t steps [] = { 1, 7, 100 * 1000 };
    for (size_t i = 0; i < COUNT_OF (steps); i++) {
        buffer_t text = { 0 };
        error_t error = { 0 };
        bool warned;
        ck_assert_msg (s_slurp (&list.file [0], 0, steps [i], &text, &warned, &error) == OK, "%s", error.text);
        ck_assert_uint_eq (text.size, size);
        ck_assert (!size || !memcmp (text.data, wanted, size));
        ck_assert_int_eq (warned, warns);
        buffer_free (&text);
    }
    input_list_free (&list);
}

static void s_fails (const input_list_t *list, const char *wanted)
{
    buffer_t text = { 0 };
    error_t error = { 0 };
    bool warned;
    ck_assert_int_eq (s_slurp (&list->file [0], 0, 1000, &text, &warned, &error), FAILED);
    ck_assert_msg (strstr (error.text, wanted) && strstr (error.text, list->file [0].path), "'%s' does not say '%s'", error.text, wanted);
    ck_assert_int_eq (error.kind, ERROR_DATA);
    buffer_free (&text);
}

START_TEST (plain)
{
    buffer_t bytes = { 0 };
    s_expect (&bytes, "", 0, false);
    for (int i = 0; i < 300 * 1000; i++)
        buffer_print (&bytes, "%d", i);
    s_expect (&bytes, bytes.data, bytes.size, false);
    input_list_t list = s_file (bytes.data, bytes.size);
    buffer_t text = { 0 };
    bool warned;
    ck_assert_int_eq (s_slurp (&list.file [0], 12345, 4096, &text, &warned, NULL), OK);
    ck_assert_uint_eq (text.size, bytes.size - 12345);
    ck_assert_mem_eq (text.data, bytes.data + 12345, text.size);
    buffer_free (&text);
    buffer_free (&bytes);
    input_list_free (&list);
}
END_TEST

// Members one after another, empty ones too, with a border at every place of the raw buffer that matters.
START_TEST (members)
{
    buffer_t bytes = { 0 }, text = { 0 };
    for (uint64_t m = 0; m < 200; m++) {
        size_t from = text.size;
        for (uint64_t i = 0; i < m * 37 % 1000; i++)
            buffer_print (&text, "%llx", (unsigned long long) rac_random (m, i));
        s_pack (&bytes, text.size > from ? text.data + from : "", text.size - from);
    }
    ck_assert_uint_gt (bytes.size, 256 * 1024);
    s_expect (&bytes, text.data, text.size, false);
    buffer_free (&bytes);
    buffer_free (&text);
}
END_TEST

START_TEST (bytes_behind)
{
    static const char *const rests [] = { "x", "\x1f", "\x1f\x8c", "garbage", "\n" };
    for (size_t i = 0; i < COUNT_OF (rests); i++) {
        buffer_t bytes = { 0 };
        s_pack (&bytes, "hello\n", 6);
        buffer_add (&bytes, rests [i], strlen (rests [i]));
        s_expect (&bytes, "hello\n", 6, true);
        buffer_free (&bytes);
    }
}
END_TEST

// Cut anywhere: always an error. With any one bit wrong: an error, or the very same text (deflate's padding means nothing).
START_TEST (truncated_or_corrupt)
{
    buffer_t bytes = { 0 };
    s_pack (&bytes, "first member\n", 13);
    size_t border = bytes.size;
    s_pack (&bytes, "second member, a little longer\n", 31);
    for (size_t size = 2; size < bytes.size; size++) {
        if (size == border || size == border + 1)       // whole as it stands, or with a byte behind
            continue;
        input_list_t list = s_file (bytes.data, size);
        char wanted [64];
        snprintf (wanted, sizeof wanted, "byte %zu: truncated", size);
        s_fails (&list, wanted);
        input_list_free (&list);
    }
    for (size_t at = 10; at < border; at++) {
        bytes.data [at] ^= 4;
        input_list_t list = s_file (bytes.data, border);
        buffer_t text = { 0 };
        error_t error = { 0 };
        bool warned;
        if (s_slurp (&list.file [0], 0, 1000, &text, &warned, &error))
            ck_assert_ptr_nonnull (strstr (error.text, at < border - 8 ? "data" : "corrupt gzip data"));
        else
            ck_assert (at < border - 8 && text.size == 13 && !memcmp (text.data, "first member\n", 13));
        buffer_free (&text);
        input_list_free (&list);
        bytes.data [at] ^= 4;
    }
    buffer_free (&bytes);
}
END_TEST

// What is packed is told by the bytes, not by the name.
START_TEST (names_mean_nothing)
{
    buffer_t bytes = { 0 };
    s_pack (&bytes, "x\n", 2);
    input_list_t list = s_listed (s_write ("plain.gz", "x\n", 2));
    ck_assert (!list.file [0].packed);
    input_list_free (&list);
    list = s_listed (s_write ("packed.txt", bytes.data, bytes.size));
    ck_assert (list.file [0].packed);
    input_list_free (&list);
    buffer_free (&bytes);
}
END_TEST

// 64 MiB of zeros out of 64 KiB, through a small window.
START_TEST (bomb)
{
    enum { SIZE = 64 << 20 };
    char *zeros = memory_new (SIZE);
    buffer_t bytes = { 0 };
    s_pack (&bytes, zeros, SIZE);
    free (zeros);
    ck_assert_uint_lt (bytes.size, 100 * 1000);
    input_list_t list = s_file (bytes.data, bytes.size);
    source_t *source = source_open (&list.file [0], 0, NULL);
    char room [4096];
    uint64_t total = 0;
    for (size_t size = 1; size; total += size)
        ck_assert_int_eq (source_read (source, room, sizeof room, &size, NULL), OK);
    ck_assert_uint_eq (total, SIZE);
    source_close (&source);
    input_list_free (&list);
    buffer_free (&bytes);
}
END_TEST

START_TEST (changed)
{
    input_list_t list = s_file ("0123456789", 10);
    const char *path = s_path ("data");
    struct timespec before [2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    source_t *source = source_open (&list.file [0], 0, NULL);
    ck_assert_int_eq (truncate (path, 5), 0);
    char room [20];
    size_t size;
    error_t error = { 0 };
    ck_assert_int_eq (source_read (source, room, sizeof room, &size, &error), OK);
    ck_assert_int_eq (source_read (source, room, sizeof room, &size, &error), FAILED);      // shrunk: not a quiet end
    ck_assert (strstr (error.text, "changed while the job ran"));
    source_close (&source);
    s_fails (&list, "changed while the job ran");
    input_list_free (&list);
    list = s_file ("0123456789", 10);
    ck_assert_int_eq (utimensat (AT_FDCWD, path, before, 0), 0);
    s_fails (&list, "changed while the job ran");       // same size, other time
    input_list_free (&list);
    list = s_listed (path);
    s_write ("new", "0123456789", 10);
    ck_assert_int_eq (utimensat (AT_FDCWD, s_path ("new"), before, 0), 0);
    source = source_open (&list.file [0], 0, NULL);
    ck_assert_int_eq (rename (s_path ("new"), path), 0);
    s_fails (&list, "changed while the job ran");       // same size and time, another file
    error_clear (&error);
    ck_assert_int_eq (source_check (source, &error), FAILED);
    ck_assert (strstr (error.text, "deleted while the job ran"));
    source_close (&source);
    ck_assert_int_eq (unlink (path), 0);
    s_fails (&list, "cannot open: No such file");
    input_list_free (&list);
}
END_TEST

static status_t s_all_is_there (void *context, uint64_t offset, uint64_t *upto, error_t *error)
{
    (void) context; (void) error;
    *upto = offset + 4;
    return OK;
}

// A copy of which somebody else disposes: it may be gone, which is no fault of the data.
START_TEST (guarded)
{
    input_guard_t guard = { .path = s_path ("copy"), .ask = s_all_is_there };
    input_list_t list = s_listed (s_write ("copy", "0123456789", 10));
    input_file_t *file = &list.file [0];
    file->guard = &guard;
    file->mtime_ns++;                                   // a copy's own
    buffer_t text = { 0 };
    bool warned;
    ck_assert (s_slurp (file, 0, 100, &text, &warned, NULL) == OK && text.size == 10);
    source_t *source = source_open (file, 0, NULL);
    ck_assert (!unlink (guard.path) && source_check (source, NULL) == OK);       // who has it open has all of it
    ck_assert (!source_open (file, 0, NULL));
    error_t error = { 0 };
    s_write ("copy", "01234", 5);
    ck_assert (!source_open (file, 0, &error) && error.kind == ERROR_OTHER);
    ck_assert_msg (strstr (error.text, "its copy in this node's cache") != NULL, "%s", error.text);
    error = (error_t) { 0 };
    ck_assert (!unlink (guard.path) && !source_open (file, 0, &error) && error.kind == ERROR_OTHER);
    source_close (&source);
    buffer_free (&text);
    input_list_free (&list);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { plain, members, bytes_behind, truncated_or_corrupt, names_mean_nothing, bomb, changed, guarded };
    return s_run ("source", tests, COUNT_OF (tests));
}
