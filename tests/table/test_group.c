// test_group: numbers come in order of first sight, whatever the keys; the same key always gets the same number; nothing is read where no
// key lies.
#include "help.h"
#include "base/memory.h"
#include "kernel/kernel.h"
#include "table/group.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

// Finds one key; the number must be `wanted`.
static void s_find (group_t *group, const char *data, uint32_t size, uint32_t wanted)
{
    rac_bytes key = { data, size, 0 };
    uint32_t number = 12345;
    group_find (group, &key, 1, &number);
    MUST (number == wanted, "a key of %u bytes has number %u: %u is right", size, number, wanted);
    rac_bytes kept = group_key (group, number);
    MUST (!s_order (kept, key) && (!size || kept.data != data), "key %u is no copy", number);
}

START_TEST (first_sight)
{
    group_t *group = group_new ();
    ck_assert_uint_eq (group_count (group), 0);
    s_find (group, "b", 1, 0);
    s_find (group, "a", 1, 1);
    s_find (group, "b", 1, 0);
    s_find (group, "", 0, 2);
    s_find (group, NULL, 0, 2);
    s_find (group, "a\0", 2, 3);
    s_find (group, "\0", 1, 4);
    s_find (group, "\0\0", 2, 5);
    s_find (group, "", 0, 2);
    s_find (group, "a", 1, 1);
    ck_assert_uint_eq (group_count (group), 6);
    static const uint32_t wanted [] = { 2, 4, 5, 1, 3, 0 };
    ck_assert_mem_eq (group_sorted (group), wanted, sizeof wanted);
    group_destroy (&group);
    ck_assert_ptr_null (group);
}
END_TEST

// Keys of every length, which differ in one byte only or in nothing but their length.
START_TEST (one_byte)
{
    group_t *group = group_new ();
    char text [90];
    uint32_t next = 0;
    for (int again = 0; again < 2; again++, next = 0)
        for (uint32_t size = 0; size < 80; size++) {
            memset (text, 0, sizeof text);
            s_find (group, text, size, next++);
            for (uint32_t at = 0; at < size; at++) {
                text [at] = 1;
                s_find (group, text, size, next++);
                text [at] = 0;
            }
        }
    group_destroy (&group);
}
END_TEST

// A key's text: the number in digits, some with a long tail behind, so that short and long keys mix.
static uint32_t s_text (char text [64], uint32_t number)
{
    return (uint32_t) sprintf (text, "%u%s", number, number % 3 ? "" : " and a tail that makes this key a long one");
}

// Batches of growing numbers, each of them seen twice, through every growth of the table; then all of them, sorted.
static void s_many (group_t *group, uint32_t count)
{
    char (*text) [64] = memory_new (RAC_ROWS * sizeof *text);
    rac_bytes *key = memory_new (RAC_ROWS * sizeof *key);
    uint32_t *number = memory_new (RAC_ROWS * sizeof *number);
    for (uint32_t from = 0; from < count; from += RAC_ROWS / 2) {
        for (uint32_t r = 0; r < RAC_ROWS; r++) {       // the half before this one, and a new one in between
            uint32_t n = r % 2 ? from + r / 2 : from > r ? from - 1 - r / 2 : from + r / 2;
            key [r] = (rac_bytes) { text [r], s_text (text [r], n), 0 };
        }
        uint32_t before = group_count (group);
        group_find (group, key, RAC_ROWS, number);
        for (uint32_t r = 0; r < RAC_ROWS; r++) {
            MUST (number [r] <= before, "number %u after %u groups", number [r], before);
            before += number [r] == before;             // new: the next number
            MUST (!s_order (group_key (group, number [r]), key [r]), "key %u is another", number [r]);
        }
        ck_assert_uint_eq (group_count (group), before);
    }
    const uint32_t *sorted = group_sorted (group);
    for (uint32_t i = 1; i < group_count (group); i++)
        MUST (s_order (group_key (group, sorted [i - 1]), group_key (group, sorted [i])) < 0, "place %u", i);
    free (text);
    free (key);
    free (number);
}

START_TEST (growth_and_reset)
{
    group_t *group = group_new ();
    size_t empty = group_bytes (group);
    for (int again = 0; again < 2; again++) {
        s_many (group, 400 * RAC_ROWS);
        ck_assert_uint_gt (group_count (group), 800000);
        ck_assert_uint_gt (group_bytes (group), empty + group_count (group) * 40ull);
        group_reset (group);
        ck_assert_uint_eq (group_count (group), 0);
    }
    s_find (group, "after", 5, 0);
    ck_assert_uint_eq (group_sorted (group) [0], 0);
    group_destroy (&group);
}
END_TEST

// Keys that end where their page ends, or begin where it begins, with nothing mapped on either side.
START_TEST (between_guards)
{
    size_t page = (size_t) sysconf (_SC_PAGESIZE);
    char *at = mmap (NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne (at, MAP_FAILED);
    ck_assert_int_eq (mprotect (at + page, page, PROT_READ | PROT_WRITE), 0);
    memset (at + page, 'k', page);
    group_t *group = group_new ();
    for (int again = 0; again < 2; again++)
        for (uint32_t size = 0; size < 70; size++) {
            s_find (group, at + 2 * page - size, size, size);
            s_find (group, at + page, size, size);
        }
    group_destroy (&group);
    munmap (at, 3 * page);
}
END_TEST

int main (void)
{
    kernel_choose ();
    const TTest *const tests [] = { first_sight, one_byte, growth_and_reset, between_guards };
    return s_run ("group", tests, COUNT_OF (tests));
}
