// What a SUBMIT goes through before it is a job: a disk that sleeps holds up nobody else, clients leave meanwhile, lists and sources come in pieces.
//
// The disk is played: in this program opendir and open are ours, and wait in a folder called "asleep", and for a file called "drowsy" once a file
// "night" stands beside it, until the test wakes them.
#define _GNU_SOURCE
#include "tests/master/head.h"
#include "wire/bundle.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>

static int s_bed [2], s_lies [2];                       // pipes: closed at one end by the test that wakes all; a byte for each that lies down

static void s_close_ours (void)
{
    close (s_bed [1]);                                  // the test's end, which a fork has copied
}

static void s_sleep (void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_close_ours);
    if (write (s_lies [1], "", 1) != 1 || read (s_bed [0], &(char) { 0 }, 1)) { }
}

DIR *opendir (const char *name)
{
    DIR *(*real) (const char *) = (DIR *(*) (const char *)) dlsym (RTLD_NEXT, "opendir");
    if (s_master == 0 && strstr (name, "/asleep"))      // in the master, which is a fork
        s_sleep ();
    return real (name);
}

int open (const char *name, int flags, ...)
{
    int (*real) (const char *, int, ...) = (int (*) (const char *, int, ...)) dlsym (RTLD_NEXT, "open");
    va_list rest;
    va_start (rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg (rest, mode_t) : 0;
    va_end (rest);
    if (s_master == 0 && strstr (name, "/drowsy") && !access (s_path ("data/night"), F_OK))
        s_sleep ();
    return real (name, flags, mode);
}

static void s_enter (void)
{
    ck_assert (!pipe (s_bed) && !pipe (s_lies));
    s_begin ();
    close (s_bed [0]);
    mkdir (s_path ("data/asleep"), 0777);
    ck_assert (!file_save (s_path ("data/asleep/in.txt"), "e f\n", 4, NULL));
}

static void s_wake (void)
{
    close (s_bed [1]);
}

static void s_await_sleeper (void)
{
    ck_assert_int_eq (read (s_lies [0], &(char) { 0 }, 1), 1);
}

static void s_ask (peer_t *client, const char *name, const char *output)
{
    char *input = (char *) name;
    s_send (client, s_submit (&input, output));
}

// How many jobs the master knows of, and the bytes of the last one's input.
static int s_count (peer_t *client, uint64_t *bytes)
{
    int jobs = 0;
    message_t query = { .verb = MESSAGE_QUERY, .query = { QUERY_JOBS, 0 } };
    s_send (client, query);
    for (;;) {
        message_t answer = s_await_any (client, (1u << MESSAGE_JOB_INFO) | (1u << MESSAGE_END));
        bool end = answer.verb == MESSAGE_END;
        if (!end && bytes)
            *bytes = answer.job_info.bytes_all;
        message_free (&answer);
        if (end)
            return jobs;
        jobs++;
    }
}

static void s_expect_end (peer_t *client, uint64_t exit_code, const char *part)
{
    message_t finished = s_await (client, MESSAGE_FINISHED);
    s_expect_text (finished.finished.error, part);
    ck_assert_uint_eq (finished.finished.exit_code, exit_code);
    ck_assert_uint_eq (finished.finished.job, 0);
    message_free (&finished);
}

// Others are served as if nothing were; of the same connection what comes later waits, and becomes a job later.
START_TEST (test_asleep)
{
    peer_t *ana = s_connect (s_control, &s_ana), *again = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva);
    peer_t *pi1 = s_connect (s_control, &s_pi1);
    s_ask (ana, "asleep", "slow");
    s_await_sleeper ();
    s_ask (ana, "in.txt", "behind");
    uint64_t eva_job = s_accepted (eva, "eva"), other = s_accepted (again, "other");
    s_register (pi1, 1, NULL);
    message_t declare = s_await (pi1, MESSAGE_DECLARE);
    ck_assert_uint_eq (declare.declare.job, eva_job);
    message_free (&declare);
    message_t state = s_await (ana, MESSAGE_STATE);     // the master lives, and is at it
    ck_assert_uint_eq (state.state.job, 0);
    message_free (&state);
    ck_assert_int_eq (s_count (eva, NULL), 2);
    s_wake ();
    uint64_t slow = s_await_accepted (ana), behind = s_await_accepted (ana);
    ck_assert_uint_lt (slow, eva_job);
    ck_assert_uint_lt (other, behind);
    ck_assert_int_eq (s_count (eva, NULL), 4);
    peer_destroy (&ana);
    peer_destroy (&again);
    peer_destroy (&eva);
    peer_destroy (&pi1);
}
END_TEST

