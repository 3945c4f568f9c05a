// Tests of the commit: what may be replaced, what is left out, and that a failure changes nothing under the final name.
#include "master/output.h"
#include "tests/folder.h"

#include <dirent.h>
#include <racimo.h>
#include <sys/stat.h>
#include <unistd.h>

static message_submit_t s_submit;
static buffer_t s_summary = { .data = (char *) "{}\n", .size = 3 };
static char *s_column [] = { (char *) "word", (char *) "n, all" };
static wire_texts_t s_names = { s_column, 2 };

static void s_begin (void)
{
    s_folder_make ();
    s_submit = (message_submit_t) { .output = file_join (s_folder, "out") };
}

static void s_end (void)
{
    free (s_submit.output);
    s_folder_remove ();
}

static void s_write_in (const char *folder, const char *name, const char *text)
{
    char *path = file_join (folder, name);
    ck_assert (file_save (path, text, strlen (text), NULL) == OK);
    free (path);
}

static void s_expect (const char *name, const char *text)
{
    buffer_t content = { 0 };
    error_t error = { 0 };
    ck_assert_msg (file_load (s_path (name), 1 << 20, &content, &error) == OK, "%s", error.text);
    buffer_add (&content, "", 1);
    ck_assert_str_eq (content.data, text);
    buffer_free (&content);
}

static bool s_there (const char *name)
{
    return access (s_path (name), F_OK) == 0;
}

static uint32_t s_names_in_root (void)
{
    uint32_t count = 0;
    DIR *folder = opendir (s_folder);
    for (struct dirent *entry; (entry = readdir (folder)); )
        count += strcmp (entry->d_name, ".") && strcmp (entry->d_name, "..");
    closedir (folder);
    return count;
}

static output_t *s_new (void)
{
    error_t error = { 0 };
    output_t *output = output_new (&s_submit, 1, &error);
    ck_assert_msg (output != NULL, "%s", error.text);
    return output;
}

static void s_refused (const char *why)
{
    error_t error = { 0 };
    ck_assert_ptr_null (output_new (&s_submit, 1, &error));
    ck_assert_int_eq (error.kind, ERROR_OUTPUT);
    ck_assert_msg (strstr (error.text, why) != NULL, "%s", error.text);
}

static void s_commit (output_t **output_p, const output_part_t *part, uint32_t parts)
{
    error_t error = { 0 };
    ck_assert_msg (output_commit (*output_p, part, parts, &s_names, &s_summary, &error) == OK, "%s", error.text);
    output_destroy (output_p);
    ck_assert_uint_eq (s_names_in_root (), 1);           // nothing hidden is left
}

START_TEST (folder)
{
    output_t *output = s_new ();
    ck_assert (!s_there ("out"));
    s_write_in (output_folder (output), "a", "one\n");
    s_write_in (output_folder (output), "b", "");
    s_write_in (output_folder (output), "c", "two\n");
    s_write_in (output_folder (output), "c.rejected", "bad\n");
    s_write_in (output_folder (output), "loser", "no\n");
    output_part_t part [] = { { "a", 1, NULL }, { "b", 0, NULL }, { "c", 1, "c.rejected" }, { NULL, 5, NULL } };
    s_commit (&output, part, 4);
    s_expect ("out/part-00000.tsv", "one\n");
    s_expect ("out/part-00001.tsv", "two\n");
    s_expect ("out/_rejected/task-00002", "bad\n");
    s_expect ("out/_SUCCESS", "");
    s_expect ("out/_job.json", "{}\n");
    ck_assert (!s_there ("out/part-00002.tsv") && !s_there ("out/loser") && !s_there ("out/attempts"));
}
END_TEST

START_TEST (joined_file)
{
    s_submit.output_kind = OUTPUT_FILE;
    s_submit.output_format = RAC_CSV;                    // its header is in the first part, even if that has no rows
    s_submit.sync = 1;
    output_t *output = s_new ();
    s_write_in (output_folder (output), "a", "word,n\n");
    s_write_in (output_folder (output), "b", "x,1\n");
    s_write_in (output_folder (output), "c", "y,2\n");
    output_part_t part [] = { { "a", 0, NULL }, { "b", 1, NULL }, { "c", 1, NULL } };
    s_commit (&output, part, 3);
    s_expect ("out", "word,n\nx,1\ny,2\n");
}
END_TEST

