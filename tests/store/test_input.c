// test_input: what the user may name, in which order it comes, and what is refused.
#include "help.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static void s_make_folder (const char *name)
{
    ck_assert_int_eq (file_make_folders (s_path (name), 0755, NULL), OK);
}

// Lists the names and compares the paths behind the folder, joined by blanks.
static void s_expect (const char *const *names, uint32_t count, const char *wanted)
{
    input_list_t list;
    error_t error = { 0 };
    ck_assert_msg (input_list (names, count, &list, &error) == OK, "%s", error.text);
    buffer_t text = { 0 };
    for (uint32_t f = 0; f < list.files; f++) {
        ck_assert_int_eq (list.file [f].path [0], '/');
        buffer_print (&text, "%s%s", f ? " " : "", list.file [f].path + strlen (s_folder) + 1);
    }
    buffer_add (&text, "", 1);
    ck_assert_str_eq (text.data, wanted);
    buffer_free (&text);
    input_list_free (&list);
}

static void s_refused (const char *name, const char *wanted)
{
    input_list_t list;
    error_t error = { 0 };
    ck_assert_int_eq (input_list (&name, 1, &list, &error), FAILED);
    ck_assert_msg (strstr (error.text, wanted) != NULL, "'%s' does not say '%s'", error.text, wanted);
    ck_assert_int_eq (error.kind, ERROR_USAGE);
    ck_assert_uint_eq (list.files, 0);
    ck_assert_ptr_null (list.file);
}

START_TEST (order)
{
    s_make_folder ("in/sub");
    s_make_folder ("in/_temporary");
    static const char *const files [] = { "z", "in/part-00001", "in/part-00000", "in/_SUCCESS", "in/.hidden", "in/B", "in/a", "in/sub/x",
        "in/_temporary/y", "[1]" };
    for (size_t i = 0; i < COUNT_OF (files); i++)
        s_write (files [i], "x\n", 2);
    s_expect ((const char *const []) { s_path ("z"), s_path ("in"), s_path ("z") }, 3,
        "z in/B in/a in/part-00000 in/part-00001 in/sub/x z");
    s_expect ((const char *const []) { s_path ("in/part-*") }, 1, "in/part-00000 in/part-00001");
    s_expect ((const char *const []) { s_path ("in/[aB]") }, 1, "in/B in/a");
    s_expect ((const char *const []) { s_path ("in/s?b") }, 1, "in/sub/x");
    s_expect ((const char *const []) { s_path ("[1]") }, 1, "[1]");
    s_expect ((const char *const []) { s_path ("in/_SUCCESS") }, 1, "in/_SUCCESS");
    ck_assert_int_eq (chdir (s_folder), 0);
    char *here = getcwd (NULL, 0);
    ck_assert_str_eq (here, s_folder);
    free (here);
    s_expect ((const char *const []) { "./z", "in/sub" }, 2, "z in/sub/x");
}
END_TEST

START_TEST (refusals)
{
    s_make_folder ("in/sub");
    s_refused (s_path ("none"), "none: No such file or directory");
    s_refused (s_path ("none*"), "none*: no file matches");
    ck_assert_int_eq (symlink ("..", s_path ("in/sub/up")), 0);
    s_refused (s_path ("in"), "in/sub/up: a link back to a folder that it is in");
    ck_assert_int_eq (symlink ("self", s_path ("self")), 0);
    s_refused (s_path ("self"), "self: Too many levels");
    ck_assert_int_eq (symlink ("gone", s_path ("dangling")), 0);
    s_refused (s_path ("dangling"), "dangling: No such file");
    ck_assert_int_eq (mkfifo (s_path ("pipe"), 0600), 0);
    s_refused (s_path ("pipe"), "pipe: not a regular file but a FIFO");
    s_refused ("/dev/null", "/dev/null: not a regular file but a device");
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    snprintf (name.sun_path, sizeof name.sun_path, "%s/socket", s_folder);
    int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq (bind (fd, (struct sockaddr *) &name, sizeof name), 0);
    close (fd);
    s_refused (s_path ("socket"), "socket: not a regular file but a socket");
}
END_TEST

// A link to a file or to another folder is no loop.
START_TEST (links)
{
    s_make_folder ("in");
    s_make_folder ("other");
    s_write ("other/x", "x", 1);
    ck_assert_int_eq (symlink ("../other", s_path ("in/one")), 0);
    ck_assert_int_eq (symlink ("../other", s_path ("in/two")), 0);
    s_expect ((const char *const []) { s_path ("in") }, 1, "in/one/x in/two/x");
}
END_TEST

START_TEST (unreadable)
{
    const char *path = s_write ("secret", "x", 1);
    ck_assert_int_eq (chmod (path, 0), 0);
    ck_assert_int_eq (chmod (s_folder, 0755), 0);
    bool root = geteuid () == 0;
    if (root)                                           // whom no mode stops
        ck_assert_int_eq (seteuid (65534), 0);
    s_refused (path, "secret: Permission denied");
    if (root)
        ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

START_TEST (splits)
{
    input_file_t files [] = { { .size = 10 }, { .size = 0 }, { .size = 25, .packed = true }, { .size = 9 } };
    input_list_t list = { .file = files, .files = COUNT_OF (files) };
    static const input_split_t wanted [] = { { 0, 0, 4 }, { 0, 4, 4 }, { 0, 8, 2 }, { 2, 0, 25 }, { 3, 0, 4 }, { 3, 4, 4 }, { 3, 8, 1 } };
    input_split_t *at;
    ck_assert_uint_eq (input_split (&list, 4, &at), COUNT_OF (wanted));
    for (size_t i = 0; i < COUNT_OF (wanted); i++)
        ck_assert (at [i].file == wanted [i].file && at [i].offset == wanted [i].offset && at [i].length == wanted [i].length);
    free (at);
    files [0].size = 1ull << 40;                        // a chunk of one byte would make 2^40 splits
    uint32_t count = input_split (&list, 1, &at);
    ck_assert_uint_le (count, 1 << 24);
    ck_assert_uint_ge (count, 1 << 23);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += at [i].length;
    ck_assert_uint_eq (sum, (1ull << 40) + 25 + 9);
    free (at);
}
END_TEST

static void s_first_line (const char *text, size_t size, const char *wanted)
{
    input_list_t list = s_file (text, size);
    buffer_t line = { 0 };
    error_t error = { 0 };
    ck_assert_msg (input_first_line (&list.file [0], &line, &error) == OK, "%s", error.text);
    ck_assert_uint_eq (line.size, strlen (wanted));
    ck_assert (!line.size || !memcmp (line.data, wanted, line.size));
    buffer_free (&line);
    input_list_free (&list);
}

START_TEST (first_line)
{
    s_first_line ("", 0, "");
    s_first_line ("\n", 1, "");
    s_first_line ("a,b", 3, "a,b");
    s_first_line ("a,b\r\nc", 6, "a,b");
    s_first_line ("\xef\xbb\xbf" "a\nb", 6, "a");
    static const unsigned char packed [] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0xe4, 2, 0, 7, 0xa1, 0xea, 0xdd, 2, 0, 0, 0 };
    s_first_line ((const char *) packed, sizeof packed, "a");       // "a\n"
    enum { LONG = (1 << 20) + 100 };
    char *text = memory_new (LONG + 1), *wanted = memory_new (LONG);
    memset (text, 'x', LONG);
    memset (wanted, 'x', 1 << 20);
    s_first_line (text, LONG, wanted);
    free (text);
    free (wanted);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { order, refusals, links, unreadable, splits, first_line };
    return s_run ("input", tests, COUNT_OF (tests));
}
