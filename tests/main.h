// main: what the main of a unit test does: one suite of one case, with something before and after each test.
#pragma once
#include <check.h>
#include <stdlib.h>

typedef void main_step_fn (void);

// The case that tests are added to. enter, leave: may be NULL.
static inline TCase *main_case (main_step_fn *enter, main_step_fn *leave)
{
    TCase *tests = tcase_create ("all");
    tcase_add_checked_fixture (tests, enter, leave);
    tcase_set_timeout (tests, 300);                     // generous: emulators and valgrind run these too
    return tests;
}

// Runs them; what main returns. CK_FORK=no and other words of Check's hold.
static inline int main_end (const char *name, TCase *tests)
{
    Suite *suite = suite_create (name);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

// Both, where no test is a loop.
static inline int main_run (const char *name, main_step_fn *enter, main_step_fn *leave, const TTest *const *tests, size_t count)
{
    TCase *all = main_case (enter, leave);
    for (size_t i = 0; i < count; i++)
        tcase_add_test (all, tests [i]);
    return main_end (name, all);
}
