// Workers with one key: one that comes back, one that has followed a dead one, and a clone.
#include "tests/master/head.h"

static uint64_t s_epoch, s_worker;

static message_t s_hello_of (uint64_t start, uint64_t nonce)
{
    message_t hello = s_hello (nonce);
    hello.hello.start = start;
    return hello;
}

static uint64_t s_welcome (peer_t *peer)
{
    message_t welcome = s_await (peer, MESSAGE_WELCOME);
    uint64_t worker = welcome.welcome.worker;
    s_epoch = welcome.welcome.epoch;
    message_free (&welcome);
    return worker;
}

static void s_beat (peer_t *peer)
{
    s_send (peer, (message_t) { .verb = MESSAGE_BEAT, .beat = { .epoch = s_epoch, .worker = s_worker } });
}

// The first is asked whether it lives with a WELCOME that changes nothing: so whoever wants in has been heard of.
static void s_await_question (peer_t *first)
{
    ck_assert_uint_eq (s_welcome (first), s_worker);
}

static peer_t *s_first (uint64_t start)
{
    peer_t *peer = s_connect (s_control, &s_pi1);
    s_send (peer, s_hello_of (start, 1));
    s_worker = s_welcome (peer);
    return peer;
}

START_TEST (test_comes_back)
{
    peer_t *first = s_first (7), *again = s_connect (s_control, &s_pi1);
    s_send (again, s_hello_of (7, 2));                  // the connection was cut on its side only: no question
    ck_assert_uint_gt (s_welcome (again), s_worker);
    peer_destroy (&first);
    peer_destroy (&again);
}
END_TEST

START_TEST (test_follows)
{
    peer_t *first = s_first (7);
    peer_destroy (&first);
    s_line ("pi1 has come");
    peer_t *next = s_connect (s_control, &s_pi1);
    s_send (next, s_hello_of (8, 2));
    uint64_t worker = s_welcome (next);
    if (!worker) {                                      // the head has not seen the end of the first connection yet: then it asks to hear it again
        s_send (next, s_hello_of (8, 2));
        worker = s_welcome (next);
    }
    ck_assert_uint_gt (worker, 0);
    peer_destroy (&next);
}
END_TEST

START_TEST (test_clone)
{
    peer_t *first = s_first (7), *clone = s_connect (s_control, &s_pi1);
    for (int i = 0; i < 2; i++) {
        s_send (clone, s_hello_of (8, 2));
        s_await_question (first);
    }
    s_beat (first);
    s_beat (first);
    message_t stop = s_await (clone, MESSAGE_STOP);
    s_expect_text (stop.stop.reason, "key of pi1 is at work already, at 127.0.0.1");
    s_expect_text (stop.stop.reason, "--new-key");
    message_free (&stop);
    s_line ("refused: a worker with the key of pi1");   // told on the head too
    peer_t *ana = s_connect (s_control, &s_ana);
    uint64_t job = s_accepted (ana, "out");             // and the first is what it was
    message_t declare = s_await_any (first, (UINT64_C (1) << MESSAGE_DECLARE) | (UINT64_C (1) << MESSAGE_WELCOME));
    ck_assert_int_eq (declare.verb, MESSAGE_DECLARE);
    ck_assert_uint_eq (declare.declare.job, job);
    message_free (&declare);
    peer_destroy (&first);
    peer_destroy (&clone);
    peer_destroy (&ana);
}
END_TEST

// The first is behind a connection that nobody has closed, and silent.
START_TEST (test_half_open)
{
    peer_t *first = s_first (7), *next = s_connect (s_control, &s_pi1);
    s_send (next, s_hello_of (8, 2));
    s_await_question (first);
    s_beat (first);                                     // one may have been under way
    ck_assert_uint_eq (s_welcome (next), 0);            // say HELLO once more
    s_send (next, s_hello_of (8, 2));
    ck_assert_uint_gt (s_welcome (next), s_worker);
    s_beat (first);
    ck_assert_uint_eq (s_welcome (first), 0);           // counts as lost
    peer_destroy (&first);
    peer_destroy (&next);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_comes_back, test_follows, test_clone, test_half_open };
    return main_run ("clones", s_begin, s_end, tests, COUNT_OF (tests));
}
