// help: seeded random numbers, and the run of a suite. For the tests of core/table only.
#pragma once
#include "base/error.h"
#include <check.h>
#include <racimo.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// As ck_assert_msg, for loops of millions: that one tells its parent process about every call.
#define MUST(condition, ...) do { if (!(condition)) ck_abort_msg (__VA_ARGS__); } while (0)

static uint64_t s_counter;

// The next number of the test's sequence: the same in every run, so that a failure comes again.
static inline uint64_t s_random (void)
{
    return rac_random (1, s_counter++);
}

static inline uint32_t s_below (uint32_t bound)
{
    return (uint32_t) (s_random () % bound);
}

// As the engine orders strings: by bytes, a prefix before what it begins.
static inline int s_order (rac_bytes a, rac_bytes b)
{
    uint32_t least = a.size < b.size ? a.size : b.size;
    int order = least ? memcmp (a.data, b.data, least) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static inline int s_sign (int number)
{
    return (number > 0) - (number < 0);
}

// Runs a suite of one case; returns what main returns.
static inline int s_run (const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create (name);
    TCase *tcase = tcase_create (name);
    tcase_set_timeout (tcase, 300);                     // generous: emulators and valgrind run these too
    for (size_t i = 0; i < count; i++)
        tcase_add_test (tcase, tests [i]);
    suite_add_tcase (suite, tcase);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