// One key has a few threads and no more, so that there are some for others.
START_TEST (test_one_key)
{
    enum { CLIENTS = 30 };
    peer_t *ana [CLIENTS], *eva = s_connect (s_control, &s_eva);
    char output [32];
    for (int i = 0; i < CLIENTS; i++) {
        ana [i] = s_connect (s_control, &s_ana);
        snprintf (output, sizeof output, "out-%d", i);
        s_ask (ana [i], "asleep", output);
    }
    for (int i = 0; i < 4; i++)
        s_await_sleeper ();
    s_accepted (eva, "eva");
    s_wake ();
    for (int i = 0; i < CLIENTS; i++) {
        s_await_accepted (ana [i]);
        peer_destroy (&ana [i]);
    }
    peer_destroy (&eva);
}
END_TEST

START_TEST (test_cancel)
{
    peer_t *ana = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva);
    s_ask (ana, "asleep", "slow");
    s_await_sleeper ();
    s_ask (ana, "in.txt", "behind");
    s_send (eva, (message_t) { .verb = MESSAGE_CANCEL, .cancel = { 0 } });          // nothing of ana's
    s_send (ana, (message_t) { .verb = MESSAGE_CANCEL, .cancel = { 0 } });
    s_expect_end (ana, EXIT_CANCELLED, "cancelled");    // the one behind, which waits for no disk
    s_wake ();
    s_expect_end (ana, EXIT_CANCELLED, "cancelled");
    uint64_t eva_job = s_accepted (eva, "eva");
    ck_assert_int_eq (s_count (eva, NULL), 1);
    s_send (eva, (message_t) { .verb = MESSAGE_CANCEL, .cancel = { eva_job } });
    message_free (&(message_t []) { s_await (eva, MESSAGE_FINISHED) } [0]);
    ck_assert (!s_hidden ());
    peer_destroy (&ana);
    peer_destroy (&eva);
}
END_TEST

// A client that is killed before it was told of a job: nobody would know of it, so there is none.
START_TEST (test_client_gone)
{
    peer_t *ana = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva);
    s_ask (ana, "asleep", "slow");
    s_await_sleeper ();
    ck_assert (s_hidden ());
    peer_destroy (&ana);
    s_line ("a client has gone before its job was accepted");
    s_wake ();
    int64_t due = clock_us () + WAIT_MS * INT64_C (1000);
    while (s_hidden () && clock_us () < due)
        s_count (eva, NULL);
    ck_assert (!s_hidden ());
    uint64_t job = s_accepted (eva, "eva");
    s_send (eva, (message_t) { .verb = MESSAGE_ATTACH, .attach = { job - 1 } });
    message_t end = s_await (eva, MESSAGE_FINISHED);
    ck_assert_uint_ne (end.finished.exit_code, EXIT_FINE);
    message_free (&end);
    peer_destroy (&eva);
}
END_TEST

