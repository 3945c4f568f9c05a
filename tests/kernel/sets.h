// sets: the kernel sets that this machine can run, random numbers that are the same in every run, and expectations that may be
// checked a million times: Check's own asserts report to the parent process each time they hold.
#pragma once
#include "kernel/kernel.h"
#include "tests/main.h"

enum { SETS = 2 };

#define expect_msg(condition, ...) do { if (!(condition)) ck_abort_msg (__VA_ARGS__); } while (0)
#define expect(condition) expect_msg (condition, "%s", #condition)
#define expect_text(got, want) expect_msg (strcmp (got, want) == 0, "%s instead of %s", got, want)

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
