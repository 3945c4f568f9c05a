// head: a cluster's master as a process, over encrypted tcp on loopback, and peers that a test plays: its nodes and clients.
#pragma once
#include "base/clock.h"
#include "base/file.h"
#include "master/allow.h"
#include "master/master.h"
#include "tests/main.h"
#include "tests/memcheck.h"
#include "wire/peer.h"

#include <czmq.h>
#include <dirent.h>
#include <racimo.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WAIT_MS memcheck_patience_ms (20000)

static char s_top [64], s_control [64], s_data [64];
static keys_t s_head, s_pi1, s_pi2, s_ana, s_eva, s_unknown;
static pid_t s_master;
static FILE *s_says;                                    // the master's standard error
static error_t s_error;

static inline const char *s_path (const char *name)
{
    static char path [4] [256];
    static int at;
    at = (at + 1) % 4;
    snprintf (path [at], sizeof path [at], "%s/%s", s_top, name);
    return path [at];
}

// ---- the master

static inline int s_run_master (void)
{
    const char *roots [] = { s_path ("data") };
    char *state = memory_text (s_path ("state"));
    master_options_t options = { .endpoint = "tcp://127.0.0.1:*", .data = "tcp://127.0.0.1:*", .door = "tcp://127.0.0.1:*", .ready_fd = -1,
        .keys = &s_head, .cluster = "test", .state = state, .root = roots, .roots = 1, .parent = getppid () };
    int rc = master_main (&options);
    free (state);
    zsys_shutdown ();
    return rc;
}

static inline void s_allow (void)
{
    allow_t list;
    ck_assert (!allow_open (&list, s_path ("state"), &s_error));
    ck_assert (!allow_add (&list, ROLE_WORKER, "pi1", s_pi1.public_key, false, &s_error));
    ck_assert (!allow_add (&list, ROLE_WORKER, "pi2", s_pi2.public_key, false, &s_error));
    ck_assert (!allow_add (&list, ROLE_CLIENT, "ana", s_ana.public_key, false, &s_error));
    ck_assert (!allow_add (&list, ROLE_CLIENT, "eva", s_eva.public_key, false, &s_error));
    ck_assert (!allow_save (&list, &s_error));
    allow_free (&list);
}

// Its next line that has this in it.
static inline const char *s_line (const char *part)
{
    static char line [1024];
    while (fgets (line, sizeof line, s_says))
        if (strstr (line, part))
            return line;
    ck_abort_msg ("the master never said '%s'", part);
    return NULL;
}

static inline void s_start (void)
{
    int ends [2];
    ck_assert_int_eq (pipe (ends), 0);
    zsys_shutdown ();                                   // its threads: a fork beside them is unsafe
    s_master = fork ();
    if (s_master == 0) {
        dup2 (ends [1], STDERR_FILENO);
        close (ends [0]);
        close (ends [1]);
        _exit (s_run_master ());
    }
    close (ends [1]);
    zsys_handler_set (NULL);
    s_says = fdopen (ends [0], "r");
    int control, data;
    ck_assert_int_eq (sscanf (strstr (s_line ("ready:"), "ready:"), "ready: control port %d, data port %d", &control, &data), 2);
    snprintf (s_control, sizeof s_control, "tcp://127.0.0.1:%d", control);
    snprintf (s_data, sizeof s_data, "tcp://127.0.0.1:%d", data);
}

