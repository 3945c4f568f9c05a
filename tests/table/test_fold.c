// test_fold: every fold of every type against a walk over the rows; then the promise that holds a cluster together: rows spread over any
// number of folds, saved, and merged in any grouping, give the results of one fold over all rows, to the bit.
//
// Right values come from arithmetic that the folds do not use: plain double and 128-bit sums over values chosen so that those are exact.
#include "help.h"
#include "base/memory.h"
#include "table/fold.h"

#include <float.h>
#include <math.h>

enum { ROWS = 20000, GROUPS = 50, I64, F64, F32, TIME, DECIMAL, BYTES, COLUMNS };

// ---- a job's own fold: the xor of all values and their number, in a state whose size is no multiple of 8

typedef struct { uint32_t low, high, count; } own_t;

static void s_own_start (void *states, uint32_t groups)
{
    memset (states, 0, groups * sizeof (own_t));
}

static void s_own_add (void *states, const uint32_t *group, const rac_column *values, uint32_t rows)
{
    ck_assert (!values->valid);
    for (uint32_t r = 0; r < rows; r++) {
        own_t *own = &((own_t *) states) [group [r]];
        own->low ^= (uint32_t) values->at.i64 [r];
        own->high ^= (uint32_t) ((uint64_t) values->at.i64 [r] >> 32);
        own->count++;
    }
}

static void s_own_merge (void *states, const uint32_t *group, const void *others, uint32_t rows)
{
    for (uint32_t r = 0; r < rows; r++) {
        own_t *own = &((own_t *) states) [group [r]];
        const own_t *other = &((const own_t *) others) [r];
        own->low ^= other->low;
        own->high ^= other->high;
        own->count += other->count;
    }
}

static void s_own_result (const void *states, uint32_t groups, void *values)
{
    for (uint32_t g = 0; g < groups; g++) {
        const own_t *own = &((const own_t *) states) [g];
        ((int64_t *) values) [g] = (int64_t) ((uint64_t) own->high << 32 | own->low) + own->count;
    }
}

static const rac_fold_def s_own = { .size = sizeof (rac_fold_def), .state_bytes = sizeof (own_t), .result_type = RAC_I64,
                                    .start = s_own_start, .add = s_own_add, .merge = s_own_merge, .result = s_own_result };

// ---- data

static const rac_type s_type [COLUMNS - I64] = { RAC_I64, RAC_F64, RAC_F32, RAC_TIME, RAC_DECIMAL (3), RAC_BYTES };
static int64_t s_i64 [3] [ROWS];                        // I64, TIME, DECIMAL
static double s_f64 [ROWS];
static float s_f32 [ROWS];
static rac_bytes s_bytes [ROWS];
static uint64_t s_valid [COLUMNS - I64] [ROWS / 64 + 1];
static uint32_t s_group [ROWS];

static const fold_spec_t s_spec [] = {
    { "rows", RAC_COUNT, UINT32_MAX, 0, NULL },
    { "count", RAC_COUNT, 0, RAC_I64, NULL }, { "sum", RAC_SUM, 0, RAC_I64, NULL }, { "min", RAC_MIN, 0, RAC_I64, NULL },
    { "max", RAC_MAX, 0, RAC_I64, NULL }, { "mean", RAC_MEAN, 0, RAC_I64, NULL },
    { "count", RAC_COUNT, 1, RAC_F64, NULL }, { "sum", RAC_SUM, 1, RAC_F64, NULL }, { "min", RAC_MIN, 1, RAC_F64, NULL },
    { "max", RAC_MAX, 1, RAC_F64, NULL }, { "mean", RAC_MEAN, 1, RAC_F64, NULL },
    { "sum", RAC_SUM, 2, RAC_F32, NULL }, { "min", RAC_MIN, 2, RAC_F32, NULL }, { "max", RAC_MAX, 2, RAC_F32, NULL },
    { "mean", RAC_MEAN, 2, RAC_F32, NULL }, { "min", RAC_MIN, 3, RAC_TIME, NULL }, { "max", RAC_MAX, 3, RAC_TIME, NULL },
    { "sum", RAC_SUM, 4, RAC_DECIMAL (3), NULL }, { "mean", RAC_MEAN, 4, RAC_DECIMAL (3), NULL },
    { "own", 0, 0, RAC_I64, &s_own }, { "count", RAC_COUNT, 5, RAC_BYTES, NULL }, { "sum again", RAC_SUM, 1, RAC_F64, NULL },
};
enum { FOLDS = COUNT_OF (s_spec) };

