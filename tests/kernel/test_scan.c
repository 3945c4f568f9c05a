// find_pair, find_fields, count_byte: every set against a loop a byte at a time, at all short lengths and alignments.
#include "sets.h"

enum { ROOM = 64 + 4096 + 64 };

static char s_text [ROOM] __attribute__ ((aligned (64)));

// Texts in which a pair is rare, common, or all there is; what lies behind the end is full of marks that must not be seen.
static void s_fill (uint64_t *state, int density)
{
    for (size_t i = 0; i < sizeof s_text; i++) {
        uint64_t bits = random_next (state);
        s_text [i] = (int) (bits >> 8 & 0xff) < density ? ",\n\"\xac" [bits & 3] : (char) (bits >> 16);
    }
}

static size_t s_model (const char *data, size_t size, char delimiter, char quote, bool *quoted, uint64_t *quotes, uint32_t *at)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        if (quote && data [i] == quote) {
            *quoted = !*quoted;
            ++*quotes;
        }
        else
        if (!*quoted && (data [i] == delimiter || data [i] == '\n'))
            at [count++] = (uint32_t) i;
    return count;
}

static void s_same (const uint32_t *got, size_t count, const uint32_t *want, size_t want_count)
{
    expect (count == want_count);
    expect (memcmp (got, want, count * sizeof *got) == 0);
}

static void s_try (const kernel_t *set, const char *data, size_t size, char delimiter)
{
    static uint32_t got [ROOM + 64], want [ROOM];
    bool no = false;
    uint64_t none = 0;
    size_t marks = s_model (data, size, delimiter, 0, &no, &none, want);
    s_same (got, set->find_pair (data, size, delimiter, '\n', got), want, marks);
    size_t model = 0;
    for (size_t i = 0; i < size; i++)
        model += data [i] == delimiter;
    expect (set->count_byte (data, size, delimiter) == model);
    for (int inside = 0; inside < 2; inside++) {
        bool quoted = inside, want_quoted = inside;
        uint64_t quotes = 5, want_quotes = 5;
        marks = s_model (data, size, delimiter, '"', &want_quoted, &want_quotes, want);
        s_same (got, set->find_fields (data, size, delimiter, '"', &quoted, &quotes, got), want, marks);
        expect (quoted == want_quoted);
        expect (quotes == want_quotes);
    }
}

START_TEST (agrees)
{
    const kernel_t *set = set_number (_i);
    uint64_t state = 0;
    for (int density = 0; density <= 256; density += 32) {
        s_fill (&state, density);
        for (size_t from = 0; from < 64; from++)
            for (size_t size = 0; size <= 200; size++)
                s_try (set, s_text + from, size, ',');
        s_try (set, s_text, 4096, ',');
        s_try (set, s_text + 1, 4095, '\xac');
    }
}
END_TEST

START_TEST (marks_only)
{
    const kernel_t *set = set_number (_i);
    memset (s_text, '\n', sizeof s_text);
    for (size_t size = 0; size <= 300; size++)
        s_try (set, s_text + 3, size, ',');
    memset (s_text, '"', sizeof s_text);
    for (size_t size = 0; size <= 300; size++)
        s_try (set, s_text + 3, size, ',');
}
END_TEST

START_TEST (chooses)
{
    setenv ("RACIMO_KERNEL", "plain", 1);
    kernel_choose ();
    expect (kernel == &kernel_plain);
    setenv ("RACIMO_KERNEL", "no such set", 1);
    kernel_choose ();
    const kernel_t *best = kernel;
    unsetenv ("RACIMO_KERNEL");
    kernel_choose ();
    expect (kernel == best);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_loop_test (tests, agrees, 0, SETS);
    tcase_add_loop_test (tests, marks_only, 0, SETS);
    tcase_add_test (tests, chooses);
    return main_end ("scan", tests);
}
