// tested: the jobs of tests/system/jobs, which exist to reach what the shipped jobs do not.

#include "reference.h"
#include <math.h>
#include <racimo.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const char *name; kind_t kind; int digits; } read_t;

// The named columns of every record, in this order; a record with a wrong field is rejected.
static table_t s_read (const request_t *request, const read_t *read, size_t count)
{
    table_t rows = { .columns = count };
    records_t records = request_open (request, CSV, ',', false);
    while (records_next (&records)) {
        value_t row [16];
        bool good = true;
        for (size_t i = 0; i < count && good; i++) {
            const value_t *field = records.field + records_column (&records, read [i].name);
            good = value_parse (read [i].kind, read [i].digits, field->data, field->size, row + i);
        }
        if (good)
            memcpy (table_add (&rows), row, count * sizeof *row);
        else
            records_reject (&records, "a field is not what it should be");
    }
    return rows;
}

// The columns of `table` in another order.
static table_t s_select (const table_t *table, const size_t *column, size_t columns)
{
    table_t result = { .columns = columns };
    for (size_t row = 0; row < table->rows; row++) {
        value_t *to = table_add (&result);
        for (size_t i = 0; i < columns; i++)
            to [i] = table_row (table, row) [column [i]];
    }
    return result;
}

// ---------------------------------------------------------------------------------------------------------------------
// Reduces

static void s_gaps (const request_t *request)
{
    int64_t pause = option_i64 ("minutes", 30) * 60000000;
    table_t rows = s_read (request, (read_t []) { { "user", BYTES, 0 }, { "time", TIME, 0 } }, 2);
    table_t result = { .columns = 4 };
    table_sort_by_column (&rows);
    size_t to;
    for (size_t from = 0; from < rows.rows; from = to) {
        to = table_group_end (&rows, from, 1);
        int64_t visits = 0, sessions = 0, longest = 0;
        for (size_t at = from; at < to; at++) {
            const value_t *time = table_row (&rows, at) + 1;
            if (time->missing)
                continue;
            int64_t gap = visits ? time->i - time [-2].i : 0;
            sessions += visits == 0 || gap > pause;
            longest = gap > longest ? gap : longest;
            visits++;
        }
        value_t *row = table_add (&result);
        row [0] = table_row (&rows, from) [0];
        row [1] = value_i64 (visits);
        row [2] = value_i64 (sessions);
        row [3] = value_i64 (longest);
    }
    request_print (request, "user,visits,sessions,longest", &result);
}

static void s_top (const request_t *request)
{
    read_t read [] = { { "user", BYTES, 0 }, { "amount", DECIMAL, 2 }, { "time", TIME, 0 }, { "note", BYTES, 0 } };
    table_t rows = s_read (request, read, 4), result = { .columns = 5 };
    table_sort (&rows, (order_t []) { { 0, false }, { 1, true }, { 2, false }, { 3, false } }, 4);
    size_t to;
    for (size_t from = 0; from < rows.rows; from = to) {
        to = table_group_end (&rows, from, 1);
        for (size_t at = from; at < to && at < from + 3; at++) {
            value_t *row = table_add (&result), *of = table_row (&rows, at);
            row [0] = of [0];
            row [1] = value_i64 ((int64_t) (at - from) + 1);
            memcpy (row + 2, of + 1, 3 * sizeof *of);
        }
    }
    request_print (request, "user,rank,amount,time,note", &result);
}

// ---------------------------------------------------------------------------------------------------------------------
// Sorted rows

static void s_ledger (const request_t *request)
{
    read_t read [] = { { "amount", DECIMAL, 2 }, { "weight", F32, 0 }, { "user", BYTES, 0 }, { "time", TIME, 0 },
        { "score", F64, 0 }, { "units", I64, 0 } };
    table_t rows = s_read (request, read, 6), kept = { .columns = 6 };
    for (size_t i = 0; i < rows.rows; i++)
        table_row (&rows, i) [1] = value_as_key (table_row (&rows, i) [1]);
    table_sort (&rows, (order_t []) { { 0, true }, { 1, false }, { 2, false }, { 3, false }, { 4, false }, { 5, false } }, 6);
    for (size_t i = 0; i < rows.rows; i++)
        if (!flag ("unique") || i == 0 || !table_equal (&rows, i - 1, i, 2))
            memcpy (table_add (&kept), table_row (&rows, i), 6 * sizeof (value_t));
    table_t result = s_select (&kept, (size_t []) { 2, 3, 0, 1, 4, 5 }, 6);
    request_print (request, "user,time,amount,weight,score,units", &result);
}

static void s_chosen (const request_t *request)
{
    table_t rows = { .columns = 2 };
    records_t records = request_open (request, LINES, 0, true);
    while (records_next (&records)) {
        value_t *row = table_add (&rows), line = records.field [0];
        row [0] = value_i64 (line.size ? (unsigned char) line.data [line.size - 1] % 5 : 0);
        row [1] = line;
    }
    table_sort_by_column (&rows);
    table_t lines = s_select (&rows, (size_t []) { 1 }, 1);
    request_print (request, "line", &lines);
}

// ---------------------------------------------------------------------------------------------------------------------
// Folds

