// What a master's memory costs at most, whatever those who hold a good key send, and whatever they do not read; and that others are served meanwhile.
// RACIMO_BENCH prints the peaks.
#include "tests/emulator.h"
#include "tests/master/head.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { MEMORY_KB = 256 * 1024 };

static void s_expect_bounded (const char *what)
{
    long kb = s_memory_kb ();
    if (getenv ("RACIMO_BENCH"))
        printf ("%s: %ld MB at most\n", what, kb / 1024);
    if (memcheck_memory_counts ())
        ck_assert_int_lt (kb, MEMORY_KB);
}

// ---- those who ask and do not read

// One whose side takes nothing out of its connection: what is sent to it soon lies with the master.
static zsock_t *s_mute (const char *endpoint, const keys_t *own)
{
    zsock_t *socket = zsock_new (ZMQ_DEALER);
    zsock_set_curve_publickey (socket, own->public_key);
    zsock_set_curve_secretkey (socket, own->secret_key);
    zsock_set_curve_serverkey (socket, s_head.public_key);
    zsock_set_rcvhwm (socket, 1);
    zsock_set_rcvbuf (socket, 4096);
    zsock_set_linger (socket, 0);
    ck_assert (!zsock_connect (socket, "%s", endpoint));
    return socket;
}

// As often as its connection takes it within that time.
static void s_ask (zsock_t *socket, const message_t *question, int times, int wait_ms)
{
    buffer_t body = { 0 };
    zmq_pollitem_t item = { .socket = zsock_resolve (socket), .events = ZMQ_POLLOUT };
    ck_assert (!message_encode (question, &body, &s_error));
    for (int i = 0; i < times && zmq_poll (&item, 1, wait_ms) == 1; i++)
        zmq_send (zsock_resolve (socket), body.data, body.size, ZMQ_DONTWAIT);
    buffer_free (&body);
}

// Many that ask for a large file without an end and read nothing; one that reads gets what it asks for.
START_TEST (test_mute_fetchers)
{
    enum { MUTE = 40, REQUESTS = 60 };
    char *bytes = memory_new (8 << 20);
    ck_assert (!file_save (s_path ("data/in.txt"), bytes, 8 << 20, NULL));
    free (bytes);
    peer_t *ana = s_connect (s_control, &s_ana), *good = s_connect (s_data, &s_pi2);
    uint64_t job = s_accepted (ana, "out");
    zsock_t *mute [MUTE];
    message_t fetch = { .verb = MESSAGE_FETCH, .fetch = { .job = job, .length = FETCH_BYTES } };
    for (int i = 0; i < MUTE; i++) {
        mute [i] = s_mute (s_data, &s_pi1);
        s_ask (mute [i], &fetch, REQUESTS, i ? 100 : WAIT_MS);
    }
    for (int i = 0; i < 20; i++) {
        s_send (good, fetch);
        message_t bulk = s_await (good, MESSAGE_BULK);
        ck_assert_uint_eq (bulk.bulk.length, FETCH_BYTES);
        message_free (&bulk);
    }
    s_expect_bounded ("mute fetchers");
    for (int i = 0; i < MUTE; i++)
        zsock_destroy (&mute [i]);
    peer_destroy (&good);
    peer_destroy (&ana);
}
END_TEST

static void s_expect_answered (peer_t *client)
{
    s_send (client, (message_t) { .verb = MESSAGE_QUERY, .query = { QUERY_NODES, 0 } });
    message_t end = s_await (client, MESSAGE_END);
    ck_assert_str_eq (end.end.error, "");
    message_free (&end);
}

