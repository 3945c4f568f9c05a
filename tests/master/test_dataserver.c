// The data server with real sockets on loopback: bytes, refusals, parts, and who does not read.
#include "master/dataserver.h"
#include "base/clock.h"
#include "base/file.h"
#include "tests/main.h"
#include "wire/bulk.h"

#include <czmq.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 3 * FETCH_BYTES + 1234, WAIT_MS = 10000 };

static char s_folder [64], s_endpoint [64], s_data [128], s_parts [128];
static dataserver_t *s_server;
static input_list_t s_inputs;                           // of job 1
static error_t s_error;

static void s_make_file (const char *path, size_t size, uint64_t seed)
{
    char *bytes = memory_new (size + 8);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bytes [i] = (char) (seed >> 56);
    }
    ck_assert (!file_save (path, bytes, size, NULL));
    free (bytes);
}

static input_list_t s_list (const char *path)
{
    input_list_t list;
    ck_assert (!input_list (&path, 1, &list, &s_error));
    return list;
}

static void s_begin (void)
{
    zsys_handler_set (NULL);
    s_error = (error_t) { 0 };
    strcpy (s_folder, "/tmp/racimo-test.XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_folder));
    snprintf (s_data, sizeof s_data, "%s/data", s_folder);
    snprintf (s_parts, sizeof s_parts, "%s/parts", s_folder);
    mkdir (s_parts, 0777);
    s_make_file (s_data, SIZE, 7);
    s_server = dataserver_new ("tcp://127.0.0.1:*", NULL, &s_error);
    ck_assert_msg (s_server != NULL, "%s", s_error.text);
    snprintf (s_endpoint, sizeof s_endpoint, "tcp://127.0.0.1:%d", dataserver_port (s_server));
    s_inputs = s_list (s_data);
    ck_assert (!dataserver_add (s_server, 1, FETCH_INPUT, &s_inputs, s_parts, "", &s_error));
}

static void s_end (void)
{
    dataserver_forget (s_server, 1, FETCH_INPUT, &s_inputs);
    dataserver_destroy (&s_server);
    file_remove_tree (s_folder);
}

static peer_t *s_connect (void)
{
    peer_t *peer = peer_connect (s_endpoint, &(peer_options_t) { .bulk = true }, &s_error);
    ck_assert_ptr_nonnull (peer);
    return peer;
}

static message_t s_await (peer_t *peer)
{
    message_t answer;
    zmq_pollitem_t item = { .socket = peer_socket (peer), .events = ZMQ_POLLIN };
    ck_assert_int_eq (zmq_poll (&item, 1, WAIT_MS), 1);
    ck_assert_int_eq (peer_receive (peer, NULL, &answer, &s_error), PEER_MESSAGE);
    return answer;
}

static message_t s_fetch (peer_t *peer, message_fetch_t fetch)
{
    message_t message = { .verb = MESSAGE_FETCH, .fetch = fetch };
    ck_assert (!peer_send (peer, NULL, &message, WAIT_MS, &s_error));
    message_t answer = s_await (peer);
    ck_assert_int_eq (answer.verb, MESSAGE_BULK);
    ck_assert_uint_eq (answer.bulk.request, fetch.request);
    return answer;
}

static void s_expect_refusal (peer_t *peer, message_fetch_t fetch, error_kind_t kind, const char *part)
{
    message_t answer = s_fetch (peer, fetch);
    ck_assert_uint_eq (answer.bulk.kind, kind);
    ck_assert_msg (strstr (answer.bulk.error, part) != NULL, "'%s' has no '%s'", answer.bulk.error, part);
    ck_assert_uint_eq (peer_payload (peer).size, 0);
    message_free (&answer);
}

START_TEST (test_bytes)
{
    buffer_t whole = { 0 };
    ck_assert (!file_load (s_data, SIZE, &whole, NULL));
    peer_t *peer = s_connect ();
    for (uint64_t at = 0, request = 1; at < SIZE; at += FETCH_BYTES, request++) {
        message_t answer = s_fetch (peer, (message_fetch_t) { .request = request, .job = 1, .offset = at, .length = FETCH_BYTES,
            .codecs = bulk_codecs () });
        size_t expected = SIZE - at < FETCH_BYTES ? SIZE - at : FETCH_BYTES;
        wire_bytes_t payload = peer_payload (peer);
        char *bytes = memory_new (expected);
        ck_assert_str_eq (answer.bulk.error, "");
        ck_assert_uint_eq (answer.bulk.length, expected);
        ck_assert (!bulk_unpack ((bulk_codec_t) answer.bulk.codec, payload.data, payload.size, bytes, expected, answer.bulk.checksum, &s_error));
        ck_assert_mem_eq (bytes, whole.data + at, expected);
        free (bytes);
        message_free (&answer);
    }
    message_t end = s_fetch (peer, (message_fetch_t) { .request = 99, .job = 1, .offset = SIZE, .length = FETCH_BYTES });
    ck_assert_str_eq (end.bulk.error, "");              // how a client sees where a result ends
    ck_assert_uint_eq (end.bulk.length, 0);
    message_free (&end);
    served_t served = dataserver_served (s_server, 1);
    ck_assert_uint_eq (served.raw, SIZE);
    ck_assert_uint_eq (served.frames, 5);
    peer_destroy (&peer);
    buffer_free (&whole);
}
END_TEST

START_TEST (test_refusals)
{
    peer_t *peer = s_connect ();
    s_expect_refusal (peer, (message_fetch_t) { .request = 1, .job = 2, .length = 10 }, ERROR_OTHER, "job 2");
    s_expect_refusal (peer, (message_fetch_t) { .request = 2, .job = 1, .index = 1, .length = 10 }, ERROR_OTHER, "no file 1");
    s_expect_refusal (peer, (message_fetch_t) { .request = 3, .job = 1, .index = UINT64_MAX, .length = 10 }, ERROR_OTHER, "no file");
    s_expect_refusal (peer, (message_fetch_t) { .request = 4, .job = 1, .length = FETCH_BYTES + 1 }, ERROR_OTHER, "range");
    s_expect_refusal (peer, (message_fetch_t) { .request = 5, .job = 1, .offset = SIZE + 1, .length = 1 }, ERROR_OTHER, "range");
    s_expect_refusal (peer, (message_fetch_t) { .request = 6, .job = 1, .offset = UINT64_MAX, .length = 1 }, ERROR_OTHER, "range");
    s_expect_refusal (peer, (message_fetch_t) { .request = 7, .job = 1 }, ERROR_OTHER, "range");
    s_expect_refusal (peer, (message_fetch_t) { .request = 8, .job = 1, .what = FETCH_RESULT, .length = 1 }, ERROR_OTHER, "job 1");
    s_expect_refusal (peer, (message_fetch_t) { .request = 9, .job = 1, .what = 77, .length = 1 }, ERROR_OTHER, "job 1");
    peer_destroy (&peer);
}
END_TEST

START_TEST (test_changed)
{
    peer_t *peer = s_connect ();
    char path [160];
    snprintf (path, sizeof path, "%s/other", s_folder);
    s_make_file (path, SIZE, 8);
    ck_assert_int_eq (rename (path, s_data), 0);        // another file of the same size
    s_expect_refusal (peer, (message_fetch_t) { .request = 1, .job = 1, .length = 10 }, ERROR_DATA, "changed");
    unlink (s_data);
    s_expect_refusal (peer, (message_fetch_t) { .request = 2, .job = 1, .length = 10 }, ERROR_DATA, "data");
    ck_assert_int_eq (symlink ("/etc/passwd", s_data), 0);
    s_expect_refusal (peer, (message_fetch_t) { .request = 3, .job = 1, .length = 10 }, ERROR_DATA, "changed");
    peer_destroy (&peer);
}
END_TEST

START_TEST (test_forgotten)
{
    peer_t *peer = s_connect ();
    input_list_t list = s_list (s_data);
    ck_assert (!dataserver_add (s_server, 9, FETCH_INPUT, &list, NULL, "", &s_error));
    message_t answer = s_fetch (peer, (message_fetch_t) { .request = 1, .job = 9, .length = 10 });
    ck_assert_str_eq (answer.bulk.error, "");
    message_free (&answer);
    dataserver_forget (s_server, 9, FETCH_INPUT, &list);
    ck_assert_uint_eq (list.files, 0);
    s_expect_refusal (peer, (message_fetch_t) { .request = 2, .job = 9, .length = 10 }, ERROR_OTHER, "job 9");
    list = s_list (s_data);
    dataserver_forget (s_server, 9, FETCH_INPUT, &list);            // never added: freed all the same
    peer_destroy (&peer);
}
END_TEST

static char *s_put (peer_t *peer, const char *name, uint64_t offset, const char *text, bool last)
{
    message_t message = { .verb = MESSAGE_PUT, .put = { .request = 5, .job = 1, .part = (char *) name, .offset = offset, .length = strlen (text),
        .checksum = bulk_checksum (text, strlen (text)), .last = last } };
    ck_assert (!peer_send_bulk (peer, NULL, &message, text, strlen (text), WAIT_MS, &s_error));
    message_t answer = s_await (peer);
    ck_assert_int_eq (answer.verb, MESSAGE_STORED);
    ck_assert_uint_eq (answer.stored.request, 5);
    char *why = memory_text (answer.stored.error);
    message_free (&answer);
    return why;
}

static void s_expect_put (peer_t *peer, const char *name, uint64_t offset, const char *text, bool last, const char *part)
{
    char *why = s_put (peer, name, offset, text, last);
    ck_assert_msg (part ? strstr (why, part) != NULL : !*why, "'%s' has no '%s'", why, part ? part : "");
    free (why);
}

START_TEST (test_parts)
{
    peer_t *peer = s_connect ();
    s_expect_put (peer, "map-1-0", 6, "world", true, NULL);         // in any order, and twice
    s_expect_put (peer, "map-1-0", 0, "hello ", false, NULL);
    s_expect_put (peer, "map-1-0", 6, "world", true, NULL);
    buffer_t part = { 0 };
    char path [160];
    snprintf (path, sizeof path, "%s/map-1-0", s_parts);
    ck_assert (!file_load (path, 100, &part, NULL));
    ck_assert_uint_eq (part.size, 11);
    ck_assert_mem_eq (part.data, "hello world", 11);
    buffer_free (&part);
    s_expect_put (peer, "../map-1-0", 0, "x", false, "cannot be a part");
    s_expect_put (peer, "..", 0, "x", false, "cannot be a part");
    s_expect_put (peer, "", 0, "x", false, "cannot be a part");
    s_expect_put (peer, "map-2", UINT64_MAX - 3, "x", false, "cannot be a part");
    snprintf (path, sizeof path, "%s/link", s_parts);
    ck_assert_int_eq (symlink (s_data, path), 0);
    s_expect_put (peer, "link", 0, "x", false, "cannot create");
    peer_destroy (&peer);
}
END_TEST

START_TEST (test_damaged)
{
    peer_t *peer = s_connect ();
    message_t message = { .verb = MESSAGE_PUT, .put = { .request = 5, .job = 1, .part = (char *) "p", .length = 4, .checksum = 99 } };
    ck_assert (!peer_send_bulk (peer, NULL, &message, "abcd", 4, WAIT_MS, &s_error));
    message_t answer = s_await (peer);
    ck_assert_str_ne (answer.stored.error, "");
    message_free (&answer);
    message.put.length = 1 << 30;                       // more than a frame may hold
    ck_assert (!peer_send_bulk (peer, NULL, &message, "abcd", 4, WAIT_MS, &s_error));
    answer = s_await (peer);
    ck_assert_str_ne (answer.stored.error, "");
    message_free (&answer);
    peer_destroy (&peer);
}
END_TEST

// One that asks and never reads costs a bounded queue; the others get their bytes.
START_TEST (test_who_does_not_read)
{
    peer_t *mute = s_connect (), *peer = s_connect ();
    for (uint64_t i = 0; i < 3000; i++) {
        message_t message = { .verb = MESSAGE_FETCH, .fetch = { .request = i, .job = 1, .length = FETCH_BYTES } };
        if (peer_send (mute, NULL, &message, 10, NULL))
            break;
    }
    for (uint64_t i = 0; i < 20; i++) {
        message_t answer = s_fetch (peer, (message_fetch_t) { .request = i, .job = 1, .length = 1000 });
        ck_assert_str_eq (answer.bulk.error, "");
        message_free (&answer);
    }
    peer_destroy (&peer);
    peer_destroy (&mute);
}
END_TEST

// Three who keep a window of requests each; RACIMO_BENCH=MiB prints what they get together.
START_TEST (test_throughput)
{
    enum { FETCHERS = 3, WINDOW = 8 };
    const char *bench = getenv ("RACIMO_BENCH");
    uint64_t size = (uint64_t) (bench ? atoi (bench) : 8) << 20, frames = size / FETCH_BYTES, asked [FETCHERS] = { 0 }, got = 0;
    char path [160];
    snprintf (path, sizeof path, "%s/large", s_folder);
    s_make_file (path, size, 9);
    input_list_t list = s_list (path);
    ck_assert (!dataserver_add (s_server, 2, FETCH_INPUT, &list, NULL, "", &s_error));
    peer_t *peer [FETCHERS];
    zmq_pollitem_t item [FETCHERS];
    for (int i = 0; i < FETCHERS; i++) {
        peer [i] = s_connect ();
        item [i] = (zmq_pollitem_t) { .socket = peer_socket (peer [i]), .events = ZMQ_POLLIN };
    }
    int64_t began = clock_us ();
    uint64_t under_way [FETCHERS] = { 0 };
    while (got < FETCHERS * frames) {
        for (int i = 0; i < FETCHERS; i++)
            for (; under_way [i] < WINDOW && asked [i] < frames; under_way [i]++, asked [i]++) {
                message_t message = { .verb = MESSAGE_FETCH, .fetch = { .request = asked [i], .job = 2, .offset = asked [i] * FETCH_BYTES,
                    .length = FETCH_BYTES } };
                ck_assert (!peer_send (peer [i], NULL, &message, WAIT_MS, &s_error));
            }
        ck_assert_int_gt (zmq_poll (item, FETCHERS, WAIT_MS), 0);
        message_t answer;
        for (int i = 0; i < FETCHERS; i++)
            while (peer_receive (peer [i], NULL, &answer, NULL) == PEER_MESSAGE) {
                ck_assert_str_eq (answer.bulk.error, "");
                ck_assert_uint_eq (peer_payload (peer [i]).size, FETCH_BYTES);
                under_way [i]--;
                got++;
                message_free (&answer);
            }
    }
    if (bench)
        printf ("%d fetchers: %.0f MB/s\n", FETCHERS, (double) got * FETCH_BYTES / (double) (clock_us () - began));
    for (int i = 0; i < FETCHERS; i++)
        peer_destroy (&peer [i]);
    dataserver_forget (s_server, 2, FETCH_INPUT, &list);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { 
        test_bytes, test_refusals, test_changed, test_forgotten,
        test_parts, test_damaged, test_who_does_not_read, test_throughput,
    };
    return main_run ("dataserver", s_begin, s_end, tests, COUNT_OF (tests));
}
