// Tests of bundle: sources there and back, the same bytes the same hash; hostile bundles leave no file anywhere.
#include "tests/folder.h"
#include "wire/bundle.h"

#include <dirent.h>
#include <racimo.h>

static bool s_holds (const char *folder, const char *name, const char *text)
{
    buffer_t bytes = { 0 };
    char *path = file_join (folder, name);
    bool same = file_load (path, 100000, &bytes, NULL) == OK && bytes.size == strlen (text) && !memcmp (bytes.data, text, bytes.size);
    free (path);
    buffer_free (&bytes);
    return same;
}

static int s_entries (const char *folder)
{
    DIR *open = opendir (folder);
    int count = 0;
    while (open && readdir (open))
        count++;
    if (open)
        closedir (open);
    return count - 2;
}

START_TEST (sources_travel)
{
    char *path [] = { s_write_text ("a/src/job.c", "#include \"../lib/x.h\"\n"), s_write_text ("a/lib/x.h", "int x;\n"), s_write_text ("a/lib/empty.h", ""),
        s_write_text ("a/src/job.c.d/y.h", "a \n b") };
    char hash [BUNDLE_HASH], again [BUNDLE_HASH], *main, *second, *target = s_path ("cache/one");
    buffer_t bundle = { 0 }, twin = { 0 };
    error_t error = { 0 };
    ck_assert_msg (bundle_make ((const char *const *) path, 4, &bundle, &error) == OK, "%s", error.text);
    ck_assert (!memcmp (bundle.data, "src/job.c\0" "22\0#include", 20));
    bundle_hash (&bundle, hash);
    ck_assert (bundle_is_hash (hash));
    ck_assert (bundle_make ((const char *const *) path, 4, &twin, NULL) == OK);
    bundle_hash (&twin, again);
    ck_assert_str_eq (hash, again);
    ck_assert (bundle_make ((const char *const *) path, 3, &twin, NULL) == OK);
    bundle_hash (&twin, again);
    ck_assert_str_ne (hash, again);

    ck_assert (bundle_unpack (&bundle, target, &main, &error) == FAILED);    // cache/ is not there
    char *cache = s_path ("cache");
    ck_assert (file_make_folders (cache, 0700, NULL) == OK);
    error_clear (&error);
    ck_assert_msg (bundle_unpack (&bundle, target, &main, &error) == OK, "%s", error.text);
    ck_assert (s_holds (target, "src/job.c", "#include \"../lib/x.h\"\n") && s_holds (target, "lib/x.h", "int x;\n"));
    ck_assert (s_holds (target, "lib/empty.h", "") && s_holds (target, "src/job.c.d/y.h", "a \n b"));
    ck_assert (!strncmp (main, target, strlen (target)) && !strcmp (main + strlen (target), "/src/job.c"));
    ck_assert (bundle_unpack (&bundle, target, &second, NULL) == OK && !strcmp (main, second));      // again: it is there
    ck_assert_int_eq (s_entries (cache), 1);

    ck_assert (bundle_make ((const char *const *) path, 1, &bundle, NULL) == OK && !memcmp (bundle.data, "job.c\0", 6));
    free (main);
    free (second);
    buffer_free (&bundle);
    buffer_free (&twin);
}
END_TEST

START_TEST (what_cannot_travel)
{
    buffer_t bundle = { 0 };
    error_t error = { 0 };
    char *here = s_write_text ("job.c", "x"), *missing = s_path ("none.h"), *dots = s_path ("lib/../job.c");
    const char *paths [] = { here, missing };
    ck_assert (bundle_make (paths, 2, &bundle, &error) == FAILED && strstr (error.text, "none.h"));
    paths [1] = dots;
    error_clear (&error);
    ck_assert (bundle_make (paths, 2, &bundle, &error) == FAILED && strstr (error.text, "under the name"));
    ck_assert (bundle_make (paths, 0, &bundle, NULL) == FAILED && bundle_make (paths, 1001, &bundle, NULL) == FAILED);
    char *large = memory_new (BUNDLE_LIMIT + 1), *path = s_path ("large.h");
    ck_assert (file_save (path, large, BUNDLE_LIMIT, NULL) == OK);
    paths [1] = path;
    error_clear (&error);
    ck_assert (bundle_make (paths, 2, &bundle, &error) == FAILED && strstr (error.text, "8 MiB"));
    free (large);
    buffer_free (&bundle);
}
END_TEST

