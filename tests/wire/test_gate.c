// Tests of keys and gate, and of peers with CURVE over real tcp on loopback: who is let in, who is refused and told why, who is cut off.
#include "base/file.h"
#include "wire/gate.h"
#include "wire/peer.h"

#include <check.h>
#include <czmq.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { WAIT_MS = 10000 };

static keys_t s_head, s_worker, s_client;

static message_t s_cancel (uint64_t job)
{
    return (message_t) { .verb = MESSAGE_CANCEL, .cancel = { job } };
}

// ---- keys

static char s_folder [64];

static void s_enter (void)
{
    strcpy (s_folder, "/tmp/racimo-test-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_folder));
}

static void s_leave (void)
{
    file_remove_tree (s_folder);
}

START_TEST (keys_are_kept)
{
    keys_t made, back;
    error_t error = { 0 };
    struct stat is;
    char *path = file_join (s_folder, "worker.key"), *beside = file_join (s_folder, "worker.key.pub");
    buffer_t text = { 0 };
    ck_assert (keys_make (&made, NULL) == OK && keys_is_public (made.public_key));
    mode_t before = umask (0);
    ck_assert_msg (keys_save (&made, path, &error) == OK, "%s", error.text);
    umask (before);
    ck_assert (!stat (path, &is) && (is.st_mode & 0777) == 0600);
    ck_assert (!stat (beside, &is) && (is.st_mode & 0777) == 0644);
    ck_assert_msg (keys_load (path, &back, &error) == OK, "%s", error.text);
    ck_assert (!memcmp (&made, &back, sizeof made));
    ck_assert (file_load (beside, 1000, &text, NULL) == OK && text.size == KEY_TEXT && !memcmp (text.data, made.public_key, KEY_TEXT - 1));
    ck_assert (keys_save (&made, path, &error) == FAILED && strstr (error.text, "there is a key already"));
    buffer_free (&text);
    free (path);
    free (beside);
}
END_TEST

static void s_expect_refused (const char *path, const char *why)
{
    keys_t keys;
    error_t error = { 0 };
    ck_assert (keys_load (path, &keys, &error) == FAILED);
    ck_assert_msg (strstr (error.text, path) && strstr (error.text, why), "%s", error.text);
    ck_assert (!keys.secret_key [0]);
}

START_TEST (keys_that_are_open_or_broken)
{
    keys_t keys, other;
    char *path = file_join (s_folder, "head.key"), text [256];
    ck_assert (keys_make (&keys, NULL) == OK && keys_make (&other, NULL) == OK);
    s_expect_refused (path, "cannot open");
    ck_assert (keys_save (&keys, path, NULL) == OK);
    static const mode_t open_modes [] = { 0640, 0604, 0660, 0610 };
    for (size_t i = 0; i < COUNT_OF (open_modes); i++) {
        ck_assert (!chmod (path, open_modes [i]));
        s_expect_refused (path, "chmod 600");
    }
    ck_assert (!chmod (path, 0600));
    if (!geteuid () && !chown (path, 12345, 0)) {
        s_expect_refused (path, "belongs to another user");
        ck_assert (!chown (path, 0, 0));
    }
    const char *contents [] = { "", "public \n", "secret\npublic\n", NULL, NULL, NULL };
    char mixed [200], behind [200], cut [200];
    snprintf (mixed, sizeof mixed, "public %s\nsecret %s\n", other.public_key, keys.secret_key);
    snprintf (behind, sizeof behind, "public %s\nsecret %s\nmore\n", keys.public_key, keys.secret_key);
    snprintf (cut, sizeof cut, "public %s\nsecret %.20s\n", keys.public_key, keys.secret_key);
    contents [3] = mixed, contents [4] = behind, contents [5] = cut;
    for (size_t i = 0; i < COUNT_OF (contents); i++) {
        ck_assert (file_save (path, contents [i], strlen (contents [i]), NULL) == OK);
        s_expect_refused (path, "damaged");
    }
    ck_assert (!unlink (path) && !mkfifo (path, 0600));
    s_expect_refused (path, "not a file");
    free (path);
    snprintf (text, sizeof text, "%s", keys.public_key);
    ck_assert (keys_is_public (text));
    text [39] = '\0';
    ck_assert (!keys_is_public (text));
    memset (text, '#', 40);                             // beyond 32 bits
    ck_assert (!keys_is_public (text));
    memset (text, ' ', 40);
    ck_assert (!keys_is_public (text));
    ck_assert (!keys_is_public (NULL));
}
END_TEST

// ---- the gate, from outside

static gate_t *s_gate;

static void s_build (void)
{
    error_t error = { 0 };
    zsys_handler_set (NULL);
    ck_assert (!keys_make (&s_head, NULL) && !keys_make (&s_worker, NULL) && !keys_make (&s_client, NULL));
    s_gate = gate_new (&error);
    ck_assert_msg (s_gate != NULL, "%s", error.text);
    gate_allow (s_gate, s_worker.public_key, ROLE_WORKER, "pi 1");
    gate_allow (s_gate, s_client.public_key, ROLE_CLIENT, "ana");
}

static void s_tear (void)
{
    gate_destroy (&s_gate);
}

static peer_t *s_bind (const char *domain)
{
    error_t error = { 0 };
    peer_t *peer = peer_bind ("tcp://127.0.0.1:*", &(peer_options_t) { .own = &s_head, .domain = domain }, &error);
    ck_assert_msg (peer != NULL, "%s", error.text);
    ck_assert_int_gt (peer_port (peer), 0);
    return peer;
}

static peer_t *s_connect (const peer_t *to, const keys_t *own, const char *server)
{
    char endpoint [64];
    error_t error = { 0 };
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", peer_port (to));
    peer_t *peer = peer_connect (endpoint, &(peer_options_t) { .own = own, .server = server }, &error);
    ck_assert_msg (peer != NULL, "%s", error.text);
    return peer;
}

static peer_news_t s_wait (peer_t *peer, peer_id_t *from, message_t *into, error_t *error)
{
    zmq_pollitem_t item = { .socket = peer_socket (peer), .events = ZMQ_POLLIN };
    ck_assert_int_eq (zmq_poll (&item, 1, WAIT_MS), 1);
    return peer_receive (peer, from, into, error);
}

static void s_hear (peer_t *router, peer_id_t *from, uint64_t job)
{
    message_t back;
    error_t error = { 0 };
    ck_assert_msg (s_wait (router, from, &back, &error) == PEER_MESSAGE, "%s", error.text);
    ck_assert_uint_eq (back.cancel.job, job);
    message_free (&back);
}

static void s_say (peer_t *peer, uint64_t job)
{
    message_t message = s_cancel (job);
    error_t error = { 0 };
    ck_assert_msg (peer_send (peer, NULL, &message, WAIT_MS, &error) == OK, "%s", error.text);
}

// A peer that must not get in says why, stops trying, and sends nothing any more.
static void s_expect_no_entry (peer_t *peer, const char *why)
{
    message_t message = s_cancel (1);
    error_t error = { 0 };
    ck_assert (peer_send (peer, NULL, &message, WAIT_MS, &error) == FAILED);
    ck_assert_msg (strstr (error.text, why) != NULL, "%s", error.text);
    ck_assert_str_eq (peer_refused (peer), error.text);
}

START_TEST (who_is_let_in)
{
    peer_t *control = s_bind ("control"), *serve = s_bind ("serve");
    peer_t *worker = s_connect (control, &s_worker, s_head.public_key), *client = s_connect (control, &s_client, s_head.public_key);
    peer_id_t id;
    s_say (worker, 7);
    s_hear (control, &id, 7);
    ck_assert_int_eq (peer_user (control)->role, ROLE_WORKER);
    ck_assert_str_eq (peer_user (control)->name, "pi 1");
    ck_assert_str_eq (peer_user (control)->key, s_worker.public_key);
    ck_assert_str_eq (peer_address (control), "127.0.0.1");
    message_t message = s_cancel (8);
    ck_assert (peer_send (control, &id, &message, 0, NULL) == OK);
    s_hear (worker, NULL, 8);
    s_say (client, 9);
    s_hear (control, NULL, 9);
    ck_assert_int_eq (peer_user (control)->role, ROLE_CLIENT);
    ck_assert_ptr_null (peer_refused (worker));
    ck_assert_ptr_null (peer_refused (control));

    keys_t unknown;
    ck_assert (keys_make (&unknown, NULL) == OK);
    peer_t *stranger = s_connect (control, &unknown, s_head.public_key), *misled = s_connect (control, &s_worker, unknown.public_key);
    peer_t *wrong = s_connect (serve, &s_client, s_head.public_key);
    s_expect_no_entry (stranger, "does not know this key");
    ck_assert_ptr_nonnull (strstr (peer_refused (stranger), unknown.public_key));
    s_expect_no_entry (wrong, "its role is another one");
    s_expect_no_entry (misled, "ends every handshake");
    ck_assert_ptr_nonnull (strstr (peer_refused (misled), unknown.public_key));
    peer_destroy (&stranger);
    peer_destroy (&misled);
    peer_destroy (&wrong);
    s_say (worker, 10);                                 // the others were not disturbed
    s_hear (control, NULL, 10);
    peer_destroy (&worker);
    peer_destroy (&client);
    peer_destroy (&serve);
    peer_destroy (&control);
}
END_TEST

START_TEST (both_sides_must_encrypt)
{
    char endpoint [64];
    peer_t *control = s_bind ("control"), *open = peer_bind ("tcp://127.0.0.1:*", NULL, NULL);
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", peer_port (control));
    peer_t *naked = peer_connect (endpoint, NULL, NULL), *dressed = s_connect (open, &s_worker, s_head.public_key);
    s_expect_no_entry (naked, "wants encryption");
    s_expect_no_entry (dressed, "does not encrypt");
    peer_destroy (&naked);
    peer_destroy (&dressed);
    peer_destroy (&control);
    peer_destroy (&open);
}
END_TEST

// Without CURVE nobody is anybody, whatever he says of himself.
START_TEST (no_identity_without_a_key)
{
    char endpoint [64], user_id [200];
    peer_t *open = peer_bind ("tcp://127.0.0.1:*", NULL, NULL);
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", peer_port (open));
    peer_t *peer = peer_connect (endpoint, NULL, NULL);
    s_say (peer, 1);
    s_hear (open, NULL, 1);
    ck_assert_int_eq (peer_user (open)->role, ROLE_NONE);
    ck_assert_str_eq (peer_address (open), "127.0.0.1");
    user_t user;
    snprintf (user_id, sizeof user_id, "worker %s pi 1", s_worker.public_key);
    ck_assert (gate_user (user_id, &user) && user.role == ROLE_WORKER && streq (user.name, "pi 1"));
    snprintf (user_id, sizeof user_id, "worker %s pi 1", s_head.public_key);
    ck_assert (!gate_user (user_id, &user) && streq (user.key, s_head.public_key));
    ck_assert (!gate_user (NULL, &user) && !gate_user ("", &user) && !gate_user ("worker", &user) && !gate_user ("king x y", &user));
    peer_destroy (&peer);
    peer_destroy (&open);
}
END_TEST

// Waits until the peer's connection has ended and says what follows of it.
static const char *s_await_refusal (peer_t *peer)
{
    zmq_pollitem_t item = { .socket = peer_monitor (peer), .events = ZMQ_POLLIN };
    int64_t until = zclock_mono () + WAIT_MS;
    while (!peer_refused (peer) && zclock_mono () < until)
        zmq_poll (&item, 1, 1000);
    return peer_refused (peer);
}

START_TEST (revoked_keys_are_cut_off)
{
    peer_t *control = s_bind ("control");
    peer_t *worker = s_connect (control, &s_worker, s_head.public_key), *client = s_connect (control, &s_client, s_head.public_key);
    peer_t *silent = s_connect (control, &s_worker, s_head.public_key);
    peer_id_t worker_id, client_id;
    message_t message = s_cancel (4), back;
    error_t error = { 0 };
    s_say (worker, 1);
    s_hear (control, &worker_id, 1);
    s_say (client, 2);
    s_hear (control, &client_id, 2);
    zmq_pollitem_t ready = { .socket = peer_socket (silent), .events = ZMQ_POLLOUT };
    ck_assert_int_eq (zmq_poll (&ready, 1, WAIT_MS), 1); // it is in, and has not said a word

    gate_refuse (s_gate, s_worker.public_key);
    peer_cut (control, s_worker.public_key);
    const char *why = s_await_refusal (worker);          // cut, it tried again and met the gate
    ck_assert_ptr_nonnull (why);
    ck_assert_ptr_nonnull (strstr (why, "revoked"));
    s_say (silent, 3);                                  // its first word is dropped and cuts it
    ck_assert_int_eq (s_wait (control, NULL, &back, &error), PEER_BAD);
    ck_assert_msg (strstr (error.text, "not allowed any more") && strstr (error.text, "pi 1"), "%s", error.text);
    ck_assert_ptr_nonnull (s_await_refusal (silent));
    ck_assert_int_eq (peer_receive (control, NULL, &back, NULL), PEER_NOTHING);
    ck_assert (peer_send (control, &worker_id, &message, 0, NULL) == FAILED);
    ck_assert (peer_send (control, &client_id, &message, 0, NULL) == OK);    // the client's link has not noticed
    s_hear (client, NULL, 4);

    gate_allow (s_gate, s_worker.public_key, ROLE_WORKER, "pi 1");
    peer_t *again = s_connect (control, &s_worker, s_head.public_key);
    s_say (again, 5);
    s_hear (control, NULL, 5);
    peer_destroy (&again);
    peer_destroy (&silent);
    peer_destroy (&worker);
    peer_destroy (&client);
    peer_destroy (&control);
}
END_TEST

// A cut that comes too late finds another connection, or none, behind the descriptor.
START_TEST (a_late_cut_hits_nobody)
{
    peer_t *control = s_bind ("control"), *other = s_bind ("control");
    peer_t *worker = s_connect (control, &s_worker, s_head.public_key);
    s_say (worker, 1);
    s_hear (control, NULL, 1);
    peer_destroy (&worker);
    peer_t *clients [8];
    for (int i = 0; i < 8; i++) {
        clients [i] = s_connect (other, &s_client, s_head.public_key);
        s_say (clients [i], 10);
        s_hear (other, NULL, 10);
    }
    peer_cut (control, s_worker.public_key);
    for (int i = 0; i < 8; i++) {
        s_say (clients [i], 11);
        s_hear (other, NULL, 11);
        ck_assert_ptr_null (peer_refused (clients [i]));
        peer_destroy (&clients [i]);
    }
    peer_destroy (&other);
    peer_destroy (&control);
}
END_TEST

START_TEST (the_door)
{
    keys_t unknown;
    ck_assert (keys_make (&unknown, NULL) == OK);
    peer_t *door = s_bind ("door");
    peer_t *stranger = s_connect (door, &unknown, s_head.public_key);
    s_expect_no_entry (stranger, "the door is closed");
    peer_destroy (&stranger);
    gate_open (s_gate, true);
    stranger = s_connect (door, &unknown, s_head.public_key);
    s_say (stranger, 1);
    s_hear (door, NULL, 1);
    ck_assert_int_eq (peer_user (door)->role, ROLE_STRANGER);
    ck_assert_str_eq (peer_user (door)->key, unknown.public_key);
    gate_allow (s_gate, unknown.public_key, ROLE_WORKER, "pi 2");
    s_say (stranger, 2);
    s_hear (door, NULL, 2);
    ck_assert_int_eq (peer_user (door)->role, ROLE_WORKER);
    gate_refuse (s_gate, unknown.public_key);
    gate_open (s_gate, false);
    s_say (stranger, 3);
    message_t back;
    ck_assert_int_eq (s_wait (door, NULL, &back, NULL), PEER_BAD);
    peer_destroy (&stranger);
    peer_destroy (&door);
}
END_TEST

START_TEST (one_gate_a_process)
{
    error_t error = { 0 };
    ck_assert_ptr_null (gate_new (&error));
    ck_assert (strstr (error.text, "one gate"));
}
END_TEST

int main (void)
{
    Suite *suite = suite_create ("gate");
    TCase *files = tcase_create ("keys"), *links = tcase_create ("links");
    tcase_set_timeout (files, 30);
    tcase_add_checked_fixture (files, s_enter, s_leave);
    tcase_add_test (files, keys_are_kept);
    tcase_add_test (files, keys_that_are_open_or_broken);
    tcase_set_timeout (links, 60);
    tcase_add_checked_fixture (links, s_build, s_tear);
    tcase_add_test (links, who_is_let_in);
    tcase_add_test (links, both_sides_must_encrypt);
    tcase_add_test (links, no_identity_without_a_key);
    tcase_add_test (links, revoked_keys_are_cut_off);
    tcase_add_test (links, a_late_cut_hits_nobody);
    tcase_add_test (links, the_door);
    tcase_add_test (links, one_gate_a_process);
    suite_add_tcase (suite, files);
    suite_add_tcase (suite, links);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? 1 : 0;
}
