// Tests of the word that a new node is given: what is written comes out again, and no other word does.
#include "cli/ticket.h"
#include "tests/main.h"

#include <stdio.h>

static ticket_t s_ticket (bool secured)
{
    keys_t keys;
    ticket_t ticket = { .client = !secured, .door = 7702, .secret = "000102030405060708090a0b0c0dfeff", .host = "pi0.lab" };
    ck_assert (!keys_make (&keys, NULL));
    if (secured)
        memcpy (ticket.key, keys.public_key, KEY_TEXT);
    return ticket;
}

static char *s_word (const ticket_t *ticket)
{
    buffer_t word = { 0 };
    ck_assert (!ticket_write (ticket, &word, NULL));
    buffer_add (&word, "", 1);
    return word.data;
}

START_TEST (test_what_is_written_comes_out)
{
    static const char *const hosts [] = { "a", "10.77.0.1", "pi0.lab", "a-name-of-a-host-that-is-as-long-as-it-may-be.example.org" };
    for (size_t i = 0; i < 2 * COUNT_OF (hosts); i++) {
        ticket_t ticket = s_ticket (i & 1), read;
        snprintf (ticket.host, sizeof ticket.host, "%s", hosts [i / 2]);
        char *word = s_word (&ticket);
        ck_assert_uint_eq (strspn (word, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"), strlen (word));
        ck_assert (!ticket_read (word, &read, NULL));
        ck_assert (read.client == ticket.client && read.door == ticket.door);
        ck_assert_str_eq (read.secret, ticket.secret);
        ck_assert_str_eq (read.key, ticket.key);
        ck_assert_str_eq (read.host, ticket.host);
        free (word);
    }
}
END_TEST

START_TEST (test_no_other_word_is_taken)
{
    ticket_t ticket = s_ticket (true), read;
    char *word = s_word (&ticket);
    size_t size = strlen (word);
    for (size_t i = 0; i < size; i++) {                 // a letter misread, two swapped, the end cut
        char was = word [i];
        word [i] = was == 'x' ? 'y' : 'x';
        ck_assert (ticket_read (word, &read, NULL));
        word [i] = '\0';
        ck_assert (ticket_read (word, &read, NULL));
        word [i] = was;
        if (i && word [i - 1] != was) {
            word [i] = word [i - 1];
            word [i - 1] = was;
            ck_assert (ticket_read (word, &read, NULL));
            word [i - 1] = word [i];
            word [i] = was;
        }
    }
    ck_assert (!ticket_read (word, &read, NULL));
    free (word);
}
END_TEST

START_TEST (test_rubbish_is_refused)
{
    static const char *const bad [] = { "", "1", "hello", "0OIl", "not a word", "\xff\xfe" };
    ticket_t read;
    for (size_t i = 0; i < COUNT_OF (bad); i++)
        ck_assert (ticket_read (bad [i], &read, NULL));
    char giant [2000];
    memset (giant, 'z', sizeof giant);
    giant [sizeof giant - 1] = '\0';
    ck_assert (ticket_read (giant, &read, NULL));
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_what_is_written_comes_out, test_no_other_word_is_taken, test_rubbish_is_refused };
    return main_run ("ticket", NULL, NULL, tests, COUNT_OF (tests));
}
