// test_stage: ranges of keys of a segment that another worker serves, as a reduce task gets them, and segments that cannot be had.
#include "store/merge.h"
#include "store/segment.h"
#include "tests/worker/server.h"
#include "worker/serve.h"

#include <dirent.h>
#include <sys/stat.h>

// ---- segments

enum { ROWS = 60000 };

// Rows of a run: numbers of eight digits, `step` apart, with 32 bytes of other text behind.
static void s_make_segment (const char *path, int runs)
{
    error_t error = { 0 };
    segment_layout_t layout = { .records = true };
    segment_writer_t *writer = segment_create (path, &layout, &error);
    ck_assert_ptr_nonnull (writer);
    for (int run = 0; run < runs; run++) {
        segment_begin_run (writer);
        for (int row = run; row < ROWS; row += runs) {
            char text [64];
            int size = snprintf (text, sizeof text, "%08d and what follows it in the row", row);
            ck_assert (!segment_add (writer, (rac_bytes) { text, (uint32_t) size, 0 }, 8, "", &error));
        }
        ck_assert (!segment_end_run (writer, &error));
    }
    uint64_t rows;
    ck_assert (!segment_finish (&writer, NULL, &rows, &error));
    ck_assert_uint_eq (rows, ROWS);
}

static uint64_t s_file_size (const char *path)
{
    struct stat facts;
    return stat (path, &facts) ? 0 : (uint64_t) facts.st_size;
}

static message_t s_reduce (const char *path, uint64_t *owner, uint64_t *number, uint64_t *bytes, char **item, const char *low, const char *high)
{
    *owner = 2;
    *number = 11;
    *bytes = s_file_size (path);
    *item = (char *) path;
    return (message_t) { .verb = MESSAGE_REDUCE, .reduce = { .job = JOB, .segments = { item, 1 }, .owners = { owner, 1 }, .numbers = { number, 1 },
        .bytes = { bytes, 1 }, .low = { (char *) low, (uint32_t) strlen (low) }, .high = { (char *) high, (uint32_t) strlen (high) }, .last = !*high } };
}

static void s_count_rows (const char *path, const char *low, const char *high, int expected)
{
    error_t error = { 0 };
    segment_layout_t layout = { .records = true };
    segment_t *segment = segment_open (path, &layout, &error);
    ck_assert_msg (segment != NULL, "%s", error.text);
    int rows = 0;
    for (uint32_t run = 1; run <= segment_runs (segment); run++) {
        cursor_t *cursor = cursor_open (segment, run, (rac_bytes) { low, (uint32_t) strlen (low), 0 },
            (rac_bytes) { *high ? high : NULL, (uint32_t) strlen (high), 0 }, &error);
        ck_assert_msg (cursor != NULL, "%s", error.text);
        for (; !cursor->done; rows++)
            ck_assert_msg (!cursor_next (cursor, &error), "%s", error.text);
        cursor_close (&cursor);
    }
    segment_close (&segment);
    ck_assert_int_eq (rows, expected);
}

static void s_tell_nodes (const serve_t *serve)
{
    char endpoint [64], *endpoints [] = { endpoint }, *keys [] = { (char *) "" };
    uint64_t worker = 2;
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", serve ? serve_port (serve) : 0);
    message_t nodes = { .verb = MESSAGE_NODES, .nodes = { 1, { &worker, serve ? 1 : 0 }, { endpoints, serve ? 1 : 0 }, { keys, serve ? 1 : 0 } } };
    fetch_nodes (s_fetch, &nodes);
}

// A segment of so many runs, as worker 2 serves it, of whom the fetch thread knows.
static serve_t *s_serve_segment (int runs)
{
    s_make_segment (s_path ("segment"), runs);
    serve_t *serve = serve_new (&(worker_options_t) { .head = "127.0.0.1" }, NULL);
    ck_assert_ptr_nonnull (serve);
    serve_add (serve, JOB, 11, s_path ("segment"));
    s_tell_nodes (serve);
    return serve;
}

