// A cluster's master among peers who lie.
#include "tests/master/head.h"
#include "wire/bulk.h"


// ---- workers

START_TEST (test_registration)
{
    uint64_t epoch;
    peer_t *first = s_connect (s_control, &s_pi1), *second = s_connect (s_control, &s_pi2);
    uint64_t one = s_register (first, 11, &epoch);
    ck_assert_uint_eq (s_register (first, 11, NULL), one);          // said twice
    uint64_t two = s_register (second, 12, NULL);
    message_t nodes = s_await (second, MESSAGE_NODES);
    ck_assert_uint_eq (nodes.nodes.workers.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        bool is_first = nodes.nodes.workers.item [i] == one;
        ck_assert (is_first || nodes.nodes.workers.item [i] == two);
        ck_assert_str_eq (nodes.nodes.endpoints.item [i], "tcp://127.0.0.1:4711");
        ck_assert_str_eq (nodes.nodes.keys.item [i], is_first ? s_pi1.public_key : s_pi2.public_key);
    }
    message_free (&nodes);
    peer_t *again = s_connect (s_control, &s_pi1);      // the same key: the first life has ended
    ck_assert_uint_gt (s_register (again, 13, NULL), two);
    s_send (first, (message_t) { .verb = MESSAGE_BEAT, .beat = { .epoch = epoch, .worker = one } });
    message_t lost = s_await (first, MESSAGE_WELCOME);
    ck_assert_uint_eq (lost.welcome.worker, 0);
    message_free (&lost);
    peer_destroy (&first);
    peer_destroy (&second);
    peer_destroy (&again);
}
END_TEST

static void s_expect_stop (const keys_t *own, message_t hello, const char *part, const char *other)
{
    peer_t *peer = s_connect (s_control, own);
    s_send (peer, hello);
    message_t stop = s_await (peer, MESSAGE_STOP);
    s_expect_text (stop.stop.reason, part);
    s_expect_text (stop.stop.reason, other);
    message_free (&stop);
    peer_destroy (&peer);
}

START_TEST (test_misfits)
{
    char abi [32];
    message_t hello = s_hello (1);
    snprintf (abi, sizeof abi, "the head's %d", RAC_ABI);
    hello.hello.abi = 4242;
    s_expect_stop (&s_pi1, hello, "ABI 4242", abi);
    hello = s_hello (1);
    hello.hello.release = (char *) "99.1";
    s_expect_stop (&s_pi1, hello, "racimo 99.1", "the head");
    hello = s_hello (1);
    hello.hello.slots = UINT64_MAX;
    s_expect_stop (&s_pi1, hello, "slots", "possible");
    hello.hello.slots = 0;
    s_expect_stop (&s_pi1, hello, "0 slots", "possible");
    s_expect_stop (&s_ana, s_hello (1), "ana is a client", "hello");
    s_line ("ana is a client");                         // told on the head too
}
END_TEST

START_TEST (test_drains)
{
    peer_t *peer = s_connect (s_control, &s_pi1);
    uint64_t worker = s_register (peer, 1, NULL);
    s_send (peer, (message_t) { .verb = MESSAGE_DRAIN, .drain = { worker } });
    message_t stop = s_await (peer, MESSAGE_STOP);
    s_expect_text (stop.stop.reason, "");
    message_free (&stop);
    peer_destroy (&peer);
}
END_TEST

// ---- clients

START_TEST (test_roles_of_clients)
{
    char *input = (char *) "in.txt";
    peer_t *peer = s_connect (s_control, &s_pi1);
    s_send (peer, s_submit (&input, "out"));
    message_t answer = s_await (peer, MESSAGE_FINISHED);
    ck_assert_uint_ne (answer.finished.exit_code, 0);
    s_expect_text (answer.finished.error, "pi1 is a worker");
    message_free (&answer);
    s_send (peer, (message_t) { .verb = MESSAGE_QUERY, .query = { QUERY_JOBS, 0 } });
    answer = s_await (peer, MESSAGE_END);
    s_expect_text (answer.end.error, "may not say query");
    message_free (&answer);
    peer_destroy (&peer);
}
END_TEST

static void s_expect_refused (peer_t *client, const char *name, const char *output, const char *part)
{
    char *input = (char *) name;
    s_send (client, s_submit (&input, output));
    message_t answer = s_await (client, MESSAGE_FINISHED);
    ck_assert_uint_eq (answer.finished.exit_code, EXIT_USAGE);
    s_expect_text (answer.finished.error, part);
    message_free (&answer);
}

