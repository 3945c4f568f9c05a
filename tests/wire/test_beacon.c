// Tests of finding a head, over loopback: who answers what, and what strangers can do with it.
#include "wire/beacon.h"
#include "base/memory.h"
#include "tests/main.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const beacon_facts_t s_facts = { "lab", "pi0.local", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", 7700, 7702 };
static beacon_t *s_head;
static pthread_t s_thread;
static atomic_bool s_ending;
static uint16_t s_port;
static int s_stranger;                                  // a socket

// A port that nobody has, from the kernel.
static uint16_t s_free_port (void)
{
    struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t size = sizeof place;
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert (!bind (fd, (struct sockaddr *) &place, sizeof place) && !getsockname (fd, (struct sockaddr *) &place, &size));
    close (fd);
    return ntohs (place.sin_port);
}

static void *s_serve (void *context)
{
    (void) context;
    while (!atomic_load (&s_ending)) {
        struct pollfd item = { .fd = beacon_fd (s_head), .events = POLLIN };
        if (poll (&item, 1, 20) > 0)
            beacon_answer (s_head);
    }
    return NULL;
}

static void s_begin (void)
{
    error_t error = { 0 };
    s_port = s_free_port ();
    s_head = beacon_new (s_port, "127.0.0.1", &s_facts, &error);
    ck_assert_msg (s_head != NULL, "%s", error.text);
    atomic_store (&s_ending, false);
    ck_assert (!pthread_create (&s_thread, NULL, s_serve, NULL));
    struct sockaddr_in head = { .sin_family = AF_INET, .sin_port = htons (s_port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    s_stranger = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert (!connect (s_stranger, (struct sockaddr *) &head, sizeof head));
}

static void s_end (void)
{
    atomic_store (&s_ending, true);
    pthread_join (s_thread, NULL);
    beacon_destroy (&s_head);
    close (s_stranger);
}

static size_t s_find (const char *key, int wait_ms, beacon_heard_t *into, size_t most)
{
    error_t error = { 0 };
    size_t count = beacon_find ("127.0.0.1", s_port, key, wait_ms, into, most, &error);
    ck_assert_str_eq (error.text, "");
    return count;
}

START_TEST (test_a_head_says_where_it_is)
{
    beacon_heard_t heard [4];
    ck_assert_uint_eq (s_find (s_facts.key, 700, heard, 4), 1);
    ck_assert (!memcmp (&heard [0].facts, &s_facts, sizeof s_facts));
    ck_assert_str_eq (heard [0].address, "127.0.0.1");
    ck_assert_uint_eq (s_find (NULL, 700, heard, 4), 1);            // asked three times, one head
}
END_TEST

START_TEST (test_another_key_is_not_heard)
{
    beacon_heard_t heard [4];
    ck_assert_uint_eq (s_find ("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6", 300, heard, 4), 0);
}
END_TEST

// Whatever a datagram holds but a whole question: no answer, not even a shorter one.
START_TEST (test_only_whole_questions_are_answered)
{
    char bytes [2048] = "racimo?1";
    static const size_t sizes [] = { 0, 1, 8, 16, 511, 513, 2048 };
    struct pollfd item = { .fd = s_stranger, .events = POLLIN };
    for (size_t i = 0; i < COUNT_OF (sizes); i++)
        ck_assert_int_eq (send (s_stranger, bytes, sizes [i], 0), (ssize_t) sizes [i]);
    bytes [6] = '!';
    ck_assert_int_eq (send (s_stranger, bytes, 512, 0), 512);
    bytes [6] = '?';
    bytes [15] = 42;                                    // a good one comes last, and its answer first
    ck_assert_int_eq (send (s_stranger, bytes, 512, 0), 512);
    ck_assert_int_gt (poll (&item, 1, 10000), 0);
    ssize_t size = recv (s_stranger, bytes, sizeof bytes, 0);
    ck_assert (size > 16 && size <= 512 && !memcmp (bytes, "racimo!1", 8) && bytes [15] == 42);
    ck_assert_int_eq (poll (&item, 1, 100), 0);
}
END_TEST

// A head that serves one address answers in that one's network only; 127.0.0.2 is none of an interface.
START_TEST (test_only_a_served_network_is_answered)
{
    static const struct { const char *listen; bool answers; } heads [] = { { "", true }, { "0.0.0.0", true }, { "127.0.0.1", true }, { "127.0.0.2", false } };
    for (size_t i = 0; i < COUNT_OF (heads); i++) {
        char bytes [512] = "racimo?1";
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons (s_free_port ()), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
        beacon_t *head = beacon_new (ntohs (to.sin_port), heads [i].listen, &s_facts, NULL);
        ck_assert_ptr_nonnull (head);
        int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct pollfd question = { .fd = beacon_fd (head), .events = POLLIN }, answer = { .fd = fd, .events = POLLIN };
        ck_assert_int_eq (sendto (fd, bytes, sizeof bytes, 0, (struct sockaddr *) &to, sizeof to), sizeof bytes);
        ck_assert_int_gt (poll (&question, 1, 10000), 0);
        beacon_answer (head);
        ck_assert_msg (poll (&answer, 1, heads [i].answers ? 10000 : 100) == heads [i].answers, "one that serves '%s'", heads [i].listen);
        close (fd);
        beacon_destroy (&head);
    }
}
END_TEST

// ---- a head that is none

static void *s_lie (void *context)
{
    int fd = *(int *) context;
    char question [512], answer [512];
    struct sockaddr_in from;
    socklen_t room = sizeof from;
    ck_assert_int_eq (recvfrom (fd, question, sizeof question, 0, (struct sockaddr *) &from, &room), 512);
    for (int i = 0; i < 3000; i++) {
        size_t size = 20 + (size_t) i % 400;
        memcpy (answer, "racimo!1", 8);
        memcpy (answer + 8, question + 8, 8);
        memset (answer + 16, i % 3 ? 'x' : '\033', sizeof answer - 16);         // names without an end, or of a terminal's commands
        if (i % 7 == 0)
            answer [8] ^= 1;                            // another nonce
        if (i % 5 == 0)
            memcpy (answer + 20, "lab\0pi0\0no key", sizeof "lab\0pi0\0no key");
        if (i % 11 == 0)                                // a good one, of another cluster each time
            size = 20 + (size_t) snprintf (answer + 20, sizeof answer - 20, "c%d%cpi%d%cJTKVSB%%%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6", i, 0, i, 0) + 1;
        if (sendto (fd, answer, size, 0, (struct sockaddr *) &from, room) < 0) { }
    }
    return NULL;
}

START_TEST (test_liars_are_counted)
{
    beacon_heard_t heard [8];
    struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t size = sizeof place;
    pthread_t liar;
    error_t error = { 0 };
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert (!bind (fd, (struct sockaddr *) &place, sizeof place) && !getsockname (fd, (struct sockaddr *) &place, &size));
    ck_assert (!pthread_create (&liar, NULL, s_lie, &fd));
    size_t count = beacon_find ("127.0.0.1", ntohs (place.sin_port), NULL, 1000, heard, COUNT_OF (heard), &error);
    ck_assert (count > 0 && count <= COUNT_OF (heard));
    for (size_t i = 0; i < count; i++)
        ck_assert (heard [i].facts.cluster [0] == 'c' && keys_is_public (heard [i].facts.key));
    pthread_join (liar, NULL);
    close (fd);
}
END_TEST

START_TEST (test_what_cannot_be)
{
    beacon_heard_t heard;
    error_t error = { 0 };
    ck_assert_uint_eq (beacon_find ("pi0", s_port, NULL, 10, &heard, 1, &error), 0);
    ck_assert_int_eq (error.kind, ERROR_USAGE);
    error_clear (&error);
    ck_assert_ptr_null (beacon_new (s_free_port (), "fe80::1", &s_facts, &error));
    ck_assert_ptr_nonnull (strstr (error.text, "no IPv4 address"));
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_a_head_says_where_it_is, test_another_key_is_not_heard, test_only_whole_questions_are_answered,
        test_only_a_served_network_is_answered, test_liars_are_counted, test_what_cannot_be,
    };
    return main_run ("beacon", s_begin, s_end, tests, COUNT_OF (tests));
}