// Long names make long answers: all jobs' are some 6 MB. One client that reads gets them whole; those that do not cost what lies in a bounded queue.
START_TEST (test_mute_clients)
{
    enum { JOBS = 100, NAME = 60000, MUTE = 30 };
    peer_t *ana = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva);
    char *input = (char *) "in.txt", output [32], *name = memory_new (NAME + 1);
    memset (name, 'n', NAME);
    for (int i = 0; i < JOBS; i++) {
        snprintf (output, sizeof output, "out-%d", i);
        message_t submit = s_submit (&input, output);
        submit.submit.name = name;
        s_send (ana, submit);
        s_await_accepted (ana);
    }
    zsock_t *mute [MUTE];
    message_t query = { .verb = MESSAGE_QUERY, .query = { QUERY_JOBS, 0 } };
    for (int i = 0; i < MUTE; i++) {
        mute [i] = s_mute (s_control, &s_ana);
        s_ask (mute [i], &query, 100, i ? 100 : WAIT_MS);
    }
    s_expect_answered (eva);
    s_send (eva, query);
    for (int i = 0; i < JOBS; i++) {
        message_t info = s_await (eva, MESSAGE_JOB_INFO);
        ck_assert_uint_eq (strlen (info.job_info.name), NAME);
        message_free (&info);
    }
    message_t end = s_await (eva, MESSAGE_END);
    ck_assert_str_eq (end.end.error, "");
    message_free (&end);
    s_expect_bounded ("mute clients");
    for (int i = 0; i < MUTE; i++)
        zsock_destroy (&mute [i]);
    free (name);
    peer_destroy (&ana);
    peer_destroy (&eva);
}
END_TEST

// ---- too much of everything

// A client that asks and asks, one that submits and submits; the others are served meanwhile.
START_TEST (test_floods)
{
    zsock_t *mute = s_mute (s_control, &s_ana);
    peer_t *eager = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva);
    char *input = (char *) "in.txt", output [32];
    for (int i = 0; i < 300; i++) {
        snprintf (output, sizeof output, "out-%d", i);
        s_send (eager, s_submit (&input, output));
    }
    s_ask (mute, &(message_t) { .verb = MESSAGE_QUERY, .query = { QUERY_JOBS, 0 } }, 20000, 1000);
    for (int i = 0; i < 5; i++)
        s_expect_answered (eva);
    s_expect_bounded ("floods");
    zsock_destroy (&mute);
    peer_destroy (&eager);
    peer_destroy (&eva);
}
END_TEST

// ---- messages without end

// libzmq sends no message before its end. So the crowd's goes through a relay, which hands on only its beginning, and then nothing.
enum { CROWD = 80, BEGINNING = 7 << 18, FRAME = 34 };   // FRAME: the size that costs the receiver most for each byte

typedef struct { int from, to; size_t handed; } way_t;
static struct { int listener, end; way_t way [2 * CROWD]; int ways; } s_relay;

// False: that way is over.
static bool s_hand_on (way_t *way)
{
    char bytes [65536];
    ssize_t got = recv (way->from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0)
        way->handed += (size_t) got;
    return (got < 0 && errno == EAGAIN) || (got > 0 && send (way->to, bytes, (size_t) got, MSG_NOSIGNAL) == got);
}

static void s_new_ways (const char *endpoint)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons ((uint16_t) atoi (strrchr (endpoint, ':') + 1)) };
    to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int near = accept (s_relay.listener, NULL, NULL), far = socket (AF_INET, SOCK_STREAM, 0);
    if (near >= 0 && s_relay.ways + 2 <= 2 * CROWD && !connect (far, (struct sockaddr *) &to, sizeof to)) {
        s_relay.way [s_relay.ways++] = (way_t) { near, far, 0 };
        s_relay.way [s_relay.ways++] = (way_t) { far, near, 0 };
    }
}

static void *s_run_relay (void *context)
{
    for (struct pollfd poll_for [2 * CROWD + 2]; ; ) {
        int ways = s_relay.ways;
        poll_for [0] = (struct pollfd) { .fd = s_relay.end, .events = POLLIN };
        poll_for [1] = (struct pollfd) { .fd = s_relay.listener, .events = POLLIN };
        for (int i = 0; i < ways; i++)
            poll_for [i + 2] = (struct pollfd) { .fd = s_relay.way [i].handed < BEGINNING ? s_relay.way [i].from : -1, .events = POLLIN };
        poll (poll_for, (nfds_t) ways + 2, -1);
        if (poll_for [0].revents)
            break;
        if (poll_for [1].revents)
            s_new_ways (context);
        for (int i = 0; i < ways; i++)
            if (poll_for [i + 2].revents && !s_hand_on (&s_relay.way [i]))
                s_relay.way [i].handed = SIZE_MAX;
    }
    for (int i = 0; i < s_relay.ways; i++)
        close (s_relay.way [i].from);
    return NULL;
}

