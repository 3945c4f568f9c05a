// hash_bytes: depends on the bytes of the string alone, spreads, and never touches a page that the string does not.
#include "sets.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t s_hash (const kernel_t *set, const char *data, uint32_t size)
{
    uint64_t hash;
    set->hash_bytes (&(rac_bytes) { data, size, 0 }, &hash, 1);
    return hash;
}

// A page between two that fault.
static char *s_guarded (size_t page)
{
    char *pages = mmap (NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect (pages != MAP_FAILED);
    expect (mprotect (pages + page, page, PROT_READ | PROT_WRITE) == 0);
    return pages + page;
}

START_TEST (page_ends)
{
    const kernel_t *set = set_number (_i);
    size_t page = (size_t) sysconf (_SC_PAGESIZE);
    char *data = s_guarded (page);
    uint64_t state = 0;
    for (size_t i = 0; i < page; i++)
        data [i] = (char) random_next (&state);
    for (uint32_t size = 0; size <= 300; size++) {
        for (size_t back = 0; back < 80 && back + size <= page; back++) {
            const char *at = data + page - back - size;
            char copy [512] = { 0 };
            memcpy (copy + 33, at, size);
            expect (s_hash (set, at, size) == s_hash (set, copy + 33, size));
            memset (copy, 0xff, 33);
            memset (copy + 33 + size, 0xff, sizeof copy - 33 - size);
            expect (s_hash (set, at, size) == s_hash (set, copy + 33, size));
        }
        s_hash (set, data, size);
    }
    s_hash (set, data + page, 0);
    s_hash (set, NULL, 0);
    munmap (data - page, 3 * page);
}
END_TEST

static int s_compare (const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
    return (x > y) - (x < y);
}

// Keys that differ little must not collide in 64 bits, and each bit must flip in about half of the pairs of neighbours.
START_TEST (spreads)
{
    enum { KEYS = 200000 };
    const kernel_t *set = set_number (_i);
    uint64_t *hash = malloc (KEYS * sizeof *hash);
    uint32_t flips [64] = { 0 };
    for (uint32_t i = 0; i < KEYS; i++) {
        char key [64];
        int size = snprintf (key, sizeof key, i % 2 ? "k%u" : "a rather long key number %u", i);
        if (i % 5 == 0) {
            memset (key, 0, sizeof key);                // zeros that differ in number only, and then in one word only
            memcpy (key, &i, sizeof i);
            size = 4 + (int) (i % 13);
        }
        hash [i] = s_hash (set, key, (uint32_t) size);
        for (int bit = 0; i && bit < 64; bit++)
            flips [bit] += (uint32_t) ((hash [i] ^ hash [i - 1]) >> bit & 1);
    }
    qsort (hash, KEYS, sizeof *hash, s_compare);
    for (uint32_t i = 1; i < KEYS; i++)
        expect (hash [i] != hash [i - 1]);
    for (int bit = 0; bit < 64; bit++)
        expect (flips [bit] > KEYS * 49 / 100 && flips [bit] < KEYS * 51 / 100);
    free (hash);
}
END_TEST

// Zeros are as good a key as others, and their number is all that tells them apart.
START_TEST (lengths)
{
    enum { MOST = 300 };
    static const char zeros [MOST];
    const kernel_t *set = set_number (_i);
    uint64_t hash [MOST];
    for (uint32_t size = 0; size < MOST; size++) {
        hash [size] = s_hash (set, zeros, size);
        for (uint32_t other = 0; other < size; other++)
            expect (hash [other] != hash [size]);
    }
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_loop_test (tests, page_ends, 0, SETS);
    tcase_add_loop_test (tests, spreads, 0, SETS);
    tcase_add_loop_test (tests, lengths, 0, SETS);
    return main_end ("hash", tests);
}