START_TEST (test_roots)
{
    peer_t *client = s_connect (s_control, &s_ana);
    ck_assert (!symlink (s_path ("secret"), s_path ("data/link")));
    ck_assert (!symlink (s_top, s_path ("data/up")));
    s_expect_refused (client, "/etc/passwd", "out", "outside the folders");
    s_expect_refused (client, s_path ("secret"), "out", "outside the folders");
    s_expect_refused (client, "link", "out", "outside the folders");
    s_expect_refused (client, "../secret", "out", "outside the folders");
    s_expect_refused (client, "up/*", "out", "outside the folders");
    s_expect_refused (client, "in.txt", s_path ("out"), "outside the folders");
    s_expect_refused (client, "in.txt", "up/out", "outside the folders");
    s_expect_refused (client, "in.txt", "../out", "outside the folders");
    s_expect_refused (client, "nothing.txt", "out", "not found on the head");
    ck_assert_int_ne (access (s_path ("out"), F_OK), 0);
    message_t own = s_submit (&(char *) { (char *) "in.txt" }, "out");
    own.submit.source = (char *) "/etc/passwd";
    s_send (client, own);
    message_t answer = s_await (client, MESSAGE_FINISHED);
    s_expect_text (answer.finished.error, "/etc/passwd");
    message_free (&answer);
    peer_destroy (&client);
}
END_TEST

// A job outlives its client; whoever may be a client may look at it; only its own key ends it.
START_TEST (test_whose_job)
{
    peer_t *ana = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva);
    uint64_t job = s_accepted (ana, "out");
    peer_destroy (&ana);
    s_send (eva, (message_t) { .verb = MESSAGE_ATTACH, .attach = { job } });
    message_t state = s_await (eva, MESSAGE_STATE);
    ck_assert_uint_eq (state.state.job, job);
    message_free (&state);
    s_send (eva, (message_t) { .verb = MESSAGE_CANCEL, .cancel = { job } });
    message_t end = s_await (eva, MESSAGE_END);
    s_expect_text (end.end.error, "another client's");
    message_free (&end);
    ana = s_connect (s_control, &s_ana);
    s_send (ana, (message_t) { .verb = MESSAGE_CANCEL, .cancel = { job } });
    end = s_await (ana, MESSAGE_END);
    ck_assert_str_eq (end.end.error, "");
    message_free (&end);
    message_t finished = s_await (eva, MESSAGE_FINISHED);
    ck_assert_uint_eq (finished.finished.exit_code, EXIT_CANCELLED);
    message_free (&finished);
    ck_assert (!s_hidden ());
    s_send (ana, (message_t) { .verb = MESSAGE_ATTACH, .attach = { 4711 } });
    finished = s_await (ana, MESSAGE_FINISHED);
    s_expect_text (finished.finished.error, "no job 4711");
    message_free (&finished);
    peer_destroy (&ana);
    peer_destroy (&eva);
}
END_TEST

// ---- a worker that lies about a job

START_TEST (test_lies)
{
    uint64_t epoch;
    peer_t *ana = s_connect (s_control, &s_ana), *liar = s_connect (s_control, &s_pi1);
    s_register (liar, 1, &epoch);
    uint64_t job = s_accepted (ana, "out");
    message_t declare = s_await (liar, MESSAGE_DECLARE);
    ck_assert_uint_eq (declare.declare.job, job);
    char *names [] = { (char *) "x" };
    char *part = (char *) "../../../secret";
    uint64_t many [] = { 0, 1, UINT64_MAX };
    message_t lies [] = {
        { .verb = MESSAGE_DONE, .done = { .epoch = epoch, .job = job, .part = part } },
        { .verb = MESSAGE_DONE, .done = { .epoch = epoch, .job = job, .stage = UINT64_MAX, .task = UINT64_MAX, .slot = UINT64_MAX, .part = part } },
        { .verb = MESSAGE_DONE, .done = { .epoch = epoch + 1, .job = job } },
        { .verb = MESSAGE_DONE, .done = { .epoch = epoch, .job = job + 1 } },
        { .verb = MESSAGE_SEALED, .sealed = { .epoch = epoch, .job = job, .tasks = { many, 3 }, .attempts = { many, 3 }, .path = part } },
        { .verb = MESSAGE_FAULT, .fault = { .epoch = epoch, .job = job, .slot = 99, .verb = 200, .error = (char *) "lie" } },
        { .verb = MESSAGE_LOG, .log = { .epoch = epoch, .job = UINT64_MAX, .text = (char *) "noise" } },
        { .verb = MESSAGE_BEAT, .beat = { .epoch = epoch, .job = job, .bytes = UINT64_MAX, .rows = UINT64_MAX, .millicelsius = UINT64_MAX } },
        { .verb = MESSAGE_WANT, .want = { (char *) "../../../../etc/passwd", 0 } },
        { .verb = MESSAGE_DECLARED, .declared = { .epoch = epoch, .job = job + 5 } },
        { .verb = MESSAGE_DECLARED, .declared = { .epoch = epoch, .job = job, .slot = declare.declare.slot, .format = 77, .shuffle = 1,
            .spread = 99, .parts = 7, .result_names = { names, 1 } } },
    };
    for (size_t i = 0; i < COUNT_OF (lies); i++)
        s_send (liar, lies [i]);
    message_free (&declare);
    message_t map = s_await (liar, MESSAGE_MAP);        // it was believed as far as it could matter, and nothing broke
    ck_assert_str_eq (map.map.path, s_path ("data/in.txt"));
    ck_assert_uint_ne (map.map.head, 0);
    s_send (liar, (message_t) { .verb = MESSAGE_DONE, .done = { .epoch = epoch, .job = job, .task = 0, .attempt = 9, .slot = map.map.slot } });
    message_free (&map);
    s_send (ana, (message_t) { .verb = MESSAGE_CANCEL, .cancel = { job } });
    message_t finished = s_await (ana, MESSAGE_FINISHED);
    ck_assert_uint_eq (finished.finished.exit_code, EXIT_CANCELLED);
    message_free (&finished);
    ck_assert_int_eq (access (s_path ("secret"), F_OK), 0);
    ck_assert (!s_hidden ());
    peer_destroy (&ana);
    peer_destroy (&liar);
}
END_TEST

