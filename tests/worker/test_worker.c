// test_worker: a real worker with zygote and executors, a master played by the test, and a job that does all that a job should not.
//
// The test is a child subreaper: a process that outlives the worker's end falls to it, so "no process left" is exactly "no child". An emulator of
// single programs, like qemu-aarch64, knows no subreapers; what cannot be seen without one is then left out, and said.
// The worker is forked before the test's own ZeroMQ context exists, as everywhere.
#define _GNU_SOURCE
#include "tests/folder.h"
#include "wire/peer.h"
#include "worker/worker.h"
#include <czmq.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOB = 5, SLOTS = 2, PATIENCE_MS = 20000 };

static pid_t s_worker;
static peer_t *s_master;
static peer_id_t s_id;
static uint64_t s_attempts;
static uint64_t s_timeout;                              // that the job asks for
static bool s_emulated;                                 // see above

static void s_run_worker (const char *endpoint, pid_t parent)
{
    worker_options_t options = {
        .endpoint = endpoint, .slots = SLOTS, .memory = 64 << 20, .scratch = s_path ("scratch"), .cache = s_path ("cache"),
        .api = TEST_SOURCE "/api", .logs = s_folder, .task_timeout_s = 1, .parent = parent,
    };
    _exit (worker_main (&options));
}

static message_t s_receive (void)
{
    message_t message = { 0 };
    error_t error = { 0 };
    for (;;) {
        peer_news_t news = peer_receive (s_master, &s_id, &message, &error);
        ck_assert_msg (news != PEER_BAD, "%s", error.text);
        if (news == PEER_MESSAGE && message.verb != MESSAGE_BEAT)
            return message;
        if (news == PEER_MESSAGE)
            message_free (&message);
        zmq_pollitem_t item = { .socket = peer_socket (s_master), .events = ZMQ_POLLIN };
        if (news == PEER_NOTHING)
            ck_assert_msg (zmq_poll (&item, 1, PATIENCE_MS) > 0, "the worker is silent");
    }
}

static void s_send (message_t message)
{
    error_t error = { 0 };
    ck_assert_msg (!peer_send (s_master, &s_id, &message, 0, &error), "%s", error.text);
}

static void s_greet (void)
{
    message_t hello = s_receive ();
    ck_assert_int_eq (hello.verb, MESSAGE_HELLO);
    ck_assert_uint_eq (hello.hello.slots, SLOTS);
    message_free (&hello);
    s_send ((message_t) { .verb = MESSAGE_WELCOME, .welcome = { .epoch = 1, .worker = 3, .beat_ms = 1000 } });
}

static void s_start (void)
{
    s_folder_make ();
    s_emulated = prctl (PR_SET_CHILD_SUBREAPER, 1) != 0;
    char *endpoint = memory_text (s_path ("master"));
    buffer_t address = { 0 };
    buffer_print (&address, "ipc://%s", endpoint);
    pid_t parent = getpid ();
    s_worker = fork ();
    if (s_worker == 0)
        s_run_worker (address.data, parent);
    zsys_handler_set (NULL);
    s_master = peer_bind (address.data, NULL, NULL);
    ck_assert_ptr_nonnull (s_master);
    s_greet ();
    buffer_free (&address);
    free (endpoint);
}

// The worker has been told to go, one way or another: it must end, and with it everything.
static void s_expect_end (int status)
{
    int seen = 0;
    ck_assert_int_eq (waitpid (s_worker, &seen, 0), s_worker);
    ck_assert_int_eq (seen, status);
    s_worker = 0;
    while (waitpid (-1, NULL, 0) > 0) { }               // after a SIGKILL the zygote tidies up; a stray would hang us here
    struct stat facts;
    ck_assert_msg (stat (s_path ("scratch"), &facts) && errno == ENOENT, "scratch is left");
}

static void s_stop (void)
{
    if (s_worker) {
        s_send ((message_t) { .verb = MESSAGE_STOP, .stop = { 1 } });
        s_expect_end (0);
    }
    peer_destroy (&s_master);
    zsys_shutdown ();
    s_folder_remove ();
}

static void s_send_job (uint64_t number, const char *source)
{
    message_t submit = { .verb = MESSAGE_SUBMIT, .submit = { .name = (char *) "beast", .source = (char *) source,
        .task_timeout_s = s_timeout, .output = (char *) "", .delimiter = (char *) "" } };
    buffer_t body = { 0 };
    ck_assert (!message_encode (&submit, &body, NULL));
    s_send ((message_t) { .verb = MESSAGE_JOB, .job = { .epoch = 1, .job = number, .folder = s_folder,
        .submit = { body.data, (uint32_t) body.size } } });
    buffer_free (&body);
}

static void s_send_map (uint64_t slot, const char *what)
{
    s_send ((message_t) { .verb = MESSAGE_MAP, .map = { .epoch = 1, .job = JOB, .task = 40, .attempt = ++s_attempts, .slot = slot,
        .path = s_path (what), .offset = 1234, .length = 10 } });
}

