// test_whole: side files between a worker and a head: each comes whole, once, and stays while its job needs it.
#include "store/input.h"
#include "tests/worker/server.h"

static message_t s_side (uint64_t job, uint64_t size)
{
    return (message_t) { .verb = MESSAGE_MAP, .map = { .job = job, .path = (char *) "/nowhere/model.bin", .length = size, .size = size, .inode = 5, .device = 6,
        .mtime_ns = 7, .file = 1, .ctime_ns = 8, .head = 9, .tail = 10 } };
}

static void s_expect_bytes (const char *path, uint64_t size)
{
    buffer_t bytes = { 0 };
    ck_assert (!file_load (path, size, &bytes, NULL));
    ck_assert_uint_eq (bytes.size, size);
    for (uint64_t i = 0; i < size; i++)
        if (bytes.data [i] != s_byte (i))
            ck_abort_msg ("byte %d differs", (int) i);
    buffer_free (&bytes);
}

static fetched_t *s_expect_place (uint64_t id)
{
    fetched_t *news = s_await ();
    ck_assert_msg (news->kind == FETCHED_PLACE && news->id == id, "%s", news->error.text);
    return news;
}

static void s_expect_failure (uint64_t id, const char *words, error_kind_t kind)
{
    fetched_t *news = s_await ();
    ck_assert_int_eq (news->kind, FETCHED_FAILED);
    ck_assert_uint_eq (news->id, id);
    ck_assert_msg (strstr (news->error.text, words) != NULL, "%s", news->error.text);
    ck_assert_int_eq (news->error.kind, kind);
    s_free (news);
}

START_TEST (test_it_comes_once)
{
    const uint64_t size = 10 * MIB + 4321;
    message_t one = s_side (1, size), two = s_side (2, size), three = s_side (3, size);
    fetch_side (s_fetch, 1, &one);
    fetch_side (s_fetch, 2, &two);                      // while the first is on its way
    for (uint64_t id = 1; id <= 2; id++) {
        fetched_t *place = s_expect_place (id);
        ck_assert (place->guarded);                     // the cache's own copy
        s_expect_bytes (place->path, size);
        s_free (place);
    }
    ck_assert_uint_eq (s_bytes, size);
    fetch_release (s_fetch, 1);
    fetch_release (s_fetch, 2);
    fetch_side (s_fetch, 3, &three);
    s_free (s_expect_place (3));
    ck_assert_uint_eq (s_bytes, size);
}
END_TEST

START_TEST (test_it_stays_beside_much_input)
{
    fetch_destroy (&s_fetch);
    s_options.chunks_size = 16 * MIB;
    s_fetch_begin ();
    const uint64_t size = 8 * MIB, all = 60 * MIB;
    message_t side = s_side (1, size), map = s_side (2, all);
    map.map.inode = 50;
    fetch_side (s_fetch, 1, &side);
    fetched_t *place = s_expect_place (1);
    fetch_forget (s_fetch, 1);                          // the cache's policy has nothing for it: only its pins hold it
    fetch_input (s_fetch, 2, &map);
    s_free (s_expect_place (2));
    for (uint64_t from = 0; from < all; ) {
        fetch_need (s_fetch, 2, from);
        fetched_t *news = s_await ();
        ck_assert_int_eq (news->kind, FETCHED_UPTO);
        from = news->upto;
        s_free (news);
    }
    s_expect_bytes (place->path, size);
    s_free (place);
    uint64_t before = s_bytes;
    message_t again = s_side (2, size);
    fetch_side (s_fetch, 3, &again);
    s_free (s_expect_place (3));
    ck_assert_uint_eq (s_bytes, before);
}
END_TEST

START_TEST (test_what_does_not_fit)
{
    message_t giant = s_side (1, 49 * MIB), fits = s_side (1, 48 * MIB);     // of 64
    fetch_side (s_fetch, 1, &giant);
    s_expect_failure (1, "do not fit into this node's cache", ERROR_OTHER);
    fetch_side (s_fetch, 2, &fits);
    s_free (s_expect_place (2));
    giant.map.inode = 55;
    giant.map.size = 1;
    fetch_side (s_fetch, 3, &giant);                    // not beside the other
    s_expect_failure (3, "do not fit", ERROR_OTHER);
    fetch_release (s_fetch, 2);
    fetch_side (s_fetch, 4, &giant);
    s_free (s_expect_place (4));
}
END_TEST

START_TEST (test_a_head_that_refuses_or_damages)
{
    s_refuse = 3;
    s_refusal = ERROR_DATA;
    message_t side = s_side (1, 4 * MIB);
    fetch_side (s_fetch, 1, &side);
    s_expect_failure (1, "changed while the job ran", ERROR_DATA);
    fetch_release (s_fetch, 1);
    message_t small = s_side (1, 1);                    // requests are answered in order: when this one is, none of the first's is under way
    small.map.inode = 77;
    fetch_side (s_fetch, 9, &small);
    s_free (s_expect_place (9));
    fetch_release (s_fetch, 9);
    s_damage = s_requests + 2;
    fetch_side (s_fetch, 2, &side);
    s_expect_failure (2, "damaged", ERROR_OTHER);
    fetch_release (s_fetch, 2);
    fetch_side (s_fetch, 3, &side);
    fetched_t *place = s_expect_place (3);
    s_expect_bytes (place->path, 4 * MIB);
    s_free (place);
}
END_TEST

START_TEST (test_one_that_is_here)
{
    message_t side = s_side (1, 6);
    struct stat facts;
    side.map.path = s_path ("model");
    ck_assert (!file_save (side.map.path, "models", 6, NULL) && !stat (side.map.path, &facts));
    side.map.inode = facts.st_ino;
    side.map.device = facts.st_dev;
    side.map.mtime_ns = (uint64_t) facts.st_mtim.tv_sec * 1000000000 + (uint64_t) facts.st_mtim.tv_nsec;
    fetch_side (s_fetch, 1, &side);
    fetched_t *place = s_expect_place (1);
    ck_assert (!place->guarded && !strcmp (place->path, side.map.path));
    s_free (place);
    side = s_side (2, 0);                               // of no bytes
    side.map.inode = 0;
    fetch_side (s_fetch, 2, &side);
    s_free (s_expect_place (2));
    ck_assert_uint_eq (s_requests, 0);
}
END_TEST

START_TEST (test_one_that_was_tidied_away)
{
    message_t side = s_side (1, 3 * MIB);
    fetch_side (s_fetch, 1, &side);
    fetched_t *place = s_expect_place (1);
    file_remove_tree (s_path ("cache"));
    fetch_release (s_fetch, 1);
    fetch_side (s_fetch, 2, &side);
    fetched_t *again = s_expect_place (2);
    s_expect_bytes (again->path, 3 * MIB);
    s_free (place);
    s_free (again);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_it_comes_once, test_it_stays_beside_much_input, test_what_does_not_fit, test_a_head_that_refuses_or_damages, test_one_that_is_here,
        test_one_that_was_tidied_away,
    };
    return main_run ("whole", s_begin, s_end, tests, COUNT_OF (tests));
}
