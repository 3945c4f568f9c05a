// ticket: see ticket.h.
//
// Bytes: version, flags, port (2, big end first), secret (16), key (32, if there is one), host, checksum (4: the low bytes of XXH3 of all
// before). They are written as one number to the base 58, in the digits and letters that are not mistaken for one another, so that
// the word survives being read out; the checksum tells a misread word from a wrong one.
#include "cli/ticket.h"
#include "wire/bulk.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum { TICKET_VERSION = 1, WITH_KEY = 1, FOR_CLIENT = 2, KEY_BYTES = 32, CHECK_BYTES = 4, BEFORE = 4 + TOKEN_SECRET, MOST_BYTES = 256, MOST_LETTERS = 352 };

static const char s_letters [] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

// ---- bytes as a number to the base 58; the first byte is the version, so no zeros lead

static void s_spell (const unsigned char *bytes, size_t size, buffer_t *into)
{
    unsigned char digit [MOST_LETTERS];
    size_t digits = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned carry = bytes [i];
        for (size_t at = 0; at < digits; at++) {
            carry += (unsigned) digit [at] << 8;
            digit [at] = (unsigned char) (carry % 58);
            carry /= 58;
        }
        for (; carry; carry /= 58)
            digit [digits++] = (unsigned char) (carry % 58);
    }
    while (digits-- > 0)
        buffer_add (into, &s_letters [digit [digits]], 1);
}

// False: other letters, or longer than any ticket.
static bool s_unspell (const char *word, unsigned char bytes [MOST_BYTES], size_t *size)
{
    *size = 0;
    for (const char *at = word; *at; at++) {
        const char *found = strchr (s_letters, *at);
        if (!found)
            return false;
        unsigned carry = (unsigned) (found - s_letters);
        for (size_t i = 0; i < *size; i++) {
            carry += bytes [i] * 58u;
            bytes [i] = (unsigned char) carry;
            carry >>= 8;
        }
        for (; carry; carry >>= 8) {
            if (*size == MOST_BYTES)
                return false;
            bytes [(*size)++] = (unsigned char) carry;
        }
    }
    for (size_t i = 0; i < *size / 2; i++) {            // the last came first
        unsigned char last = bytes [*size - 1 - i];
        bytes [*size - 1 - i] = bytes [i];
        bytes [i] = last;
    }
    return true;
}

// ---- the ticket

static void s_checksum (const void *bytes, size_t size, unsigned char check [CHECK_BYTES])
{
    uint64_t sum = bulk_checksum (bytes, size);
    for (int i = 0; i < CHECK_BYTES; i++)
        check [i] = (unsigned char) (sum >> 8 * i);
}

status_t ticket_write (const ticket_t *self, buffer_t *into, error_t *error)
{
    unsigned char bytes [MOST_BYTES] = { TICKET_VERSION, 0, (unsigned char) (self->door >> 8), (unsigned char) self->door };
    size_t size = BEFORE, host = strlen (self->host);
    bytes [1] = (unsigned char) ((*self->key ? WITH_KEY : 0) | (self->client ? FOR_CLIENT : 0));
    for (size_t i = 0; i < TOKEN_SECRET; i++) {
        unsigned byte = 0;
        if (sscanf (self->secret + 2 * i, "%2x", &byte) != 1)
            return error_set (error, "the token's secret is none");
        bytes [4 + i] = (unsigned char) byte;
    }
    if (*self->key) {
        if (!zmq_z85_decode (bytes + size, self->key))
            return error_set (error, "the head's key is none");
        size += KEY_BYTES;
    }
    memcpy (bytes + size, self->host, host);
    size += host;
    s_checksum (bytes, size, bytes + size);
    s_spell (bytes, size + CHECK_BYTES, into);
    return OK;
}

static void s_take (const unsigned char *bytes, size_t size, ticket_t *into)
{
    bool secured = bytes [1] & WITH_KEY;
    const unsigned char *host = bytes + BEFORE + (secured ? KEY_BYTES : 0);
    *into = (ticket_t) { .client = bytes [1] & FOR_CLIENT, .door = (uint16_t) (bytes [2] << 8 | bytes [3]) };
    for (size_t i = 0; i < TOKEN_SECRET; i++)
        snprintf (into->secret + 2 * i, 3, "%02x", bytes [4 + i]);
    if (secured)
        zmq_z85_encode (into->key, bytes + BEFORE, KEY_BYTES);
    memcpy (into->host, host, (size_t) (bytes + size - host));
}

status_t ticket_read (const char *word, ticket_t *into, error_t *error)
{
    unsigned char bytes [MOST_BYTES], check [CHECK_BYTES];
    size_t size;
    if (!s_unspell (word, bytes, &size) || size < BEFORE + CHECK_BYTES + 1)
        return error_set_kind (error, ERROR_USAGE, "'%.40s' is no token: it is one word of letters and digits, as racimo cluster token prints it", word);
    size -= CHECK_BYTES;
    s_checksum (bytes, size, check);
    size_t before = BEFORE + (bytes [1] & WITH_KEY ? KEY_BYTES : 0);
    if (memcmp (check, bytes + size, CHECK_BYTES))
        return error_set_kind (error, ERROR_USAGE, "the token was mistyped or cut: copy the whole word");
    if (bytes [0] != TICKET_VERSION)
        return error_set_kind (error, ERROR_USAGE, "the token is of another release of racimo: install the same on head and nodes");
    if (size <= before || size - before >= sizeof into->host)
        return error_set_kind (error, ERROR_USAGE, "the token names no head");
    s_take (bytes, size, into);
    return OK;
}