static void s_expect_done (void)
{
    message_t answer = s_receive ();
    ck_assert_msg (answer.verb == MESSAGE_DONE, "%s: %s", message_name (answer.verb),
        answer.verb == MESSAGE_FAULT ? answer.fault.error : "");
    ck_assert_uint_eq (answer.done.job, JOB);
    ck_assert_uint_eq (answer.done.task, 40);
    ck_assert_uint_eq (answer.done.attempt, s_attempts);
    message_free (&answer);
}

static void s_expect_fault (uint64_t kind, uint64_t lost, const char *words)
{
    message_t answer = s_receive ();
    ck_assert_int_eq (answer.verb, MESSAGE_FAULT);
    ck_assert_msg (strstr (answer.fault.error, words) != NULL, "\"%s\" is not in \"%s\"", words, answer.fault.error);
    ck_assert_uint_eq (answer.fault.kind, kind);
    ck_assert_uint_eq (answer.fault.lost, lost);
    ck_assert_uint_eq (answer.fault.job, JOB);
    message_free (&answer);
}

static void s_begin_beast (void)
{
    s_send_job (JOB, TEST_SOURCE "/tests/worker/beast.c");
    s_send_map (0, "good");
    s_expect_done ();
}

// What one misdeed costs: its attempt. The same slot goes on, and so does what waited behind it.
static void s_survive (const char *what, uint64_t kind, uint64_t lost, const char *words)
{
    s_send_map (1, what);
    s_expect_fault (kind, lost, words);
    s_send_map (1, "good");
    s_expect_done ();
}

START_TEST (test_answers)
{
    s_begin_beast ();
    s_send ((message_t) { .verb = MESSAGE_DECLARE, .declare = { .epoch = 1, .job = JOB, .slot = 1 } });
    message_t answer = s_receive ();
    ck_assert_int_eq (answer.verb, MESSAGE_DECLARED);
    ck_assert_uint_eq (answer.declared.parts, 7);
    ck_assert_uint_eq (answer.declared.slot, 1);
    message_free (&answer);
    s_send ((message_t) { .verb = MESSAGE_SEAL, .seal = { .epoch = 1, .job = JOB, .slot = 1, .segment = 77 } });
    answer = s_receive ();
    ck_assert_int_eq (answer.verb, MESSAGE_SEALED);
    ck_assert_uint_eq (answer.sealed.segment, 77);
    message_free (&answer);
}
END_TEST

START_TEST (test_deaths)
{
    s_begin_beast ();
    s_survive ("refuse", ERROR_DATA, 0, "refused");
    s_survive ("segfault", ERROR_JOB, 1, "SIGSEGV in map at ");
    s_survive ("segfault", ERROR_JOB, 1, "/segfault near byte 1234");
    s_survive ("abort", ERROR_JOB, 1, "SIGABRT in map at ");
    if (!s_emulated)                                    // its last words are the emulator's
        s_survive ("abort", ERROR_JOB, 1, "its last words: this is the end");
    s_survive ("exit", ERROR_JOB, 1, "the job called exit (0) in map at ");
    s_survive ("close", ERROR_JOB, 1, "closed descriptors that are not its own");
    s_survive ("close-and-loop", ERROR_JOB, 1, "closed descriptors that are not its own");
    s_survive ("daemonise-and-die", ERROR_JOB, 1, "SIGABRT");
}
END_TEST

START_TEST (test_stuck)
{
    s_begin_beast ();
    s_survive ("loop", ERROR_JOB, 1, "no progress for 1 s in map at ");
    s_survive ("mask-and-loop", ERROR_JOB, 1, "no progress for 1 s");
    s_survive ("stop", ERROR_JOB, 1, "no progress for 1 s");
    s_send_map (1, "write-long");                       // runs are written and merged for longer than that: not stuck
    s_expect_done ();
}
END_TEST

START_TEST (test_leak)
{
    s_timeout = 60;                                     // touching so many pages takes more than the worker's second
    s_begin_beast ();
    s_survive ("leak", ERROR_JOB, 1, "MB of memory, more than the 576 MB it may");
}
END_TEST

START_TEST (test_strays_and_doubles)
{
    s_begin_beast ();
    s_send_map (0, "daemonise");
    s_expect_done ();
    s_send_map (1, "fork");                             // both processes return, one answers
    s_expect_done ();
    s_send_map (1, "fork-end");
    s_expect_fault (ERROR_DATA, 0, "refused");
    s_send_map (1, "good");
    s_expect_done ();
}
END_TEST

START_TEST (test_noise)
{
    s_begin_beast ();
    s_send_map (0, "noise");
    s_expect_done ();
    struct stat facts;
    ck_assert (!stat (s_path ("slot-0.log"), &facts));
    ck_assert_int_gt (facts.st_size, 1024 * 1024);                  // and one line that says so
    ck_assert_int_lt (facts.st_size, 1024 * 1024 + 100);
}
END_TEST

