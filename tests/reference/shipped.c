// shipped: the jobs that come with racimo, by the words of their help and of doc/semantics.md.

#include "reference.h"
#include <racimo.h>
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

// ---------------------------------------------------------------------------------------------------------------------
// wordcount: maximal runs of ASCII letters (--utf8: and of bytes from 0x80), lower-cased

static bool s_is_letter (char c, bool utf8)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (utf8 && (unsigned char) c >= 0x80);
}

static void s_add_words (const value_t *line, bool utf8, table_t *words)
{
    for (size_t at = 0; at < line->size; ) {
        size_t from = at;
        while (at < line->size && s_is_letter (line->data [at], utf8))
            at++;
        if (at == from) {
            at++;
            continue;
        }
        char *word = malloc (at - from);
        for (size_t i = from; word && i < at; i++)
            word [i - from] = (char) (line->data [i] >= 'A' && line->data [i] <= 'Z' ? line->data [i] + 32 : line->data [i]);
        table_add (words) [0] = value_bytes (word, at - from);
    }
}

static void s_wordcount (const request_t *request)
{
    table_t words = { .columns = 1 };
    records_t records = request_open (request, LINES, 0, true);
    while (records_next (&records))
        s_add_words (records.field, flag ("utf8"), &words);
    table_sort_by_column (&words);
    table_t counts = table_fold_groups (&words, 1, &(folded_t) { FOLD_ROWS, 0 }, 1);
    request_print (request, "word,count", &counts);
}

// ---------------------------------------------------------------------------------------------------------------------
// grep: lines with a fixed text or a POSIX extended expression, in input order

static bool s_finds (const value_t *line, const char *text, bool fold_case)
{
    size_t length = strlen (text);
    for (size_t at = 0; at + length <= line->size; at++) {
        size_t same = 0;
        while (same < length && (fold_case ? tolower ((unsigned char) line->data [at + same]) == tolower ((unsigned char) text [same])
                                           : line->data [at + same] == text [same]))
            same++;
        if (same == length)
            return true;
    }
    return false;
}

static bool s_matches (const value_t *line, regex_t *regex)
{
    regmatch_t match = { .rm_so = 0, .rm_eo = (regoff_t) line->size };
    return regexec (regex, line->data, 0, &match, REG_STARTEND) == 0;
}

static void s_grep (const request_t *request)
{
    regex_t regex;
    const char *pattern = option ("pattern"), *expression = option ("regex");
    if (expression && regcomp (&regex, expression, REG_EXTENDED | REG_NOSUB | (flag ("ignore-case") ? REG_ICASE : 0)))
        fail (2, "--regex: no expression");
    table_t lines = { .columns = 1 };
    records_t records = request_open (request, LINES, 0, true);
    while (records_next (&records)) {
        bool found = expression ? s_matches (records.field, &regex) : s_finds (records.field, pattern, flag ("ignore-case"));
        if (found != flag ("invert"))
            table_add (&lines) [0] = records.field [0];
    }
    table_t count = table_fold_groups (&lines, 0, &(folded_t) { FOLD_ROWS, 0 }, 1);
    request_print (request, flag ("count") ? "count" : "line", flag ("count") ? &count : &lines);
    if (expression)
        regfree (&regex);
}

// ---------------------------------------------------------------------------------------------------------------------
// stations: name;value without a header: min, mean and max of each name

static void s_stations (const request_t *request)
{
    table_t rows = { .columns = 2 };
    records_t records = request_open (request, CSV, ';', true);
    while (records_next (&records)) {
        value_t celsius;
        if (records.fields < 2 || !value_parse (F64, 0, records.field [1].data, records.field [1].size, &celsius)) {
            records_reject (&records, "not a number");
            continue;
        }
        value_t *row = table_add (&rows);
        row [0] = records.field [0];
        row [1] = celsius;
    }
    table_sort (&rows, &(order_t) { 0, false }, 1);
    folded_t folds [] = { { FOLD_MIN, 1 }, { FOLD_MEAN, 1 }, { FOLD_MAX, 1 } };
    table_t result = table_fold_groups (&rows, 1, folds, 3);
    request_print (request, "station,min,mean,max", &result);
}

// ---------------------------------------------------------------------------------------------------------------------
// groupby --by a,b --agg count,mean:c,...

enum { GROUPBY_ROOM = 16 };

typedef struct {
    size_t keys, folds, columns;
    const char *column [GROUPBY_ROOM];                  // names: the keys, then the folded
    folded_t fold [GROUPBY_ROOM];
} groupby_t;

static const char *const s_folds [] = { "count", "count", "sum", "min", "max", "mean" };

static void s_read_agg (char *word, groupby_t *groupby)
{
    char *colon = strchr (word, ':');
    if (colon)
        *colon++ = 0;
    folded_t *folded = groupby->fold + groupby->folds++;
    for (fold_t fold = colon ? FOLD_COUNT : FOLD_ROWS; fold <= FOLD_MEAN; fold++)
        if (!strcmp (word, s_folds [fold])) {
            *folded = (folded_t) { fold, groupby->columns };
            break;
        }
    if (colon)
        groupby->column [groupby->columns++] = colon;
}

