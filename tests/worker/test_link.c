// test_link: the other end is silent, refuses, answers something else or too much. Time is the test's own.
#include "base/memory.h"
#include "tests/main.h"
#include "wire/bulk.h"
#include "worker/link.h"

#include <czmq.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000 };
static const int64_t SECOND = 1000000;

static peer_t *s_server;
static link_t *s_link;
static char s_endpoint [64], s_bytes [2 * FETCH_BYTES];
static int s_arrived;
static error_t s_why;                                   // a haul has failed; empty: none

static void s_done (haul_t *haul, const error_t *error)
{
    (void) haul;
    if (error)
        s_why = *error;
    else
        s_arrived++;
}

static void s_bind (const peer_options_t *options)
{
    error_t error = { 0 };
    s_server = peer_bind ("tcp://127.0.0.1:*", options, &error);
    ck_assert_msg (s_server != NULL, "%s", error.text);
    snprintf (s_endpoint, sizeof s_endpoint, "tcp://127.0.0.1:%d", peer_port (s_server));
}

static void s_connect (const peer_options_t *options)
{
    error_t error = { 0 };
    s_link = link_new ("the head", s_endpoint, options, 30 * SECOND, &error);
    ck_assert_msg (s_link != NULL, "%s", error.text);
}

static void s_begin (void)
{
    zsys_handler_set (NULL);
    s_arrived = 0;
    s_why = (error_t) { 0 };
    s_bind (&(peer_options_t) { .bulk = true });
    s_connect (&(peer_options_t) { 0 });
}

static void s_end (void)
{
    link_destroy (&s_link);
    peer_destroy (&s_server);
    zsys_shutdown ();
}

static haul_t s_haul (uint64_t size)
{
    return (haul_t) { .what = FETCH_INPUT, .job = 7, .size = size, .bytes = s_bytes, .done = s_done };
}

static void s_poll (void *socket, short events)
{
    zmq_pollitem_t item = { .socket = socket, .events = events };
    ck_assert_int_gt (zmq_poll (&item, 1, PATIENCE_MS), 0);
}

// The connection is there, and what was to be sent is sent.
static void s_send (int64_t now)
{
    s_poll (link_socket (s_link), ZMQ_POLLOUT);
    link_hear (s_link, now);
}

typedef struct { peer_id_t from; message_fetch_t fetch; } asked_t;

static asked_t s_next_request (void)
{
    asked_t asked;
    message_t message;
    while (peer_receive (s_server, &asked.from, &message, NULL) == PEER_NOTHING)
        s_poll (peer_socket (s_server), ZMQ_POLLIN);
    ck_assert_int_eq (message.verb, MESSAGE_FETCH);
    asked.fetch = message.fetch;
    message_free (&message);
    return asked;
}

// False: there is no room on the way to it.
static bool s_answer (const asked_t *asked)
{
    static char bytes [FETCH_BYTES];
    const message_fetch_t *fetch = &asked->fetch;
    memset (bytes, 'z', sizeof bytes);
    message_t bulk = { .verb = MESSAGE_BULK, .bulk = { .request = fetch->request, .offset = fetch->offset, .length = fetch->length,
        .checksum = bulk_checksum (bytes, (size_t) fetch->length) } };
    return !peer_send_bulk (s_server, &asked->from, &bulk, bytes, (size_t) fetch->length, 0, NULL);
}

static void s_hear (int64_t now)
{
    s_poll (link_socket (s_link), ZMQ_POLLIN);
    link_hear (s_link, now);
}

static void s_expect_failure (const char *words)
{
    ck_assert_msg (strstr (s_why.text, "the head") && strstr (s_why.text, words), "says: %s", s_why.text);
    ck_assert_uint_eq (link_requests (s_link), 0);
}

START_TEST (test_what_is_not_answered_is_asked_again_and_fails_in_the_end)
{
    haul_t haul = s_haul (2 * FETCH_BYTES);
    for (int64_t turn = 0; turn < 2; turn++) {          // patience is the same the second time
        int64_t begin = (1 + 100 * turn) * SECOND;
        s_why = (error_t) { 0 };
        link_start (s_link, &haul, begin);
        for (int64_t at = 0; at <= 22; at += 11) {
            link_watch (s_link, begin + (at - 2) * SECOND);
            link_watch (s_link, begin + at * SECOND);   // connects anew
            s_send (begin + at * SECOND);
            s_next_request ();
            s_next_request ();
            ck_assert_str_eq (s_why.text, "");
        }
        link_watch (s_link, begin + 31 * SECOND);
        s_expect_failure ("has not answered");
    }
}
END_TEST

