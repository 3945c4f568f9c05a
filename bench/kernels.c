// kernels: how fast each kernel of each set is here: bytes a second for scans, nanoseconds an item for hashes, numbers and words.
//
//     make bench/kernels && bench/kernels
//
// Each line is the best of several passes over data that fit into the second-level cache, since that is how batches are worked on.
#include "base/clock.h"
#include "kernel/kernel.h"
#include "kernel/print.h"

enum { SIZE = 256 << 10, ROWS = RAC_ROWS, PASSES = 7, REPEATS = 60 };

static char s_text [SIZE + 64], s_lower [SIZE + 64];
static uint32_t s_at [SIZE + 64];
static rac_bytes s_item [SIZE];
static uint64_t s_hash [ROWS], s_valid [ROWS / 64], s_bad [ROWS / 64];
static union { double f64 [ROWS]; int64_t i64 [ROWS]; } s_value;
static volatile uint64_t s_sink;                        // keeps what is computed from being optimised away

typedef uint64_t work_fn (const kernel_t *set, const void *what);

// Nanoseconds of one call, the best of PASSES.
static double s_time (work_fn *work, const kernel_t *set, const void *what)
{
    double best = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        int64_t start = clock_us ();
        for (int i = 0; i < REPEATS; i++)
            s_sink = s_sink + work (set, what);
        double each = (double) (clock_us () - start) * 1000 / REPEATS;
        if (pass == 0 || each < best)
            best = each;
    }
    return best;
}

static void s_rate (const char *name, work_fn *work, const kernel_t *set, const void *what)
{
    printf ("%-7s%-48s%8.2f GB/s\n", set->name, name, SIZE / s_time (work, set, what));
}

static void s_each (const char *name, work_fn *work, const kernel_t *set, const void *what, double items)
{
    printf ("%-7s%-48s%8.2f ns\n", set->name, name, s_time (work, set, what) / items);
}

static uint64_t s_find_pair (const kernel_t *set, const void *what)
{
    const char *pair = what;
    return set->find_pair (s_text, SIZE, pair [0], pair [1], s_at);
}

static uint64_t s_find_fields (const kernel_t *set, const void *what)
{
    const char *pair = what;
    bool quoted = false;
    uint64_t quotes = 0;
    return set->find_fields (s_text, SIZE, pair [0], '"', &quoted, &quotes, s_at) + quotes;
}

static uint64_t s_count_byte (const kernel_t *set, const void *what)
{
    return set->count_byte (s_text, SIZE, *(const char *) what);
}

static uint64_t s_find (const kernel_t *set, const void *what)
{
    const char *needle = what;
    return set->find (s_text, SIZE, needle, strlen (needle)) != NULL;
}

static uint64_t s_words (const kernel_t *set, const void *what)
{
    uint32_t from = 0, words = 0, more;
    rac_bytes text = { s_text, SIZE, 0 };
    while ((more = set->words (text, &from, RAC_LOWER, s_lower, s_item, *(const uint32_t *) what)) != 0)
        words += more;
    return words;
}

static uint64_t s_hashes (const kernel_t *set, const void *what)
{
    (void) what;
    set->hash_bytes (s_item, s_hash, ROWS);
    return s_hash [7];
}

static uint64_t s_f64 (const kernel_t *set, const void *what)
{
    (void) what;
    return set->parse_f64 (s_item, ROWS, s_value.f64, s_valid, s_bad);
}

static uint64_t s_i64 (const kernel_t *set, const void *what)
{
    (void) what;
    return set->parse_i64 (s_item, ROWS, s_value.i64, s_valid, s_bad);
}

static uint64_t s_decimal (const kernel_t *set, const void *what)
{
    (void) what;
    return set->parse_decimal (s_item, ROWS, 2, s_value.i64, s_valid, s_bad);
}

static uint64_t s_times (const kernel_t *set, const void *what)
{
    (void) what;
    return set->parse_time (s_item, ROWS, s_value.i64, s_valid, s_bad);
}

static uint64_t s_print_f64 (const kernel_t *set, const void *what)
{
    (void) set, (void) what;
    uint64_t bytes = 0;
    char to [PRINT_ROOM];
    for (uint32_t row = 0; row < ROWS; row++)
        bytes += print_f64 (to, s_value.f64 [row]);
    return bytes;
}

static uint64_t s_print_i64 (const kernel_t *set, const void *what)
{
    (void) set, (void) what;
    uint64_t bytes = 0;
    char to [PRINT_ROOM];
    for (uint32_t row = 0; row < ROWS; row++)
        bytes += print_i64 (to, s_value.i64 [row]);
    return bytes;
}

