// help: a file in the test's folder as the reader wants it. For the tests of core/store only.
#pragma once
#include "store/input.h"
#include "tests/folder.h"

#include <unistd.h>

// The file as input_list sees it; input_list_free it.
static inline input_list_t s_listed (const char *path)
{
    input_list_t list;
    error_t error = { 0 };
    ck_assert_msg (input_list (&path, 1, &list, &error) == OK, "%s", error.text);
    return list;
}

static inline input_list_t s_file (const void *bytes, size_t size)
{
    return s_listed (s_write ("data", bytes, size));
}

// Runs a suite with a folder for each test; returns what main returns.
static inline int s_run (const char *name, const TTest *const *tests, size_t count)
{
    return main_run (name, s_folder_make, s_folder_remove, tests, count);
}