// ---- the data server

static void s_expect_bulk (peer_t *peer, message_fetch_t fetch, const char *why)
{
    s_send (peer, (message_t) { .verb = MESSAGE_FETCH, .fetch = fetch });
    message_t bulk = s_await (peer, MESSAGE_BULK);
    if (why)
        s_expect_text (bulk.bulk.error, why);
    else
        ck_assert_str_eq (bulk.bulk.error, "");
    ck_assert_uint_eq (peer_payload (peer).size, why ? 0 : bulk.bulk.length);
    message_free (&bulk);
}

// A worker has the job's files by their index, and nobody has anything else.
START_TEST (test_data)
{
    peer_t *ana = s_connect (s_control, &s_ana), *client = s_connect (s_data, &s_ana), *worker = s_connect (s_data, &s_pi1);
    uint64_t job = s_accepted (ana, "out");
    s_expect_bulk (client, (message_fetch_t) { .job = job, .length = 100 }, "a client may not ask");
    s_expect_bulk (client, (message_fetch_t) { .what = FETCH_RESULT, .job = job, .length = 100 }, "has ended, or never was");
    s_expect_bulk (worker, (message_fetch_t) { .job = job, .length = 100 }, NULL);
    s_expect_bulk (worker, (message_fetch_t) { .job = job + 1, .length = 100 }, "has ended, or never was");
    s_expect_bulk (worker, (message_fetch_t) { .what = FETCH_RESULT, .job = job, .length = 100 }, "has ended, or never was");
    s_expect_bulk (worker, (message_fetch_t) { .what = FETCH_SEGMENT, .job = job, .length = 100 }, "has ended, or never was");
    s_expect_bulk (worker, (message_fetch_t) { .what = UINT64_MAX, .job = job, .length = 100 }, "has ended, or never was");
    s_expect_bulk (worker, (message_fetch_t) { .job = job, .index = 1, .length = 100 }, "has no file 1");
    s_expect_bulk (worker, (message_fetch_t) { .job = job, .index = UINT64_MAX, .length = 100 }, "has no file");
    s_expect_bulk (worker, (message_fetch_t) { .job = job, .offset = 9, .length = 1 }, "no such range");
    s_expect_bulk (worker, (message_fetch_t) { .job = job, .offset = UINT64_MAX, .length = FETCH_BYTES }, "no such range");
    s_expect_bulk (worker, (message_fetch_t) { .job = job, .length = FETCH_BYTES + 1 }, "no such range");
    s_expect_bulk (worker, (message_fetch_t) { .job = job, .length = UINT64_MAX }, "no such range");
    s_expect_bulk (worker, (message_fetch_t) { .job = job }, "no such range");
    s_expect_bulk (worker, (message_fetch_t) { .job = job, .length = 100 }, NULL);
    peer_destroy (&ana);
    peer_destroy (&client);
    peer_destroy (&worker);
}
END_TEST

static void s_expect_put (peer_t *peer, uint64_t job, const char *part, const char *why)
{
    message_t put = { .verb = MESSAGE_PUT, .put = { .job = job, .part = (char *) part, .length = 4, .checksum = bulk_checksum ("part", 4), .last = 1 } };
    ck_assert (!peer_send_bulk (peer, NULL, &put, "part", 4, WAIT_MS, &s_error));
    message_t stored = s_await (peer, MESSAGE_STORED);
    if (why)
        s_expect_text (stored.stored.error, why);
    else
        ck_assert_str_eq (stored.stored.error, "");
    message_free (&stored);
}

