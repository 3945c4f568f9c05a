// base: errors keep the first fact in one line, buffers and arenas keep their promises at the edges, files are read and written whole.
#define _GNU_SOURCE
#include "base/error.h"
#include "base/memory.h"
#include "tests/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void s_end (void)
{
    s_folder_remove ();
    ck_assert_int_ne (access (s_folder, F_OK), 0);
}

START_TEST (the_first_fact_wins)
{
    error_t error = { 0 };
    ck_assert_int_eq (error_set_kind (&error, ERROR_DATA, "%s: byte %d: bad", "a.csv", 7), FAILED);
    ck_assert_int_eq (error_set (&error, "later"), FAILED);
    ck_assert_str_eq (error.text, "a.csv: byte 7: bad");
    ck_assert_int_eq (error.kind, ERROR_DATA);
    error_clear (&error);
    ck_assert_str_eq (error.text, "");
    ck_assert_int_eq (error_set (NULL, "nobody listens"), FAILED);
}
END_TEST

START_TEST (an_error_is_one_line_that_fits)
{
    error_t error = { 0 };
    char long_text [3000];
    memset (long_text, 'x', sizeof long_text - 1);
    long_text [sizeof long_text - 1] = '\0';
    (void) error_set (&error, "two\nlines\n");
    ck_assert_str_eq (error.text, "two lines");
    error_clear (&error);
    errno = ENOENT;
    (void) error_errno (&error, "%s", long_text);
    ck_assert_uint_eq (strlen (error.text), sizeof error.text - 1);
    error_clear (&error);
    errno = ENOENT;
    (void) error_errno (&error, "/no/such");
    ck_assert_str_eq (error.text, "/no/such: No such file or directory");
}
END_TEST

START_TEST (a_buffer_grows_and_can_be_read_past_its_end)
{
    buffer_t buffer = { 0 };
    for (int i = 0; i < 1000; i++)
        buffer_print (&buffer, "%d,", i);
    ck_assert_uint_eq (buffer.size, 10 * 2 + 90 * 3 + 900 * 4);
    char text [500];
    memset (text, 'y', sizeof text);
    buffer_print (&buffer, "%.*s", (int) sizeof text, text);
    ck_assert (!memcmp (buffer.data + buffer.size - sizeof text, text, sizeof text));
    memset (buffer.data + buffer.room, 0, 64);           // the sanitizer watches
    buffer_add (&buffer, NULL, 0);
    buffer_free (&buffer);
    ck_assert_ptr_null (buffer.data);
    ck_assert_uint_eq (buffer.size + buffer.room, 0);
}
END_TEST

START_TEST (an_arena_aligns_keeps_and_forgets)
{
    arena_t *arena = arena_new (4096);
    char *all [300];
    for (size_t i = 0; i < COUNT_OF (all); i++) {
        all [i] = arena_take (arena, i);
        ck_assert_uint_eq ((uintptr_t) all [i] % (i >= 64 ? 64 : 8), 0);
        memset (all [i], (int) i & 127, i);
    }
    char *large = arena_take (arena, 100000);
    memset (large, 1, 100000 + 64);
    for (size_t i = 0; i < COUNT_OF (all); i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_int_eq (all [i] [k], (int) i & 127);
    arena_reset (arena);
    ck_assert_uint_le (arena_bytes (arena), 4096 + 256);
    arena_destroy (&arena);
    ck_assert_ptr_null (arena);
    arena_destroy (&arena);
}
END_TEST

START_TEST (a_file_comes_back_whole_or_says_why)
{
    error_t error = { 0 };
    buffer_t bytes = { 0 };
    char *path = file_join (s_folder, "file"), content [] = "ten bytes\n";
    ck_assert_int_eq (file_save (path, content, 10, &error), OK);
    ck_assert_int_eq (file_load (path, 10, &bytes, &error), OK);
    ck_assert_uint_eq (bytes.size, 10);
    ck_assert (!memcmp (bytes.data, content, 10));
    bytes.size = 0;
    ck_assert_int_eq (file_load (path, 9, &bytes, &error), FAILED);
    ck_assert_ptr_nonnull (strstr (error.text, path));

    char at [10];
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq (file_read_at (fd, at, 5, 5, path, NULL), OK);
    ck_assert (!memcmp (at, content + 5, 5));
    ck_assert_int_eq (file_read_at (fd, at, 6, 5, path, NULL), TRUNCATED);
    close (fd);
    buffer_free (&bytes);
    free (path);
}
END_TEST

START_TEST (a_full_disk_is_an_error_with_the_path)
{
    error_t error = { 0 };
    ck_assert_int_eq (file_save ("/dev/full", "x", 1, &error), FAILED);
    ck_assert_str_eq (error.text, "/dev/full: cannot write: No space left on device");
}
END_TEST

START_TEST (folders_are_made_and_removed_but_never_what_links_point_to)
{
    char *tree = file_join (s_folder, "a/b//c"), *kept = file_join (s_folder, "kept"), *file = file_join (kept, "file");
    char *link = file_join (tree, "link"), *top = file_join (s_folder, "a");
    ck_assert_int_eq (file_make_folders (tree, 0777, NULL), OK);
    ck_assert_int_eq (file_make_folders (tree, 0777, NULL), OK);
    ck_assert_int_eq (file_make_folders (kept, 0777, NULL), OK);
    ck_assert_int_eq (file_save (file, "x", 1, NULL), OK);
    ck_assert_int_eq (symlink (kept, link), 0);
    file_remove_tree (top);
    ck_assert_int_ne (access (top, F_OK), 0);
    ck_assert_int_eq (access (file, F_OK), 0);
    ck_assert_int_eq (symlink (kept, top), 0);
    file_remove_tree (top);                             // the link itself is the tree
    ck_assert_int_ne (access (top, F_OK), 0);
    ck_assert_int_eq (access (file, F_OK), 0);

    error_t error = { 0 };
    char *below = file_join (file, "folder");           // a file stands in the way
    ck_assert_int_eq (file_make_folders (below, 0777, &error), FAILED);
    ck_assert_ptr_nonnull (strstr (error.text, below));
    ck_assert_int_eq (file_make_folders (file, 0777, NULL), FAILED);
    free (tree), free (kept), free (file), free (link), free (top), free (below);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        the_first_fact_wins, an_error_is_one_line_that_fits, a_buffer_grows_and_can_be_read_past_its_end, an_arena_aligns_keeps_and_forgets,
        a_file_comes_back_whole_or_says_why, a_full_disk_is_an_error_with_the_path,
        folders_are_made_and_removed_but_never_what_links_point_to,
    };
    return main_run ("base", s_folder_make, s_end, tests, COUNT_OF (tests));
}
