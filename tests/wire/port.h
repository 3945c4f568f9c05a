// port: a head's secured port, and a worker that behaves, over real tcp on loopback. For the tests of the wire against those who do not.
#pragma once
#include "tests/main.h"
#include "tests/memcheck.h"
#include "wire/gate.h"
#include "wire/peer.h"

#include <czmq.h>

#define WAIT_MS memcheck_patience_ms (20000)

static keys_t s_head, s_worker, s_client;
static gate_t *s_gate;
static peer_t *s_control, *s_good;                      // the head's port, and a worker that behaves
static char s_endpoint [64];
static uint64_t s_count;

static inline message_t s_cancel (uint64_t job)
{
    return (message_t) { .verb = MESSAGE_CANCEL, .cancel = { job } };
}

static inline peer_t *s_connect (const keys_t *own)
{
    error_t error = { 0 };
    peer_t *peer = peer_connect (s_endpoint, &(peer_options_t) { .own = own, .server = s_head.public_key }, &error);
    ck_assert_msg (peer != NULL, "%s", error.text);
    return peer;
}

// The next thing that comes, good or bad. False: nothing for that long.
static inline bool s_next (peer_news_t *news, message_t *into, error_t *error, int wait_ms)
{
    zmq_pollitem_t item = { .socket = peer_socket (s_control), .events = ZMQ_POLLIN };
    int64_t until = zclock_mono () + wait_ms;
    do {
        error_clear (error);
        *news = peer_receive (s_control, NULL, into, error);
        if (*news != PEER_NOTHING)
            return true;
        zmq_poll (&item, 1, 100);
    } while (zclock_mono () < until);
    return false;
}

// The peer that behaves is heard, behind whatever else came before it.
static inline void s_still_works (void)
{
    message_t message = s_cancel (++s_count), back;
    peer_news_t news;
    error_t error = { 0 };
    ck_assert_msg (peer_send (s_good, NULL, &message, WAIT_MS, &error) == OK, "%s", error.text);
    do
        ck_assert (s_next (&news, &back, &error, WAIT_MS));
    while (news == PEER_BAD);
    ck_assert_uint_eq (back.cancel.job, s_count);
    ck_assert_str_eq (peer_user (s_control)->name, "pi1");
    message_free (&back);
}

static inline void s_build (void)
{
    error_t error = { 0 };
    zsys_handler_set (NULL);
    ck_assert (!keys_make (&s_head, NULL) && !keys_make (&s_worker, NULL) && !keys_make (&s_client, NULL));
    s_gate = gate_new (&error);
    ck_assert_msg (s_gate != NULL, "%s", error.text);
    gate_allow (s_gate, s_worker.public_key, ROLE_WORKER, "pi1");
    gate_allow (s_gate, s_client.public_key, ROLE_CLIENT, "ana");
    s_control = peer_bind ("tcp://127.0.0.1:*", &(peer_options_t) { .own = &s_head, .domain = "control" }, &error);
    ck_assert_msg (s_control != NULL, "%s", error.text);
    snprintf (s_endpoint, sizeof s_endpoint, "tcp://127.0.0.1:%d", peer_port (s_control));
    s_good = s_connect (&s_worker);
    s_still_works ();
}

static inline void s_tear (void)
{
    peer_destroy (&s_good);
    peer_destroy (&s_control);
    gate_destroy (&s_gate);
}