// A part is written by the worker that runs its attempt, while it does.
START_TEST (test_whose_part)
{
    uint64_t epoch;
    peer_t *ana = s_connect (s_control, &s_ana), *one = s_connect (s_control, &s_pi1);
    peer_t *own = s_connect (s_data, &s_pi1), *other = s_connect (s_data, &s_pi2), *client = s_connect (s_data, &s_ana);
    s_register (one, 1, &epoch);
    uint64_t job = s_accepted (ana, "out");
    message_t declare = s_await (one, MESSAGE_DECLARE);
    s_expect_put (own, job, "map-00000-1", "does not run that attempt");
    s_send (one, (message_t) { .verb = MESSAGE_DECLARED, .declared = { .epoch = epoch, .job = job, .slot = declare.declare.slot } });
    message_t map = s_await (one, MESSAGE_MAP);
    char part [64], later [64], rejected [80];          // it was declared to have a map alone, whose results are parts
    snprintf (part, sizeof part, "part-%05llu-%llu", (unsigned long long) map.map.task, (unsigned long long) map.map.attempt);
    snprintf (later, sizeof later, "part-%05llu-%llu", (unsigned long long) map.map.task, (unsigned long long) map.map.attempt + 1);
    snprintf (rejected, sizeof rejected, "%s.rejected", part);
    s_expect_put (other, job, part, "pi2 does not run that attempt");
    s_expect_put (client, job, part, "a client may not");
    s_expect_put (own, job, "map-00000-0", "does not run that attempt");
    s_expect_put (own, job, later, "does not run that attempt");
    s_expect_put (own, job, "in.txt", "cannot be a part");
    s_expect_put (own, job, "map-00000-1/../../in.txt", "cannot be a part");
    s_expect_put (own, job, part, NULL);
    s_expect_put (own, job, rejected, NULL);
    message_t fault = { .verb = MESSAGE_FAULT, .fault = { .epoch = epoch, .job = job, .stage = map.map.stage, .task = map.map.task,
        .attempt = map.map.attempt, .slot = map.map.slot, .verb = MESSAGE_MAP, .error = (char *) "it broke" } };
    s_send (one, fault);                                // and another attempt is ordered
    message_t again = s_await (one, MESSAGE_MAP);
    s_expect_put (own, job, part, "does not run that attempt");
    ck_assert_uint_ne (again.map.attempt, map.map.attempt);
    message_free (&declare);
    message_free (&map);
    message_free (&again);
    peer_destroy (&ana);
    peer_destroy (&one);
    peer_destroy (&own);
    peer_destroy (&other);
    peer_destroy (&client);
}
END_TEST

// ---- the end

START_TEST (test_ends)
{
    peer_t *ana = s_connect (s_control, &s_ana), *eva = s_connect (s_control, &s_eva);
    char *input = (char *) "in.txt";
    s_accepted (ana, "out");
    kill (s_master, SIGTERM);
    s_line ("ends after the jobs");
    s_send (eva, s_submit (&input, "out-2"));
    message_t finished = s_await (eva, MESSAGE_FINISHED);
    s_expect_text (finished.finished.error, "takes no more jobs");
    message_free (&finished);
    kill (s_master, SIGTERM);
    finished = s_await (ana, MESSAGE_FINISHED);
    ck_assert_uint_eq (finished.finished.exit_code, EXIT_CANCELLED);
    message_free (&finished);
    int status;
    ck_assert_int_eq (waitpid (s_master, &status, 0), s_master);
    ck_assert (WIFEXITED (status) && !WEXITSTATUS (status));
    ck_assert (!s_hidden ());
    peer_destroy (&ana);
    peer_destroy (&eva);
    s_start ();
}
END_TEST

// A master is killed with a job under way; the next one knows of it, and takes away what it had in hiding.
START_TEST (test_killed)
{
    peer_t *ana = s_connect (s_control, &s_ana);
    uint64_t job = s_accepted (ana, "out");
    ck_assert (s_hidden ());
    kill (s_master, SIGKILL);
    waitpid (s_master, NULL, 0);
    peer_destroy (&ana);
    fclose (s_says);
    s_start ();
    ck_assert (!s_hidden ());
    ana = s_connect (s_control, &s_ana);
    s_send (ana, (message_t) { .verb = MESSAGE_ATTACH, .attach = { job } });
    message_t finished = s_await (ana, MESSAGE_FINISHED);
    ck_assert_uint_ne (finished.finished.exit_code, EXIT_FINE);
    message_free (&finished);
    ck_assert_uint_gt (s_accepted (ana, "out"), job);   // a number names one job for ever
    peer_destroy (&ana);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_registration, test_misfits, test_drains, test_roles_of_clients, test_roots, test_whose_job, test_lies,
        test_data, test_whose_part, test_ends, test_killed };
    return main_run ("shell", s_begin, s_end, tests, COUNT_OF (tests));
}
