// test_sort: the radix sort against qsort and memcmp, over the strings that are hard for a radix sort: equal ones, prefixes of each other,
// NULs at the end, differences behind a long common beginning, and more levels than a stack has room for.
#include "help.h"
#include "base/memory.h"
#include "table/sort.h"

typedef struct { rac_bytes *text; uint32_t count, room; arena_t *memory; } list_t;

static list_t s_list (uint32_t room)
{
    return (list_t) { .text = memory_new ((room + 1) * sizeof (rac_bytes)), .room = room, .memory = arena_new (1 << 16) };
}

static void s_list_free (list_t *self)
{
    free (self->text);
    arena_destroy (&self->memory);
}

// A string of its own, without a byte behind it that it could be confused with.
static char *s_add (list_t *self, uint32_t size)
{
    MUST (self->count < self->room, "no room");
    char *data = arena_take (self->memory, size + 8);
    memset (data, 0xee, size + 8);
    self->text [self->count++] = (rac_bytes) { data, size, 0 };
    return data;
}

static rac_bytes s_text (const void *context, uint32_t index)
{
    return ((const list_t *) context)->text [index];
}

static int s_compare (const void *a, const void *b)
{
    return s_order (*(const rac_bytes *) a, *(const rac_bytes *) b);
}

static void s_agrees (list_t *self)
{
    uint32_t count = self->count;
    sort_item_t *item = memory_new ((2 * count + 1) * sizeof *item);
    rac_bytes *wanted = memory_new ((count + 1) * sizeof *wanted);
    bool *seen = memory_new (count + 1);
    for (uint32_t i = 0; i < count; i++) {
        item [i] = (sort_item_t) { .prefix = sort_prefix (self->text [i], 0), .index = i };
        wanted [i] = self->text [i];
    }
    qsort (wanted, count, sizeof *wanted, s_compare);
    sort_items (item, item + count, count, s_text, self);
    for (uint32_t i = 0; i < count; i++) {
        MUST (item [i].index < count && !seen [item [i].index], "string %u comes twice", item [i].index);
        seen [item [i].index] = true;
        MUST (!s_order (self->text [item [i].index], wanted [i]), "place %u of %u is wrong", i, count);
    }
    free (item);
    free (wanted);
    free (seen);
    s_list_free (self);
}

// `count` strings of up to `most` bytes, each byte one of `letters` from 0 on, behind `common` equal bytes.
static void s_random_strings (uint32_t count, uint32_t most, uint32_t letters, uint32_t common)
{
    list_t list = s_list (count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = common + s_below (most + 1);
        char *data = s_add (&list, size);
        for (uint32_t b = 0; b < size; b++)
            data [b] = (char) (b < common ? 'c' : s_below (letters));
    }
    s_agrees (&list);
}

START_TEST (random_strings)
{
    static const uint32_t counts [] = { 0, 1, 2, 39, 40, 41, 300, 3000 };
    for (size_t c = 0; c < COUNT_OF (counts); c++)
        for (uint32_t most = 0; most <= 24; most += most < 10 ? 1 : 7) {
            s_random_strings (counts [c], most, 256, 0);
            s_random_strings (counts [c], most, 2, 0);
        }
    s_random_strings (100000, 12, 256, 0);
}
END_TEST

START_TEST (common_prefixes)
{
    for (uint32_t common = 1; common < 70; common += 1 + common / 9)
        for (uint32_t most = 0; most <= 18; most += 3)
            s_random_strings (500, most, 3, common);
}
END_TEST

// "", "\0", "\0\0" ... and the same behind "a": equal in every prefix that is padded with zeros.
START_TEST (nuls_at_the_end)
{
    for (uint32_t common = 0; common < 20; common++) {
        list_t list = s_list (800);
        for (uint32_t i = 0; i < 800; i++) {
            uint32_t size = common + i * 7 % 40;
            memset (s_add (&list, size), 0, size);
            for (uint32_t b = 0; b < common; b++)
                ((char *) list.text [i].data) [b] = 'a';
        }
        s_agrees (&list);
    }
}
END_TEST

START_TEST (ordered_already)
{
    for (int reverse = 0; reverse < 2; reverse++) {
        list_t list = s_list (5000);
        for (uint32_t i = 0; i < 5000; i++) {
            uint32_t number = __builtin_bswap32 (reverse ? 5000 - i : i);
            memcpy (s_add (&list, 4), &number, 4);
        }
        s_agrees (&list);
    }
}
END_TEST

// Equal strings of a megabyte: 131,072 levels of 8 bytes.
START_TEST (long_and_equal)
{
    enum { SIZE = 1 << 20, COUNT = 50 };
    list_t list = s_list (COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        memset (s_add (&list, SIZE), 'x', SIZE);
        ((char *) list.text [i].data) [SIZE - 1] = (char) ('a' + i * 7 % 3);
    }
    s_agrees (&list);
}
END_TEST

// "a", "aa", "aaa" ...: each level parts one string from the rest.
START_TEST (a_staircase)
{
    enum { COUNT = 6000 };
    list_t list = s_list (COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t size = i * 4999 % COUNT;
        memset (s_add (&list, size), 'a', size);
    }
    s_agrees (&list);
}
END_TEST

START_TEST (prefixes)
{
    static const char text [] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a";
    for (uint32_t size = 0; size <= 10; size++)
        for (uint32_t depth = 0; depth <= size; depth++) {
            rac_bytes whole = { text, size, 0 };
            uint64_t wanted = 0;
            for (uint32_t i = depth; i < depth + 8; i++)
                wanted = wanted << 8 | (i < size ? (uint64_t) (i + 1) : 0);
            ck_assert_uint_eq (sort_prefix (whole, depth), wanted);
        }
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { random_strings, common_prefixes, nuls_at_the_end, ordered_already, long_and_equal, a_staircase, prefixes };
    return s_run ("sort", tests, COUNT_OF (tests));
}
