// Tests of the history: what a master knows of its jobs after it was ended or killed, whatever state its files are in.
#include "master/history.h"
#include "tests/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static history_t *s_history;

static void s_open (void)
{
    error_t error = { 0 };
    s_history = history_new (s_folder, &error);
    ck_assert_msg (s_history != NULL, "%s", error.text);
}

static void s_begin (void)
{
    s_folder_make ();
    s_open ();
}

static void s_end (void)
{
    history_destroy (&s_history);
    s_folder_remove ();
}

static void s_again (void)
{
    history_destroy (&s_history);
    s_open ();
}

static message_job_info_t s_info (uint64_t job)
{
    return (message_job_info_t) { .job = job, .phase = STATE_WAITING, .name = (char *) "wordcount", .user = (char *) "ana", .output = (char *) "/out" };
}

static void s_accept (uint64_t job)
{
    message_job_info_t info = s_info (job);
    ck_assert (history_begin (s_history, &info, NULL) == OK);
}

static void s_finish (uint64_t job, uint64_t exit_code, const char *error)
{
    message_job_info_t info = s_info (job);
    message_finished_t finished = { job, exit_code, (char *) error, NULL, (char *) "{}" };
    info.phase = STATE_ENDED;
    info.exit_code = exit_code;
    info.error = (char *) error;
    ck_assert (history_end (s_history, &info, &finished, NULL) == OK);
}

static void s_expect_end (uint64_t job, uint64_t exit_code, const char *error)
{
    message_t message;
    ck_assert_msg (history_finished (s_history, job, &message) == OK, "job %llu is not known", (unsigned long long) job);
    ck_assert_int_eq (message.verb, MESSAGE_FINISHED);
    ck_assert_uint_eq (message.finished.job, job);
    ck_assert_uint_eq (message.finished.exit_code, exit_code);
    ck_assert_str_eq (message.finished.error, error);
    message_free (&message);
}

static size_t s_listed (void)
{
    size_t listed = 0;
    for (size_t i = 0; i < history_count (s_history); i++)
        listed += history_info (s_history, i) != NULL;
    return listed;
}

START_TEST (test_an_end_is_known_in_the_next_life)
{
    s_accept (1);
    ck_assert_uint_eq (s_listed (), 0);                 // under way: the shell tells of it
    s_finish (1, 3, "data.csv: bad");
    s_expect_end (1, 3, "data.csv: bad");
    s_again ();
    s_expect_end (1, 3, "data.csv: bad");
    ck_assert_uint_eq (s_listed (), 1);
    ck_assert_uint_eq (history_last (s_history), 1);
}
END_TEST

START_TEST (test_a_job_ends_with_its_master)
{
    message_t message;
    s_accept (7);
    ck_assert (history_finished (s_history, 7, &message) == FAILED);
    s_again ();                                         // killed: nobody has written an end
    s_expect_end (7, 6, "the head was restarted before this job had ended: run it again");
    ck_assert_uint_eq (s_listed (), 1);
    ck_assert_uint_eq (history_last (s_history), 7);
}
END_TEST

START_TEST (test_only_the_last_thousand_stay)
{
    for (uint64_t job = 1; job <= HISTORY_JOBS + 5; job++) {
        s_accept (job);
        s_finish (job, 0, "");
    }
    message_t message;
    ck_assert (history_finished (s_history, 5, &message) == FAILED);
    s_expect_end (6, 0, "");
    s_again ();
    ck_assert_uint_eq (history_count (s_history), HISTORY_JOBS);
    s_expect_end (HISTORY_JOBS + 5, 0, "");
    ck_assert_int_ne (access (s_path ("5"), F_OK), 0);
}
END_TEST

START_TEST (test_damaged_files_are_passed_over)
{
    s_accept (3);
    s_finish (3, 0, "");
    s_write ("4", "", 0);
    s_write ("5", "\x40\0\0\0short", 9);
    s_write ("6", "\xff\xff\xff\xffmuch too long", 17);
    s_write ("notes.txt", "not ours", 8);
    s_again ();
    ck_assert_uint_eq (s_listed (), 1);
    ck_assert_uint_eq (history_last (s_history), 6);    // these numbers were given once
    s_expect_end (3, 0, "");
}
END_TEST

