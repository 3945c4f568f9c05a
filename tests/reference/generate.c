// generate: `generate KIND SEED ROWS` writes test data that depends on these three words alone.
//
// The data are not meant to look like the world's but to hold, in a small file, what trips programs: empty lines, CRLF among LF, bytes
// that are no UTF-8, NUL, long records beside short ones, skewed keys, numbers from the smallest to the largest double.

#include <inttypes.h>
#include <math.h>
#include <racimo.h>

static uint64_t s_seed, s_drawn;

static uint64_t s_random (void)
{
    return rac_random (s_seed, s_drawn++);
}

static uint64_t s_below (uint64_t limit)
{
    return s_random () % limit;
}

static int s_one_in (uint64_t n)
{
    return s_below (n) == 0;
}

// Small numbers often, large ones seldom, as with words and users.
static uint64_t s_skewed (uint64_t limit)
{
    return s_below (1 + (limit >> s_below (16)));
}

// One number from `from` on. One a call, since C does not say in which order arguments are drawn.
static void s_number (const char *format, int from, uint64_t limit)
{
    printf (format, from + (int) s_below (limit));
}

static void s_end_line (void)
{
    fputs (s_one_in (9) ? "\r\n" : "\n", stdout);
}

// A word for a number, always the same, its case by chance.
static void s_word (uint64_t n)
{
    uint64_t bits = rac_random (99, n);
    for (uint64_t length = 1 + bits % 11; length > 0; length--) {
        bits = bits / 11 + (bits << 47);
        fputc ((s_one_in (6) ? 'A' : 'a') + (int) (bits % 26), stdout);
    }
}

static void s_long_word (uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        fputc ('a' + (int) (i * i % 26), stdout);
}

static void s_words (uint64_t rows)
{
    static const char *const between [] = { " ", " ", " ", ", ", "-", "'", "\xc3\xa9", " \xff\xfe ", "\t", "..." };
    for (uint64_t row = 0; row < rows; row++) {
        for (uint64_t words = s_below (14); words > 0; words--) {
            s_word (s_skewed (20000));
            fputs (between [s_below (10)], stdout);
        }
        if (s_one_in (400))
            fputc (0, stdout);
        if (s_one_in (1500))
            s_long_word (1 + s_below (5000));
        s_end_line ();
    }
    s_word (1);                                         // no newline at the end
}

// Nearly every key is another, so that memory does not hold them.
static void s_distinct (uint64_t rows)
{
    for (uint64_t row = 0; row < rows; row++) {
        for (uint64_t bits = s_random () >> 14; bits; bits /= 26)
            fputc ('a' + (int) (bits % 26), stdout);
        fputc ('\n', stdout);
    }
}

static void s_f64 (void)
{
    static const char *const odd [] = { "-0", "0", "+0.0", "nan", "inf", "-INF", "4.9e-324", "-1.7976931348623157e308",
        "1.7976931348623157e308", "1e-5", "123456789012345678901234567890", " 7 ", ".5", "5.", "1E3", "0.1", "2.2250738585072014e-308" };
    if (s_one_in (40)) {
        fputs (odd [s_below (sizeof odd / sizeof *odd)], stdout);
        return;
    }
    if (s_one_in (3)) {
        double value;
        uint64_t exponent = 1023 - 60 + s_below (120);
        uint64_t bits = (s_random () & 0x800fffffffffffff) | exponent << 52;
        memcpy (&value, &bits, sizeof value);
        printf ("%.17g", value);
        return;
    }
    s_number ("%d", -60, 120);
    s_number (".%d", 0, 10);
}

// name;value: most stations have tame values, some names one value only.
static void s_stations (uint64_t rows)
{
    for (uint64_t row = 0; row < rows; row++) {
        if (s_one_in (200)) {
            s_end_line ();
            continue;
        }
        if (s_one_in (30)) {
            s_number ("\"S\xc3\xa3o \"\"%d\"\"; ", 0, 9);
            s_number ("%c\"", 'a', 3);
        }
        else
        if (!s_one_in (100))
            s_word (s_skewed (s_one_in (20) ? 100000 : 400));
        fputc (';', stdout);
        if (!s_one_in (50))
            s_f64 ();
        s_end_line ();
    }
}