static groupby_t s_read_groupby (void)
{
    groupby_t groupby = { 0 };
    char *by = strdup (option ("by")), *agg = strdup (option ("agg") ? option ("agg") : "count");
    for (char *word = strtok (by, ","); word && groupby.keys < GROUPBY_ROOM; word = strtok (NULL, ","))
        groupby.column [groupby.keys++] = word;
    groupby.columns = groupby.keys;
    for (char *word = strtok (agg, ","); word && groupby.columns < GROUPBY_ROOM; word = strtok (NULL, ","))
        s_read_agg (word, &groupby);
    return groupby;
}

// The header of the result: columns by their names in the input's header, if it has one.
static char *s_groupby_names (const groupby_t *groupby, const records_t *records, const size_t *at)
{
    char *names;
    size_t size;
    FILE *to = open_memstream (&names, &size);
    if (!to)
        fail (1, "not enough memory");
    for (size_t i = 0; i < groupby->keys + groupby->folds; i++) {
        const folded_t *folded = i < groupby->keys ? NULL : groupby->fold + (i - groupby->keys);
        size_t column = folded ? folded->column : i;
        fprintf (to, "%s%s", i ? "," : "", folded ? s_folds [folded->fold] : "");
        if (folded && folded->fold == FOLD_ROWS)
            continue;
        fputs (folded ? "_" : "", to);
        if (at [column] < records->columns)
            value_print (to, records->header + at [column]);
        else
            fputs (groupby->column [column], to);
    }
    fclose (to);
    return names;
}

static bool s_add_groupby_row (records_t *records, const groupby_t *groupby, const size_t *at, table_t *rows)
{
    value_t row [GROUPBY_ROOM];
    for (size_t i = 0; i < groupby->columns; i++) {
        if (at [i] >= records->fields)
            fail (2, "no column %zu", at [i] + 1);
        const value_t *field = records->field + at [i];
        if (!value_parse (i < groupby->keys ? BYTES : F64, 0, field->data, field->size, row + i))
            return false;
    }
    memcpy (table_add (rows), row, groupby->columns * sizeof *row);
    return true;
}

static void s_groupby (const request_t *request)
{
    groupby_t groupby = s_read_groupby ();
    table_t rows = { .columns = groupby.columns };
    records_t records = request_open (request, CSV, ',', false);
    size_t at [GROUPBY_ROOM];
    for (size_t i = 0; i < groupby.columns; i++)
        at [i] = records_column (&records, groupby.column [i]);
    while (records_next (&records))
        if (!s_add_groupby_row (&records, &groupby, at, &rows))
            records_reject (&records, "not a number");
    table_sort_by_column (&rows);
    table_t result = table_fold_groups (&rows, groupby.keys, groupby.fold, groupby.folds);
    request_print (request, s_groupby_names (&groupby, &records, at), &result);
}

// ---------------------------------------------------------------------------------------------------------------------
// sort: lines by themselves, or by one field of theirs

static value_t s_field_of (const value_t *line, size_t number, char separator)
{
    const char *at = line->data, *end = at + line->size;
    for (;; at++) {
        const char *to = memchr (at, separator, (size_t) (end - at));
        if (--number == 0 || !to)
            return number ? value_bytes (NULL, 0) : value_bytes (at, (size_t) ((to ? to : end) - at));
        at = to;
    }
}

static void s_sort (const request_t *request)
{
    table_t rows = { .columns = 2 };
    size_t by = (size_t) option_i64 ("by", 0);
    const char *separator = option ("separator");
    records_t records = request_open (request, LINES, 0, true);
    while (records_next (&records)) {
        value_t key = by ? s_field_of (records.field, by, (char) (separator ? strcmp (separator, "tab") ? separator [0] : '\t' : '\t'))
                         : records.field [0];
        if (flag ("numeric") && !value_parse (F64, 0, key.data, key.size, &key)) {
            records_reject (&records, "not a number");
            continue;
        }
        value_t *row = table_add (&rows);
        row [0] = value_as_key (key);
        row [1] = records.field [0];
    }
    table_sort (&rows, (order_t []) { { 0, flag ("reverse") }, { 1, flag ("reverse") } }, 2);
    table_t lines = { .columns = 1 };
    for (size_t i = 0; i < rows.rows; i++)
        if (!flag ("unique") || i == 0 || !table_equal (&rows, i - 1, i, 1))
            table_add (&lines) [0] = table_row (&rows, i) [1];
    request_print (request, "line", &lines);
}

// ---------------------------------------------------------------------------------------------------------------------
// pi: throws at the unit square; the mean of 4 for a hit of the quarter circle and 0 else

static void s_pi (const request_t *request)
{
    uint64_t seed = (uint64_t) option_i64 ("seed", 1);
    int64_t samples = option_i64 ("samples", 1000000), hits = 0;
    for (int64_t i = 0; i < samples; i++) {
        double x = rac_uniform (rac_random (seed, 2 * (uint64_t) i)), y = rac_uniform (rac_random (seed, 2 * (uint64_t) i + 1));
        hits += x * x + y * y < 1;
    }
    table_t result = { .columns = 1 };
    table_add (&result) [0] = samples ? value_f64 (4.0 * (double) hits / (double) samples) : value_missing (F64);
    request_print (request, "pi", &result);
}

const entry_t shipped_jobs [] = { { "wordcount", s_wordcount }, { "grep", s_grep }, { "stations", s_stations },
    { "groupby", s_groupby }, { "sort", s_sort }, { "pi", s_pi }, { NULL, NULL } };