// wild: doubles over the whole range, which need wide sums; else multiples of 1/64, whose sums a double holds exactly.
static void s_make_rows (bool wild)
{
    for (uint32_t r = 0; r < ROWS; r++) {
        s_group [r] = s_below (GROUPS - 1);             // the last group has no row
        for (int c = 0; c < 3; c++)
            s_i64 [c] [r] = (int64_t) s_random () >> s_below (40) >> 8;
        s_f64 [r] = (double) ((int64_t) s_below (1 << 30) - (1 << 29)) / 64;
        if (wild && s_below (3))
            s_f64 [r] = ldexp (s_f64 [r], (int) s_below (1900) - 1000);
        if (s_group [r] < 2) {                          // groups without the other sign, lest a stray 0 pass for a minimum
            s_f64 [r] = s_group [r] ? fabs (s_f64 [r]) + 1 : -fabs (s_f64 [r]) - 1;
            for (int c = 0; c < 3; c++)
                s_i64 [c] [r] = s_group [r] ? llabs (s_i64 [c] [r]) + 1 : -llabs (s_i64 [c] [r]) - 1;
        }
        s_f32 [r] = (float) ((int) s_below (1 << 20) - (1 << 19)) / 64;
        s_bytes [r] = (rac_bytes) { "text", s_below (4), 0 };
    }
    for (int c = 0; c < COLUMNS - I64; c++)
        for (uint32_t w = 0; w <= ROWS / 64; w++)
            s_valid [c] [w] = s_random () | s_random ();
    for (uint32_t r = 0; r < ROWS; r++)
        if (s_group [r] == 7)                           // a group whose values are all missing
            for (int c = 0; c < COLUMNS - I64; c++)
                s_valid [c] [r / 64] &= ~(1ull << r % 64);
}

static rac_column s_column (uint32_t c, uint32_t from)
{
    const void *at [] = { s_i64 [0] + from, s_f64 + from, s_f32 + from, s_i64 [1] + from, s_i64 [2] + from, s_bytes + from };
    rac_column column = rac_column_of (s_type [c], at [c]);
    column.valid = s_valid [c] + from / 64;
    return column;
}

static bool s_present (uint32_t c, uint32_t r)
{
    return (s_valid [c] [r / 64] >> r % 64 & 1) && (s_type [c] != RAC_BYTES || s_bytes [r].size);
}

// Rows [from, from + rows) into a fold; from is a multiple of 64.
static void s_add (fold_t *fold, uint32_t from, uint32_t rows)
{
    while (rows) {
        uint32_t some = rows < RAC_ROWS ? rows : RAC_ROWS;
        rac_column column [COLUMNS - I64];
        for (uint32_t c = 0; c < COLUMNS - I64; c++)
            column [c] = s_column (c, from);
        fold_add (fold, s_group + from, column, some);
        from += some;
        rows -= some;
    }
}

typedef struct { uint64_t value [FOLDS] [GROUPS]; uint64_t valid [FOLDS] [GROUPS / 64 + 1]; } results_t;

static void s_results (fold_t *fold, results_t *results)
{
    fold_room_t room [FOLDS];
    error_t error = { 0 };
    memset (results, 0x55, sizeof *results);
    for (size_t f = 0; f < FOLDS; f++)
        room [f] = (fold_room_t) { results->value [f], results->valid [f] };
    ck_assert_msg (fold_result (fold, room, &error) == OK, "%s", error.text);
}

static void s_destroy (fold_t **fold)
{
    fold_destroy (fold);
    ck_assert_ptr_null (*fold);
}

static fold_t *s_new (void)
{
    fold_t *fold = fold_new (s_spec, FOLDS);
    fold_grow (fold, GROUPS);
    return fold;
}

// ---- against a walk

static double s_as_double (uint32_t c, uint32_t r)
{
    return s_type [c] == RAC_F32 ? (double) s_f32 [r] : s_f64 [r];
}

static int64_t s_as_number (uint32_t c, uint32_t r)
{
    return s_i64 [s_type [c] == RAC_I64 ? 0 : s_type [c] == RAC_TIME ? 1 : 2] [r];
}