// Text with a mark after so many bytes on average.
static void s_marks (uint32_t distance, char mark)
{
    for (uint32_t i = 0; i < SIZE; i++)
        s_text [i] = rac_random (2, i) % distance ? (char) ('a' + rac_random (3, i) % 26) : mark;
}

// Items one behind the other, as a reader leaves them, of a random length.
static void s_keys (uint32_t least, uint32_t most)
{
    char *at = s_text;
    for (uint32_t row = 0; row < ROWS; row++) {
        uint32_t size = least + (uint32_t) (rac_random (4, row) % (most - least + 1));
        s_item [row] = (rac_bytes) { at, size, 0 };
        for (uint32_t i = 0; i < size; i++)
            *at++ = (char) ('a' + rac_random (5, (uint64_t) row << 8 | i) % 26);
        *at++ = ';';
    }
}

static void s_numbers (const char *format, double range)
{
    char *at = s_text;
    for (uint32_t row = 0; row < ROWS; row++) {
        double value = (rac_uniform (rac_random (6, row)) - 0.5) * 2 * range;
        uint32_t size = (uint32_t) sprintf (at, format, value);
        s_item [row] = (rac_bytes) { at, size, 0 };
        at += size;
        *at++ = '\n';
    }
}

static void s_dates (void)
{
    char *at = s_text;
    for (uint32_t row = 0; row < ROWS; row++) {
        uint32_t size = (uint32_t) print_time (at, (int64_t) (rac_random (7, row) >> 12));
        s_item [row] = (rac_bytes) { at, size, 0 };
        at += size;
        *at++ = '\n';
    }
}

static void s_scans (const kernel_t *set)
{
    s_marks (100000, ';');
    s_rate ("find_pair, nothing found", s_find_pair, set, "#\n");
    s_rate ("count_byte", s_count_byte, set, ";");
    s_rate ("find \"zebra#\", not there", s_find, set, "zebra#");
    s_rate ("find \"the there\", not there", s_find, set, "the there");
    s_marks (100, ';');
    s_rate ("find_pair, one in 100 bytes", s_find_pair, set, ";\n");
    s_marks (7, ';');
    s_rate ("find_pair, one in 7 bytes", s_find_pair, set, ";\n");
    s_rate ("find_fields, one in 7 bytes", s_find_fields, set, ";\n");
    for (uint32_t i = 0; i < SIZE; i += 20)
        s_text [i] = '"';
    s_rate ("find_fields, and quotes", s_find_fields, set, ";\n");
    s_marks (6, ' ');
    uint32_t room = RAC_ROWS, little = 16;
    s_rate ("words in lower case", s_words, set, &room);
    s_rate ("words in lower case, room for 16", s_words, set, &little);
}

static void s_items (const kernel_t *set)
{
    s_keys (3, 16);
    s_each ("hash_bytes, 3 to 16 bytes", s_hashes, set, NULL, ROWS);
    s_keys (3, 26);
    s_each ("hash_bytes, 3 to 26 bytes", s_hashes, set, NULL, ROWS);
    s_numbers ("%.1f", 99);
    s_each ("parse_f64 -99.0 to 99.0", s_f64, set, NULL, ROWS);
    s_each ("print_f64 of these", s_print_f64, set, NULL, ROWS);
    s_each ("parse_decimal of these", s_decimal, set, NULL, ROWS);
    s_numbers ("%.6f", 180);
    s_each ("parse_f64 -73.981234", s_f64, set, NULL, ROWS);
    s_numbers ("%.17g", 1);
    s_each ("parse_f64 of 17 digits", s_f64, set, NULL, ROWS);
    s_each ("print_f64 of these", s_print_f64, set, NULL, ROWS);
    s_numbers ("%.0f", 9999);
    s_each ("parse_i64 of 1 to 4 digits", s_i64, set, NULL, ROWS);
    s_each ("print_i64 of these", s_print_i64, set, NULL, ROWS);
    s_numbers ("%.0f", 1e12);
    s_each ("parse_i64 of 12 digits", s_i64, set, NULL, ROWS);
    s_dates ();
    s_each ("parse_time", s_times, set, NULL, ROWS);
}

int main (void)
{
    kernel_choose ();
    s_scans (&kernel_plain);
    if (kernel != &kernel_plain)
        s_scans (kernel);
    s_items (kernel);
    return 0;
}
