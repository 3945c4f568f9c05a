// test_cache: blocks come back whole or not at all, over lives of the worker and whatever happened to the files between or meanwhile.
#include "tests/worker/chunks.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

START_TEST (test_blocks_come_back_also_in_the_next_life)
{
    const uint64_t size = 3 * CACHE_BLOCK + 17;
    cache_t *cache = s_cache (10);
    cache_file_t *file = s_open (cache, 1, size);
    ck_assert (!cache_has (cache, file, 0));
    ck_assert_uint_eq (cache_block_size (file, 3), 17);
    s_put (cache, file, 1, 1);
    s_put (cache, file, 1, 3);
    s_expect (cache, file, 1, 1);
    s_expect (cache, file, 1, 3);
    cache_close (cache, &file);
    cache_destroy (&cache);
    cache = s_cache (10);
    ck_assert_uint_eq (cache_held (cache), 2 * CACHE_BLOCK);
    file = s_open (cache, 1, size);
    s_expect (cache, file, 1, 1);
    s_expect (cache, file, 1, 3);
    ck_assert (!cache_has (cache, file, 0));
    cache_file_t *other = s_open (cache, 2, size);      // another file of the same size
    ck_assert (!cache_has (cache, other, 1));
    cache_close (cache, &other);
    cache_close (cache, &file);
    cache_destroy (&cache);
}
END_TEST

static void s_damage (const char *path, uint64_t offset)
{
    int fd = open (path, O_WRONLY | O_CLOEXEC);
    ck_assert (fd >= 0 && pwrite (fd, "?", 1, (off_t) offset) == 1);
    close (fd);
}

START_TEST (test_a_damaged_block_is_not_there)
{
    cache_t *cache = s_cache (10);
    cache_file_t *file = s_open (cache, 1, 3 * CACHE_BLOCK);
    for (uint64_t b = 0; b < 3; b++)
        s_put (cache, file, 1, b);
    char *path = memory_text (cache_path (file));
    cache_close (cache, &file);
    cache_destroy (&cache);
    s_damage (path, CACHE_BLOCK + 12345);
    free (path);
    cache = s_cache (10);
    file = s_open (cache, 1, 3 * CACHE_BLOCK);
    s_expect (cache, file, 1, 0);
    ck_assert (!cache_has (cache, file, 1));
    s_expect (cache, file, 1, 2);
    ck_assert_uint_eq (cache_held (cache), 2 * CACHE_BLOCK);
    s_put (cache, file, 1, 1);
    s_expect (cache, file, 1, 1);
    cache_close (cache, &file);
    cache_destroy (&cache);
}
END_TEST

// How: 0: sidecar cut, 1: header damaged, 2: data cut, 3: data gone
START_TEST (test_damaged_files_are_dropped)
{
    cache_t *cache = s_cache (10);
    cache_file_t *file = s_open (cache, 1, 3 * CACHE_BLOCK);
    s_put (cache, file, 1, 2);
    char *data = memory_text (cache_path (file)), *sums = memory_text (data);
    strcpy (strrchr (sums, '.'), ".sums");
    cache_close (cache, &file);
    cache_destroy (&cache);
    if (_i == 0)
        ck_assert (!truncate (sums, 20));
    else if (_i == 1)
        s_damage (sums, 20);
    else if (_i == 2)
        ck_assert (!truncate (data, 2 * CACHE_BLOCK));
    else
        ck_assert (!unlink (data));
    cache = s_cache (10);
    ck_assert_uint_eq (cache_held (cache), 0);
    ck_assert (access (sums, F_OK) && access (data, F_OK));
    file = s_open (cache, 1, 3 * CACHE_BLOCK);
    ck_assert (!cache_has (cache, file, 2));
    cache_close (cache, &file);
    cache_destroy (&cache);
    free (data);
    free (sums);
}
END_TEST

// ---- what others do to the folder while we live

static void s_clear (const char *what)
{
    char *inner = file_join (s_folder, "chunks-0");
    DIR *folder = opendir (inner);
    for (struct dirent *entry; folder && (entry = readdir (folder)); ) {
        char *path = file_join (inner, entry->d_name);
        if (entry->d_name [0] != '.' && strstr (entry->d_name, what))
            ck_assert (!unlink (path));
        free (path);
    }
    closedir (folder);
    free (inner);
}