static size_t s_printed (uint64_t job, buffer_t *text)
{
    buffer_t log = { 0 };
    message_t message;
    size_t at = 0, records = 0;
    history_log_read (s_history, job, &log);
    text->size = 0;
    for (; history_log_next (&log, &at, &message); records++) {
        buffer_add (text, message.log.text, strlen (message.log.text));
        message_free (&message);
    }
    buffer_add (text, "", 1);
    buffer_free (&log);
    return records;
}

START_TEST (test_what_jobs_print_is_kept_up_to_a_limit)
{
    buffer_t text = { 0 };
    char *block = memory_new (20001);
    memset (block, 'x', 20000);
    message_log_t log = { .job = 2, .slot = 1, .node = (char *) "pi1", .text = (char *) "hello\n" };
    history_log (s_history, &log);
    ck_assert_uint_eq (s_printed (2, &text), 0);        // nobody knows that job
    s_accept (2);
    history_log (s_history, &log);
    log.text = block;
    for (int i = 0; i < 100; i++)
        history_log (s_history, &log);
    size_t records = s_printed (2, &text);
    ck_assert_uint_gt (records, 50);
    ck_assert_uint_lt (text.size, HISTORY_LOG + 1000);
    ck_assert (!strncmp (text.data, "hello\nxxx", 9));
    ck_assert_ptr_nonnull (strstr (text.data, "left out"));
    s_again ();
    ck_assert_uint_eq (s_printed (2, &text), records);
    free (block);
    buffer_free (&text);
}
END_TEST

// Jobs that print without end: the newest logs stay, also over a restart.
START_TEST (test_all_logs_together_are_bounded)
{
    enum { JOBS = (HISTORY_LOGS >> 20) + 6 };
    buffer_t text = { 0 };
    char *block = memory_new (50001);
    memset (block, 'x', 50000);
    message_log_t log = { .slot = 1, .node = (char *) "pi1", .text = block };
    for (log.job = 1; log.job <= JOBS; log.job++) {
        s_accept (log.job);
        for (int i = 0; i < 21; i++)
            history_log (s_history, &log);
        s_finish (log.job, 0, "");
        if (log.job == JOBS / 2)
            s_again ();
    }
    ck_assert_uint_eq (s_printed (1, &text), 0);
    ck_assert_uint_eq (s_printed (3, &text), 0);
    ck_assert_uint_gt (s_printed (JOBS / 2, &text), 20);
    ck_assert_uint_gt (s_printed (JOBS, &text), 20);
    uint64_t bytes = 0;
    for (int job = 1; job <= JOBS; job++) {
        struct stat facts;
        char name [32];
        snprintf (name, sizeof name, "%d.log", job);
        bytes += stat (s_path (name), &facts) ? 0 : (uint64_t) facts.st_size;
    }
    ck_assert_uint_le (bytes, HISTORY_LOGS);
    s_expect_end (1, 0, "");
    free (block);
    buffer_free (&text);
}
END_TEST

START_TEST (test_half_a_record_ends_a_log)
{
    buffer_t text = { 0 };
    message_log_t log = { .job = 2, .slot = 1, .node = (char *) "pi1", .text = (char *) "hello\n" };
    s_accept (2);
    history_log (s_history, &log);
    history_log (s_history, &log);
    char *path = s_path ("2.log");
    struct stat facts;
    ck_assert_int_eq (stat (path, &facts), 0);
    ck_assert_int_eq (truncate (path, facts.st_size - 3), 0);
    ck_assert_uint_eq (s_printed (2, &text), 1);
    ck_assert_str_eq (text.data, "hello\n");
    buffer_free (&text);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_an_end_is_known_in_the_next_life, test_a_job_ends_with_its_master, test_only_the_last_thousand_stay,
        test_damaged_files_are_passed_over, test_what_jobs_print_is_kept_up_to_a_limit, test_all_logs_together_are_bounded,
        test_half_a_record_ends_a_log,
    };
    return main_run ("history", s_begin, s_end, tests, COUNT_OF (tests));
}
