// help: a folder for a test's files, and a file in it as the reader wants it. For the tests of core/store only.
#pragma once
#include "base/file.h"
#include "store/input.h"
#include "tests/main.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char s_folder [64];

static void s_folder_make (void)
{
    snprintf (s_folder, sizeof s_folder, "/tmp/racimo-test-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_folder));
}

static void s_folder_remove (void)
{
    file_remove_tree (s_folder);
}

// The path of a file in the folder; good until the next call but seven.
static inline const char *s_path (const char *name)
{
    static char path [8] [512];
    static unsigned turn;
    char *at = path [turn++ % 8];
    snprintf (at, sizeof path [0], "%s/%s", s_folder, name);
    return at;
}

static inline const char *s_write (const char *name, const void *bytes, size_t size)
{
    const char *path = s_path (name);
    ck_assert_int_eq (file_save (path, bytes, size, NULL), OK);
    return path;
}

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
