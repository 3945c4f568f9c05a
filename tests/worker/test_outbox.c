// test_outbox: a slot's answers, some of which wait for their parts to be on the head: what the master hears, in which order.
#include "tests/worker/server.h"
#include "worker/outbox.h"
#include "worker/slot.h"

static peer_t *s_master;
static post_t s_post;
static outbox_t s_outbox;

static void s_begin_box (void)
{
    s_begin ();
    char endpoint [64];
    s_master = peer_bind ("tcp://127.0.0.1:*", &(peer_options_t) { 0 }, NULL);
    ck_assert_ptr_nonnull (s_master);
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", peer_port (s_master));
    s_options.head = NULL;                              // waits until the master takes an answer
    s_post = (post_t) { .options = &s_options, .master = peer_connect (endpoint, &(peer_options_t) { 0 }, NULL), .supplies = { .fetch = s_fetch } };
    ck_assert_ptr_nonnull (s_post.master);
    s_outbox = (outbox_t) { .post = &s_post };
}

static void s_end_box (void)
{
    outbox_forget (&s_outbox, 0);
    free (s_outbox.parcel);
    peer_destroy (&s_post.master);
    peer_destroy (&s_master);
    s_end ();
}

// A part of so many bytes is there, and its task done.
static void s_done_part (uint64_t task, const char *part, size_t size)
{
    message_t order = { .verb = MESSAGE_MAP, .map = { .job = JOB, .task = task, .path = (char *) "" } };
    message_t done = { .verb = MESSAGE_DONE, .done = { .job = JOB, .task = task, .attempt = 1, .part = (char *) part } };
    supply_t *supply = supply_new (&s_post.supplies, &order, 1, s_folder);
    FILE *file = fopen (s_path (part), "w");
    ck_assert_ptr_nonnull (file);
    for (size_t i = 0; i < size; i++)
        fputc ((int) i, file);
    fclose (file);
    supply_send (supply, &done.done, s_folder);
    outbox_send_stored (&s_outbox, &done, &supply);
    ck_assert_ptr_null (supply);
}

static void s_done_at_once (uint64_t task)
{
    message_t done = { .verb = MESSAGE_DONE, .done = { .job = JOB, .task = task, .held = 1 } };
    outbox_send (&s_outbox, &done);
}

// All that the master has heard, as text: d: DONE, f: FAULT, with the task.
static const char *s_heard (void)
{
    static char text [64];
    size_t size = 0;
    message_t message;
    while (peer_receive (s_master, NULL, &message, NULL) == PEER_MESSAGE) {
        bool done = message.verb == MESSAGE_DONE;
        ck_assert (done || (message.verb == MESSAGE_FAULT && message.fault.verb == MESSAGE_MAP && message.fault.attempt == 1 && !message.fault.lost
            && strstr (message.fault.error, "no space left")));
        size += (size_t) snprintf (text + size, sizeof text - size, "%c%d", done ? 'd' : 'f', (int) (done ? message.done.task : message.fault.task));
        message_free (&message);
    }
    text [size] = 0;
    return text;
}

// Until the master has heard that, the head stores.
static void s_until (const char *wanted)
{
    char all [64] = "";
    for (int64_t due = clock_us () + PATIENCE_MS * 1000; strcmp (all, wanted); ) {
        zmq_pollitem_t item [] = { { .socket = peer_socket (s_server), .events = ZMQ_POLLIN }, { .fd = fetch_fd (s_fetch), .events = ZMQ_POLLIN },
            { .socket = peer_socket (s_master), .events = ZMQ_POLLIN } };
        ck_assert_msg (clock_us () < due && zmq_poll (item, 3, PATIENCE_MS) > 0 && !strncmp (all, wanted, strlen (all)), "the master hears %s", all);
        s_serve ();
        supplies_hear (&s_post.supplies);
        outbox_pump (&s_outbox);
        strcat (all, s_heard ());
    }
}

START_TEST (answers_keep_their_order)
{
    s_done_at_once (1);                                 // nothing is before it
    s_until ("d1");
    s_done_part (2, "part-2", 600000);
    ck_assert (!outbox_full (&s_outbox));
    s_done_at_once (3);
    ck_assert (outbox_full (&s_outbox));                // the slot waits now
    outbox_pump (&s_outbox);
    ck_assert_str_eq (s_heard (), "");                  // not stored yet: the server is this thread
    s_until ("d2d3");
    ck_assert (!outbox_full (&s_outbox));
    ck_assert_int_ne (access (s_path ("part-2"), F_OK), 0);
    ck_assert_uint_eq (s_stored, 600000);
}
END_TEST

START_TEST (a_part_that_cannot_be_stored)
{
    s_refusal = ERROR_OUTPUT;
    s_refuse = 1;
    s_done_part (4, "part-4", 1000);
    s_done_at_once (5);
    s_until ("f4d5");
}
END_TEST

START_TEST (what_nobody_wants_any_more)
{
    s_done_part (6, "part-6", 0);
    s_done_part (7, "part-7", 0);
    outbox_abandon (&s_outbox, &(message_abandon_t) { .job = JOB, .task = 6 });        // another attempt
    ck_assert (outbox_full (&s_outbox));
    outbox_abandon (&s_outbox, &(message_abandon_t) { .job = JOB, .task = 6, .attempt = 1 });
    ck_assert (!outbox_full (&s_outbox));
    outbox_forget (&s_outbox, JOB + 1);
    s_until ("d7");
    s_done_part (8, "part-8", 0);
    outbox_forget (&s_outbox, JOB);
    s_done_at_once (9);
    s_until ("d9");
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { answers_keep_their_order, a_part_that_cannot_be_stored, what_nobody_wants_any_more };
    return main_run ("outbox", s_begin_box, s_end_box, tests, COUNT_OF (tests));
}
