// Tests of sources that come over the wire, from a master that is this test: in pieces, twice, damaged, not at all.
#include "worker/bundles.h"
#include "tests/folder.h"

#include <czmq.h>
#include <stdio.h>
#include <unistd.h>

static char s_hash [BUNDLE_HASH];
static buffer_t s_bundle;
static peer_t *s_master, *s_worker;
static peer_id_t s_from;
static bundles_t *s_bundles;

static void s_begin (void)
{
    buffer_t endpoint = { 0 }, text = { 0 };
    s_folder_make ();
    char *folder = file_join (s_folder, "bundles"), *job = file_join (s_folder, "job.c"), *header = file_join (s_folder, "a.h");
    for (int i = 0; i < 20000; i++)
        buffer_print (&text, "// %d\n", i);             // three pieces
    ck_assert (!file_save (job, text.data, text.size, NULL) && !file_save (header, "int a;\n", 7, NULL));
    ck_assert (!bundle_make ((const char *const []) { job, header }, 2, &s_bundle, NULL));
    bundle_hash (&s_bundle, s_hash);
    buffer_print (&endpoint, "ipc://%s/master", s_folder);
    zsys_handler_set (NULL);
    s_master = peer_bind (endpoint.data, NULL, NULL);
    s_worker = peer_connect (endpoint.data, NULL, NULL);
    message_t beat = { .verb = MESSAGE_BEAT };
    ck_assert (!peer_send (s_worker, NULL, &beat, 5000, NULL));     // connected: from now on nothing has to wait
    s_bundles = bundles_new (folder);
    free (folder);
    free (job);
    free (header);
    buffer_free (&endpoint);
    buffer_free (&text);
}

static void s_end (void)
{
    bundles_destroy (&s_bundles);
    peer_destroy (&s_worker);
    peer_destroy (&s_master);
    buffer_free (&s_bundle);
    s_folder_remove ();
}

static message_t s_next (peer_t *peer, peer_id_t *from, message_verb_t verb)
{
    zmq_pollitem_t item = { .socket = peer_socket (peer), .events = ZMQ_POLLIN };
    message_t message = { 0 };
    do {
        message_free (&message);
        ck_assert_int_gt (zmq_poll (&item, 1, 10000), 0);
        ck_assert_int_eq (peer_receive (peer, from, &message, NULL), PEER_MESSAGE);
    } while (message.verb != verb);
    return message;
}

// The offset that the worker wants next.
static uint64_t s_wanted (void)
{
    message_t want = s_next (s_master, &s_from, MESSAGE_WANT);
    uint64_t offset = want.want.offset;
    ck_assert_str_eq (want.want.blob, s_hash);
    message_free (&want);
    return offset;
}

static void s_answer (message_blob_t blob)
{
    message_t message = { .verb = MESSAGE_BLOB, .blob = blob };
    message.blob.blob = s_hash;
    ck_assert (!peer_send (s_master, &s_from, &message, 0, NULL));
    message = s_next (s_worker, NULL, MESSAGE_BLOB);
    bundles_hear (s_bundles, s_worker, &message.blob);
    message_free (&message);
}

static message_blob_t s_piece (uint64_t offset)
{
    size_t left = s_bundle.size - offset;
    return (message_blob_t) { .offset = offset, .size = s_bundle.size,
        .bytes = { s_bundle.data + offset, left < BLOB_BYTES ? (uint32_t) left : BLOB_BYTES } };
}

static const char *s_main (void)
{
    error_t error = { 0 };
    const char *main = bundles_main (s_bundles, s_worker, s_hash, &error);
    ck_assert_msg (!error.text [0], "%s", error.text);
    return main;
}

static void s_expect_failure (const char *pattern)
{
    error_t error = { 0 };
    ck_assert_ptr_null (bundles_main (s_bundles, s_worker, s_hash, &error));
    ck_assert_msg (strstr (error.text, pattern) != NULL, "'%s' does not say '%s'", error.text, pattern);
}

static void s_serve (void)
{
    for (uint64_t offset = 0; offset < s_bundle.size; offset += BLOB_BYTES) {
        ck_assert_uint_eq (s_wanted (), offset);
        s_answer (s_piece (offset));
    }
}

START_TEST (test_pieces_become_files)
{
    ck_assert_ptr_null (s_main ());
    s_serve ();
    const char *main = s_main ();
    ck_assert_ptr_nonnull (main);
    ck_assert_str_eq (strrchr (main, '/'), "/job.c");
    char *header = memory_text (main);
    strcpy (strrchr (header, '/'), "/a.h");
    ck_assert_int_eq (access (main, R_OK) || access (header, R_OK), 0);
    free (header);
}
END_TEST

START_TEST (test_the_next_life_has_them)
{
    char *folder = file_join (s_folder, "bundles");
    ck_assert_ptr_null (s_main ());
    s_serve ();
    ck_assert_ptr_nonnull (s_main ());
    bundles_destroy (&s_bundles);
    s_bundles = bundles_new (folder);
    ck_assert_ptr_nonnull (s_main ());                  // without a word to the master
    free (folder);
}
END_TEST

