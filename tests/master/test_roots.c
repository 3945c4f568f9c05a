// Which names of clients mean something within the roots, and what they are told otherwise.
#include "master/roots.h"
#include "tests/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static roots_t *s_roots;
static error_t s_error;

// data and home are roots; data/out is a link to secret, inside to data/in; link, a root, leads to real.
static void s_begin (void)
{
    s_error = (error_t) { 0 };
    s_folder_make ();
    static const char *const folders [] = { "data", "data/in", "home", "home/ana", "secret", "real", "data-not" };
    for (size_t i = 0; i < COUNT_OF (folders); i++)
        mkdir (s_path (folders [i]), 0777);
    static const char *const files [] = { "data/a.txt", "data/in/b.txt", "data/[odd", "home/ana/c.txt", "secret/key", "real/d.txt", "data-not/e.txt" };
    for (size_t i = 0; i < COUNT_OF (files); i++)
        s_write_text (files [i], "x\n");
    ck_assert (!symlink (s_path ("secret"), s_path ("data/out")));
    ck_assert (!symlink (s_path ("secret/key"), s_path ("data/in/stolen.txt")));
    ck_assert (!symlink (s_path ("data/in"), s_path ("data/inside")));
    ck_assert (!symlink (s_path ("real"), s_path ("link")));
    const char *root [] = { memory_text (s_path ("data")), memory_text (s_path ("home")), memory_text (s_path ("link")) };
    s_roots = roots_new (root, 3, &s_error);
    ck_assert_ptr_nonnull (s_roots);
    for (int i = 0; i < 3; i++)
        free ((char *) root [i]);
}

static void s_end (void)
{
    roots_destroy (&s_roots);
    s_folder_remove ();
}

typedef char *resolve_fn (const roots_t *self, const char *name, const char *folder, error_t *error);

static void s_means (resolve_fn *resolve, const char *name, const char *folder, const char *expected)
{
    error_t error = { 0 };
    char *path = resolve (s_roots, name, folder, &error);
    ck_assert_msg (path != NULL, "%s: %s", name, error.text);
    ck_assert_str_eq (path, s_path (expected));
    free (path);
}

static void s_refused (resolve_fn *resolve, const char *name, const char *folder, const char *part)
{
    error_t error = { 0 };
    char *path = resolve (s_roots, name, folder, &error);
    ck_assert_msg (!path, "%s means %s", name, path);
    ck_assert_msg (strstr (error.text, part) && strstr (error.text, name), "'%s' has no '%s'", error.text, part);
}

START_TEST (test_find)
{
    s_means (roots_find, s_path ("data/a.txt"), "", "data/a.txt");
    s_means (roots_find, s_path ("data/inside/b.txt"), "", "data/inside/b.txt");        // a link within, by its own name
    s_means (roots_find, s_path ("link/d.txt"), "", "link/d.txt");
    s_means (roots_find, s_path ("real/d.txt"), "", "real/d.txt");                      // where the root really is
    s_means (roots_find, s_path ("data"), "", "data");
    s_means (roots_find, s_path ("data/*.txt"), "", "data/*.txt");
    s_means (roots_find, s_path ("data/[odd"), "", "data/[odd");
    s_means (roots_find, "a.txt", "", "data/a.txt");
    s_means (roots_find, "c.txt", s_path ("home/ana"), "home/ana/c.txt");
    s_means (roots_find, "d.txt", s_path ("secret"), "link/d.txt");                     // not the client's folder: then a root
    s_means (roots_find, "*.txt", s_path ("home/ana"), "home/ana/*.txt");
    s_means (roots_find, "data/a.txt", s_folder, "data/a.txt");                            // typed beside a root
}
END_TEST