START_TEST (rejected_rows_of_a_joined_file)
{
    s_submit.output_kind = OUTPUT_FILE;
    output_t *output = s_new ();
    s_write_in (output_folder (output), "a", "x\n");
    s_write_in (output_folder (output), "a.rejected", "bad\n");
    s_write_in (output_folder (output), "b.rejected", "worse\n");
    output_part_t part [] = { { "a", 1, "a.rejected" }, { NULL, 0, "b.rejected" } };
    ck_assert (output_commit (output, part, 2, &s_names, &s_summary, NULL) == OK);
    output_destroy (&output);
    s_expect ("out", "x\n");
    s_expect ("out.rejected", "bad\nworse\n");
    ck_assert_uint_eq (s_names_in_root (), 2);
}
END_TEST

START_TEST (nothing_at_all)
{
    for (uint64_t kind = OUTPUT_FOLDER; kind <= OUTPUT_FILE; kind++) {
        s_submit.output_kind = kind;
        s_submit.output_format = RAC_CSV;
        output_t *output = s_new ();
        s_commit (&output, NULL, 0);
        s_expect (kind ? "out" : "out/part-00000.csv", "word,\"n, all\"\n");
        file_remove_tree (s_submit.output);
    }
}
END_TEST

START_TEST (all_parts_empty)
{
    output_t *output = s_new ();
    s_write_in (output_folder (output), "a", "");
    s_write_in (output_folder (output), "b", "");
    output_part_t part [] = { { "a", 0, NULL }, { "b", 0, NULL } };
    s_commit (&output, part, 2);
    s_expect ("out/part-00000.tsv", "");
    ck_assert (!s_there ("out/part-00001.tsv"));
}
END_TEST

START_TEST (what_may_be_replaced)
{
    ck_assert (mkdir (s_submit.output, 0777) == 0);
    output_t *output = s_new ();                         // an empty folder is no obstacle
    output_destroy (&output);
    s_write_in (s_submit.output, "precious", "x");
    s_refused ("--overwrite");
    s_submit.overwrite = 1;
    s_refused ("_SUCCESS");                              // not ours: never removed
    s_write_in (s_submit.output, "_SUCCESS", "");
    output = s_new ();
    s_expect ("out/precious", "x");                      // until the last moment
    s_write_in (output_folder (output), "a", "new\n");
    output_part_t part = { "a", 1, NULL };
    s_commit (&output, &part, 1);
    s_expect ("out/part-00000.tsv", "new\n");
    ck_assert (!s_there ("out/precious"));
    s_submit.output_kind = OUTPUT_FILE;
    s_refused ("is a folder");
}
END_TEST

START_TEST (bad_places)
{
    free (s_submit.output);
    s_submit.output = file_join (s_folder, "no/such/out");
    s_refused ("no/such");
    free (s_submit.output);
    s_submit.output = memory_text ("/");
    s_refused ("cannot be the output");
    static const char *const dots [] = { ".", "..", "./" };
    for (size_t i = 0; i < COUNT_OF (dots); i++) {      // an empty folder could be taken, but by its name
        free (s_submit.output);
        s_submit.output = file_join (s_folder, dots [i]);
        s_refused ("own name");
    }
    free (s_submit.output);
    s_submit.output = memory_text ("/proc");            // mounted everywhere
    s_submit.overwrite = 1;
    s_refused ("is a mount point");
}
END_TEST

// A name as long as a name can be is one, but not with an ending.
START_TEST (long_names)
{
    char name [256];
    memset (name, 'n', 255);
    name [255] = '\0';
    free (s_submit.output);
    s_submit.output = file_join (s_folder, name);
    s_submit.output_kind = OUTPUT_FILE;
    output_t *output = s_new ();
    s_write_in (output_folder (output), "a", "one\n");
    s_commit (&output, &(output_part_t) { "a", 1, NULL }, 1);
    s_expect (name, "one\n");
    s_submit.overwrite = s_submit.max_rejects = 1;
    s_refused (".rejected: rejected rows could not be kept: File name too long");
}
END_TEST