static void s_time (void)
{
    s_number ("20%02d", 0, 100);
    s_number ("-%02d", 1, 12);
    s_number ("-%02d", 1, 28);
    if (s_one_in (5))
        return;
    s_number (s_one_in (2) ? "T%02d" : " %02d", 0, 24);
    s_number (":%02d", 0, 60);
    s_number (":%02d", 0, 60);
    if (s_one_in (3))
        s_number (s_one_in (2) ? ".%d" : ".%06d", 0, 999);
    static const char *const zones [] = { "", "Z", "+02:00", "-11:30" };
    fputs (zones [s_below (4)], stdout);
}

static void s_note (void)
{
    static const char *const notes [] = { "", "plain", "\"with, comma\"", "\"he said \"\"no\"\"\"", "\"\"", "caf\xc3\xa9", "\"quoted\"", " blanks " };
    fputs (notes [s_below (8)], stdout);
}

// i64 of every size up to 2^53, so that no sum of a file overflows.
static void s_units (void)
{
    uint64_t shift = 10 + s_below (50);
    printf ("%" PRId64, (int64_t) s_random () >> shift);
}

static void s_weight (void)
{
    int exponent = (int) s_below (60) - 20, places = (int) s_below (9);
    printf ("%.*f", places, ldexp (rac_uniform (s_random ()) - 0.5, exponent));
}

static void s_amount (void)
{
    s_number ("%d", -200, 400);
    s_number (".%02d", 0, 100);
}

static void s_event_numbers (void)
{
    static const char *const scores [] = { "0", "-0", "1.5", "nan", "-inf", "inf", "", "0.1", "1e-7", "NaN" };
    if (!s_one_in (20))
        s_amount ();
    printf (",%s,", scores [s_below (10)]);
    s_number ("%d,", -3, 24);
    if (!s_one_in (20))
        s_units ();
    fputc (',', stdout);
    if (!s_one_in (20))
        s_weight ();
}

// One user owns a third of all rows.
static void s_events (uint64_t rows)
{
    fputs ("user,time,amount,score,code,units,weight,note\r\n", stdout);
    for (uint64_t row = 0; row < rows; row++) {
        if (s_one_in (300))
            fputc ('\n', stdout);
        if (!s_one_in (50))
            s_word (s_one_in (3) ? 0 : s_skewed (3000));
        fputc (',', stdout);
        if (!s_one_in (30))
            s_time ();
        fputc (',', stdout);
        s_event_numbers ();
        fputc (',', stdout);
        s_note ();
        s_end_line ();
    }
}

static void s_lines (uint64_t rows)
{
    for (uint64_t row = 0; row < rows; row++) {
        uint64_t n = s_skewed (5000);
        if (!s_one_in (12)) {
            s_word (n);
            s_number ("|%d|", -1000, 2000);
            s_word (rac_random (3, n) % 50);
            if (s_one_in (500))
                s_long_word (1 + s_below (20000));
        }
        s_end_line ();
    }
}

// The second field is a number of any size, or missing; for sorting by number.
static void s_numeric (uint64_t rows)
{
    for (uint64_t row = 0; row < rows; row++) {
        s_word (s_skewed (100));
        fputc ('|', stdout);
        if (!s_one_in (40))
            s_f64 ();
        fputc ('\n', stdout);
    }
}

int main (int count, char **words)
{
    static const struct { const char *name; void (*write) (uint64_t rows); } kinds [] = {
        { "words", s_words }, { "distinct", s_distinct }, { "stations", s_stations }, { "events", s_events },
        { "lines", s_lines }, { "numeric", s_numeric } };
    for (size_t i = 0; count == 4 && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp (words [1], kinds [i].name)) {
            s_seed = strtoull (words [2], NULL, 10);
            kinds [i].write (strtoull (words [3], NULL, 10));
            return fflush (stdout) || ferror (stdout);
        }
    fputs ("usage: generate words|distinct|stations|events|lines|numeric SEED ROWS\n", stderr);
    return 2;
}
