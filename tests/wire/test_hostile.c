// Tests of the wire against those who mean it no good, over real tcp on loopback: strangers with raw sockets, and holders of a good key who send
// what no racimo sends. What must hold: one line in the log, and a peer that behaves does not notice.
#define _GNU_SOURCE
#include "base/file.h"
#include "port.h"
#include "tests/emulator.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

// ---- what the log says

static char s_log [64];

static void s_listen (void)
{
    strcpy (s_log, "/tmp/racimo-test-XXXXXX");
    int fd = mkstemp (s_log);
    ck_assert (fd >= 0 && dup2 (fd, STDERR_FILENO) >= 0);
    close (fd);
}

static int s_lines_with (const char *text)
{
    buffer_t log = { 0 };
    int lines = 0;
    ck_assert (file_load (s_log, 1 << 20, &log, NULL) == OK);
    buffer_add (&log, "", 1);
    for (const char *at = log.data; (at = strstr (at, text)); at++)
        lines++;
    buffer_free (&log);
    return lines;
}

// ---- strangers

static int s_raw (void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons ((uint16_t) peer_port (s_control)) };
    to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert (fd >= 0 && !connect (fd, (struct sockaddr *) &to, sizeof to));
    return fd;
}

static bool s_closed (int fd)
{
    char bytes [256];
    ssize_t n;
    while ((n = recv (fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) { }
    return !n || (errno != EAGAIN && errno != EINTR);
}

// Until the other side has closed it, while the others work on.
static void s_await_close (int fd)
{
    int64_t until = zclock_mono () + WAIT_MS;
    while (!s_closed (fd)) {
        ck_assert_msg (zclock_mono () < until, "it is kept open");
        s_still_works ();
        zmq_pollitem_t item = { .fd = fd, .events = ZMQ_POLLIN };
        zmq_poll (&item, 1, 50);
    }
    close (fd);
}

static const char s_greeting [65] = "\xff\0\0\0\0\0\0\0\0\x7f\x03\0CURVE";          // ZMTP 3.0, as client

START_TEST (garbage)
{
    static const struct { char bytes [64]; size_t size; } sends [] = {
        { "GET / HTTP/1.1\r\nHost: head\r\n\r\n", 30 }, { "SSH-2.0-OpenSSH_9.2\r\n", 21 }, { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 18 },
        { "\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 64 },
    };
    s_listen ();
    for (size_t i = 0; i < COUNT_OF (sends); i++) {
        int fd = s_raw ();
        ck_assert (send (fd, sends [i].bytes, sends [i].size, MSG_NOSIGNAL) > 0);
        shutdown (fd, SHUT_WR);
        s_await_close (fd);
    }
    // A good greeting, and then what is no HELLO
    char bytes [4096];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes [i] = (char) (i * 7919 >> 3);
    int fd = s_raw ();
    ck_assert (send (fd, s_greeting, 64, MSG_NOSIGNAL) == 64 && send (fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0);
    s_await_close (fd);
    s_still_works ();
    ck_assert_int_ge (s_lines_with ("refused at tcp://127.0.0.1"), 1);
    unlink (s_log);
}
END_TEST

// Some hundred who connect and say nothing, a byte, half a greeting, a greeting: closed when their time is over; a new peer gets in meanwhile.
START_TEST (flood_of_silent_connections)
{
    enum { MANY = 300 };
    int fd [MANY];
    s_listen ();
    for (int i = 0; i < MANY; i++) {
        static const size_t sizes [] = { 0, 1, 30, 64 };
        fd [i] = s_raw ();
        size_t size = sizes [i % 4];
        ck_assert (send (fd [i], s_greeting, size, MSG_NOSIGNAL) == (ssize_t) size);
    }
    peer_t *newcomer = s_connect (&s_client);
    message_t message = s_cancel (7), back;
    peer_news_t news;
    error_t error = { 0 };
    ck_assert_msg (peer_send (newcomer, NULL, &message, WAIT_MS, &error) == OK, "%s", error.text);
    ck_assert (s_next (&news, &back, &error, WAIT_MS) && news == PEER_MESSAGE);
    ck_assert_str_eq (peer_user (s_control)->name, "ana");
    message_free (&back);
    peer_destroy (&newcomer);
    for (int i = 0; i < MANY; i++)
        s_await_close (fd [i]);
    s_still_works ();
    ck_assert_int_ge (s_lines_with ("refused at"), 1);
    ck_assert_int_le (s_lines_with ("refused at"), 100);                     // ten a second
    unlink (s_log);
}
END_TEST

// ---- holders of a good key

static zsock_t *s_rogue_with_id (const keys_t *own, const char *id)
{
    zsock_t *socket = zsock_new (ZMQ_DEALER);
    zsock_set_curve_publickey (socket, own->public_key);
    zsock_set_curve_secretkey (socket, own->secret_key);
    zsock_set_curve_serverkey (socket, s_head.public_key);
    zsock_set_sndhwm (socket, 10);
    zsock_set_linger (socket, 0);
    if (id)
        zsock_set_identity (socket, id);
    ck_assert (!zsock_connect (socket, "%s", s_endpoint));
    return socket;
}

static zsock_t *s_rogue (void)
{
    return s_rogue_with_id (&s_client, NULL);
}

static void s_send (zsock_t *socket, const void *bytes, size_t size, int flags)
{
    zmq_pollitem_t item = { .socket = zsock_resolve (socket), .events = ZMQ_POLLOUT };
    ck_assert_int_eq (zmq_poll (&item, 1, WAIT_MS), 1);
    ck_assert_int_eq (zmq_send (zsock_resolve (socket), bytes, size, flags), (int) size);
}

// It comes as one bad message that names the sender and says this.
static void s_expect_bad (const char *why)
{
    peer_news_t news;
    message_t back;
    error_t error = { 0 };
    ck_assert (s_next (&news, &back, &error, WAIT_MS));
    ck_assert_int_eq (news, PEER_BAD);
    ck_assert_msg (strstr (error.text, "client ana at 127.0.0.1: ") == error.text && strstr (error.text, why), "%s", error.text);
    s_still_works ();
}

START_TEST (strange_messages)
{
    static const struct { const char *bytes; size_t size; const char *why; } sends [] = {
        { "", 0, "a message of 0 bytes" }, { "\x02", 1, "a message of 1 bytes" }, { "\xc8\x01\x80", 3, "unknown verb 200" },
        { "\0\x01\x80", 3, "unknown verb 0" }, { "\x02\x09\x80", 3, "speaks protocol 9, this racimo speaks 1" }, { "\x02\x01\x80", 3, "cancel: " },
        { "\x02\x01\x81\xa3job\xff", 8, "field job" }, { "\x02\x01\x81\xa3job\x07\x07", 9, "cancel: " }, { "\x02\x01\x81\xa3job", 7, "cancel: " },
        { "\x02\x01\xdf\xff\xff\xff\xff", 7, "cancel: " }, { "\x02\x01\xdd\xff\xff\xff\xff", 7, "cancel: " },
        { "\x02\x01\x81\xa3job\xcb\x7f\xf8\0\0\0\0\0\0", 16, "field job" },                         // NaN
        { "\x02\x01\x82\xa3job\x07\xa3job\x07", 13, "cancel: " }, { "\x02\x01\x81\xa3joc\x07", 8, "unknown field" },
    };
    zsock_t *rogue = s_rogue ();
    for (size_t i = 0; i < COUNT_OF (sends); i++) {
        s_send (rogue, sends [i].bytes, sends [i].size, 0);
        s_expect_bad (sends [i].why);
    }
    zsock_destroy (&rogue);
}
END_TEST

START_TEST (too_many_frames)
{
    char frame [1024] = "\x02\x01\x81\xa3job\x07";
    zsock_t *rogue = s_rogue ();
    s_send (rogue, frame, 8, ZMQ_SNDMORE);              // a good message, and one frame too many
    s_send (rogue, frame, 8, 0);
    s_expect_bad ("not one frame");
    for (int i = 0; i < 1500; i++) {                    // not to be seen before its end, whoever speaks meanwhile
        s_send (rogue, frame, sizeof frame, ZMQ_SNDMORE);
        if (i % 500 == 0)
            s_still_works ();
    }
    s_send (rogue, "", 0, 0);
    s_expect_bad ("not one frame");
    for (int i = 0; i < 1000; i++)                      // and one that never ends
        s_send (rogue, frame, sizeof frame, ZMQ_SNDMORE);
    zsock_destroy (&rogue);
    s_still_works ();
}
END_TEST

// A frame that is far too long ends the connection; its sender may come back with better manners.
START_TEST (oversize_frame)
{
    char *bytes = memory_new (1 << 20);
    memcpy (bytes, "\x02\x01\x81\xa3job\x07", 8);
    zsock_t *rogue = s_rogue ();
    void *monitor = zsock_new (ZMQ_PAIR);
    ck_assert (!zmq_socket_monitor (zsock_resolve (rogue), "inproc://rogue", ZMQ_EVENT_DISCONNECTED));
    ck_assert (!zsock_connect (monitor, "inproc://rogue"));
    s_send (rogue, bytes, 1 << 20, 0);
    zmq_pollitem_t item = { .socket = zsock_resolve (monitor), .events = ZMQ_POLLIN };
    ck_assert_int_eq (zmq_poll (&item, 1, WAIT_MS), 1);
    s_still_works ();
    zsock_destroy (&rogue);
    zsock_destroy ((zsock_t **) &monitor);
    rogue = s_rogue ();
    s_send (rogue, bytes, MESSAGE_LIMIT, 0);            // just allowed: it arrives, and is none
    s_expect_bad ("cancel: ");
    s_send (rogue, bytes, MESSAGE_LIMIT + 1, 0);        // a little too long: who it was is told
    s_expect_bad ("a message of 65537 bytes");
    zsock_destroy (&rogue);
    free (bytes);
}
END_TEST

// Who takes another's routing id is not read; and who is who is said by the key.
START_TEST (stolen_routing_id)
{
    zsock_t *owner = s_rogue_with_id (&s_worker, "pi1"), *thief;
    peer_news_t news;
    message_t back;
    error_t error = { 0 };
    s_send (owner, "\x02\x01\x81\xa3job\x07", 8, 0);
    ck_assert (s_next (&news, &back, &error, WAIT_MS) && news == PEER_MESSAGE && peer_user (s_control)->role == ROLE_WORKER);
    message_free (&back);
    thief = s_rogue_with_id (&s_client, "pi1");
    s_send (thief, "\x02\x01\x81\xa3job\x08", 8, 0);
    s_still_works ();
    s_send (owner, "\x02\x01\x81\xa3job\x09", 8, 0);
    ck_assert (s_next (&news, &back, &error, WAIT_MS) && news == PEER_MESSAGE && back.cancel.job == 9);
    ck_assert_int_eq (peer_user (s_control)->role, ROLE_WORKER);
    message_free (&back);
    zsock_destroy (&thief);
    zsock_destroy (&owner);
    zsock_t *liar = s_rogue_with_id (&s_client, "worker pi1");
    s_send (liar, "\x02\x01\x81\xa3job\x0a", 8, 0);
    ck_assert (s_next (&news, &back, &error, WAIT_MS) && news == PEER_MESSAGE);
    ck_assert_int_eq (peer_user (s_control)->role, ROLE_CLIENT);
    message_free (&back);
    zsock_destroy (&liar);
}
END_TEST

static size_t s_resident (void)
{
    unsigned long pages = 0;
    FILE *file = fopen ("/proc/self/statm", "r");
    ck_assert (file && fscanf (file, "%*u %lu", &pages) == 1);
    fclose (file);
    return pages * (size_t) sysconf (_SC_PAGESIZE);
}

// A flood that nobody reads fills a bounded queue here, and then the sender waits.
START_TEST (flood_without_reading)
{
    char *bytes = memory_new (MESSAGE_LIMIT);
    zsock_t *rogue = s_rogue ();
    size_t before = s_resident (), sent = 0;
    zmq_pollitem_t item = { .socket = zsock_resolve (rogue), .events = ZMQ_POLLOUT };
    while (sent < 10000 && zmq_poll (&item, 1, 2000) == 1)
        sent += zmq_send (zsock_resolve (rogue), bytes, MESSAGE_LIMIT, ZMQ_DONTWAIT) > 0;
    ck_assert_uint_lt (sent, 1000);
    if (memcheck_memory_counts ())
        ck_assert_uint_lt (s_resident () - before, 150u << 20);              // of both sides, for this process is both
    peer_news_t news;
    message_t back;
    error_t error = { 0 };
    zsock_destroy (&rogue);                             // it goes while its messages wait
    zmq_pollitem_t good = { .socket = peer_socket (s_good), .events = ZMQ_POLLIN };
    ck_assert_int_eq (zmq_poll (&good, 1, 4500), 0);    // for two heartbeats: if a ROUTER sent them, libzmq aborted
    size_t heard = 0;
    while (s_next (&news, &back, &error, 200))
        heard += news == PEER_BAD;
    ck_assert_uint_gt (heard, 32);
    s_still_works ();
    free (bytes);
}
END_TEST

// A message of frames without end, from somebody who speaks ZMTP without libzmq: he is cut off, and what he sent is given back.
START_TEST (a_message_without_end)
{
    static const char ready [] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06" "DEALER";
    enum { FRAMES = 64 * 1024 };
    if (emulator_hides_counts ()) {
        printf ("SKIP a message without end: the bytes of a connection are not counted here\n");
        return;
    }
    peer_destroy (&s_good);
    peer_destroy (&s_control);
    gate_destroy (&s_gate);
    s_control = peer_bind ("tcp://127.0.0.1:*", NULL, NULL);                 // without CURVE: it needs no cryptography here
    snprintf (s_endpoint, sizeof s_endpoint, "tcp://127.0.0.1:%d", peer_port (s_control));
    s_good = peer_connect (s_endpoint, NULL, NULL);
    ck_assert (s_control && s_good);
    char *frames = memory_new (4 * FRAMES), greeting [64] = "\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL";
    for (int i = 0; i < 4 * FRAMES; i++)
        frames [i] = "\x01\x02xx" [i % 4];             // more follow, two bytes
    s_listen ();
    int fd = s_raw ();
    ck_assert (send (fd, greeting, 64, MSG_NOSIGNAL) == 64 && send (fd, ready, sizeof ready - 1, MSG_NOSIGNAL) == sizeof ready - 1);
    char theirs [64 + 30];                              // their greeting and most of their READY: the handshake is over
    ck_assert (recv (fd, theirs, sizeof theirs, MSG_WAITALL) == sizeof theirs);
    struct timeval patience = { .tv_sec = 3 };          // a kernel whose window was full may hear of the end a minute later
    ck_assert (!setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience));
    size_t most = 0, sent = 0;
    message_t message = s_cancel (1), back;
    peer_news_t news;
    error_t error = { 0 };
    for (ssize_t n; (n = send (fd, frames, 4 * FRAMES, MSG_NOSIGNAL)) == 4 * FRAMES && sent < 1u << 30; sent += (size_t) n) {
        most = s_resident () > most ? s_resident () : most;
        if (sent >> 20 == (sent + (size_t) n) >> 20)
            continue;
        ck_assert (peer_send (s_good, NULL, &message, WAIT_MS, NULL) == OK);
        ck_assert (s_next (&news, &back, &error, WAIT_MS) && news == PEER_MESSAGE);
        message_free (&back);
    }
    close (fd);
    ck_assert_msg (sent < 200u << 20, "nobody stopped it after %zu MiB", sent >> 20);
    ck_assert_int_eq (s_lines_with ("that end no message"), 1);
    printf ("cut off after %zu MiB, resident %zu MiB at most\n", sent >> 20, most >> 20);
    if (memcheck_memory_counts ())
        ck_assert_uint_lt (most, 256u << 20);
    ck_assert (peer_send (s_good, NULL, &message, WAIT_MS, NULL) == OK);
    ck_assert (s_next (&news, &back, &error, WAIT_MS) && news == PEER_MESSAGE);
    message_free (&back);
    unlink (s_log);
    free (frames);
}
END_TEST

// The other way round: a server with the right key that sends what no racimo sends. libzmq gives such a connection up; the peer makes it anew.
START_TEST (a_server_that_sends_too_much)
{
    zsock_t *server = zsock_new (ZMQ_ROUTER);
    zsock_set_curve_publickey (server, s_head.public_key);
    zsock_set_curve_secretkey (server, s_head.secret_key);
    zsock_set_curve_server (server, 1);
    zsock_set_zap_domain (server, "control");
    ck_assert_int_gt (zsock_bind (server, "tcp://127.0.0.1:*"), 0);
    char *endpoint = zsock_last_endpoint (server);
    peer_t *peer = peer_connect (endpoint, &(peer_options_t) { .own = &s_worker, .server = s_head.public_key }, NULL);
    message_t message = s_cancel (1), back;
    error_t error = { 0 };
    char *bytes = memory_new (1 << 20);
    zmq_pollitem_t item = { .socket = zsock_resolve (server), .events = ZMQ_POLLIN };
    for (int round = 0; round < 3; round++) {
        int64_t until = zclock_mono () + WAIT_MS;
        do {                                            // what was on its way when the connection ended is lost
            ck_assert (zclock_mono () < until);
            ck_assert_msg (peer_send (peer, NULL, &message, WAIT_MS, &error) == OK, "%s", error.text);
        } while (zmq_poll (&item, 1, 200) < 1);
        zmsg_t *heard = zmsg_recv (server);
        zframe_t *id = zmsg_pop (heard);
        ck_assert (!zmq_send (zsock_resolve (server), zframe_data (id), zframe_size (id), ZMQ_SNDMORE) ||
            zmq_send (zsock_resolve (server), bytes, 1 << 20, 0) > 0);
        zframe_destroy (&id);
        zmsg_destroy (&heard);
        ck_assert_int_eq (peer_receive (peer, NULL, &back, NULL), PEER_NOTHING);
        ck_assert_ptr_null (peer_refused (peer));
    }
    peer_destroy (&peer);
    zstr_free (&endpoint);
    zsock_destroy (&server);
    free (bytes);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { garbage, flood_of_silent_connections, strange_messages, too_many_frames, oversize_frame, stolen_routing_id,
        flood_without_reading, a_message_without_end, a_server_that_sends_too_much };
    return main_run ("hostile", s_build, s_tear, tests, COUNT_OF (tests));
}