// However much is wanted and however fast the answers come: a server whose queue for us is full would drop them.
START_TEST (test_no_more_is_under_way_than_fits_into_the_servers_queue)
{
    enum { PIECES = 100, FITS = 16 };
    static asked_t asked [PIECES];
    haul_t haul = s_haul (PIECES * FETCH_BYTES);
    haul.bytes = memory_new (haul.size);
    link_start (s_link, &haul, SECOND);
    s_send (SECOND);
    for (int came = 0, answered = 0; answered < PIECES; ) {
        do
            asked [came++] = s_next_request ();
        while (came < PIECES && zmq_poll (&(zmq_pollitem_t) { .socket = peer_socket (s_server), .events = ZMQ_POLLIN }, 1, 20) > 0);
        ck_assert_int_le (came - answered, FITS);
        for (; answered < came; answered++) {
            ck_assert (s_answer (&asked [answered]));
            s_hear (SECOND);
        }
    }
    ck_assert_int_eq (s_arrived, 1);
    free (haul.bytes);
}
END_TEST

START_TEST (test_a_server_that_answers_only_others)
{
    haul_t haul = s_haul (FETCH_BYTES), other = s_haul (10);
    link_start (s_link, &haul, SECOND);
    s_send (SECOND);
    s_next_request ();
    for (int64_t now = 2 * SECOND; !s_why.text [0]; now += 5 * SECOND) {
        ck_assert_int_lt (now, 100 * SECOND);
        link_start (s_link, &other, now);
        s_send (now);
        asked_t asked = s_next_request ();
        while (asked.fetch.length != 10)                // the other once more
            asked = s_next_request ();
        s_answer (&asked);
        for (int before = s_arrived; s_arrived == before; )
            s_hear (now);
        link_watch (s_link, now);
    }
    s_expect_failure ("does not answer what it is asked");
}
END_TEST

START_TEST (test_who_sends_what_nobody_asked_for_is_cut)
{
    haul_t haul = s_haul (2 * FETCH_BYTES);
    link_start (s_link, &haul, SECOND);
    s_send (SECOND);
    s_next_request ();
    asked_t asked = s_next_request ();
    asked.fetch.request += 1000;
    for (int i = 0; i < 3; i++)
        ck_assert (s_answer (&asked));
    while (!s_why.text [0])
        s_hear (SECOND);
    s_expect_failure ("nobody has asked for");
    ck_assert_ptr_null (link_socket (s_link));
    link_start (s_link, &haul, 2 * SECOND);             // a new connection, a new start
    s_send (2 * SECOND);
    for (int i = 0; i < 2; i++) {
        asked = s_next_request ();
        s_answer (&asked);
    }
    while (!s_arrived)
        s_hear (2 * SECOND);
}
END_TEST

// However much it is, little is asked for at a time, and it is in the file when it has come.
START_TEST (test_a_large_haul_goes_into_a_file)
{
    enum { PIECES = 64 };
    static char bytes [FETCH_BYTES];
    FILE *file = tmpfile ();
    haul_t haul = { .what = FETCH_SEGMENT, .job = 7, .offset = 5, .size = PIECES * (uint64_t) FETCH_BYTES, .fd = fileno (file), .path = "staged",
        .done = s_done };
    link_start (s_link, &haul, SECOND);
    s_send (SECOND);
    for (int answered = 0; answered < PIECES; answered++) {
        asked_t asked = s_next_request ();
        ck_assert_uint_lt (asked.fetch.offset, (uint64_t) (answered + 24) * FETCH_BYTES);
        s_answer (&asked);
        s_hear (SECOND);
    }
    while (!s_arrived)
        s_hear (SECOND);
    fseek (file, 0, SEEK_END);
    ck_assert_int_eq (ftell (file), PIECES * FETCH_BYTES + 5);
    ck_assert (pread (fileno (file), bytes, 9, 3) == 9 && !memcmp (bytes, "\0\0zzzzzzz", 9));
    fclose (file);
}
END_TEST

START_TEST (test_a_file_that_cannot_be_written)
{
    haul_t haul = { .what = FETCH_SEGMENT, .job = 7, .size = 10, .fd = -1, .path = "staged", .done = s_done };
    link_start (s_link, &haul, SECOND);
    s_send (SECOND);
    asked_t asked = s_next_request ();
    s_answer (&asked);
    s_hear (SECOND);
    ck_assert_int_eq (s_why.kind, ERROR_SCRATCH);
    ck_assert_msg (strstr (s_why.text, "staged: cannot write") != NULL, "%s", s_why.text);
}
END_TEST

