// Tests of the two ways a message travels: pipes with descriptors, peers over ipc.
#include "base/file.h"
#include "tests/main.h"
#include "wire/peer.h"
#include "wire/pipe.h"

#include <czmq.h>
#include <fcntl.h>
#include <sys/socket.h>

static message_t s_cancel (uint64_t job)
{
    return (message_t) { .verb = MESSAGE_CANCEL, .cancel = { job } };
}

START_TEST (pipe_carries_messages_and_files)
{
    int ends [2], pipe_ends [2], files [PIPE_FILES];
    uint32_t count;
    message_t message = s_cancel (42), back;
    ck_assert (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    ck_assert (pipe (pipe_ends) == 0);
    ck_assert (message_send_files (ends [0], &message, &pipe_ends [1], 1, NULL) == OK);
    ck_assert (message_send (ends [0], &message, NULL) == OK);
    ck_assert (message_receive_files (ends [1], &back, files, &count, NULL) == OK);
    ck_assert_uint_eq (back.cancel.job, 42);
    ck_assert_uint_eq (count, 1);
    ck_assert (fcntl (files [0], F_GETFD) & FD_CLOEXEC);
    ck_assert (write (files [0], "x", 1) == 1);          // it is the same pipe
    char byte;
    ck_assert (read (pipe_ends [0], &byte, 1) == 1 && byte == 'x');
    message_free (&back);
    ck_assert (message_receive (ends [1], &back, NULL) == OK);
    message_free (&back);
    close (ends [0]);
    ck_assert (message_receive (ends [1], &back, NULL) == TRUNCATED);
    ck_assert (message_send (ends [1], &message, NULL) == TRUNCATED);
    close (ends [1]);
    close (files [0]);
    close (pipe_ends [0]);
    close (pipe_ends [1]);
}
END_TEST

START_TEST (pipe_refuses_garbage)
{
    int ends [2];
    message_t back;
    error_t error = { 0 };
    ck_assert (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    ck_assert (write (ends [0], "garbage", 7) == 7);
    ck_assert (message_receive (ends [1], &back, &error) == FAILED);
    ck_assert_ptr_null (back.memory);
    close (ends [0]);
    close (ends [1]);
}
END_TEST

static peer_news_t s_wait (peer_t *peer, peer_id_t *from, message_t *into, error_t *error)
{
    zmq_pollitem_t item = { .socket = peer_socket (peer), .events = ZMQ_POLLIN };
    ck_assert_int_eq (zmq_poll (&item, 1, 5000), 1);
    return peer_receive (peer, from, into, error);
}

START_TEST (peers)
{
    zsys_handler_set (NULL);
    char folder [] = "/tmp/racimo-test-XXXXXX", endpoint [64];
    ck_assert_ptr_nonnull (mkdtemp (folder));
    snprintf (endpoint, sizeof endpoint, "ipc://%s/m", folder);
    error_t error = { 0 };
    peer_t *dealer = peer_connect (endpoint, NULL, &error);    // first, as a worker may be
    ck_assert_msg (dealer != NULL, "%s", error.text);
    message_t message = s_cancel (1), back;
    ck_assert (peer_send (dealer, NULL, &message, 10, &error) == FAILED);    // nobody is there, and it is not swallowed
    peer_t *router = peer_bind (endpoint, NULL, NULL);
    ck_assert_ptr_nonnull (router);
    ck_assert (peer_send (dealer, NULL, &message, 5000, NULL) == OK);
    peer_id_t id;
    ck_assert_int_eq (s_wait (router, &id, &back, NULL), PEER_MESSAGE);
    ck_assert_uint_eq (back.cancel.job, 1);
    message_free (&back);
    ck_assert_int_eq (peer_receive (router, &id, &back, NULL), PEER_NOTHING);
    peer_id_t kept = { 0 }, stranger = { .size = 3, .bytes = "abc" };
    message = s_cancel (2);
    zsock_t *raw = zsock_new_dealer (endpoint);          // garbage and strange framing cost nothing but themselves
    ck_assert (zstr_send (raw, "not a message") == 0);
    ck_assert_int_eq (s_wait (router, &kept, &back, &error), PEER_BAD);
    ck_assert (zstr_sendx (raw, "\x02", "\x02", "\x02", NULL) == 0);
    error_clear (&error);
    ck_assert_int_eq (s_wait (router, &kept, &back, &error), PEER_BAD);
    ck_assert_int_eq (peer_receive (router, &kept, &back, NULL), PEER_NOTHING);
    ck_assert (peer_send (router, &stranger, &message, 0, NULL) == FAILED);  // not routed, and it is not swallowed
    ck_assert (!peer_id_equal (&stranger, &id));
    ck_assert (peer_send (router, &id, &message, 0, NULL) == OK);
    ck_assert_int_eq (s_wait (dealer, NULL, &back, NULL), PEER_MESSAGE);
    ck_assert_uint_eq (back.cancel.job, 2);
    message_free (&back);
    zsock_destroy (&raw);
    peer_destroy (&dealer);
    peer_destroy (&router);
    file_remove_tree (folder);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { pipe_carries_messages_and_files, pipe_refuses_garbage, peers };
    return main_run ("transport", NULL, NULL, tests, COUNT_OF (tests));
}
