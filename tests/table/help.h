// help: seeded random numbers, and the run of a suite. For the tests of core/table only.
#pragma once
#include "base/error.h"
#include "tests/main.h"
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

static inline uint64_t s_bits (double value)
{
    uint64_t bits;
    memcpy (&bits, &value, 8);
    return bits;
}

// Runs a suite; returns what main returns.
static inline int s_run (const char *name, const TTest *const *tests, size_t count)
{
    return main_run (name, NULL, NULL, tests, count);
}