// A MAP names fingerprints of its file, which somebody must read: its slot waits, and hears its orders in their order; others do not.
START_TEST (test_fingerprints)
{
    peer_t *ana = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva), *pi1 = s_connect (s_control, &s_pi1);
    ck_assert (!file_save (s_path ("data/drowsy"), "g h\n", 4, NULL));
    enum { FILES = 64 };                                // many: then a slot gets orders ahead
    char *input [FILES] = { (char *) "drowsy" }, *names [] = { (char *) "x" };
    for (int i = 1; i < FILES; i++)
        input [i] = (char *) "in.txt";
    message_t submit = s_submit (input, "out"), hello = s_hello (1), welcome;
    submit.submit.inputs.count = FILES;
    s_send (ana, submit);
    uint64_t job = s_await_accepted (ana);
    ck_assert (!file_save (s_path ("data/night"), "", 0, NULL));
    hello.hello.slots = 1;
    s_send (pi1, hello);
    welcome = s_await (pi1, MESSAGE_WELCOME);
    message_free (&(message_t []) { s_await (pi1, MESSAGE_DECLARE) } [0]);
    s_send (pi1, (message_t) { .verb = MESSAGE_DECLARED, .declared = { .epoch = welcome.welcome.epoch, .job = job, .format = 77, .shuffle = 1,
        .result_names = { names, 1 } } });
    s_await_sleeper ();
    s_accepted (eva, "eva");                            // the loop goes on
    message_t beat = { .verb = MESSAGE_BEAT, .beat = { .epoch = welcome.welcome.epoch, .worker = welcome.welcome.worker } };
    s_send (pi1, beat);
    s_wake ();
    for (uint64_t task = 0; task < 2; task++) {
        message_t map = s_await (pi1, MESSAGE_MAP);
        ck_assert_uint_eq (map.map.task, task);
        ck_assert_uint_gt (map.map.head, 1);
        message_free (&map);
    }
    message_free (&welcome);
    peer_destroy (&ana);
    peer_destroy (&eva);
    peer_destroy (&pi1);
}
END_TEST

// Orders of a job that makes its own rows name no fingerprint, and wait behind one that does as any others.
START_TEST (test_rows_behind_a_fingerprint)
{
    peer_t *ana = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva), *pi1 = s_connect (s_control, &s_pi1);
    char *names [] = { (char *) "x" };
    message_t submit = s_submit (NULL, "rows"), message;
    submit.submit.inputs.count = 0;
    s_send (ana, submit);
    uint64_t makes = s_await_accepted (ana), reads = s_accepted (eva, "out"), slot = UINT64_MAX, epoch;
    s_register (pi1, 1, &epoch);
    for (bool behind = false; !behind; message_free (&message)) {
        message = s_await_any (pi1, (UINT64_C (1) << MESSAGE_DECLARE) | (UINT64_C (1) << MESSAGE_MAP));
        const message_map_t *map = &message.map;
        if (message.verb == MESSAGE_DECLARE)
            s_send (pi1, (message_t) { .verb = MESSAGE_DECLARED, .declared = { .epoch = epoch, .job = message.declare.job, .slot = message.declare.slot,
                .format = message.declare.job == makes ? RAC_NUMBERED : 77, .numbered_rows = 1 << 24, .result_names = { names, 1 } } });
        else if (map->job == reads) {
            ck_assert_uint_gt (map->head, 1);
            slot = map->slot;
        }
        else {
            ck_assert_uint_eq (map->head, 0);
            behind = map->slot == slot;
            s_send (pi1, (message_t) { .verb = MESSAGE_DONE, .done = { .epoch = epoch, .job = makes, .task = map->task, .attempt = map->attempt,
                .slot = map->slot, .part = (char *) "part", .time_us = 1000 } });
        }
    }
    peer_destroy (&ana);
    peer_destroy (&eva);
    peer_destroy (&pi1);
}
END_TEST

