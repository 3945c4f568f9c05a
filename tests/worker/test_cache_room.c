// test_cache_room: which blocks stay when there is not room for all.
#include "tests/worker/chunks.h"

// A scan of a file, as by a job: what it finds is not put. How many blocks it found.
static uint64_t s_scan (cache_t *cache, uint64_t inode, uint64_t blocks)
{
    uint64_t found = 0;
    cache_file_t *file = s_open (cache, inode, blocks * CACHE_BLOCK);
    for (uint64_t b = 0; b < blocks; b++)
        if (cache_has (cache, file, b)) {
            s_expect (cache, file, inode, b);
            found++;
        }
        else
            s_put (cache, file, inode, b);
    cache_close (cache, &file);
    return found;
}

static uint64_t s_job_scans (cache_t *cache, uint64_t inode, uint64_t blocks)
{
    uint64_t found = s_scan (cache, inode, blocks);
    cache_job_over (cache, s_job++);
    return found;
}

START_TEST (test_half_of_an_input_is_found_again_and_again)
{
    const uint64_t limit = 32, blocks = 64;
    cache_t *cache = s_cache (limit);
    ck_assert_uint_eq (s_job_scans (cache, 1, blocks), 0);
    for (int again = 0; again < 3; again++)
        ck_assert_uint_ge (s_job_scans (cache, 1, blocks), limit - 1);
    cache_destroy (&cache);
    cache = s_cache (limit);                            // another life
    ck_assert_uint_ge (s_job_scans (cache, 1, blocks), limit - 1);
    ck_assert_uint_le (s_disk_bytes (), (limit + 1) * CACHE_BLOCK);
    cache_destroy (&cache);
}
END_TEST

// The same in many files of a block each, two at a time, as two slots read them.
START_TEST (test_half_of_many_files_is_found_again)
{
    const uint64_t limit = 32, files = 64;
    cache_t *cache = s_cache (limit);
    for (int again = 0; again < 4; again++) {
        uint64_t found = 0;
        for (uint64_t f = 0; f < files; f += 2)
            found += s_scan (cache, 2 + f, 1) + s_scan (cache, 1 + f, 1);
        cache_job_over (cache, s_job++);
        ck_assert_uint_ge (found, again ? limit - limit / 8 : 0);
    }
    cache_destroy (&cache);
}
END_TEST

START_TEST (test_what_jobs_need_now_takes_the_room_of_what_they_needed)
{
    cache_t *cache = s_cache (32);
    s_job_scans (cache, 1, 16);
    s_job_scans (cache, 2, 16);
    s_job_scans (cache, 3, 24);                         // the oldest goes, then some of the next
    ck_assert_uint_eq (s_job_scans (cache, 3, 24), 24);
    ck_assert_uint_eq (s_job_scans (cache, 2, 16), 8);
    ck_assert_uint_eq (cache_held (cache), 32 * CACHE_BLOCK);
    cache_destroy (&cache);
}
END_TEST

// Where two tasks meet, one reads to the end of a record in the block with which the other has begun long ago.
START_TEST (test_what_was_read_just_now_is_there_for_the_neighbour)
{
    cache_t *cache = s_cache (32);
    cache_file_t *file = s_open (cache, 1, 200 * CACHE_BLOCK);
    for (uint64_t b = 0; b < 200; b++) {
        s_put (cache, file, 1, b);
        if (b >= 2)
            ck_assert (cache_has (cache, file, b - 2));
    }
    cache_close (cache, &file);
    cache_destroy (&cache);
}
END_TEST

START_TEST (test_pinned_blocks_stay)
{
    cache_t *cache = s_cache (8);
    cache_file_t *file = s_open (cache, 1, 100 * CACHE_BLOCK);
    for (uint64_t b = 0; b < 8; b++) {
        s_put (cache, file, 1, b);
        cache_pin (file, b);
    }
    for (uint64_t b = 50; b < 90; b++)
        s_put (cache, file, 1, b);
    for (uint64_t b = 0; b < 8; b++) {
        s_expect (cache, file, 1, b);
        cache_unpin (file, b);
    }
    s_expect (cache, file, 1, 89);
    s_put (cache, file, 1, 90);
    ck_assert_uint_le (cache_held (cache), 8 * CACHE_BLOCK);
    ck_assert_uint_le (s_disk_bytes (), 9 * CACHE_BLOCK);
    cache_close (cache, &file);
    cache_destroy (&cache);
}
END_TEST

START_TEST (test_a_file_without_blocks_leaves_nothing)
{
    cache_t *cache = s_cache (2);
    cache_file_t *first = s_open (cache, 1, 2 * CACHE_BLOCK);
    s_put (cache, first, 1, 0);
    char *path = memory_text (cache_path (first));
    cache_close (cache, &first);
    cache_job_over (cache, s_job++);
    ck_assert (!access (path, F_OK));
    cache_file_t *second = s_open (cache, 2, 2 * CACHE_BLOCK);
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

int main (void)
{
    const TTest *const tests [] = {
        test_half_of_an_input_is_found_again_and_again, test_half_of_many_files_is_found_again,
        test_what_jobs_need_now_takes_the_room_of_what_they_needed, test_what_was_read_just_now_is_there_for_the_neighbour,
        test_pinned_blocks_stay, test_a_file_without_blocks_leaves_nothing,
        test_a_smaller_limit_holds_at_once,
    };
    return main_run ("cache_room", s_folder_make, s_folder_remove, tests, COUNT_OF (tests));
}
