// Tests of who may connect: the allow list and the tokens, their files, and what is refused.
#define _GNU_SOURCE
#include "base/file.h"
#include "master/allow.h"
#include "master/tokens.h"
#include "tests/main.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char s_state [64];
static error_t s_error;
static keys_t s_one, s_two;

static void s_begin (void)
{
    strcpy (s_state, "/tmp/racimo-test-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_state));
    error_clear (&s_error);
    ck_assert (!keys_make (&s_one, NULL) && !keys_make (&s_two, NULL));
}

static void s_end (void)
{
    file_remove_tree (s_state);
}

static void s_write (const char *name, const char *text)
{
    char *path = file_join (s_state, name);
    ck_assert (!file_save (path, text, strlen (text), NULL));
    free (path);
}

static status_t s_add (role_t role, const char *name, const keys_t *keys, bool replace)
{
    allow_t list;
    error_clear (&s_error);
    status_t rc = allow_open (&list, s_state, &s_error);
    if (!rc)
        rc = allow_add (&list, role, name, keys->public_key, replace, &s_error);
    if (!rc)
        rc = allow_save (&list, &s_error);
    allow_free (&list);
    return rc;
}

static bool s_says (const char *words)
{
    return strstr (s_error.text, words) != NULL;
}

START_TEST (test_who_is_added_is_there_in_the_next_life)
{
    allow_t list;
    struct stat is;
    char *path = file_join (s_state, "nodes");
    ck_assert (!s_add (ROLE_WORKER, "pi1", &s_one, false) && !s_add (ROLE_CLIENT, "ana@pi0", &s_two, false));
    ck_assert (!stat (path, &is) && (is.st_mode & 0777) == 0600);
    free (path);
    ck_assert (!allow_load (&list, s_state, &s_error));
    ck_assert_uint_eq (list.count, 2);
    const allowed_t *one = allow_key (&list, s_one.public_key), *two = allow_name (&list, ROLE_CLIENT, "ana@pi0");
    ck_assert (one && one->role == ROLE_WORKER && !strcmp (one->name, "pi1") && !one->revoked && one->since_s);
    ck_assert (two && !strcmp (two->key, s_two.public_key));
    ck_assert_ptr_null (allow_name (&list, ROLE_WORKER, "ana@pi0"));
    allow_free (&list);
}
END_TEST

START_TEST (test_a_name_belongs_to_one_key)
{
    allow_t list;
    ck_assert (!s_add (ROLE_WORKER, "pi1", &s_one, false));
    ck_assert (!s_add (ROLE_WORKER, "pi1", &s_one, false));                 // said twice
    ck_assert (s_add (ROLE_WORKER, "pi1", &s_two, false) && s_says ("another key"));
    ck_assert (s_add (ROLE_CLIENT, "pi1", &s_one, false) && s_says ("already"));      // a key has one role
    ck_assert (!s_add (ROLE_CLIENT, "pi1", &s_two, false));                 // a client of a worker's name takes nothing from it
    keys_t three;
    ck_assert (!keys_make (&three, NULL) && !s_add (ROLE_WORKER, "pi1", &three, true));
    ck_assert (!allow_load (&list, s_state, NULL) && allow_key (&list, s_one.public_key)->revoked);
    ck_assert_str_eq (allow_name (&list, ROLE_WORKER, "pi1")->key, three.public_key);
    allow_free (&list);
    ck_assert (s_add (ROLE_WORKER, "pi1", &s_one, true) && s_says ("revoked"));       // a revoked key stays out
}
END_TEST

START_TEST (test_names_that_are_none)
{
    static const char *const bad [] = { "", "-a", ".", "@x", "a b", "a\nb", "a/b", "\xc3\xa1", "\033[2J",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
    for (size_t i = 0; i < COUNT_OF (bad); i++)
        ck_assert_msg (s_add (ROLE_WORKER, bad [i], &s_one, false) && s_says ("no name"), "'%s'", bad [i]);
    ck_assert (allow_is_name ("pi-1.lab_2") && allow_is_name ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}
END_TEST

START_TEST (test_a_damaged_line_is_named)
{
    static const char *const bad [] = { "worker", "boss pi1 active 1 %s", "worker pi1 maybe 1 %s", "worker pi1 active x %s", "worker pi1 active 1 %sx",
        "worker pi1 active 1 short", "worker p/1 active 1 %s" };
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        allow_t list;
        buffer_t text = { 0 };
        buffer_print (&text, "# remark\n\n");
        buffer_print (&text, bad [i], s_one.public_key);
        buffer_add (&text, "", 1);
        s_write ("nodes", text.data);
        buffer_free (&text);
        error_clear (&s_error);
        ck_assert_msg (allow_load (&list, s_state, &s_error) && s_says ("nodes:3: not a line like"), "%s", bad [i]);
        allow_free (&list);
    }
}
END_TEST

START_TEST (test_one_change_at_a_time)
{
    allow_t list, other;
    ck_assert (!allow_open (&list, s_state, NULL));
    ck_assert (allow_open (&other, s_state, &s_error) && s_says ("somebody else"));
    allow_free (&other);
    ck_assert (!allow_load (&other, s_state, NULL));                        // readers do not wait
    allow_free (&other);
    allow_free (&list);
    ck_assert (!allow_open (&list, s_state, NULL));
    allow_free (&list);
}
END_TEST

static void *s_change (void *unused)
{
    allow_t list;
    (void) unused;
    status_t rc = allow_open (&list, s_state, NULL);
    allow_free (&list);
    return rc ? s_state : NULL;
}

// Each of several gets the list once the one before has done with it.
START_TEST (test_changes_wait_for_each_other)
{
    allow_t list;
    pthread_t other [4];
    void *failed;
    for (int round = 0; round < 50; round++) {
        ck_assert (!allow_open (&list, s_state, NULL));
        for (size_t i = 0; i < COUNT_OF (other); i++)
            ck_assert (!pthread_create (&other [i], NULL, s_change, NULL));
        allow_free (&list);
        for (size_t i = 0; i < COUNT_OF (other); i++) {
            ck_assert (!pthread_join (other [i], &failed));
            ck_assert_ptr_null (failed);
        }
    }
}
END_TEST

START_TEST (test_a_token_lets_in_as_often_as_it_says)
{
    char secret [TOKEN_TEXT];
    token_grant_t grant = { .role = ROLE_CLIENT, .uses = 2, .seconds = 100, .replace = true }, got;
    ck_assert_uint_eq (tokens_left (s_state), 0);
    ck_assert (!tokens_add (s_state, &grant, secret, &s_error));
    ck_assert_uint_eq (strlen (secret), TOKEN_TEXT - 1);
    ck_assert (tokens_left (s_state) > 90 && tokens_left (s_state) <= 100);
    for (int i = 0; i < 2; i++) {
        ck_assert (!tokens_check (s_state, secret, &got, NULL) && !tokens_check (s_state, secret, &got, NULL));    // looking costs nothing
        ck_assert (got.role == ROLE_CLIENT && got.replace && got.uses == (uint64_t) (2 - i));
        ck_assert (!tokens_use (s_state, secret, NULL));
    }
    ck_assert (tokens_check (s_state, secret, &got, &s_error) && s_says ("used up"));
    ck_assert_uint_eq (tokens_left (s_state), 0);
}
END_TEST

START_TEST (test_the_file_does_not_tell_the_secret)
{
    char secret [TOKEN_TEXT], other [TOKEN_TEXT], *path = file_join (s_state, "tokens");
    token_grant_t grant = { .role = ROLE_WORKER, .uses = 1, .seconds = 100 }, got;
    buffer_t text = { 0 };
    struct stat is;
    ck_assert (!tokens_add (s_state, &grant, secret, NULL) && !tokens_add (s_state, &grant, other, NULL));
    ck_assert_str_ne (secret, other);
    ck_assert (!file_load (path, 4096, &text, NULL) && !stat (path, &is) && (is.st_mode & 0777) == 0600);
    buffer_add (&text, "", 1);
    ck_assert_ptr_null (strcasestr (text.data, secret));
    text.data [40] = '\0';                              // the hash itself is no token
    ck_assert (tokens_check (s_state, text.data, &got, NULL) && tokens_check (s_state, "", &got, NULL));
    buffer_free (&text);
    free (path);
}
END_TEST

START_TEST (test_tokens_end_with_time_and_with_the_boot)
{
    char secret [TOKEN_TEXT], text [256], hash [41], boot [37], *path = file_join (s_state, "tokens");
    token_grant_t grant = { .role = ROLE_WORKER, .uses = 1, .seconds = 100 }, got;
    buffer_t was = { 0 };
    ck_assert (!tokens_add (s_state, &grant, secret, NULL) && !file_load (path, 4096, &was, NULL));
    buffer_add (&was, "", 1);
    ck_assert_int_eq (sscanf (was.data, "%40s %36s", hash, boot), 2);
    const struct { const char *boot; const char *until; bool good; } cases [] = {
        { boot, "99999999999", true }, { boot, "1", false }, { "00000000-0000-0000-0000-000000000000", "99999999999", false }, { boot, "x", false },
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        snprintf (text, sizeof text, "rubbish\n%s %s %s 1 worker 0\n", hash, cases [i].boot, cases [i].until);
        s_write ("tokens", text);
        ck_assert_int_eq (tokens_check (s_state, secret, &got, NULL) == OK, cases [i].good);
    }
    buffer_free (&was);
    free (path);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_who_is_added_is_there_in_the_next_life, test_a_name_belongs_to_one_key, test_names_that_are_none,
        test_a_damaged_line_is_named, test_one_change_at_a_time, test_changes_wait_for_each_other, test_a_token_lets_in_as_often_as_it_says, test_the_file_does_not_tell_the_secret,
        test_tokens_end_with_time_and_with_the_boot };
    return main_run ("allow", s_begin, s_end, tests, COUNT_OF (tests));
}