// While slot 1 loops, slot 0 works; what waits behind the loop is done by the next executor; ABANDON ends the loop before its time.
START_TEST (test_others_go_on)
{
    s_begin_beast ();
    s_send_map (1, "loop");
    uint64_t looping = s_attempts;
    for (int i = 0; i < 20; i++) {
        s_send_map (0, "good");
        s_expect_done ();
    }
    s_send ((message_t) { .verb = MESSAGE_ABANDON, .abandon = { .epoch = 1, .job = JOB, .task = 40, .attempt = looping, .slot = 1 } });
    s_send_map (1, "good");
    s_expect_fault (ERROR_OTHER, 1, "abandoned");
    s_expect_done ();
}
END_TEST

START_TEST (test_forget)
{
    s_begin_beast ();
    struct stat facts;
    ck_assert (!stat (s_path ("scratch/job-5"), &facts));
    s_send ((message_t) { .verb = MESSAGE_FORGET, .forget = { .epoch = 1, .job = JOB } });
    s_send_map (0, "good");
    s_expect_fault (ERROR_OTHER, 0, "does not know job 5");
    ck_assert (stat (s_path ("scratch/job-5"), &facts));
    s_begin_beast ();
}
END_TEST

// What an executor held when it died is reported for the job that was not under way, too.
START_TEST (test_two_jobs)
{
    s_begin_beast ();
    s_send_job (JOB + 1, TEST_SOURCE "/tests/worker/beast.c");
    s_send ((message_t) { .verb = MESSAGE_DECLARE, .declare = { .epoch = 1, .job = JOB + 1, .slot = 0 } });
    message_t answer = s_receive ();
    ck_assert_int_eq (answer.verb, MESSAGE_DECLARED);
    message_free (&answer);
    s_send_map (0, "segfault");
    s_expect_fault (ERROR_JOB, 1, "SIGSEGV");
    answer = s_receive ();
    ck_assert_int_eq (answer.verb, MESSAGE_FAULT);
    ck_assert_uint_eq (answer.fault.job, JOB + 1);
    ck_assert_uint_eq (answer.fault.verb, 0);
    ck_assert_uint_eq (answer.fault.epoch, 1);          // else the master takes it for one of another life
    ck_assert_uint_eq (answer.fault.lost, 1);
    message_free (&answer);
}
END_TEST

START_TEST (test_does_not_compile)
{
    const char text [] = "#include <racimo.h>\nint main (void) { return nonsense; }\n";
    ck_assert (!file_save (s_path ("bad.c"), text, strlen (text), NULL));
    s_send_job (JOB, s_path ("bad.c"));
    s_send_map (0, "good");
    message_t answer = s_receive ();
    ck_assert_int_eq (answer.verb, MESSAGE_FAULT);
    ck_assert_uint_eq (answer.fault.kind, ERROR_JOB);
    ck_assert_ptr_nonnull (strstr (answer.fault.error, "does not compile"));
    ck_assert_ptr_nonnull (strstr (answer.fault.compiler, "nonsense"));
    message_free (&answer);
}
END_TEST

START_TEST (test_terminated_at_work)
{
    s_begin_beast ();
    s_send_map (0, "daemonise");
    s_expect_done ();
    s_send_map (0, "mask-and-loop");
    s_send_map (1, "stop");
    ck_assert (!kill (s_worker, SIGTERM));
    s_expect_end (0);
}
END_TEST

START_TEST (test_killed_at_work)
{
    if (s_emulated) {
        printf ("SKIP a worker that is killed: who outlives it does not fall to the test here\n");
        return;
    }
    s_begin_beast ();
    s_send_map (0, "daemonise");
    s_expect_done ();
    s_send_map (0, "mask-and-loop");
    ck_assert (!kill (s_worker, SIGKILL));
    s_expect_end (SIGKILL);
}
END_TEST

// A worker whose parent dies: here a process between it and the test.
START_TEST (test_parent_dies)
{
    s_send ((message_t) { .verb = MESSAGE_STOP, .stop = { 1 } });
    s_expect_end (0);
    int ready [2];
    ck_assert (!pipe (ready));
    pid_t between = fork ();
    if (between == 0) {
        pid_t self = getpid ();
        if (fork () == 0) {
            prctl (PR_SET_CHILD_SUBREAPER, 0);
            s_run_worker ("ipc:///nonexistent/master", self);
        }
        if (write (ready [1], "", 1) == 1)
            for (;;)
                pause ();
    }
    char byte;
    ck_assert_int_eq (read (ready [0], &byte, 1), 1);
    close (ready [0]);
    close (ready [1]);
    ck_assert (!kill (between, SIGKILL));
    while (waitpid (-1, NULL, 0) > 0) { }
}
END_TEST

int main (void)
{
    const TTest *const tests [] = {
        test_answers, test_deaths, test_stuck, test_leak, test_strays_and_doubles, test_noise, test_others_go_on, test_forget,
        test_two_jobs, test_does_not_compile, test_terminated_at_work, test_killed_at_work, test_parent_dies,
    };
    return main_run ("worker", s_start, s_stop, tests, COUNT_OF (tests));
}