static pthread_t s_start_relay (char endpoint [64])
{
    struct sockaddr_in here = { .sin_family = AF_INET };
    socklen_t size = sizeof here;
    pthread_t thread;
    here.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    s_relay.ways = 0;
    s_relay.listener = socket (AF_INET, SOCK_STREAM, 0);
    s_relay.end = eventfd (0, 0);
    ck_assert (!bind (s_relay.listener, (struct sockaddr *) &here, size) && !listen (s_relay.listener, CROWD));
    ck_assert (!getsockname (s_relay.listener, (struct sockaddr *) &here, &size));
    snprintf (endpoint, 64, "tcp://127.0.0.1:%d", ntohs (here.sin_port));
    ck_assert (!pthread_create (&thread, NULL, s_run_relay, s_control));
    return thread;
}

static void s_send_long (zsock_t *socket, size_t bytes)
{
    static const char frame [FRAME];
    zmq_pollitem_t item = { .socket = zsock_resolve (socket), .events = ZMQ_POLLOUT };
    ck_assert_int_eq (zmq_poll (&item, 1, WAIT_MS), 1);
    for (size_t sent = 0; sent < bytes; sent += 2 * FRAME)
        ck_assert_int_eq (zmq_send (zsock_resolve (socket), frame, FRAME, ZMQ_SNDMORE), FRAME);
    ck_assert_int_eq (zmq_send (zsock_resolve (socket), frame, FRAME, 0), FRAME);
}

// With a good key, which is named.
START_TEST (test_long_message)
{
    peer_t *eva = s_connect (s_control, &s_eva);
    zsock_t *rogue = s_mute (s_control, &s_ana);
    s_ask (rogue, &(message_t) { .verb = MESSAGE_QUERY, .query = { QUERY_NODES, 0 } }, 1, WAIT_MS);
    s_expect_answered (eva);
    s_send_long (rogue, memcheck_runs () ? 16 << 20 : 200 << 20);
    s_expect_text (s_line ("cut off"), "client ana at 127.0.0.1: cut off at port");
    s_expect_answered (eva);
    s_expect_bounded ("a message of 200 MB");
    zsock_destroy (&rogue);
    peer_destroy (&eva);
}
END_TEST

// Each of them stays below what one may.
START_TEST (test_crowd_of_endless_messages)
{
    char endpoint [64];
    pthread_t relay = s_start_relay (endpoint);
    int crowd = memcheck_runs () ? 8 : CROWD;
    zsock_t *rogue [CROWD];
    peer_t *eva = s_connect (s_control, &s_eva);
    for (int i = 0; i < crowd; i++) {
        rogue [i] = s_mute (endpoint, &s_ana);
        s_send_long (rogue [i], BEGINNING + (1 << 20));
        s_expect_answered (eva);
    }
    s_expect_text (s_line ("cut off"), "memory is short");
    s_expect_answered (eva);
    s_expect_bounded ("a crowd of endless messages");
    for (int i = 0; i < crowd; i++)
        zsock_destroy (&rogue [i]);
    peer_destroy (&eva);
    zsys_shutdown ();                                   // first: libzmq aborts when a link breaks in the middle of a message of a socket that is being closed
    ck_assert_int_eq (write (s_relay.end, &(uint64_t) { 1 }, 8), 8);
    pthread_join (relay, NULL);
    close (s_relay.listener);
    close (s_relay.end);
}
END_TEST

int main (void)
{
    if (emulator_hides_counts ()) {
        printf ("SKIP what a master's memory costs: the bytes of a connection are not counted here\n");
        return EXIT_SUCCESS;
    }
    const TTest *const tests [] = { test_mute_fetchers, test_mute_clients, test_floods, test_long_message, test_crowd_of_endless_messages };
    return main_run ("bounds", s_begin, s_end, tests, COUNT_OF (tests));
}