static inline void s_begin (void)
{
    keys_t *keys [] = { &s_head, &s_pi1, &s_pi2, &s_ana, &s_eva, &s_unknown };
    s_error = (error_t) { 0 };
    strcpy (s_top, "/tmp/racimo-test.XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_top));
    mkdir (s_path ("data"), 0777);
    mkdir (s_path ("state"), 0700);
    ck_assert (!file_save (s_path ("data/in.txt"), "a b\nc d\n", 8, NULL));
    ck_assert (!file_save (s_path ("data/job.c"), "x", 1, NULL));
    ck_assert (!file_save (s_path ("secret"), "x", 1, NULL));
    for (size_t i = 0; i < COUNT_OF (keys); i++)
        ck_assert (!keys_make (keys [i], &s_error));
    s_allow ();
    s_start ();
}

static inline void s_end (void)
{
    kill (s_master, SIGKILL);                           // test_ends is about its end
    waitpid (s_master, NULL, 0);
    fclose (s_says);
    file_remove_tree (s_top);
    zsys_shutdown ();                                   // without Check's forks: the next master is to be forked before there is a context
}

static inline long s_memory_kb (void)
{
    char path [64], line [256];
    long kb = 0;
    snprintf (path, sizeof path, "/proc/%d/status", (int) s_master);
    FILE *file = fopen (path, "r");
    ck_assert_ptr_nonnull (file);
    while (fgets (line, sizeof line, file))
        if (sscanf (line, "VmHWM: %ld", &kb) == 1)
            break;
    fclose (file);
    return kb;
}

// ---- peers

static inline peer_t *s_connect (const char *endpoint, const keys_t *own)
{
    peer_t *peer = peer_connect (endpoint, &(peer_options_t) { .own = own, .server = s_head.public_key, .bulk = endpoint == s_data }, &s_error);
    ck_assert_msg (peer != NULL, "%s", s_error.text);
    return peer;
}

static inline void s_send (peer_t *peer, message_t message)
{
    ck_assert_msg (!peer_send (peer, NULL, &message, WAIT_MS, &s_error), "%s", s_error.text);
}

// The next message of one of these verbs (bits); others are passed over, and named if it does not come.
static inline message_t s_await_any (peer_t *peer, uint64_t verbs)
{
    int64_t due = clock_us () + WAIT_MS * INT64_C (1000);
    buffer_t other = { 0 };
    while (clock_us () < due) {
        message_t message = { 0 };
        zmq_pollitem_t item = { .socket = peer_socket (peer), .events = ZMQ_POLLIN };
        if (peer_receive (peer, NULL, &message, &s_error) == PEER_NOTHING) {
            (void) zmq_poll (&item, 1, 100);
            continue;
        }
        if (verbs >> message.verb & 1) {
            buffer_free (&other);
            return message;
        }
        message_print (&message, &other);
        message_free (&message);
    }
    ck_abort_msg ("what should come did not, but %s", other.data ? other.data : "nothing");
    return (message_t) { 0 };
}

static inline message_t s_await (peer_t *peer, message_verb_t verb)
{
    return s_await_any (peer, UINT64_C (1) << verb);
}

static inline message_t s_hello (uint64_t nonce)
{
    return (message_t) { .verb = MESSAGE_HELLO, .hello = { .abi = RAC_ABI, .nonce = nonce, .slots = 2, .port = 4711,
        .node = (char *) "liar", .cpu = (char *) "x86_64" } };
}

static inline uint64_t s_register (peer_t *peer, uint64_t nonce, uint64_t *epoch)
{
    s_send (peer, s_hello (nonce));
    message_t welcome = s_await (peer, MESSAGE_WELCOME);
    uint64_t worker = welcome.welcome.worker;
    if (epoch)
        *epoch = welcome.welcome.epoch;
    message_free (&welcome);
    return worker;
}

static inline message_t s_submit (char **input, const char *output)
{
    return (message_t) { .verb = MESSAGE_SUBMIT, .submit = { .name = (char *) "job", .source = (char *) "job.c", .inputs = { input, 1 },
        .output = (char *) output, .user = (char *) "root", .priority = 100 } };
}

static inline uint64_t s_await_accepted (peer_t *client)
{
    message_t accepted = s_await (client, MESSAGE_ACCEPTED);
    uint64_t job = accepted.accepted.job;
    message_free (&accepted);
    return job;
}

static inline uint64_t s_accepted (peer_t *client, const char *output)
{
    char *input = (char *) "in.txt";
    s_send (client, s_submit (&input, output));
    return s_await_accepted (client);
}

static inline void s_expect_text (const char *text, const char *part)
{
    ck_assert_msg (text && strstr (text, part), "'%s' has no '%s'", text ? text : "", part);
}

// Something of a job is left in hiding where clients may write.
static inline bool s_hidden (void)
{
    DIR *folder = opendir (s_path ("data"));
    bool found = false;
    for (const struct dirent *entry; (entry = readdir (folder));)
        found |= strstr (entry->d_name, ".racimo-") != NULL;
    closedir (folder);
    return found;
}