// 0: the data, 1: data and sidecars, 2: all files, 3: the folder, 4: data are cut and made longer again
START_TEST (test_a_cache_that_is_cleared_is_empty)
{
    cache_t *cache = s_cache (10);
    cache_file_t *file = s_open (cache, 1, 3 * CACHE_BLOCK);
    for (uint64_t b = 0; b < 3; b++)
        s_put (cache, file, 1, b);
    char *data = memory_text (cache_path (file));
    cache_close (cache, &file);
    if (_i < 4)
        s_clear (_i < 2 ? ".data" : "");
    if (_i == 1)
        s_clear (".sums");
    if (_i == 3)
        file_remove_tree (s_path ("chunks-0"));
    if (_i == 4)
        ck_assert (!truncate (data, 7) && !truncate (data, 3 * CACHE_BLOCK));
    file = s_open (cache, 1, 3 * CACHE_BLOCK);
    for (uint64_t b = 0; b < 3; b++)
        ck_assert_msg (!cache_has (cache, file, b), "block %d is said to be there", (int) b);
    ck_assert_uint_eq (cache_held (cache), 0);
    s_put (cache, file, 1, 1);
    s_expect (cache, file, 1, 1);
    cache_t *other = s_cache (10);                      // and the folder is still ours
    cache_file_t *its = s_open (other, 1, 3 * CACHE_BLOCK);
    ck_assert_str_ne (cache_path (its), cache_path (file));
    cache_close (other, &its);
    cache_destroy (&other);
    cache_close (cache, &file);
    cache_destroy (&cache);
    free (data);
}
END_TEST

START_TEST (test_a_file_deleted_in_use_serves_those_who_have_it_open)
{
    cache_t *cache = s_cache (10);
    cache_file_t *old = s_open (cache, 1, 3 * CACHE_BLOCK);
    s_put (cache, old, 1, 0);
    int reader = open (cache_path (old), O_RDONLY | O_CLOEXEC);
    s_clear (_i ? "" : ".data");
    cache_file_t *new = s_open (cache, 1, 3 * CACHE_BLOCK);
    ck_assert (new != old && !cache_has (cache, new, 0) && cache_has (cache, old, 0));
    s_put (cache, old, 1, 1);
    s_put (cache, new, 1, 2);
    char bytes [64];
    ck_assert (pread (reader, bytes, sizeof bytes, CACHE_BLOCK) == sizeof bytes && !memcmp (bytes, s_content (1, 1), sizeof bytes));
    close (reader);
    ck_assert_uint_eq (cache_held (cache), 3 * CACHE_BLOCK);
    cache_close (cache, &old);
    ck_assert_uint_eq (cache_held (cache), CACHE_BLOCK);
    s_expect (cache, new, 1, 2);
    cache_close (cache, &new);
    cache_destroy (&cache);
    cache = s_cache (10);
    ck_assert_uint_eq (cache_held (cache), CACHE_BLOCK);
    cache_destroy (&cache);
}
END_TEST

START_TEST (test_two_workers_share_a_folder)
{
    cache_t *cache = s_cache (4), *other = s_cache (4);
    cache_file_t *file = s_open (cache, 1, CACHE_BLOCK), *same = s_open (other, 1, CACHE_BLOCK);
    s_put (cache, file, 1, 0);
    ck_assert (!cache_has (other, same, 0));
    ck_assert_str_ne (cache_path (file), cache_path (same));
    cache_close (cache, &file);
    cache_close (other, &same);
    cache_destroy (&cache);
    cache_destroy (&other);
}
END_TEST

// A limit on the size of files stands for a disk that is full: writing fails beyond it.
START_TEST (test_a_disk_that_refuses_is_an_error)
{
    pid_t child = fork ();
    if (child == 0) {
        signal (SIGXFSZ, SIG_IGN);
        cache_t *cache = s_cache (10);
        cache_file_t *file = s_open (cache, 1, 4 * CACHE_BLOCK);
        error_t error = { 0 };
        setrlimit (RLIMIT_FSIZE, &(struct rlimit) { 2 * CACHE_BLOCK, 2 * CACHE_BLOCK });
        bool good = !cache_put (cache, file, 0, s_content (1, 0), &error);
        bool bad = cache_put (cache, file, 3, s_content (1, 3), &error) == FAILED && strstr (error.text, "cannot keep");
        good = good && bad && !cache_has (cache, file, 3) && cache_has (cache, file, 0);
        cache_close (cache, &file);
        cache_destroy (&cache);
        _exit (good ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq (waitpid (child, &status, 0), child);
    ck_assert_int_eq (status, 0);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (s_folder_make, s_folder_remove);
    tcase_add_test (tests, test_blocks_come_back_also_in_the_next_life);
    tcase_add_test (tests, test_a_damaged_block_is_not_there);
    tcase_add_loop_test (tests, test_damaged_files_are_dropped, 0, 4);
    tcase_add_loop_test (tests, test_a_cache_that_is_cleared_is_empty, 0, 5);
    tcase_add_loop_test (tests, test_a_file_deleted_in_use_serves_those_who_have_it_open, 0, 2);
    tcase_add_test (tests, test_two_workers_share_a_folder);
    tcase_add_test (tests, test_a_disk_that_refuses_is_an_error);
    return main_end ("cache", tests);
}
