// main: what the main of a unit test does: one suite of one case, with something before and after each test.
#pragma once
#include <check.h>
#include <stdlib.h>

typedef void main_step_fn (void);

// enter, leave: may be NULL. Returns what main returns.
static inline int main_run (const char *name, main_step_fn *enter, main_step_fn *leave, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create (name);
    TCase *tcase = tcase_create (name);
    tcase_add_checked_fixture (tcase, enter, leave);
    tcase_set_timeout (tcase, 300);                     // generous: emulators and valgrind run these too
    for (size_t i = 0; i < count; i++)
        tcase_add_test (tcase, tests [i]);
    suite_add_tcase (suite, tcase);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
