// Tests of what travels with a job's source: the files it includes, found from file to file, and no others.
#include "cli/sources.h"
#include "tests/folder.h"

// The files found for `name`, below the test's folder, each behind a space.
static void s_expect (const char *name, const char *expected)
{
    char **path, *source = s_path (name);
    size_t count;
    error_t error = { 0 };
    buffer_t names = { 0 };
    ck_assert_msg (!sources_find (source, &path, &count, &error), "%s", error.text);
    for (size_t i = 0; i < count; i++)
        buffer_print (&names, "%s%s", i ? " " : "", path [i] + strlen (s_folder) + 1);
    ck_assert_str_eq (names.data, expected);
    sources_free (&path, &count);
    buffer_free (&names);
}

START_TEST (test_files_are_followed)
{
    s_write_text ("src/job.c", "#include <racimo.h>\n#include \"deep/a.h\"\n  # include \"../common/./b.h\" // why\n#include \"not_there.h\"\n");
    s_write_text ("src/deep/a.h", "#pragma once\n#include \"../../common/b.h\"\n#include \"c.h\"");        // no end of line
    s_write_text ("src/deep/c.h", "\t#\tinclude \"a.h\"\n");          // a circle
    s_write_text ("common/b.h", "#include\"../src/deep/c.h\"\n");
    s_expect ("src/job.c", "src/job.c src/deep/a.h common/b.h src/deep/c.h");
}
END_TEST

START_TEST (test_what_is_no_include)
{
    s_write_text ("job.c", "#includes \"a.h\"\ninclude \"a.h\"\n#define X \"a.h\"\n#include \"a.h\n#include NAME\n#include\n#\n#include \"folder\"\n#incl");
    s_write_text ("a.h", "");
    s_write_text ("folder/x.h", "");
    s_expect ("job.c", "job.c");
}
END_TEST

START_TEST (test_the_same_sources_make_the_same_bundle)
{
    buffer_t here = { 0 }, there = { 0 };
    char *one = s_write_text ("one/job.c", "#include \"lib/a.h\"\n"), *two = s_write_text ("two/far/job.c", "#include \"lib/a.h\"\n");
    s_write_text ("one/lib/a.h", "int a;\n");
    s_write_text ("two/far/lib/a.h", "int a;\n");
    ck_assert (!sources_bundle (one, &here, NULL) && !sources_bundle (two, &there, NULL));
    ck_assert_uint_eq (here.size, there.size);
    ck_assert_int_eq (memcmp (here.data, there.data, here.size), 0);
    s_write_text ("two/far/lib/a.h", "int b;\n");
    ck_assert (!sources_bundle (two, &there, NULL));
    ck_assert_int_ne (memcmp (here.data, there.data, here.size), 0);
    buffer_free (&here);
    buffer_free (&there);
}
END_TEST

START_TEST (test_too_many_are_refused)
{
    buffer_t text = { 0 };
    char **path, name [32];
    size_t count;
    error_t error = { 0 };
    for (int i = 0; i < 1001; i++) {
        snprintf (name, sizeof name, "%d.h", i);
        s_write_text (name, "");
        buffer_print (&text, "#include \"%s\"\n", name);
    }
    char *source = s_write_text ("job.c", text.data);
    ck_assert (sources_find (source, &path, &count, &error) == FAILED);
    ck_assert_ptr_nonnull (strstr (error.text, "more than 1000 files"));
    buffer_free (&text);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_files_are_followed, test_what_is_no_include, test_the_same_sources_make_the_same_bundle, test_too_many_are_refused,
    };
    return main_run ("sources", s_folder_make, s_folder_remove, tests, COUNT_OF (tests));
}