static void s_stage_ranges (int runs)
{
    static const struct { const char *low, *high; int rows; } ranges [] = {
        { "", "", ROWS }, { "00030000", "00030010", 10 }, { "", "00000001", 1 }, { "00059999", "", 1 }, { "00070000", "00080000", 0 },
        { "00020000", "00040000", 20000 },
    };
    uint64_t owner, number, bytes, moved = 0;
    char *item;
    serve_t *serve = s_serve_segment (runs);
    for (size_t r = COUNT_OF (ranges); r-- > 0; ) {
        message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, ranges [r].low, ranges [r].high);
        fetch_stage (s_fetch, 20 + r, &reduce, 1, s_folder);
        fetched_t *news = NULL;
        while (!news || news->kind == FETCHED_BYTES) {
            zmq_pollitem_t poll = { .fd = fetch_fd (s_fetch), .events = ZMQ_POLLIN };
            if (news)
                moved += news->moved;
            fetched_free (&news);
            ck_assert_int_gt (zmq_poll (&poll, 1, PATIENCE_MS), 0);
            news = fetch_next (s_fetch);
        }
        ck_assert_msg (news->kind == FETCHED_ALL, "%s", news->error.text);
        ck_assert_int_eq (news->paths.count, 1);
        ck_assert_str_ne (news->paths.item [0], item);
        s_count_rows (news->paths.item [0], ranges [r].low, ranges [r].high, ranges [r].rows);
        ck_assert_uint_le (moved, r == COUNT_OF (ranges) - 1 ? bytes * 3 / 4 : bytes + FETCH_BYTES);    // each block once
        s_free (news);
    }
    for (size_t r = 0; r < COUNT_OF (ranges); r++)
        fetch_release (s_fetch, 20 + r);
    serve_destroy (&serve);
    fetch_forget (s_fetch, JOB);
}

START_TEST (test_ranges_of_another_workers_segment)
{
    for (int runs = 1; runs <= 3; runs++)
        s_stage_ranges (runs);
}
END_TEST

static void s_expect_away (uint64_t id)
{
    fetched_t *news;
    while ((news = s_await ())->kind != FETCHED_FAILED)
        s_free (news);
    ck_assert_uint_eq (news->id, id);
    ck_assert_uint_eq (news->away, 2);
    s_free (news);
    fetch_release (s_fetch, id);
}

// A worker that is no node, that has no such segment, that goes away with requests open.
START_TEST (test_segments_that_cannot_be_had)
{
    uint64_t owner, number, bytes;
    char *item;
    s_make_segment (s_path ("segment"), 1);
    message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, "", "");
    fetch_stage (s_fetch, 1, &reduce, 1, s_folder);
    s_expect_away (1);
    serve_t *serve = serve_new (&(worker_options_t) { .head = "127.0.0.1" }, NULL);
    s_tell_nodes (serve);
    fetch_stage (s_fetch, 2, &reduce, 1, s_folder);
    s_expect_away (2);
    serve_destroy (&serve);
    fetch_stage (s_fetch, 3, &reduce, 1, s_folder);     // connected, and nobody answers
    s_tell_nodes (NULL);
    s_expect_away (3);
    reduce.reduce.owners.item [0] = 1;                  // its own: at once
    fetch_stage (s_fetch, 4, &reduce, 1, s_folder);
    fetched_t *news = s_await ();
    ck_assert_int_eq (news->kind, FETCHED_ALL);
    ck_assert_str_eq (news->paths.item [0], item);
    s_free (news);
}
END_TEST

// ---- on the disk

// Bytes on the disk of what is staged here.
static uint64_t s_staged (void)
{
    uint64_t bytes = 0;
    struct dirent *entry;
    DIR *folder = opendir (s_folder);
    ck_assert_ptr_nonnull (folder);
    while ((entry = readdir (folder))) {
        struct stat facts;
        if (!strncmp (entry->d_name, "staged-", 7) && !fstatat (dirfd (folder), entry->d_name, &facts, 0))
            bytes += (uint64_t) facts.st_blocks * 512;
    }
    closedir (folder);
    return bytes;
}

// Two attempts of a task, and the task of the range behind: what only the first needs is given back when both have ended, and can be had again.
START_TEST (test_what_is_done_is_given_back)
{
    uint64_t owner, number, bytes;
    char *item;
    serve_t *serve = s_serve_segment (2);
    for (uint64_t attempt = 0; attempt < 4; attempt++) {                // the third is the task behind; the fourth is the first one once more
        bool behind = attempt == 2;
        message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, behind ? "00040000" : "00020000", behind ? "" : "00040000");
        reduce.reduce.task = behind;
        fetch_stage (s_fetch, attempt, &reduce, 1, s_folder);
        fetched_t *news = s_await ();
        ck_assert_msg (news->kind == FETCHED_ALL, "%s", news->error.text);
        if (attempt == 1)
            fetch_release (s_fetch, 0);
        if (behind) {
            s_count_rows (news->paths.item [0], "00020000", "00040000", 20000);         // the other one reads on
            fetch_release (s_fetch, 1);
            for (int64_t due = clock_us () + PATIENCE_MS * 1000; s_staged () > bytes * 9 / 20; )
                ck_assert (clock_us () < due && zmq_poll (NULL, 0, 1) == 0);
        }
        s_count_rows (news->paths.item [0], behind ? "00040000" : "00020000", behind ? "" : "00040000", 20000);
        s_free (news);
    }
    serve_destroy (&serve);
    fetch_forget (s_fetch, JOB);
}
END_TEST

// ---- ahead

