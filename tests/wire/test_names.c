// Tests of where a peer connects to: a name is looked up anew at each try, and a head that binds all interfaces is found at each.
#define _GNU_SOURCE
#include "port.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>

static char s_answer [32];                              // what "head.test" is now; empty: not known
static atomic_int s_asked;

// In front of the C library's: libzmq's threads come here.
int getaddrinfo (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    static int (*real) (const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!real)
        real = (int (*) (const char *, const char *, const struct addrinfo *, struct addrinfo **)) (uintptr_t) dlsym (RTLD_NEXT, "getaddrinfo");
    if (!node || strcmp (node, "head.test"))
        return real (node, service, hints, result);
    s_asked++;
    return s_answer [0] ? real (s_answer, service, hints, result) : EAI_AGAIN;
}

START_TEST (a_name_is_asked_for_at_each_try)
{
    char endpoint [64];
    int port = peer_port (s_control);
    snprintf (endpoint, sizeof endpoint, "tcp://head.test:%d", port);
    peer_t *peer = peer_connect (endpoint, &(peer_options_t) { .own = &s_client, .server = s_head.public_key }, NULL);
    ck_assert_ptr_nonnull (peer);
    message_t message = s_cancel (1), back;
    peer_news_t news;
    error_t error = { 0 };
    while (s_asked < 3)                                 // asked in vain
        ck_assert (peer_send (peer, NULL, &message, 10, NULL) == FAILED);
    strcpy (s_answer, "127.0.0.1");
    ck_assert_msg (peer_send (peer, NULL, &message, WAIT_MS, &error) == OK, "%s", error.text);
    ck_assert (s_next (&news, &back, &error, WAIT_MS) && news == PEER_MESSAGE);
    message_free (&back);
    strcpy (s_answer, "127.0.0.2");                     // the head moves
    peer_destroy (&s_good);
    peer_destroy (&s_control);
    snprintf (s_endpoint, sizeof s_endpoint, "tcp://127.0.0.2:%d", port);
    s_control = peer_bind (s_endpoint, &(peer_options_t) { .own = &s_head, .domain = "control" }, &error);
    ck_assert_msg (s_control != NULL, "%s", error.text);
    bool heard = false;                                 // what was on its way when the head went is lost
    for (int64_t until = zclock_mono () + WAIT_MS; !heard && zclock_mono () < until; )
        heard = peer_send (peer, NULL, &message, WAIT_MS, &error) == OK && s_next (&news, &back, &error, 200) && news == PEER_MESSAGE;
    ck_assert_msg (heard, "%s", error.text);
    message_free (&back);
    peer_destroy (&peer);
}
END_TEST

START_TEST (all_interfaces)
{
    peer_destroy (&s_good);
    peer_destroy (&s_control);
    s_control = peer_bind ("tcp://*:*", &(peer_options_t) { .own = &s_head, .domain = "control" }, NULL);
    ck_assert_ptr_nonnull (s_control);
    for (int i = 1; i < 4; i++) {
        peer_news_t news;
        message_t message = s_cancel (1), back;
        error_t error = { 0 };
        snprintf (s_endpoint, sizeof s_endpoint, "tcp://127.0.0.%d:%d", i, peer_port (s_control));
        peer_t *peer = s_connect (&s_worker);
        ck_assert (peer_send (peer, NULL, &message, WAIT_MS, NULL) == OK);
        ck_assert (s_next (&news, &back, &error, WAIT_MS) && news == PEER_MESSAGE);
        message_free (&back);
        peer_destroy (&peer);
    }
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { a_name_is_asked_for_at_each_try, all_interfaces };
    return main_run ("names", s_build, s_tear, tests, COUNT_OF (tests));
}
