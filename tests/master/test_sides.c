// test_sides: which file a side file's name means: the client's, the head's, or none, and why.
#include "master/sides.h"
#include "tests/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static roots_t *s_roots;
static sides_t s_sides;
static message_submit_t s_submit;
static char *s_name [SIDES + 2], *s_hash [SIDES + 2];
static uint64_t s_fact [3 * (SIDES + 2)];
static error_t s_error;

static void s_begin (void)
{
    s_folder_make ();
    char *root = memory_text (s_path ("root"));
    ck_assert (!mkdir (root, 0755) && !mkdir (s_path ("brought"), 0700) && !mkdir (s_path ("root/closed"), 0755));
    ck_assert (!file_save (s_path ("root/model"), "weights", 7, NULL) && !file_save (s_path ("secret"), "x", 1, NULL));
    ck_assert (!file_save (s_path ("root/closed/keys"), "x", 1, NULL) && !symlink (s_path ("secret"), s_path ("root/link")));
    s_roots = roots_new ((const char *const []) { root }, 1, &s_error);
    ck_assert_ptr_nonnull (s_roots);
    roots_close (s_roots, s_path ("root/closed"));
    free (root);
    memset (s_fact, 0, sizeof s_fact);
    s_submit = (message_submit_t) { .sides = { s_name, 0 }, .side_hashes = { s_hash, 0 }, .side_facts = { s_fact, 0 } };
    s_error = (error_t) { 0 };
}

static void s_end (void)
{
    sides_free (&s_sides, NULL);
    roots_destroy (&s_roots);
    s_folder_remove ();
}

static void s_add (const char *name, const char *hash, uint64_t size, uint64_t head, uint64_t tail)
{
    uint32_t at = s_submit.sides.count++;
    s_submit.side_hashes.count++;
    s_submit.side_facts.count += 3;
    s_name [at] = (char *) name;
    s_hash [at] = (char *) hash;
    s_fact [3 * at] = size;
    s_fact [3 * at + 1] = head;
    s_fact [3 * at + 2] = tail;
}

static status_t s_find (void)
{
    return sides_find (&s_sides, &s_submit, s_roots, s_path ("brought"), &s_error);
}

static void s_print (const char *path, uint64_t print [2])
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    ck_assert (!input_fingerprint (fd, path, 7, &print [0], &print [1], NULL));
    close (fd);
}

START_TEST (test_the_heads)
{
    struct stat facts;
    uint64_t print [2];
    s_add ("model", "", 0, 0, 0);
    ck_assert_msg (!s_find (), "%s", s_error.text);
    ck_assert_str_eq (s_sides.files.file [0].path, s_path ("root/model"));
    ck_assert (!*s_sides.error [0] && !stat (s_path ("root/model"), &facts));
    s_print (s_path ("root/model"), print);
    ck_assert (s_sides.fact [0] == facts.st_dev && s_sides.fact [1] == facts.st_ino && s_sides.fact [2] == 7 && s_sides.fact [5] == print [0]
        && s_sides.fact [6] == print [1]);
    char *paths [SIDES];
    message_job_t job = { 0 };
    sides_fill (&s_sides, &s_submit, paths, &job);
    ck_assert (job.sides.count == 1 && job.side_paths.count == 1 && job.side_errors.count == 1 && job.side_facts.count == SIDE_FACTS);
    ck_assert_uint_gt (sides_bytes (&s_sides, &s_submit), 8 * SIDE_FACTS);
}
END_TEST

// A client's own is known by its content alone, so that whoever brings the same sends nothing.
START_TEST (test_the_clients)
{
    const char *hash = "0123456789abcdef00000000000000ff";
    char *path = file_join (s_path ("brought"), hash);
    ck_assert (!file_save (path, "mine", 4, NULL));
    s_add ("model", hash, 4, 0, 0);                     // though the head has one of that name
    s_add ("empty", hash, 0, 0, 0);
    ck_assert (sides_travels (&s_submit, 0) && !sides_travels (&s_submit, 1));
    ck_assert_msg (!s_find (), "%s", s_error.text);
    ck_assert_str_eq (s_sides.files.file [0].path, path);
    ck_assert_uint_eq (s_sides.files.file [0].size, 4);
    const uint64_t facts [SIDE_FACTS] = { 0, 0, 4, 0, 0, 0x0123456789abcdef, 0xff };
    ck_assert (!memcmp (s_sides.fact, facts, sizeof facts));
    ck_assert_str_eq (s_sides.files.file [1].path, "/dev/null");
    free (path);
}
END_TEST

START_TEST (test_too_large_to_travel)
{
    uint64_t print [2];
    s_print (s_path ("root/model"), print);
    s_add ("model", "", 7, print [0], print [1]);
    s_add ("nowhere", "", 7, 1, 1);
    ck_assert_msg (!s_find (), "%s", s_error.text);
    ck_assert (!*s_sides.error [0] && strstr (s_sides.error [1], "larger than the 8 MiB"));
    sides_free (&s_sides, NULL);
    s_fact [2]++;                                       // it ends otherwise
    ck_assert (s_find ());
    ck_assert_int_eq (s_error.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull (strstr (s_error.text, "is another one here than on the head"));
}
END_TEST

START_TEST (test_none)
{
    char *secret = memory_text (s_path ("secret"));
    const char *const names [] = { "nowhere", secret, "link", "closed/keys", "../secret", "closed", "" };
    for (size_t i = 0; i < COUNT_OF (names); i++)
        s_add (names [i], "", 0, 0, 0);
    ck_assert_msg (!s_find (), "%s", s_error.text);
    for (uint32_t i = 0; i < COUNT_OF (names); i++)
        ck_assert_msg (strstr (s_sides.error [i], "neither with the client nor on the head") && !*s_sides.files.file [i].path, "%s: %s", names [i], s_sides.error [i]);
    free (secret);
}
END_TEST

START_TEST (test_what_no_client_sends)
{
    s_add ("model", "../../secret", 7, 0, 0);
    ck_assert (s_find ());
    sides_free (&s_sides, NULL);
    s_submit.side_facts.count = 2;
    s_error = (error_t) { 0 };
    ck_assert (s_find () && strstr (s_error.text, "without hashes or sizes"));
    sides_free (&s_sides, NULL);
    s_submit.sides.count = s_submit.side_hashes.count = s_submit.side_facts.count = 0;
    while (s_submit.sides.count <= SIDES)
        s_add ("model", "", 0, 0, 0);
    s_error = (error_t) { 0 };
    ck_assert (s_find () && strstr (s_error.text, "at most 64"));
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_the_heads, test_the_clients, test_too_large_to_travel, test_none, test_what_no_client_sends };
    return main_run ("sides", s_begin, s_end, tests, COUNT_OF (tests));
}
