// Nodes that fit and nodes that do not: of another release; without a compiler, beside some that have one.
#define _GNU_SOURCE                                     // memmem
#include "tests/master/head.h"
#include "wire/bundle.h"

static peer_t *s_lacking, *s_able, *s_client;           // pi1, pi2, ana
static uint64_t s_epoch, s_job;
static buffer_t s_build;
static char s_hash [BUNDLE_HASH];

static message_t s_hello_of (uint64_t nonce, bool compiler, const char *machine)
{
    message_t hello = s_hello (nonce);
    hello.hello.compiler = compiler;
    hello.hello.machine = (char *) machine;
    return hello;
}

static void s_enter (peer_t *peer, uint64_t nonce, bool compiler, const char *machine)
{
    s_send (peer, s_hello_of (nonce, compiler, machine));
    message_t welcome = s_await (peer, MESSAGE_WELCOME);
    s_epoch = welcome.welcome.epoch;
    message_free (&welcome);
}

// pi1 of machine "m" has got the job and cannot compile it.
static void s_begin_job (const char *machine)
{
    s_lacking = s_connect (s_control, &s_pi1);
    s_able = s_connect (s_control, &s_pi2);
    s_client = s_connect (s_control, &s_ana);
    s_enter (s_lacking, 1, false, "m");
    s_job = s_accepted (s_client, "out");
    message_t declare = s_await (s_lacking, MESSAGE_DECLARE);
    message_free (&declare);
    s_enter (s_able, 2, true, machine);
    s_build.size = 0;
    for (int i = 0; i < 10000; i++)
        buffer_print (&s_build, "instruction %d\n", i); // more than one piece
    bundle_hash (&s_build, s_hash);
}

static void s_end_job (void)
{
    buffer_free (&s_build);
    peer_destroy (&s_lacking);
    peer_destroy (&s_able);
    peer_destroy (&s_client);
}

static void s_lack (void)
{
    s_send (s_lacking, (message_t) { .verb = MESSAGE_LACK, .lack = { s_epoch, s_job } });
}

static void s_await_build (void)
{
    message_t build = s_await (s_able, MESSAGE_BUILD);
    ck_assert_uint_eq (build.build.job, s_job);
    message_free (&build);
}

static message_t s_built (const char *hash, error_kind_t kind, const char *error, const char *compiler)
{
    return (message_t) { .verb = MESSAGE_BUILT, .built = { .epoch = s_epoch, .job = s_job, .kind = kind, .build = (char *) hash, .error = (char *) error,
        .compiler = (char *) compiler } };
}

// What pi1 is told in the end.
static void s_expect (error_kind_t kind, const char *error)
{
    message_t built = s_await (s_lacking, MESSAGE_BUILT);
    s_expect_text (built.built.error, error);
    ck_assert_uint_eq (built.built.kind, kind);
    if (!*error)
        ck_assert (!strcmp (built.built.build, s_hash) && !*built.built.error);
    message_free (&built);
}

static message_blob_t s_piece (uint64_t offset)
{
    size_t left = s_build.size - offset;
    return (message_blob_t) { .blob = s_hash, .offset = offset, .size = s_build.size,
        .bytes = { s_build.data + offset, left < BLOB_BYTES ? (uint32_t) left : BLOB_BYTES } };
}

static void s_serve_build (void)
{
    for (uint64_t offset = 0; offset < s_build.size; offset += BLOB_BYTES) {
        message_t want = s_await (s_able, MESSAGE_WANT);
        ck_assert_str_eq (want.want.blob, s_hash);
        ck_assert_uint_eq (want.want.offset, offset);
        message_free (&want);
        s_send (s_able, (message_t) { .verb = MESSAGE_BLOB, .blob = s_piece (offset) });
    }
}

// ---- releases

static void s_expect_refused (message_t hello, const char *part)
{
    peer_t *peer = s_connect (s_control, &s_pi1);
    s_send (peer, hello);
    message_t stop = s_await (peer, MESSAGE_STOP);
    s_expect_text (stop.stop.reason, part);
    s_expect_text (stop.stop.reason, "install the same release");
    s_expect_text (s_line (part), "liar: refused");
    message_free (&stop);
    peer_destroy (&peer);
}

START_TEST (test_another_release_is_refused)
{
    message_t hello = s_hello (1);
    hello.hello.release = (char *) "9.8.7";
    s_expect_refused (hello, "this node has racimo 9.8.7, the head " PACKAGE_VERSION);
    hello = s_hello (1);
    hello.hello.abi = 99;
    s_expect_refused (hello, "this node's jobs have ABI 99");
}
END_TEST

// A release whose HELLO has other fields: nobody can read in it which one it is.
START_TEST (test_another_releases_words)
{
    message_t hello = s_hello (1);
    buffer_t body = { 0 };
    ck_assert (!message_encode (&hello, &body, &s_error));
    char *field = memmem (body.data, body.size, "release", 7);
    ck_assert_ptr_nonnull (field);
    memcpy (field, "edition", 7);
    peer_t *peer = s_connect (s_control, &s_pi1);
    s_send (peer, (message_t) { .verb = MESSAGE_BEAT });                // connected
    ck_assert_int_eq (zmq_send (zsock_resolve (peer_socket (peer)), body.data, body.size, 0), (int) body.size);
    message_t stop = s_await (peer, MESSAGE_STOP);
    s_expect_text (stop.stop.reason, "hello: unknown field");
    s_expect_text (stop.stop.reason, "the head has racimo " PACKAGE_VERSION ": is the same release installed here?");
    message_free (&stop);
    buffer_free (&body);
    peer_destroy (&peer);
}
END_TEST