START_TEST (test_find_refused)
{
    s_refused (roots_find, s_path ("secret/key"), "", "outside");
    s_refused (roots_find, s_path ("secret/nothing"), "", "outside");                   // not even that it is not there
    s_refused (roots_find, s_path ("data/out/key"), "", "outside");
    s_refused (roots_find, s_path ("data/in/stolen.txt"), "", "outside");
    s_refused (roots_find, s_path ("data/../secret/key"), "", "outside");
    s_refused (roots_find, s_path ("data/../secret/nothing"), "", "outside");
    s_refused (roots_find, s_path ("data-not/e.txt"), "", "outside");
    s_refused (roots_find, s_path ("data/out/*"), "", "outside");
    s_refused (roots_find, s_path ("data/*/../../secret/*"), "", "outside");
    s_refused (roots_find, "/*", "", "outside");
    s_refused (roots_find, "/etc/passwd", "", "outside");
    s_refused (roots_find, "../secret/key", s_path ("home"), "outside");
    s_refused (roots_find, s_path ("data/nothing"), "", "not there");
    s_refused (roots_find, "key", s_path ("secret"), "not found");
    s_refused (roots_find, "", "", "empty");
}
END_TEST

START_TEST (test_place)
{
    s_means (roots_place, s_path ("data/new"), "", "data/new");
    s_means (roots_place, s_path ("data/new/"), "", "data/new/");
    s_means (roots_place, s_path ("data/in"), "", "data/in");
    s_means (roots_place, "new", "", "data/new");
    s_means (roots_place, "new", s_path ("home/ana"), "home/ana/new");
    s_means (roots_place, "data/new", s_folder, "data/new");
    s_refused (roots_place, s_path ("new"), "", "outside");
    s_refused (roots_place, s_path ("data/out/new"), "", "outside");
    s_refused (roots_place, s_path ("data/out"), "", "outside");
    s_refused (roots_place, s_path ("data/../new"), "", "outside");
    s_refused (roots_place, s_path ("data/none/new"), "", "not there");
    s_refused (roots_place, "/new", "", "outside");
}
END_TEST

// The link is turned round after the name was looked at.
START_TEST (test_opened)
{
    int inside = open (s_path ("data/in"), O_RDONLY), outside = open (s_path ("secret/key"), O_RDONLY);
    ck_assert (roots_hold (s_roots, inside));
    ck_assert (!roots_hold (s_roots, outside));
    close (inside);
    close (outside);
    ck_assert (!roots_hold (s_roots, outside));
    input_fence_t fence = roots_fence (s_roots);
    input_list_t list;
    error_t error = { 0 };
    const char *name = s_path ("data/in/stolen.txt");
    ck_assert (input_list_within (&name, 1, &fence, &list, &error));
    ck_assert (strstr (error.text, "stolen.txt") && strstr (error.text, "outside"));
    static const char *const names [] = { "data/in", "data/out", "data/*/key" };
    for (size_t i = 0; i < COUNT_OF (names); i++) {
        name = s_path (names [i]);
        error_clear (&error);
        ck_assert_msg (input_list_within (&name, 1, &fence, &list, &error) == FAILED, "%s", name);
        ck_assert_msg (strstr (error.text, "outside"), "%s", error.text);
    }
    name = s_path ("data/in/b*");
    ck_assert (!input_list_within (&name, 1, &fence, &list, &error));
    ck_assert_uint_eq (list.files, 1);
    input_list_free (&list);
}
END_TEST

START_TEST (test_closed)
{
    roots_close (s_roots, s_path ("data/in"));
    s_refused (roots_find, s_path ("data/in/b.txt"), "", "lies outside");
    s_refused (roots_find, s_path ("data/inside/b.txt"), "", "lies outside");        // by a link
    s_refused (roots_place, s_path ("data/in/result"), "", "lies outside");
    s_means (roots_find, s_path ("data/a.txt"), "", "data/a.txt");
    int fd = open (s_path ("data/in/b.txt"), O_RDONLY);
    ck_assert (fd >= 0 && !roots_hold (s_roots, fd));
    close (fd);
}
END_TEST

START_TEST (test_missing_root)
{
    const char *root = "/nowhere/at/all";
    error_t error = { 0 };
    ck_assert_ptr_null (roots_new (&root, 1, &error));
    ck_assert (strstr (error.text, root));
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_find, test_find_refused, test_place, test_opened, test_closed, test_missing_root };
    return main_run ("roots", s_begin, s_end, tests, COUNT_OF (tests));
}