static void s_expect_refused (const void *bytes, size_t size)
{
    buffer_t bundle = { 0 };
    char *target = s_path ("t/deep/target"), *parent = s_path ("t/deep"), *main = NULL;
    ck_assert (file_make_folders (parent, 0700, NULL) == OK);
    buffer_add (&bundle, bytes, size);
    error_t error = { 0 };
    ck_assert_msg (bundle_unpack (&bundle, target, &main, &error) == FAILED && error.text [0], "taken: %.*s", (int) size, (const char *) bytes);
    ck_assert_ptr_null (main);
    ck_assert_int_eq (s_entries (parent), 0);
    ck_assert_int_eq (s_entries (s_folder), 1);
    buffer_free (&bundle);
}

#define REFUSED(text) s_expect_refused (text, sizeof (text) - 1)

START_TEST (hostile_bundles)
{
    REFUSED ("");
    REFUSED ("a");
    REFUSED ("a\0");
    REFUSED ("a\0" "5");
    REFUSED ("a\0" "5\0");
    REFUSED ("a\0" "5\0x");
    REFUSED ("\0" "1\0x");
    REFUSED ("../x\0" "1\0x");
    REFUSED ("a/../../x\0" "1\0x");
    REFUSED ("..\0" "1\0x");
    REFUSED (".\0" "1\0x");
    REFUSED ("a/./b\0" "1\0x");
    REFUSED ("a//b\0" "1\0x");
    REFUSED ("a/\0" "1\0x");
    REFUSED ("/tmp/x\0" "1\0x");
    REFUSED ("a\0-1\0x");
    REFUSED ("a\0" " 1\0x");
    REFUSED ("a\0" "01\0x");
    REFUSED ("a\0" "1x\0x");
    REFUSED ("a\0\0x");
    REFUSED ("a\0" "18446744073709551617\0x");
    REFUSED ("a\0" "99999999999999999999999999999999999999\0x");
    REFUSED ("a\0" "8388609\0x");
    REFUSED ("a\0" "1\0xa\0" "1\0y");                   // twice the same
    REFUSED ("a\0" "1\0xa/b\0" "1\0y");                 // a file and a folder
    REFUSED ("a/b\0" "1\0xa\0" "1\0y");
    REFUSED ("a\0" "1\0xb\0" "2\0y");                   // the second is cut
    char name [300];
    memset (name, 'n', 256);
    memcpy (name + 256, "\0" "0", 3);
    s_expect_refused (name, 259);
    buffer_t many = { 0 };
    for (int i = 0; i < 1001; i++) {
        buffer_print (&many, "%d", i);
        buffer_add (&many, "\0" "0\0", 3);
    }
    s_expect_refused (many.data, many.size);
    buffer_free (&many);
}
END_TEST

START_TEST (random_bundles)
{
    char bytes [64];
    static const char letters [] = "a./0123\0\0";
    for (uint64_t i = 0; i < 20000; i++) {
        buffer_t bundle = { 0 };
        size_t size = rac_random (3, i) % sizeof bytes;
        for (size_t k = 0; k < size; k++)
            bytes [k] = letters [rac_random (i, k) % sizeof letters];
        buffer_add (&bundle, bytes, size);
        char *target = s_path ("target"), *main = NULL;
        if (bundle_unpack (&bundle, target, &main, NULL) == OK)
            file_remove_tree (target);
        free (main);
        buffer_free (&bundle);
    }
    ck_assert_int_eq (s_entries (s_folder), 0);
}
END_TEST

START_TEST (hashes)
{
    ck_assert (bundle_is_hash ("0123456789abcdef0123456789abcdef"));
    ck_assert (!bundle_is_hash ("0123456789abcdef0123456789abcde"));
    ck_assert (!bundle_is_hash ("0123456789abcdef0123456789abcdef0"));
    ck_assert (!bundle_is_hash ("0123456789ABCDEF0123456789abcdef"));
    ck_assert (!bundle_is_hash ("../3456789abcdef0123456789abcdef") && !bundle_is_hash (NULL) && !bundle_is_hash (""));
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { sources_travel, what_cannot_travel, hostile_bundles, random_bundles, hashes };
    return main_run ("bundle", s_folder_make, s_folder_remove, tests, COUNT_OF (tests));
}
