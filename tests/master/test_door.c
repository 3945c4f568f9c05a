// The door among strangers who knock all the time: the loop that also looks after the jobs does not stay there.
#include "master/door.h"
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

int main (void)
{
    const TTest *const tests [] = { test_flood };
    return main_run ("door", s_begin, s_end, tests, COUNT_OF (tests));
}