START_TEST (failure_changes_nothing)
{
    output_t *output = s_new ();
    error_t error = { 0 };
    output_part_t missing = { "missing", 1, NULL }, evil = { "../out", 1, NULL };
    ck_assert (output_commit (output, &missing, 1, &s_names, &s_summary, &error) == FAILED);
    ck_assert_int_eq (error.kind, ERROR_OUTPUT);
    ck_assert (output_commit (output, &evil, 1, &s_names, &s_summary, NULL) == FAILED);
    s_write_in (output_folder (output), "late", "x");
    output_drop (output, "late");
    output_drop (output, "../attempts");
    output_destroy (&output);
    ck_assert_uint_eq (s_names_in_root (), 0);
}
END_TEST

// Somebody else makes the output while the job runs.
START_TEST (output_appears_meanwhile)
{
    for (uint64_t kind = OUTPUT_FOLDER; kind <= OUTPUT_FILE; kind++) {
        s_submit.output_kind = kind;
        output_t *output = s_new ();
        s_write_in (output_folder (output), "a", "new\n");
        output_part_t part = { "a", 1, NULL };
        if (kind == OUTPUT_FOLDER)
            ck_assert (mkdir (s_submit.output, 0777) == 0);
        s_write_in (kind ? s_folder : s_submit.output, kind ? "out" : "theirs", "x");
        ck_assert (output_commit (output, &part, 1, &s_names, &s_summary, NULL) == FAILED);
        s_expect (kind ? "out" : "out/theirs", "x");
        output_destroy (&output);
        ck_assert_uint_eq (s_names_in_root (), 1);
        file_remove_tree (s_submit.output);
    }
}
END_TEST

// Names in the order of bytes are names in the order of tasks, however many there are. Parts and rejected rows count alike; as parts there
// are few here, for a hundred thousand files take seconds.
START_TEST (many_tasks_are_in_order)
{
    enum { TASKS = 100002 };
    output_t *output = s_new ();
    output_part_t *part = memory_new (TASKS * sizeof *part);
    s_write_in (output_folder (output), "a", "good\n");
    s_write_in (output_folder (output), "b.rejected", "first\n");
    s_write_in (output_folder (output), "c.rejected", "last\n");
    part [7] = (output_part_t) { "a", 1, "b.rejected" };
    part [TASKS - 1].rejected = "c.rejected";
    ck_assert (output_commit (output, part, TASKS, &s_names, &s_summary, NULL) == OK);
    s_expect ("out/part-00000.tsv", "good\n");
    s_expect ("out/_rejected/task-000007", "first\n");
    s_expect ("out/_rejected/task-100001", "last\n");
    output_destroy (&output);
    free (part);
}
END_TEST

// What an older result had rejected does not stand beside a new one without rejects.
START_TEST (rejected_rows_are_replaced_too)
{
    s_submit.output_kind = OUTPUT_FILE;
    s_submit.overwrite = true;
    s_write_in (s_folder, "out", "old\n");
    s_write_in (s_folder, "out.rejected", "bad\n");
    output_t *output = s_new ();
    s_write_in (output_folder (output), "a", "new\n");
    output_part_t part = { "a", 1, NULL };
    ck_assert (output_commit (output, &part, 1, &s_names, &s_summary, NULL) == OK);
    s_expect ("out", "new\n");
    ck_assert (!s_there ("out.rejected"));
    output_destroy (&output);
}
END_TEST

// Through a link the result goes where it points to; a link to nothing is refused before any work.
START_TEST (rejected_rows_would_be_in_the_way)
{
    s_submit.output_kind = OUTPUT_FILE;
    s_write_in (s_folder, "out.rejected", "of another run");
    output_t *output = s_new ();                        // none can come: nothing is in the way
    output_destroy (&output);
    s_submit.max_rejects = 3;
    s_refused ("out.rejected: exists; --overwrite");
    s_expect ("out.rejected", "of another run");
    ck_assert_uint_eq (s_names_in_root (), 1);
    s_submit.overwrite = 1;
    output = s_new ();
    output_destroy (&output);
    s_expect ("out.rejected", "of another run");
}
END_TEST