// A job ends while an order of it waits: nobody waits for that order.
START_TEST (test_fingerprints_of_an_ended_job)
{
    peer_t *ana = s_connect (s_control, &s_ana), *pi1 = s_connect (s_control, &s_pi1);
    ck_assert (!file_save (s_path ("data/drowsy"), "g h\n", 4, NULL));
    char *names [] = { (char *) "x" };
    uint64_t epoch, job;
    s_ask (ana, "drowsy", "out");
    job = s_await_accepted (ana);
    ck_assert (!file_save (s_path ("data/night"), "", 0, NULL));
    s_register (pi1, 1, &epoch);
    message_free (&(message_t []) { s_await (pi1, MESSAGE_DECLARE) } [0]);
    s_send (pi1, (message_t) { .verb = MESSAGE_DECLARED, .declared = { .epoch = epoch, .job = job, .format = 77, .shuffle = 1,
        .result_names = { names, 1 } } });
    s_await_sleeper ();
    s_send (ana, (message_t) { .verb = MESSAGE_CANCEL, .cancel = { job } });
    message_free (&(message_t []) { s_await (pi1, MESSAGE_FORGET) } [0]);
    uint64_t next;
    s_ask (ana, "in.txt", "next");
    next = s_await_accepted (ana);
    message_t declare = s_await_any (pi1, (UINT64_C (1) << MESSAGE_DECLARE) | (UINT64_C (1) << MESSAGE_MAP));
    ck_assert_int_eq (declare.verb, MESSAGE_DECLARE);   // not the one that waited
    ck_assert_uint_eq (declare.declare.job, next);
    message_free (&declare);
    s_wake ();
    message_t end = s_await (ana, MESSAGE_FINISHED);
    ck_assert_uint_eq (end.finished.job, job);
    message_free (&end);
    peer_destroy (&ana);
    peer_destroy (&pi1);
}
END_TEST

// Its end while it looks: the client is told, nothing is left.
START_TEST (test_master_ends)
{
    peer_t *ana = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva);
    s_ask (ana, "asleep", "slow");
    s_await_sleeper ();
    s_accepted (eva, "eva");
    kill (s_master, SIGTERM);
    s_line ("ends after the jobs");
    kill (s_master, SIGTERM);
    s_wake ();
    message_t end = s_await (ana, MESSAGE_FINISHED);    // of the end, or that no more jobs are taken: whichever was first
    ck_assert_uint_eq (end.finished.job, 0);
    ck_assert_uint_ne (end.finished.exit_code, EXIT_FINE);
    message_free (&end);
    end = s_await (eva, MESSAGE_FINISHED);
    ck_assert_uint_eq (end.finished.exit_code, EXIT_CANCELLED);
    message_free (&end);
    int status;
    ck_assert_int_eq (waitpid (s_master, &status, 0), s_master);
    ck_assert (WIFEXITED (status) && !WEXITSTATUS (status));
    ck_assert (!s_hidden ());
    peer_destroy (&ana);
    peer_destroy (&eva);
    s_start ();
}
END_TEST

// ---- what clients bring

// Answers WANT after WANT until something else comes.
static message_t s_bring (peer_t *client, const buffer_t *const *blob, size_t blobs)
{
    for (;;) {
        message_t asked = s_await_any (client, (1u << MESSAGE_WANT) | (1u << MESSAGE_ACCEPTED) | (1u << MESSAGE_FINISHED));
        if (asked.verb != MESSAGE_WANT)
            return asked;
        message_t answer = { .verb = MESSAGE_BLOB, .blob = { .blob = asked.want.blob, .offset = asked.want.offset } };
        for (size_t i = 0; i < blobs; i++) {
            char hash [BUNDLE_HASH];
            bundle_hash (blob [i], hash);
            size_t left = blob [i]->size - (size_t) asked.want.offset;
            if (strcmp (hash, asked.want.blob))
                continue;
            answer.blob.size = blob [i]->size;
            answer.blob.bytes = (wire_bytes_t) { blob [i]->data + asked.want.offset, left < BLOB_BYTES ? (uint32_t) left : BLOB_BYTES };
        }
        s_send (client, answer);
        message_free (&asked);
    }
}

static buffer_t s_names (const char *name, int count)
{
    buffer_t names = { 0 };
    for (int i = 0; i < count; i++)
        buffer_add (&names, name, strlen (name) + 1);
    return names;
}

static message_t s_submit_list (peer_t *client, const buffer_t *names, const char *output)
{
    char hash [BUNDLE_HASH];
    bundle_hash (names, hash);
    message_t submit = s_submit (NULL, output);
    submit.submit.inputs.count = 0;
    submit.submit.input_list = hash;
    s_send (client, submit);
    return s_bring (client, &names, 1);
}

