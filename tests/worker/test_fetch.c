// test_fetch: inputs and parts between a worker and a head that is well-behaved or not.
#include "store/input.h"
#include "tests/worker/server.h"

// ---- inputs

static message_t s_map (uint64_t offset, uint64_t length, uint64_t size)
{
    return (message_t) { .verb = MESSAGE_MAP, .map = { .job = JOB, .path = (char *) "/nowhere/in.txt", .offset = offset, .length = length, .size = size,
        .inode = 5, .device = 6, .mtime_ns = 7, .file = 2, .ctime_ns = 8, .head = 9, .tail = 10 } };
}

// Reads a split as an executor does: asks before it reads, up to what it was told.
static void s_read_open (uint64_t id, int fd, uint64_t from, uint64_t to)
{
    char *bytes = memory_new (16 * MIB);
    while (from < to) {
        fetch_need (s_fetch, id, from);
        fetched_t *news = s_await ();
        ck_assert_msg (news->kind == FETCHED_UPTO && news->id == id, "%s", news->error.text);
        ck_assert_uint_gt (news->upto, from);
        ck_assert_uint_le (news->upto - from, 16 * MIB);
        size_t size = (size_t) (news->upto - from);
        ck_assert (!file_read_at (fd, bytes, size, from, "", NULL));
        for (size_t i = 0; i < size; i++)
            if (bytes [i] != s_byte (from + i))
                ck_abort_msg ("byte %d differs", (int) (from + i));
        from = news->upto;
        s_free (news);
    }
    free (bytes);
}

static void s_read_all (uint64_t id, const char *path, uint64_t from, uint64_t to)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    ck_assert (fd >= 0);
    s_read_open (id, fd, from, to);
    close (fd);
}

static void s_map_split (uint64_t id, uint64_t offset, uint64_t length, uint64_t size)
{
    message_t map = s_map (offset, length, size);
    fetch_input (s_fetch, id, &map);
    fetched_t *place = s_await ();
    ck_assert_int_eq (place->kind, FETCHED_PLACE);
    ck_assert (place->guarded);
    struct stat facts;
    ck_assert (!stat (place->path, &facts));
    ck_assert_uint_eq ((uint64_t) facts.st_size, size);
    ck_assert_uint_eq (facts.st_ino, place->inode);
    s_read_all (id, place->path, offset, offset + length);
    s_free (place);
    fetch_release (s_fetch, id);
}

START_TEST (test_a_split_comes_and_stays)
{
    const uint64_t size = 10 * MIB + 4321;
    s_map_split (1, 0, size, size);
    ck_assert_uint_eq (s_bytes, size);
    s_map_split (2, 3 * MIB + 17, 5 * MIB, size);       // other borders, nothing new
    ck_assert_uint_eq (s_bytes, size);
    fetch_destroy (&s_fetch);
    s_fetch_begin ();
    ck_assert_uint_eq (fetch_held (s_fetch), 11 * MIB);
    s_map_split (3, 0, size, size);                     // another life
    ck_assert_uint_eq (s_bytes, size);
}
END_TEST

// A record that ends behind its split is read to its end, wherever that is.
START_TEST (test_bytes_behind_the_split)
{
    const uint64_t size = 6 * MIB;
    message_t map = s_map (0, MIB, size);
    fetch_input (s_fetch, 1, &map);
    fetched_t *place = s_await ();
    s_read_all (1, place->path, 0, size);
    s_free (place);
}
END_TEST

// Who has the copy open reads on, far behind what was there when somebody cleared the cache.
START_TEST (test_a_cache_that_is_cleared_meanwhile)
{
    const uint64_t size = 30 * MIB;
    message_t map = s_map (0, size, size);
    fetch_input (s_fetch, 1, &map);
    fetched_t *place = s_await ();
    int fd = open (place->path, O_RDONLY | O_CLOEXEC);
    ck_assert (fd >= 0);
    s_read_open (1, fd, 0, MIB);
    file_remove_tree (s_options.chunks);
    s_read_open (1, fd, MIB, size);
    close (fd);
    s_free (place);
    s_map_split (2, 0, size, size);
}
END_TEST

START_TEST (test_a_cache_much_smaller_than_the_input)
{
    const uint64_t size = 100 * MIB;
    fetch_destroy (&s_fetch);
    s_options.chunks_size = 8 * MIB;
    s_fetch_begin ();
    for (uint64_t id = 1; id <= 2; id++) {              // two slots that have an order each
        message_t map = s_map ((id - 1) * 50 * MIB, 50 * MIB, size);
        fetch_input (s_fetch, id, &map);
    }
    fetched_t *place [2] = { s_await (), s_await () };
    for (uint64_t id = 1; id <= 2; id++)
        s_read_all (id, place [id - 1]->path, (id - 1) * 50 * MIB, id * 50 * MIB);
    struct stat facts;
    ck_assert (!stat (place [0]->path, &facts));
    ck_assert_uint_le ((uint64_t) facts.st_blocks * 512, 10 * MIB);
    s_free (place [0]);
    s_free (place [1]);
}
END_TEST