typedef struct { int64_t count, low, high; __int128 sum; double real, least, most; uint64_t mixed; } walk_t;

static walk_t s_walk (const fold_spec_t *spec, uint32_t group)
{
    walk_t walk = { .low = INT64_MAX, .high = INT64_MIN, .least = INFINITY, .most = -INFINITY };
    uint32_t c = spec->value;
    bool real = spec->type == RAC_F64 || spec->type == RAC_F32;
    for (uint32_t r = 0; r < ROWS; r++) {
        if (s_group [r] != group || (c != UINT32_MAX && !s_present (c, r)))
            continue;
        walk.count++;
        if (c == UINT32_MAX || spec->type == RAC_BYTES)
            continue;
        if (real) {
            double value = s_as_double (c, r);
            walk.real += value;
            walk.least = value < walk.least ? value : walk.least;
            walk.most = value > walk.most ? value : walk.most;
        } else {
            int64_t value = s_as_number (c, r);
            walk.sum += value;
            walk.mixed ^= (uint64_t) value;
            walk.low = value < walk.low ? value : walk.low;
            walk.high = value > walk.high ? value : walk.high;
        }
    }
    return walk;
}

// The bits of the result, or "missing" by returning false.
static bool s_wanted (const fold_spec_t *spec, uint32_t group, uint64_t *bits)
{
    walk_t walk = s_walk (spec, group);
    bool real = spec->type == RAC_F64 || spec->type == RAC_F32;
    switch ((int) spec->kind) {
    case 0:
        *bits = walk.mixed + (uint64_t) walk.count;
        return true;
    case RAC_COUNT:
        *bits = (uint64_t) walk.count;
        return true;
    case RAC_SUM:
        *bits = real ? s_bits (walk.real) : (uint64_t) walk.sum;
        return true;
    case RAC_MIN:
        *bits = real ? s_bits (walk.least) : (uint64_t) walk.low;
        return walk.count != 0;
    case RAC_MAX:
        *bits = real ? s_bits (walk.most) : (uint64_t) walk.high;
        return walk.count != 0;
    default:
        if (spec->type == RAC_DECIMAL (3))              // below 2^53: rounds once, as the sum over 1000 must
            *bits = s_bits ((double) walk.sum / 1000 / (double) walk.count);
        else
            *bits = s_bits ((real ? walk.real : (double) walk.sum) / (double) walk.count);
        return walk.count != 0;
    }
}

START_TEST (every_fold)
{
    s_make_rows (false);
    for (uint32_t r = 0; r < ROWS; r++)                 // sums below 2^53, so that a double divides them as exactly as the fold
        s_i64 [2] [r] >>= 20;
    fold_t *fold = s_new ();
    s_add (fold, 0, ROWS);
    results_t *results = memory_new (sizeof *results);
    s_results (fold, results);
    for (size_t f = 0; f < FOLDS; f++)
        for (uint32_t g = 0; g < GROUPS; g++) {
            uint64_t bits = 0;
            bool there = s_wanted (&s_spec [f], g, &bits);
            MUST ((results->valid [f] [g / 64] >> g % 64 & 1) == there, "fold %zu (%s) of group %u: missing or not", f, s_spec [f].name, g);
            MUST (!there || results->value [f] [g] == bits, "fold %zu (%s) of group %u: %llx where %llx is right", f, s_spec [f].name, g,
                           (unsigned long long) results->value [f] [g], (unsigned long long) bits);
        }
    free (results);
    s_destroy (&fold);
}
END_TEST

// ---- saved and merged

// Saves the groups of one fold and merges them into another, `batch` rows at a time.
static uint32_t s_move (fold_t *from, fold_t *to, uint32_t batch)
{
    uint32_t bytes = fold_row_bytes (from), rows = 0, extras = 0;
    char *states = memory_new ((size_t) batch * bytes);
    uint32_t *group = memory_new (batch * sizeof *group);
    ck_assert_uint_eq (bytes % 8, 0);
    for (uint32_t g = 0; g < GROUPS; g++) {
        uint32_t more = fold_extra_rows (from, g);
        extras += more;
        for (uint32_t e = 0; e <= more; e++) {
            if (e)
                fold_save_extra (from, g, e - 1, states + (size_t) rows * bytes);
            else
                fold_save (from, g, states + (size_t) rows * bytes);
            group [rows++] = g;
            if (rows == batch) {
                fold_merge (to, group, states, rows);
                rows = 0;
            }
        }
    }
    fold_merge (to, group, states, rows);
    free (states);
    free (group);
    return extras;
}

