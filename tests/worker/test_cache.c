// test_cache: blocks come back whole or not at all, within the limit, over lives of the worker and whatever happened to the files between.
#include "tests/folder.h"
#include "worker/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char s_bytes [CACHE_BLOCK];

static cache_t *s_cache (uint64_t blocks)
{
    error_t error = { 0 };
    cache_t *cache = cache_new (s_folder, blocks * CACHE_BLOCK, &error);
    ck_assert_msg (cache != NULL, "%s", error.text);
    return cache;
}

static cache_file_t *s_open (cache_t *cache, uint64_t inode, uint64_t size)
{
    error_t error = { 0 };
    cache_file_t *file = cache_open (cache, &(cache_identity_t) { 1, inode, size, 3, 4, 5, 6 }, &error);
    ck_assert_msg (file != NULL, "%s", error.text);
    return file;
}

// What block `block` of file `inode` holds.
static const char *s_content (uint64_t inode, uint64_t block)
{
    for (size_t i = 0; i < sizeof s_bytes; i++)
        s_bytes [i] = (char) (inode * 31 + block * 7 + i * (i >> 8));
    return s_bytes;
}

static void s_put (cache_t *cache, cache_file_t *file, uint64_t inode, uint64_t block)
{
    error_t error = { 0 };
    ck_assert_msg (!cache_put (cache, file, block, s_content (inode, block), &error), "%s", error.text);
}

static void s_expect (cache_t *cache, cache_file_t *file, uint64_t inode, uint64_t block)
{
    static char seen [CACHE_BLOCK];
    size_t size = (size_t) cache_block_size (file, block);
    ck_assert_msg (cache_has (cache, file, block), "block %d is not there", (int) block);
    int fd = open (cache_path (file), O_RDONLY | O_CLOEXEC);
    ck_assert (fd >= 0);
    ck_assert (!file_read_at (fd, seen, size, block * CACHE_BLOCK, "", NULL));
    close (fd);
    ck_assert (!memcmp (seen, s_content (inode, block), size));
}

// Bytes that the disk gives to the data files.
static uint64_t s_disk_bytes (void)
{
    char *inner = file_join (s_folder, "chunks-0");
    uint64_t bytes = 0;
    DIR *folder = opendir (inner);
    ck_assert_ptr_nonnull (folder);
    for (struct dirent *entry; (entry = readdir (folder)); ) {
        struct stat facts;
        char *path = file_join (inner, entry->d_name);
        if (strstr (entry->d_name, ".data") && !stat (path, &facts))
            bytes += (uint64_t) facts.st_blocks * 512;
        free (path);
    }
    closedir (folder);
    free (inner);
    return bytes;
}

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
        s_damage (sums, 9);
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

START_TEST (test_what_was_used_longest_ago_goes)
{
    cache_t *cache = s_cache (8);
    cache_file_t *file = s_open (cache, 1, 100 * CACHE_BLOCK);
    for (uint64_t b = 0; b < 8; b++)
        s_put (cache, file, 1, b);
    ck_assert (cache_has (cache, file, 0));             // used: 1 is the oldest now
    cache_pin (file, 2);
    s_put (cache, file, 1, 50);
    ck_assert (!cache_has (cache, file, 1));
    s_expect (cache, file, 1, 0);
    for (uint64_t b = 51; b < 90; b++)
        s_put (cache, file, 1, b);
    s_expect (cache, file, 1, 2);                       // pinned
    s_expect (cache, file, 1, 89);
    ck_assert_uint_le (cache_held (cache), 8 * CACHE_BLOCK);
    ck_assert_uint_le (s_disk_bytes (), 9 * CACHE_BLOCK);
    cache_unpin (file, 2);
    cache_close (cache, &file);
    cache_destroy (&cache);
}
END_TEST

START_TEST (test_a_file_without_blocks_leaves_nothing)
{
    cache_t *cache = s_cache (2);
    cache_file_t *first = s_open (cache, 1, 2 * CACHE_BLOCK), *second = s_open (cache, 2, 2 * CACHE_BLOCK);
    s_put (cache, first, 1, 0);
    char *path = memory_text (cache_path (first));
    cache_close (cache, &first);
    ck_assert (!access (path, F_OK));
    for (uint64_t b = 0; b < 2; b++)
        s_put (cache, second, 2, b);
    ck_assert (access (path, F_OK));
    cache_close (cache, &second);
    cache_destroy (&cache);
    free (path);
}
END_TEST

START_TEST (test_a_smaller_limit_holds_at_once)
{
    cache_t *cache = s_cache (10);
    for (uint64_t f = 1; f <= 2; f++) {
        cache_file_t *file = s_open (cache, f, 5 * CACHE_BLOCK);
        for (uint64_t b = 0; b < 5; b++)
            s_put (cache, file, f, b);
        cache_close (cache, &file);
    }
    cache_destroy (&cache);
    cache = s_cache (4);
    ck_assert_uint_le (cache_held (cache), 4 * CACHE_BLOCK);
    ck_assert_uint_le (s_disk_bytes (), 5 * CACHE_BLOCK);
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
    tcase_add_test (tests, test_what_was_used_longest_ago_goes);
    tcase_add_test (tests, test_a_file_without_blocks_leaves_nothing);
    tcase_add_test (tests, test_a_smaller_limit_holds_at_once);
    tcase_add_test (tests, test_two_workers_share_a_folder);
    tcase_add_test (tests, test_a_disk_that_refuses_is_an_error);
    return main_end ("cache", tests);
}
