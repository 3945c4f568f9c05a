// memcheck: what a test of whole processes does otherwise under memcheck, where all is slow and the memory of a process is not the program's own.
#pragma once
#include <stdbool.h>
#include <stdlib.h>

// make check-valgrind sets it.
static inline bool memcheck_runs (void)
{
    return getenv ("RACIMO_MEMCHECK") != NULL;
}

static inline int memcheck_patience_ms (int ms)
{
    return memcheck_runs () ? 10 * ms : ms;
}

// True where a process's memory can be held against a bound; a sanitizer holds back what was freed.
static inline bool memcheck_memory_counts (void)
{
#ifdef __SANITIZE_ADDRESS__
    return false;
#else
    return !memcheck_runs ();
#endif
}