// What a master of this process's number leaves if it is killed at some moment of its commit or its end.
static void s_leave (const char *ending)
{
    char name [64];
    snprintf (name, sizeof name, ".out.racimo-%d-1%s", (int) getpid (), ending);
    char *path = s_path (name);
    ck_assert_int_eq (mkdir (path, 0777), 0);
    s_write_in (path, "part-00000.tsv", ending);
}

START_TEST (what_a_killed_master_leaves)
{
    output_sweep (s_submit.output, getpid (), 1);
    ck_assert_uint_eq (s_names_in_root (), 0);
    s_leave ("");
    s_leave ("-gone");
    output_sweep (s_submit.output, getpid (), 1);
    ck_assert_uint_eq (s_names_in_root (), 0);
    s_leave ("");                                       // between the two renames of a replacement
    s_leave ("-old");
    output_sweep (s_submit.output, getpid (), 1);
    ck_assert_uint_eq (s_names_in_root (), 1);
    s_expect ("out/part-00000.tsv", "-old");
    s_leave ("-old");                                   // behind both
    s_write_in (s_submit.output, "part-00000.tsv", "the new one");
    output_sweep (s_submit.output, getpid (), 1);
    ck_assert_uint_eq (s_names_in_root (), 1);
    s_expect ("out/part-00000.tsv", "the new one");
}
END_TEST

START_TEST (links)
{
    error_t error = { 0 };
    char *real = s_path ("real");
    ck_assert (mkdir (real, 0777) == 0 && symlink ("real", s_submit.output) == 0);
    output_t *output = s_new ();
    s_write_in (output_folder (output), "a", "new\n");
    output_part_t part = { "a", 1, NULL };
    ck_assert_msg (output_commit (output, &part, 1, &s_names, &s_summary, &error) == OK, "%s", error.text);
    s_expect ("real/part-00000.tsv", "new\n");
    s_expect ("out/part-00000.tsv", "new\n");
    output_destroy (&output);
    file_remove_tree (real);
    ck_assert_ptr_null (output_new (&s_submit, 1, &error));
    ck_assert_int_eq (error.kind, ERROR_OUTPUT);
    ck_assert_ptr_nonnull (strstr (error.text, "link"));
    ck_assert_uint_eq (s_names_in_root (), 1);
}
END_TEST

// What stands in the folder of attempts may be anybody's who has the shared disk.
START_TEST (planted)
{
    s_submit.output_kind = OUTPUT_FILE;
    s_write_in (s_folder, "secret", "the head's key\n");
    output_t *output = s_new ();
    char *link = file_join (output_folder (output), "link"), *fifo = file_join (output_folder (output), "fifo");
    ck_assert (symlink ("../../secret", link) == 0 && mkfifo (fifo, 0600) == 0);
    static const char *const names [] = { "link", "fifo" };
    for (int i = 0; i < 2; i++) {
        error_t error = { 0 };
        output_part_t part = { (char *) names [i], 1, NULL };
        alarm (10);
        ck_assert (output_commit (output, &part, 1, &s_names, &s_summary, &error) == FAILED);
        ck_assert_ptr_nonnull (strstr (error.text, names [i]));
        ck_assert (!s_there ("out"));
        char *joined = file_join (output_folder (output), "../joined");
        unlink (joined);
        free (joined);
    }
    output_destroy (&output);
    free (link);
    free (fifo);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        folder, joined_file, rejected_rows_of_a_joined_file, nothing_at_all, all_parts_empty, what_may_be_replaced, bad_places, long_names,
        failure_changes_nothing, output_appears_meanwhile, many_tasks_are_in_order, rejected_rows_are_replaced_too,
        rejected_rows_would_be_in_the_way, what_a_killed_master_leaves, links, planted,
    };
    return main_run ("output", s_begin, s_end, tests, COUNT_OF (tests));
}