// ---- builds

START_TEST (test_a_build_goes_through_the_master)
{
    s_begin_job ("m");
    s_lack ();
    s_await_build ();
    s_send (s_able, s_built (s_hash, ERROR_OTHER, "", ""));
    s_serve_build ();
    s_expect (ERROR_OTHER, "");
    s_send (s_lacking, (message_t) { .verb = MESSAGE_WANT, .want = { s_hash, BLOB_BYTES } });
    message_t blob = s_await (s_lacking, MESSAGE_BLOB);
    ck_assert (blob.blob.size == s_build.size && !memcmp (blob.blob.bytes.data, s_build.data + BLOB_BYTES, blob.blob.bytes.size));
    message_free (&blob);
    s_lack ();                                          // again: it is there
    s_expect (ERROR_OTHER, "");
    s_send (s_client, (message_t) { .verb = MESSAGE_WANT, .want = { s_hash, 0 } });
    blob = s_await (s_client, MESSAGE_BLOB);            // no client's business
    s_expect_text (blob.blob.error, "does not have");
    message_free (&blob);
    s_end_job ();
}
END_TEST

START_TEST (test_another_machine_compiles_for_itself)
{
    s_begin_job ("another");
    s_lack ();
    s_expect (ERROR_OTHER, "pi1: has no compiler, and no node with the same CPU");
    s_end_job ();
}
END_TEST

START_TEST (test_a_builder_that_goes)
{
    s_begin_job ("m");
    s_lack ();
    s_await_build ();
    s_send (s_able, (message_t) { .verb = MESSAGE_GONE });
    s_expect (ERROR_OTHER, "pi1: has no compiler");
    s_end_job ();
}
END_TEST

START_TEST (test_what_does_not_compile_there)
{
    s_begin_job ("m");
    s_lack ();
    s_await_build ();
    s_send (s_able, s_built ("", ERROR_JOB, "job.c: does not compile", "job.c:1: error\n"));
    s_expect (ERROR_JOB, "job.c: does not compile");
    s_lack ();
    for (int i = 0; i < 3; i++) {                       // somebody may have mended it
        s_await_build ();
        s_send (s_able, s_built ("", ERROR_OTHER, "no room", ""));
    }
    s_expect (ERROR_OTHER, "pi1: has no compiler");
    s_end_job ();
}
END_TEST

START_TEST (test_damaged_on_its_way)
{
    s_begin_job ("m");
    s_lack ();
    s_build.data [s_build.size - 1] ^= 1;
    for (int i = 0; i < 3; i++) {
        s_await_build ();
        s_send (s_able, s_built (s_hash, ERROR_OTHER, "", ""));
        s_serve_build ();
        s_line ("damaged");
    }
    s_expect (ERROR_OTHER, "pi1: has no compiler");
    s_end_job ();
}
END_TEST

// Somebody tidies the builder's cache between its BUILT and the WANT.
START_TEST (test_gone_before_it_was_sent)
{
    s_begin_job ("m");
    s_lack ();
    s_await_build ();
    s_send (s_able, s_built (s_hash, ERROR_OTHER, "", ""));
    message_t want = s_await (s_able, MESSAGE_WANT);
    s_send (s_able, (message_t) { .verb = MESSAGE_BLOB, .blob = { .blob = want.want.blob, .error = (char *) "that build is not here any more" } });
    message_free (&want);
    s_await_build ();                                   // the only one is asked again
    s_send (s_able, s_built (s_hash, ERROR_OTHER, "", ""));
    s_serve_build ();
    s_expect (ERROR_OTHER, "");
    s_end_job ();
}
END_TEST

// A client says that it has built something, and brings it: nobody has asked.
START_TEST (test_never_from_a_client)
{
    s_begin_job ("m");
    s_lack ();
    s_await_build ();
    s_send (s_client, s_built (s_hash, ERROR_OTHER, "", ""));
    message_t stop = s_await (s_client, MESSAGE_STOP);
    s_expect_text (stop.stop.reason, "ana is a client here");
    message_free (&stop);
    message_blob_t lie = s_piece (0);
    s_send (s_client, (message_t) { .verb = MESSAGE_BLOB, .blob = lie });
    s_send (s_able, s_built (s_hash, ERROR_OTHER, "", ""));
    s_send (s_client, (message_t) { .verb = MESSAGE_BLOB, .blob = lie });
    s_serve_build ();                                   // every piece is asked for there
    s_expect (ERROR_OTHER, "");
    s_end_job ();
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_another_release_is_refused, test_another_releases_words, test_a_build_goes_through_the_master, test_another_machine_compiles_for_itself, test_a_builder_that_goes,
        test_what_does_not_compile_there, test_damaged_on_its_way, test_gone_before_it_was_sent,
        test_never_from_a_client,
    };
    return main_run ("builders", s_begin, s_end, tests, COUNT_OF (tests));
}