START_TEST (test_list)
{
    peer_t *ana = s_connect (s_control, &s_ana);
    buffer_t names = s_names ("in.txt", 30000);         // 210 kB
    message_t end = s_submit_list (ana, &names, "many");
    ck_assert_int_eq (end.verb, MESSAGE_ACCEPTED);
    message_free (&end);
    uint64_t bytes = 0;
    ck_assert_int_eq (s_count (ana, &bytes), 1);
    ck_assert_uint_eq (bytes, 30000 * 8);
    buffer_add (&names, "../secret", 10);
    end = s_submit_list (ana, &names, "more");
    s_expect_text (end.finished.error, "../secret: lies outside");
    ck_assert_uint_eq (end.finished.exit_code, EXIT_USAGE);
    message_free (&end);
    buffer_free (&names);
    DIR *folder = opendir (s_path ("state/bundles"));
    for (const struct dirent *entry; (entry = readdir (folder));)
        ck_assert_msg (*entry->d_name == '.', "%s is left", entry->d_name);
    closedir (folder);
    peer_destroy (&ana);
}
END_TEST

// What does not fit together, or comes damaged, is refused; who sends what nobody asked for is not heard.
START_TEST (test_bad_lists)
{
    peer_t *ana = s_connect (s_control, &s_ana);
    char zeros [BUNDLE_HASH] = "00000000000000000000000000000000";
    message_t submit = s_submit (NULL, "out"), want;
    submit.submit.inputs.count = 0;
    submit.submit.input_list = zeros;
    const message_blob_t bad [] = {
        { zeros, 0, 3, { (char *) "a\0b", 3 }, NULL },               // another hash
        { zeros, 1, 3, { (char *) "a", 1 }, NULL },
        { zeros, 0, 0, { (char *) "", 0 }, NULL },
        { zeros, 0, UINT64_MAX, { (char *) "a", 1 }, NULL },
        { zeros, 0, 1, { (char *) "ab", 2 }, NULL },
        { zeros, 0, 0, { NULL, 0 }, (char *) "lost it" },
    };
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        s_send (ana, submit);
        want = s_await (ana, MESSAGE_WANT);
        message_free (&want);
        s_send (ana, (message_t) { .verb = MESSAGE_BLOB, .blob = bad [i] });
        s_expect_end (ana, EXIT_OTHER, "");
    }
    s_send (ana, (message_t) { .verb = MESSAGE_BLOB, .blob = bad [0] });
    submit.submit.input_list = (char *) "../../nodes";
    s_send (ana, submit);
    s_expect_end (ana, EXIT_USAGE, "no hash");
    peer_destroy (&ana);
}
END_TEST

// The same sources twice on one connection, in more than one piece; and a list that is the sources.
START_TEST (test_same_sources)
{
    peer_t *ana = s_connect (s_control, &s_ana);
    char hash [BUNDLE_HASH], *input = (char *) "in.txt";
    buffer_t names = s_names ("in.txt", 20000);
    const buffer_t *brought = &names;
    bundle_hash (&names, hash);
    message_t submit = s_submit (&input, "one");
    submit.submit.bundle = hash;
    s_send (ana, submit);
    submit.submit.output = (char *) "two";
    submit.submit.input_list = hash;
    s_send (ana, submit);
    for (int i = 0; i < 2; i++) {
        message_t end = s_bring (ana, &brought, 1);
        ck_assert_int_eq (end.verb, MESSAGE_ACCEPTED);
        message_free (&end);
    }
    uint64_t bytes = 0;
    ck_assert_int_eq (s_count (ana, &bytes), 2);
    ck_assert_uint_eq (bytes, 20001 * 8);
    buffer_free (&names);
    peer_destroy (&ana);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_asleep, test_one_key, test_cancel, test_client_gone, test_fingerprints,
        test_rows_behind_a_fingerprint, test_fingerprints_of_an_ended_job, test_master_ends, test_list, test_bad_lists,
        test_same_sources };
    return main_run ("intake", s_enter, s_end, tests, COUNT_OF (tests));
}
