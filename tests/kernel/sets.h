// sets: the kernel sets that this machine can run, and random numbers that are the same in every run.
#pragma once
#include "kernel/kernel.h"
#include <check.h>

enum { SETS = 2 };

// Plain and the best; both plain where there is nothing better.
static inline const kernel_t *set_number (int i)
{
    kernel_choose ();
    return i == 0 ? &kernel_plain : kernel;
}

static inline uint64_t random_next (uint64_t *state)
{
    return rac_random (1, (*state)++);
}

static inline int run_tests (TCase *tests)
{
    tcase_set_timeout (tests, 300);
    Suite *suite = suite_create ("kernel");
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