// Nobody reads meanwhile: the fetch thread may wait for a disk.
START_TEST (test_a_flood_waits_in_the_memory_of_who_sends_it)
{
    enum { MOST = 1000 };
    haul_t haul = s_haul (FETCH_BYTES);
    int sent = 0;
    link_start (s_link, &haul, SECOND);
    s_send (SECOND);
    asked_t asked = s_next_request ();
    zmq_pollitem_t none = { .socket = link_socket (s_link) };
    for (int refusals = 0; sent < MOST && refusals < 20; ) {
        bool taken = s_answer (&asked);
        sent += taken;
        refusals = taken ? 0 : refusals + 1;
        if (!taken)
            zmq_poll (&none, 1, 10);                    // its queue, the kernel's and ours fill; after that nothing moves
    }
    ck_assert_msg (sent < MOST / 4, "%d MB were taken of who sends what nobody asked for", sent * (FETCH_BYTES >> 10) >> 10);
    link_drop (s_link, &haul);
}
END_TEST

START_TEST (test_a_link_without_descriptors_comes_back)
{
    struct rlimit usual, none;
    haul_t haul = s_haul (FETCH_BYTES);
    link_start (s_link, &haul, SECOND);
    s_send (SECOND);
    s_next_request ();
    ck_assert (!getrlimit (RLIMIT_NOFILE, &usual));
    none = usual;
    none.rlim_cur = 3;
    ck_assert (!setrlimit (RLIMIT_NOFILE, &none));
    link_watch (s_link, 12 * SECOND);
    ck_assert_ptr_null (link_socket (s_link));
    link_hear (s_link, 12 * SECOND);
    ck_assert (!setrlimit (RLIMIT_NOFILE, &usual));
    ck_assert_str_eq (s_why.text, "");
    link_watch (s_link, 13 * SECOND);
    s_send (13 * SECOND);
    asked_t asked = s_next_request ();
    s_answer (&asked);
    s_hear (13 * SECOND);
    ck_assert_int_eq (s_arrived, 1);
}
END_TEST

// Two nodes that come at the same time: the other does not know us yet.
START_TEST (test_who_refuses_now_may_know_us_soon)
{
    keys_t own, its;
    s_end ();
    zsys_handler_set (NULL);
    ck_assert (!keys_make (&own, NULL) && !keys_make (&its, NULL));
    gate_t *gate = gate_new (NULL);
    s_bind (&(peer_options_t) { .own = &its, .domain = "serve", .bulk = true });
    s_connect (&(peer_options_t) { .own = &own, .server = its.public_key });
    for (int turn = 0; turn < 2; turn++) {              // 0: it never does
        haul_t haul = s_haul (10);
        int64_t now = 1;
        link_start (s_link, &haul, now);
        for (int round = 0; !s_why.text [0] && !s_arrived; round++) {
            now += turn ? 0 : 3 * SECOND;
            link_watch (s_link, now);
            if (turn && round == 3)
                gate_allow (gate, own.public_key, ROLE_WORKER, "node");
            zmq_pollitem_t item [] = { { .socket = peer_socket (s_server), .events = ZMQ_POLLIN }, { .socket = link_socket (s_link), .events = ZMQ_POLLIN } };
            zmq_poll (item, link_socket (s_link) ? 2 : 1, 200);
            link_hear (s_link, now);
            peer_id_t from;
            message_t message;
            if (peer_receive (s_server, &from, &message, NULL) == PEER_MESSAGE)
                s_answer (&(asked_t) { from, message.fetch });
            message_free (&message);
        }
        if (!turn)
            s_expect_failure ("does not know this key");
        s_why = (error_t) { 0 };
    }
    ck_assert_int_eq (s_arrived, 1);
    link_destroy (&s_link);
    peer_destroy (&s_server);
    gate_destroy (&gate);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_what_is_not_answered_is_asked_again_and_fails_in_the_end, test_a_server_that_answers_only_others,
        test_who_sends_what_nobody_asked_for_is_cut, test_a_flood_waits_in_the_memory_of_who_sends_it,
        test_a_large_haul_goes_into_a_file, test_a_file_that_cannot_be_written,
        test_a_link_without_descriptors_comes_back, test_who_refuses_now_may_know_us_soon, test_no_more_is_under_way_than_fits_into_the_servers_queue,
    };
    return main_run ("link", s_begin, s_end, tests, COUNT_OF (tests));
}
