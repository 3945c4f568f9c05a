// The door among strangers who knock all the time: the loop that also looks after the jobs does not stay there.
#include "master/door.h"
#include "master/tokens.h"
#include "base/file.h"
#include "tests/main.h"

#include <czmq.h>
#include <stdio.h>

enum { KNOCKS = 500 };

static char s_top [64];
static error_t s_error;

static void s_begin (void)
{
    s_error = (error_t) { 0 };
    strcpy (s_top, "/tmp/racimo-test.XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_top));
    zsys_handler_set (NULL);
}

static void s_end (void)
{
    file_remove_tree (s_top);
}

static bool s_waits (door_t *door)
{
    zmq_pollitem_t item = { .socket = door_socket (door), .events = ZMQ_POLLIN };
    return zmq_poll (&item, 1, 0) == 1;
}

// In this process what is sent waits at the other end at once, so that nothing depends on who is faster.
START_TEST (test_flood)
{
    door_t *door = door_new (&(door_options_t) { .endpoint = "inproc://door", .state = s_top, .cluster = "test" }, &s_error);
    ck_assert_msg (door != NULL, "%s", s_error.text);
    zsock_t *stranger = zsock_new_dealer (">inproc://door");
    ck_assert_ptr_nonnull (stranger);
    zmq_pollitem_t item = { .socket = zsock_resolve (stranger), .events = ZMQ_POLLIN };
    for (int i = 0; i < KNOCKS; i++)
        ck_assert_int_eq (zmq_send (item.socket, "rubbish", 7, ZMQ_DONTWAIT), 7);
    int turns = 0;
    for (; s_waits (door) && turns < KNOCKS; turns++)
        door_hear (door, 0);
    ck_assert_int_ge (turns, 10);                       // not all at once
    ck_assert_int_lt (turns, KNOCKS);                   // but not one by one
    zsock_destroy (&stranger);
    door_destroy (&door);
}
END_TEST

// ---- who joins; without encryption, for what is at stake here is the token

static door_t *s_door (void)
{
    door_t *door = door_new (&(door_options_t) { .endpoint = "inproc://door", .state = s_top, .cluster = "test" }, &s_error);
    ck_assert_msg (door != NULL, "%s", s_error.text);
    return door;
}

static zsock_t *s_knock (const char *name, const char *token)
{
    message_t join = { .verb = MESSAGE_JOIN, .join = { (char *) token, (char *) name } };
    buffer_t body = { 0 };
    zsock_t *socket = zsock_new_dealer (">inproc://door");
    ck_assert (socket && !message_encode (&join, &body, &s_error));
    ck_assert_int_eq (zmq_send (zsock_resolve (socket), body.data, body.size, ZMQ_DONTWAIT), (int) body.size);
    buffer_free (&body);
    return socket;
}

// What it hears: its role, or why not; NULL: nothing yet. Ends it.
static char *s_hears (zsock_t **socket_p)
{
    char bytes [1000];
    message_t joined;
    int size = zmq_recv (zsock_resolve (*socket_p), bytes, sizeof bytes, ZMQ_DONTWAIT);
    if (size < 0)
        return NULL;
    ck_assert (!message_decode (bytes, (size_t) size, &joined, &s_error));
    ck_assert_int_eq (joined.verb, MESSAGE_JOINED);
    char *text = memory_text (*joined.joined.error ? joined.joined.error : joined.joined.role);
    message_free (&joined);
    zsock_destroy (socket_p);
    return text;
}

static void s_expect (zsock_t *socket, const char *part)
{
    char *text = s_hears (&socket);
    ck_assert_msg (text && strstr (text, part), "'%s' has no '%s'", text ? text : "", part);
    free (text);
}

static void s_make_token (uint64_t uses, char secret [TOKEN_TEXT])
{
    ck_assert (!tokens_add (s_top, &(token_grant_t) { .role = ROLE_WORKER, .uses = uses, .seconds = 1000 }, secret, &s_error));
}

// A command holds the list: the loop goes on, strangers are answered, and who has a token is let in afterwards.
START_TEST (test_a_list_that_is_busy)
{
    char secret [TOKEN_TEXT];
    bool busy;
    allow_t list;
    s_make_token (1, secret);
    door_t *door = s_door ();
    ck_assert (!allow_try (&list, s_top, &busy, &s_error) && !busy);
    zsock_t *guest = s_knock ("pi1", secret), *late = s_knock ("pi2", secret), *stranger = s_knock ("pi3", "nonsense");
    door_hear (door, 1);
    s_expect (stranger, "used up, over, or not of this head");
    ck_assert_ptr_null (s_hears (&guest));
    ck_assert_ptr_null (s_hears (&late));
    allow_free (&list);
    door_hear (door, 2);
    s_expect (guest, "worker");
    s_expect (late, "used up");                         // both came with it at once: it lets in one
    ck_assert (!allow_try (&list, s_top, &busy, &s_error));
    s_make_token (1, secret);
    guest = s_knock ("pi1", secret);
    door_hear (door, 3);
    ck_assert_ptr_null (s_hears (&guest));
    door_hear (door, 60 * 1000 * 1000);                 // for long
    s_expect (guest, "somebody else is changing the list");
    allow_free (&list);
    door_destroy (&door);
}
END_TEST

START_TEST (test_guesses)
{
    char secret [TOKEN_TEXT], guess [16];
    s_make_token (1, secret);
    door_t *door = s_door ();
    for (int i = 0; i < 8; i++) {
        snprintf (guess, sizeof guess, "%d", i);
        zsock_t *guest = s_knock ("pi1", guess);
        door_hear (door, 1000 + i);
        s_expect (guest, i < 5 ? "used up" : "too many tokens");
    }
    zsock_t *guest = s_knock ("pi1", secret);
    door_hear (door, 2000);
    s_expect (guest, "wait a minute");
    guest = s_knock ("pi1", secret);
    door_hear (door, 61 * 1000 * 1000);
    s_expect (guest, "worker");
    door_destroy (&door);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_flood, test_a_list_that_is_busy, test_guesses };
    return main_run ("door", s_begin, s_end, tests, COUNT_OF (tests));
}
