// generate: the inputs of `make bench`, the same bytes every time. generate KIND AMOUNT [NAMES] > FILE
//
//   stations ROWS NAMES   name;temperature, one decimal, as in the "one billion row challenge"
//   words BYTES           lines of words with a Zipf-like distribution over 250,000 words
//   records ROWS          100-byte lines: 10 random printable characters to sort by, then filling
//   flights ROWS          a CSV with header: date,delay,distance,origin,destination
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t s_random (void)
{
    static uint64_t state = 20260101;                   // SplitMix64
    uint64_t x = state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static char (*s_names (long names, int least, int most, const char *letters)) [32]
{
    char (*name) [32] = calloc ((size_t) names, sizeof *name);
    size_t kinds = strlen (letters);
    for (long i = 0; i < names; i++) {
        int size = least + (int) (s_random () % (uint64_t) (most - least + 1));
        for (int c = 0; c < size; c++)
            name [i] [c] = letters [s_random () % kinds];
        if (names > 5000)                               // long lists have a number in each name, so that all differ
            snprintf (name [i] + size, sizeof *name - (size_t) size, "%ld", i);
    }
    return name;
}

static void s_stations (long rows, long names)
{
    char (*name) [32] = s_names (names, 4, 18, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ -'.");
    for (long i = 0; i < rows; i++) {
        int tenths = (int) (s_random () % 1999) - 999;
        printf ("%s;%s%d.%d\n", name [s_random () % (uint64_t) names], tenths < 0 ? "-" : "", abs (tenths) / 10, abs (tenths) % 10);
    }
}

static void s_words (long bytes)
{
    enum { WORDS = 250000 };
    char (*word) [32] = s_names (WORDS, 1, 6, "abcdefghijklmnopqrstuvwxyzETAOIN");
    for (long i = 0; i < WORDS; i++)                    // letters only
        for (char *at = word [i]; *at; at++)
            if (*at >= '0' && *at <= '9')
                *at = (char) ('g' + *at - '0');
    for (long written = 0, column = 0; written < bytes; ) {
        double u = (double) (s_random () >> 11) * 0x1p-53;
        long rank = (long) (u * u * u * u * WORDS);
        written += printf ("%s%s", column ? " " : "", word [rank]);
        if (++column == 12) {
            putchar ('\n');
            column = 0;
        }
    }
    putchar ('\n');
}

static void s_records (long rows)
{
    char line [101];
    memset (line, 'x', 99);
    line [99] = '\n';
    for (long i = 0; i < rows; i++) {
        uint64_t bits = s_random ();
        for (int c = 0; c < 10; c++, bits /= 64)
            line [c] = (char) (' ' + 1 + bits % 64);
        line [10] = line [21] = ' ';
        long left = i;
        for (int c = 20; c > 10; c--, left /= 10)
            line [c] = (char) ('0' + left % 10);
        fwrite (line, 1, 100, stdout);
    }
}

static void s_flights (long rows)
{
    char (*airport) [32] = s_names (350, 3, 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    puts ("date,delay,distance,origin,destination");
    for (long i = 0; i < rows; i++)
        printf ("2001-%02d-%02d %02d:%02d,%d,%d,%s,%s\n", 1 + (int) (s_random () % 12), 1 + (int) (s_random () % 28), (int) (s_random () % 24),
                (int) (s_random () % 60), (int) (s_random () % 200) - 30, 80 + (int) (s_random () % 2500), airport [s_random () % 350],
                airport [s_random () % 350]);
}

int main (int count, char **argument)
{
    if (count < 3) {
        fprintf (stderr, "usage: generate stations|words|records|flights AMOUNT [NAMES]\n");
        return 2;
    }
    long amount = atol (argument [2]);
    static char buffer [1 << 20];
    setvbuf (stdout, buffer, _IOFBF, sizeof buffer);
    if (!strcmp (argument [1], "stations"))
        s_stations (amount, count > 3 ? atol (argument [3]) : 413);
    else if (!strcmp (argument [1], "words"))
        s_words (amount);
    else if (!strcmp (argument [1], "records"))
        s_records (amount);
    else
        s_flights (amount);
    return fflush (stdout) ? 1 : 0;
}