// Somebody tidies up: all of it, or what is old.
START_TEST (test_what_is_gone_is_asked_for_again)
{
    ck_assert_ptr_null (s_main ());
    s_serve ();
    char *header = memory_text (s_main ()), *folder = file_join (s_folder, "bundles");
    strcpy (strrchr (header, '/'), "/a.h");
    ck_assert (bundles_check (s_bundles, s_hash));
    ck_assert_int_eq (unlink (header), 0);
    ck_assert (!bundles_check (s_bundles, s_hash));
    ck_assert (bundles_check (s_bundles, s_hash));      // of what is not here nothing can be missing
    ck_assert_ptr_null (s_main ());
    s_serve ();
    ck_assert_ptr_nonnull (s_main ());
    ck_assert_int_eq (access (header, R_OK), 0);
    file_remove_tree (folder);
    ck_assert_ptr_null (s_main ());                     // without being told
    s_serve ();
    ck_assert_ptr_nonnull (s_main ());
    ck_assert_int_eq (unlink (header), 0);
    bundles_destroy (&s_bundles);                       // nor does the next life believe it
    s_bundles = bundles_new (folder);
    ck_assert_ptr_null (s_main ());
    free (header);
    free (folder);
}
END_TEST

START_TEST (test_a_build_comes_the_same_way)
{
    error_t error = { 0 };
    ck_assert_ptr_null (bundles_build (s_bundles, s_worker, s_hash, &error));
    s_serve ();
    const char *build = bundles_build (s_bundles, s_worker, s_hash, &error);
    ck_assert_ptr_nonnull (build);
    buffer_t bytes = { 0 };
    ck_assert (!file_load (build, BUNDLE_LIMIT, &bytes, &error));
    ck_assert_uint_eq (bytes.size, s_bundle.size);
    ck_assert (!memcmp (bytes.data, s_bundle.data, bytes.size));
    buffer_free (&bytes);
}
END_TEST

START_TEST (test_an_answer_that_comes_twice)
{
    ck_assert_ptr_null (s_main ());
    ck_assert_uint_eq (s_wanted (), 0);
    s_answer (s_piece (0));
    s_answer (s_piece (0));
    bundles_again (s_bundles, s_worker);                // the master has forgotten us
    ck_assert_uint_eq (s_wanted (), BLOB_BYTES);
    ck_assert_uint_eq (s_wanted (), BLOB_BYTES);
    s_answer (s_piece (BLOB_BYTES));
    s_answer (s_piece (BLOB_BYTES));
    ck_assert_uint_eq (s_wanted (), 2 * BLOB_BYTES);
    s_answer (s_piece (2 * BLOB_BYTES));
    if (s_bundle.size > 3 * BLOB_BYTES) {
        ck_assert_uint_eq (s_wanted (), 3 * BLOB_BYTES);
        s_answer (s_piece (3 * BLOB_BYTES));
    }
    ck_assert_ptr_nonnull (s_main ());
}
END_TEST

START_TEST (test_damaged_ones_are_refused)
{
    s_bundle.data [s_bundle.size / 2] ^= 1;
    ck_assert_ptr_null (s_main ());
    s_serve ();
    s_expect_failure ("damaged");
    s_bundle.data [s_bundle.size / 2] ^= 1;
    ck_assert_ptr_null (s_main ());                     // asked for anew
    s_serve ();
    ck_assert_ptr_nonnull (s_main ());
}
END_TEST

START_TEST (test_answers_that_are_none)
{
    ck_assert_ptr_null (s_main ());
    ck_assert_uint_eq (s_wanted (), 0);
    s_answer ((message_blob_t) { .error = (char *) "the master does not have them" });
    s_expect_failure ("does not have them");
    ck_assert_ptr_null (s_main ());
    s_answer ((message_blob_t) { .size = s_bundle.size });             // no bytes: it would be asked for ever
    s_expect_failure ("as they were asked for");
    ck_assert_ptr_null (s_main ());
    message_blob_t giant = s_piece (0);
    giant.size = UINT64_MAX;
    s_answer (giant);
    s_expect_failure ("as they were asked for");
    ck_assert_ptr_null (s_main ());
    message_blob_t more = s_piece (0);
    more.size = 10;                                     // than it says it has
    s_answer (more);
    s_expect_failure ("as they were asked for");
}
END_TEST

START_TEST (test_a_name_that_is_no_hash)
{
    error_t error = { 0 };
    ck_assert_ptr_null (bundles_main (s_bundles, s_worker, "../../etc", &error));
    ck_assert_ptr_nonnull (strstr (error.text, "no hash"));
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_pieces_become_files, test_the_next_life_has_them, test_what_is_gone_is_asked_for_again, test_a_build_comes_the_same_way,
        test_an_answer_that_comes_twice, test_damaged_ones_are_refused,
        test_answers_that_are_none, test_a_name_that_is_no_hash,
    };
    return main_run ("bundles", s_begin, s_end, tests, COUNT_OF (tests));
}