static void s_expect_failure (uint64_t id, const char *words, error_kind_t kind)
{
    fetched_t *news = s_await ();
    while (news->kind != FETCHED_FAILED) {
        s_free (news);
        news = s_await ();
    }
    ck_assert_uint_eq (news->id, id);
    ck_assert_msg (strstr (news->error.text, words) != NULL, "%s", news->error.text);
    ck_assert_int_eq (news->error.kind, kind);
    s_free (news);
}

START_TEST (test_what_the_head_refuses_fails_the_order)
{
    s_refuse = 3;
    s_refusal = ERROR_DATA;
    message_t map = s_map (0, 4 * MIB, 4 * MIB);
    fetch_input (s_fetch, 1, &map);
    s_expect_failure (1, "changed while the job ran", ERROR_DATA);
    fetch_need (s_fetch, 1, 0);                         // the executor asks all the same
    s_expect_failure (1, "changed while the job ran", ERROR_DATA);
    fetch_release (s_fetch, 1);
    s_map_split (2, 0, 4 * MIB, 4 * MIB);               // and another order goes on
}
END_TEST

START_TEST (test_damaged_bytes_are_not_kept)
{
    s_damage = 2;
    message_t map = s_map (0, 4 * MIB, 4 * MIB);
    fetch_input (s_fetch, 1, &map);
    s_expect_failure (1, "damaged", ERROR_OTHER);
    fetch_release (s_fetch, 1);
    s_map_split (2, 0, 4 * MIB, 4 * MIB);
}
END_TEST

START_TEST (test_a_file_that_is_here_is_read_here)
{
    const char *path = s_path ("in.txt");
    struct stat facts;
    ck_assert (!file_save (path, "hello\n", 6, NULL) && !stat (path, &facts));
    message_t map = s_map (0, 6, 6);
    map.map.path = (char *) path;
    map.map.mtime_ns = (uint64_t) facts.st_mtim.tv_sec * 1000000000 + (uint64_t) facts.st_mtim.tv_nsec;
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    ck_assert (!input_fingerprint (fd, path, 6, &map.map.head, &map.map.tail, NULL));
    close (fd);
    for (int differs = 0; differs <= 2; differs++) {    // the same; other bytes; another time
        message_t this = map;
        this.map.file = (uint64_t) differs;
        this.map.tail ^= differs == 1;
        this.map.mtime_ns += differs == 2;
        fetch_input (s_fetch, 1, &this);
        fetched_t *place = s_await ();
        ck_assert_int_eq (place->kind, FETCHED_PLACE);
        ck_assert_int_eq (place->guarded, differs != 0);
        ck_assert (differs || (!strcmp (place->path, path) && place->inode == facts.st_ino));
        s_free (place);
        fetch_release (s_fetch, 1);
    }
}
END_TEST

// ---- parts

static void s_send_part (size_t size)
{
    char *bytes = memory_new (size + 1);
    for (size_t i = 0; i < size; i++)
        bytes [i] = s_byte (i);
    ck_assert (!file_save (s_path ("part-1"), bytes, size, NULL));
    s_last = false;
    s_stored = 0;
    fetch_upload (s_fetch, 4, JOB, s_folder, "part-1", true, false);
    fetched_t *news = s_await ();
    ck_assert_msg (news->kind == FETCHED_ALL && news->id == 4, "%s", news->error.text);
    ck_assert (s_last && s_stored == size && !memcmp (s_store, bytes, size));
    ck_assert (access (s_path ("part-1"), F_OK));       // it is not needed here any more
    fetch_release (s_fetch, 4);
    s_free (news);
    free (bytes);
}

START_TEST (test_parts_go_to_the_head)
{
    const size_t sizes [] = { 0, 10, FETCH_BYTES, 9 * FETCH_BYTES + 77 };
    for (size_t i = 0; i < COUNT_OF (sizes); i++)
        s_send_part (sizes [i]);
}
END_TEST

START_TEST (test_a_head_that_cannot_store)
{
    char *bytes = memory_new (3 * MIB);
    ck_assert (!file_save (s_path ("part-1"), bytes, 3 * MIB, NULL));
    free (bytes);
    s_under_way = 0;
    s_refuse = 2;
    fetch_upload (s_fetch, 4, JOB, s_folder, "part-1", true, true);
    s_expect_failure (4, "no space left", ERROR_OUTPUT);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_a_split_comes_and_stays, test_bytes_behind_the_split, test_a_cache_that_is_cleared_meanwhile, test_a_cache_much_smaller_than_the_input,
        test_what_the_head_refuses_fails_the_order, test_damaged_bytes_are_not_kept, test_a_file_that_is_here_is_read_here,
        test_parts_go_to_the_head, test_a_head_that_cannot_store,
    };
    return main_run ("fetch", s_begin, s_end, tests, COUNT_OF (tests));
}