static message_t s_ahead (const message_t *reduce, uint64_t task)
{
    const message_reduce_t *of = &reduce->reduce;
    return (message_t) { .verb = MESSAGE_AHEAD, .ahead = { .job = JOB, .task = task, .owners = of->owners, .numbers = of->numbers, .bytes = of->bytes,
        .low = of->low, .high = of->high, .last = of->last } };
}

// A task finds what was fetched for it before it came, although nobody answers any more; and what came is counted for it.
START_TEST (test_what_was_fetched_ahead_is_there)
{
    uint64_t owner, number, bytes, moved = 0;
    char *item;
    s_options.memory = 64 * MIB;
    serve_t *serve = s_serve_segment (2);
    message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, "00020000", "00040000");
    message_t ahead = s_ahead (&reduce, 5);
    fetch_stage (s_fetch, 1, &ahead, 1, s_folder);
    fetch_stage (s_fetch, 2, &ahead, 1, s_folder);      // told again: takes the place of the first
    for (int64_t due = clock_us () + PATIENCE_MS * 1000; s_staged () < bytes * 14 / 25; ) {         // whole blocks of a third, and the tail: all that is coming
        ck_assert (clock_us () < due);
        ck_assert_int_eq (zmq_poll (&(zmq_pollitem_t) { .fd = fetch_fd (s_fetch), .events = ZMQ_POLLIN }, 1, 5), 0);    // nobody is told
    }
    serve_destroy (&serve);
    reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, "00020500", "00025000");
    reduce.reduce.task = 5;
    fetch_stage (s_fetch, 3, &reduce, 1, s_folder);
    fetched_t *news;
    for (zmq_pollitem_t poll = { .fd = fetch_fd (s_fetch), .events = ZMQ_POLLIN }; ; fetched_free (&news)) {
        while (!(news = fetch_next (s_fetch)))
            ck_assert_int_gt (zmq_poll (&poll, 1, PATIENCE_MS), 0);
        ck_assert_uint_eq (news->id, 3);
        moved += news->moved;
        if (news->kind != FETCHED_BYTES)
            break;
    }
    ck_assert_msg (news->kind == FETCHED_ALL, "%s", news->error.text);
    s_count_rows (news->paths.item [0], "00020500", "00025000", 4500);
    ck_assert_uint_gt (moved, bytes / 4);
    s_free (news);
    fetch_release (s_fetch, 3);
    fetch_forget (s_fetch, JOB);
}
END_TEST

// No more than the memory allows, and nothing of a task that will not come; what tasks want is not touched by either.
START_TEST (test_how_much_is_fetched_ahead)
{
    uint64_t owner, number, bytes;
    char *item;
    serve_t *serve = s_serve_segment (1);
    for (uint64_t round = 0; round < 4; round++) {      // rounds 2 and 3: with memory, but the task will not come
        s_options.memory = round < 2 ? 0 : 64 * MIB;
        message_t all = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, "", "");
        message_t ahead = s_ahead (&all, 5);
        if (round == 2)
            ahead.ahead.owners.count = ahead.ahead.numbers.count = ahead.ahead.bytes.count = 0;
        if (round != 3)
            fetch_stage (s_fetch, 10 + round, &ahead, 1, s_folder);
        message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, "00020000", "00020100");
        fetch_stage (s_fetch, 20 + round, &reduce, 1, s_folder);
        fetched_t *news = s_await ();
        ck_assert_int_eq (news->kind, FETCHED_ALL);
        s_free (news);
        fetch_release (s_fetch, 20 + round);
        ck_assert_uint_lt (s_staged (), bytes / 2);
    }
    serve_destroy (&serve);
    fetch_forget (s_fetch, JOB);
}
END_TEST

START_TEST (test_a_damaged_segment_is_the_owners_fault)
{
    uint64_t owner, number, bytes;
    char *item;
    s_make_segment (s_path ("segment"), 1);
    int fd = open (s_path ("segment"), O_WRONLY | O_CLOEXEC);
    ck_assert (pwrite (fd, "garbage", 7, (off_t) s_file_size (s_path ("segment")) - 60) == 7);
    close (fd);
    serve_t *serve = serve_new (&(worker_options_t) { .head = "127.0.0.1" }, NULL);
    serve_add (serve, JOB, 11, s_path ("segment"));
    s_tell_nodes (serve);
    message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, "", "");
    fetch_stage (s_fetch, 2, &reduce, 1, s_folder);
    s_expect_away (2);
    serve_destroy (&serve);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_ranges_of_another_workers_segment, test_segments_that_cannot_be_had, test_what_is_done_is_given_back, test_what_was_fetched_ahead_is_there,
        test_how_much_is_fetched_ahead, test_a_damaged_segment_is_the_owners_fault,
    };
    return main_run ("stage", s_begin, s_end, tests, COUNT_OF (tests));
}