static void s_any_grouping (bool wild)
{
    s_make_rows (wild);
    fold_t *whole = s_new ();
    s_add (whole, 0, ROWS);
    results_t *wanted = memory_new (sizeof *wanted), *results = memory_new (sizeof *results);
    s_results (whole, wanted);
    for (uint32_t turn = 0; turn < 6; turn++) {
        fold_t *part [5];
        for (int p = 0; p < 5; p++)
            part [p] = s_new ();
        for (uint32_t from = 0; from < ROWS; from += 320)
            s_add (part [s_below (5)], from, ROWS - from < 320 ? ROWS - from : 320);
        uint32_t extras = 0;
        for (int left = 5; left > 1; left--) {          // any two become one, until one is left
            uint32_t a = s_below ((uint32_t) left), b = (a + 1 + s_below ((uint32_t) left - 1)) % (uint32_t) left;
            extras += s_move (part [a], part [b], 1 + s_below (70));
            s_destroy (&part [a]);
            part [a] = part [left - 1];
        }
        ck_assert (wild ? extras > 100 : !extras);
        s_results (part [0], results);
        ck_assert (!memcmp (wanted, results, sizeof *wanted));
        s_destroy (&part [0]);
    }
    free (wanted);
    free (results);
    s_destroy (&whole);
}

START_TEST (merged_in_any_grouping)
{
    s_any_grouping (false);
}
END_TEST

START_TEST (wide_sums_merged_in_any_grouping)
{
    s_any_grouping (true);
}
END_TEST

// ---- life

START_TEST (reset_and_growth)
{
    s_make_rows (true);
    fold_t *fold = s_new (), *fresh = s_new ();
    s_add (fold, 0, ROWS);
    ck_assert_uint_gt (fold_bytes (fold), 0);
    fold_reset (fold);
    ck_assert_uint_eq (fold_groups (fold), 0);
    for (uint32_t groups = 1; groups < GROUPS; groups += 7)
        fold_grow (fold, groups);
    fold_grow (fold, 5000);
    fold_grow (fold, 10);                               // never shrinks
    ck_assert_uint_eq (fold_groups (fold), 5000);
    fold_reset (fold);
    fold_grow (fold, GROUPS);
    s_add (fold, 0, ROWS);
    s_add (fresh, 0, ROWS);
    results_t *a = memory_new (sizeof *a), *b = memory_new (sizeof *b);
    s_results (fold, a);
    s_results (fresh, b);
    ck_assert (!memcmp (a, b, sizeof *a));
    free (a);
    free (b);
    s_destroy (&fold);
    s_destroy (&fresh);
}
END_TEST

START_TEST (no_fold_but_own)
{
    fold_spec_t spec [] = { { "a", 0, 0, RAC_I64, &s_own }, { "b", 0, 1, RAC_I64, &s_own } };
    fold_t *fold = fold_new (spec, 2), *other = fold_new (spec, 2);
    int64_t value [] = { 7, 9, 1ll << 40 };
    uint32_t group [] = { 0, 1, 1 }, numbers [] = { 0, 1 };
    rac_column column [] = { rac_of_i64 (value), rac_of_i64 (value + 1) };
    fold_grow (fold, 2);
    fold_grow (other, 2);
    fold_add (fold, group, column, 2);
    char states [2 * 32];
    ck_assert_uint_eq (fold_row_bytes (fold), 32);
    fold_save (fold, 0, states);
    fold_save (fold, 1, states + 32);
    fold_merge (other, numbers, states, 2);
    int64_t a [2], b [2];
    uint64_t valid [2];
    ck_assert_int_eq (fold_result (other, (fold_room_t []) { { a, &valid [0] }, { b, &valid [1] } }, NULL), OK);
    ck_assert_int_eq (a [0], 8);
    ck_assert_int_eq (a [1], 10);
    ck_assert_int_eq (b [0], 10);
    ck_assert_int_eq (b [1], (1ll << 40) + 1);
    s_destroy (&fold);
    s_destroy (&other);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { every_fold, merged_in_any_grouping, wide_sums_merged_in_any_grouping, reset_and_growth, no_fold_but_own };
    return s_run ("fold", tests, COUNT_OF (tests));
}
