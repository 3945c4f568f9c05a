// words and find: every set against a loop a byte at a time; words also with any room and from any place.
#include "sets.h"

enum { ROOM = 64 + 5000 + 64 };

static char s_text [ROOM] __attribute__ ((aligned (64)));
static char s_lowered [ROOM];
static rac_bytes s_got [ROOM], s_want [ROOM];

// letters: of 256, how many bytes are; those next to the alphabet and above 127 are frequent among the rest.
static void s_fill (uint64_t *state, int letters)
{
    static const char other [] = "@[`{ \n0\x7f\x80\xc1\xda\xe1\xfa\xff\x9a_";
    for (size_t i = 0; i < sizeof s_text; i++) {
        uint64_t bits = random_next (state);
        char letter = (char) ("aAzZmQ" [bits % 6]);
        s_text [i] = (int) (bits >> 32 & 0xff) < letters ? letter : other [bits >> 40 & 15];
    }
}

static bool s_is_letter (char byte, uint32_t flags)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (flags & RAC_UTF8 && (uint8_t) byte >= 0x80);
}

static uint32_t s_model (rac_bytes text, uint32_t from, uint32_t flags, rac_bytes *word)
{
    uint32_t words = 0;
    for (uint32_t i = from; i < text.size; i++)
        if (s_is_letter (text.data [i], flags)) {
            uint32_t start = i;
            while (i < text.size && s_is_letter (text.data [i], flags))
                i++;
            word [words++] = (rac_bytes) { text.data + start, i - start, 0 };
        }
    return words;
}

static void s_same_word (rac_bytes got, rac_bytes want, const char *data)
{
    expect (got.size == want.size);
    expect (got.spare == 0);
    if (data == s_lowered) {
        expect (got.data - data == want.data - s_text);
        for (uint32_t i = 0; i < got.size; i++) {
            char byte = want.data [i];
            expect (got.data [i] == (byte >= 'A' && byte <= 'Z' ? byte + 32 : byte));
        }
    }
    else
        expect (got.data == want.data);
}

// lower has the text's own alignment, so that a word's place in it is that in s_text.
static void s_try (const kernel_t *set, size_t start, uint32_t size, uint32_t from, uint32_t flags, uint32_t room)
{
    rac_bytes text = { s_text + start, size, 0 };
    char *lower = flags & RAC_LOWER ? s_lowered + start : NULL;
    uint32_t want = s_model (text, from, flags, s_want), got = 0, at = from;
    for (uint32_t more; (more = set->words (text, &at, flags, lower, s_got, room)) != 0;) {
        expect (more <= room);
        for (uint32_t i = 0; i < more; i++, got++) {
            expect (got < want);
            s_same_word (s_got [i], s_want [got], lower ? s_lowered : NULL);
        }
        if (more < room)
            expect (at == size);
        else
            expect (at == (uint32_t) (s_want [got - 1].data - text.data) + s_want [got - 1].size);
    }
    expect (got == want);
    expect (at == size);
}

START_TEST (words_agree)
{
    const kernel_t *set = set_number (_i);
    uint64_t state = 0;
    for (int letters = 0; letters <= 256; letters += 64) {
        s_fill (&state, letters);
        for (size_t start = 0; start < 64; start++)
            for (uint32_t size = 0; size <= 200; size++)
                s_try (set, start, size, 0, size & 3, 1 + (uint32_t) (random_next (&state) % 70));
        for (uint32_t i = 0; i < 3000; i++)
            s_try (set, i % 64, 5000 - 40 * (i % 100), i, i & 3, 1 + (uint32_t) (random_next (&state) % (i % 7 ? 300 : 4000)));
    }
}
END_TEST

START_TEST (no_room)
{
    const kernel_t *set = set_number (_i);
    uint32_t from = 2;
    memcpy (s_text, "ab cd", 5);
    expect (set->words ((rac_bytes) { s_text, 5, 0 }, &from, 0, NULL, s_got, 0) == 0);
    expect (from == 2);
}
END_TEST

static const char *s_find (const char *text, size_t size, const char *needle, size_t needle_size)
{
    for (size_t i = 0; i + needle_size <= size; i++)
        if (memcmp (text + i, needle, needle_size) == 0)
            return text + i;
    return NULL;
}

START_TEST (find_agrees)
{
    const kernel_t *set = set_number (_i);
    uint64_t state = 7;
    for (int kinds = 1; kinds <= 26; kinds += 5) {
        for (size_t i = 0; i < sizeof s_text; i++)
            s_text [i] = (char) ('a' + random_next (&state) % (unsigned) kinds);
        for (int i = 0; i < 20000; i++) {
            uint64_t bits = random_next (&state);
            char needle [400];
            size_t start = bits % 64, size = bits >> 8 & 0x3ff, length = 1 + (bits >> 20) % (bits & 1 << 19 ? 400 : 5);
            memcpy (needle, s_text + (bits >> 32) % 4000, length);
            if ((bits >> 50) % 4 == 0)
                needle [(bits >> 52) % length] = 'B';
            expect (set->find (s_text + start, size, needle, length) == s_find (s_text + start, size, needle, length));
        }
    }
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_loop_test (tests, words_agree, 0, SETS);
    tcase_add_loop_test (tests, no_room, 0, SETS);
    tcase_add_loop_test (tests, find_agrees, 0, SETS);
    return main_end ("text", tests);
}
