// folder: a folder for the files of one test, made before it and removed behind it, and paths in it.
#pragma once
#include "base/file.h"
#include "tests/main.h"

#include <stdio.h>
#include <string.h>

static char s_folder [64];

static inline void s_folder_make (void)
{
    strcpy (s_folder, "/tmp/racimo-test-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_folder));
}

static inline void s_folder_remove (void)
{
    file_remove_tree (s_folder);
}

// The path of a file in the folder; good until the next call but seven.
static inline char *s_path (const char *name)
{
    static char path [8] [512];
    static unsigned turn;
    char *at = path [turn++ % 8];
    snprintf (at, sizeof path [0], "%s/%s", s_folder, name);
    return at;
}

// Makes a file of that name in the folder, and the folders on the way; its path, as of s_path.
static inline char *s_write (const char *name, const void *bytes, size_t size)
{
    char *path = s_path (name), *end = strrchr (path, '/');
    error_t error = { 0 };
    *end = '\0';
    ck_assert_msg (file_make_folders (path, 0700, &error) == OK, "%s", error.text);
    *end = '/';
    ck_assert_msg (file_save (path, bytes, size, &error) == OK, "%s", error.text);
    return path;
}

static inline char *s_write_text (const char *name, const char *text)
{
    return s_write (name, text, strlen (text));
}