static void s_money (const request_t *request)
{
    read_t read [] = { { "code", I64, 0 }, { "score", F64, 0 }, { "amount", DECIMAL, 2 }, { "time", TIME, 0 },
        { "units", I64, 0 }, { "weight", F32, 0 } };
    folded_t folds [] = { { FOLD_ROWS, 0 }, { FOLD_COUNT, 2 }, { FOLD_SUM, 2 }, { FOLD_MEAN, 2 }, { FOLD_MIN, 2 },
        { FOLD_MIN, 3 }, { FOLD_MAX, 3 }, { FOLD_SUM, 4 }, { FOLD_MEAN, 4 }, { FOLD_MAX, 4 },
        { FOLD_SUM, 5 }, { FOLD_MEAN, 5 }, { FOLD_MIN, 5 }, { FOLD_MAX, 5 } };
    table_t rows = s_read (request, read, 6);
    for (size_t i = 0; i < rows.rows; i++)
        table_row (&rows, i) [1] = value_as_key (table_row (&rows, i) [1]);
    table_sort (&rows, (order_t []) { { 0, true }, { 1, false } }, 2);
    table_t result = table_fold_groups (&rows, flag ("all") ? 0 : 2, folds, sizeof folds / sizeof *folds);
    const char *names = "code,score,rows,amounts,sum_amount,mean_amount,min_amount,first,last,sum_units,mean_units,max_units,"
        "sum_weight,mean_weight,min_weight,max_weight";
    request_print (request, flag ("all") ? names + strlen ("code,score,") : names, &result);
}

// Hash partitions have an order that this page leaves to a hash; the harness sorts both sides then.
static void s_spread (const request_t *request)
{
    read_t read [] = { { "user", BYTES, 0 }, { "units", I64, 0 } };
    table_t rows = s_read (request, read, 2), result = { .columns = 4 };
    table_sort_by_column (&rows);
    size_t to;
    for (size_t from = 0; from < rows.rows; from = to) {
        to = table_group_end (&rows, from, 1);
        value_t least = table_fold (&rows, from, to, (folded_t) { FOLD_MIN, 1 });
        value_t greatest = table_fold (&rows, from, to, (folded_t) { FOLD_MAX, 1 });
        uint64_t squares = 0, odd = 0, values = 0;
        for (size_t at = from; at < to; at++) {
            uint64_t value = (uint64_t) table_row (&rows, at) [1].i;        // 0 if missing
            squares += value * value;
            odd += value & 1;
            values += !table_row (&rows, at) [1].missing;
        }
        value_t *row = table_add (&result);
        row [0] = table_row (&rows, from) [0];
        row [1] = value_f64 (least.missing ? 0 : (double) greatest.i / 8 - (double) least.i / 8);
        row [2] = value_i64 ((int64_t) (squares ^ odd << 32 ^ values));
        row [3] = value_i64 ((int64_t) (to - from));
    }
    request_print (request, "user,spread,blend,rows", &result);
}

// ---------------------------------------------------------------------------------------------------------------------
// Map only

static char *s_read_side (const char *path)
{
    FILE *file = path ? fopen (path, "rb") : NULL;
    char *text = calloc (1, 65536);
    if (!text || (file && fread (text, 1, 65535, file) == 0))
        fail (2, "%s: cannot be read", path);
    if (file)
        fclose (file);
    return text;
}

static bool s_is_stop (const char *stop, const value_t *line)
{
    for (size_t length; *stop; stop += length + (stop [length] == '\n')) {
        length = strcspn (stop, "\n");
        if (length == line->size && !memcmp (stop, line->data, length))
            return true;
    }
    return false;
}

static void s_effects (const request_t *request)
{
    const char *prefix = option ("prefix") ? option ("prefix") : "> ";
    double scale = option ("scale") ? strtod (option ("scale"), NULL) : 0.1;
    char *stop = s_read_side (option ("stop"));
    table_t result = { .columns = 2 };
    records_t records = request_open (request, LINES, 0, true);
    while (records_next (&records)) {
        const value_t *line = records.field;
        if (s_is_stop (stop, line)) {
            records_reject (&records, "a stop word");
            continue;
        }
        char *text = calloc (1, strlen (prefix) + line->size + 1);
        if (!text)
            fail (1, "not enough memory");
        size_t length = strlen (prefix);
        memcpy (text, prefix, length);
        for (size_t i = 0; i < line->size; i++) {
            char c = line->data [i];
            text [length + i] = (char) (c == '\t' ? ' ' : flag ("loud") && c >= 'a' && c <= 'z' ? c - 32 : c);
        }
        value_t *row = table_add (&result);
        row [0] = value_bytes (text, length + line->size);
        row [1] = value_f64 ((double) ((int64_t) line->size + option_i64 ("shift", -3)) * scale);
    }
    request_print (request, "line,scaled", &result);
    free (stop);
}

static void s_numbers (const request_t *request)
{
    table_t result = { .columns = 3 };
    for (int64_t n = 0; n < option_i64 ("rows", 20000); n++) {
        uint64_t bits = rac_random (7, (uint64_t) n);
        if (n % 16 == 0)
            bits &= 0xfff0000000000000u;
        uint32_t half = (uint32_t) (bits >> 32);
        double wide;
        float single;
        memcpy (&wide, &bits, sizeof wide);
        memcpy (&single, &half, sizeof single);
        value_t *row = table_add (&result);
        row [0] = value_i64 (n);
        row [1] = value_f64 (wide);
        row [2] = value_f64 ((double) single);
    }
    request_print (request, "n,double,single", &result);
}

const entry_t test_jobs [] = { { "gaps", s_gaps }, { "top", s_top }, { "ledger", s_ledger }, { "chosen", s_chosen },
    { "money", s_money }, { "spread", s_spread }, { "effects", s_effects }, { "numbers", s_numbers }, { NULL, NULL } };
