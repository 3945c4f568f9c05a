// Tests of bulk: codecs there and back and with damaged bytes. The choice of a codec: test_bulk_choice.
#include "tests/main.h"
#include "wire/bulk.h"

#include <racimo.h>

enum { FRAME = 256 * 1024 };

static void s_fill_text (char *into, size_t size)
{
    static const char *const words [] = { "bunch ", "of ", "grapes ", "a ", "cluster ", "in ", "the ", "sun\n" };
    for (size_t used = 0, i = 0; used < size; i++) {
        const char *word = words [rac_random (7, i) % COUNT_OF (words)];
        size_t length = strlen (word) < size - used ? strlen (word) : size - used;
        memcpy (into + used, word, length);
        used += length;
    }
}

static void s_fill_noise (char *into, size_t size)
{
    for (size_t i = 0; i < size; i++)
        into [i] = (char) rac_random (9, i);
}

START_TEST (codecs_there_and_back)
{
    bulk_codec_t codec = (bulk_codec_t) _i;
    if (!(bulk_codecs () >> codec & 1))
        return;
    static const size_t sizes [] = { 0, 1, 2, 3, 100, 65536, FRAME - 1, FRAME };
    char *bytes = memory_new (FRAME), *back = memory_new (FRAME + 1);
    buffer_t packed = { 0 };
    bulk_effort_t effort;
    for (size_t i = 0; i < COUNT_OF (sizes); i++)
        for (int noise = 0; noise < 2; noise++) {
            (noise ? s_fill_noise : s_fill_text) (bytes, sizes [i]);
            uint64_t checksum = bulk_checksum (bytes, sizes [i]);
            bulk_codec_t used = bulk_pack (codec, bytes, sizes [i], &packed, &effort);
            ck_assert (used == codec || used == BULK_NONE);
            ck_assert (used != BULK_NONE || !packed.size);
            ck_assert (!packed.size || packed.size < sizes [i]);
            if (!noise && sizes [i] > 1000 && codec != BULK_NONE)
                ck_assert_uint_lt (packed.size, sizes [i] / 2);
            if (noise)
                ck_assert_int_eq (used, BULK_NONE);
            error_t error = { 0 };
            back [sizes [i]] = 'x';
            ck_assert_msg (bulk_unpack (used, used ? packed.data : bytes, used ? packed.size : sizes [i], back, sizes [i], checksum, &error) == OK,
                "%s", error.text);
            ck_assert (!memcmp (bytes, back, sizes [i]) && back [sizes [i]] == 'x');
            ck_assert (sizes [i] == 0 || bulk_unpack (used, used ? packed.data : bytes, used ? packed.size : sizes [i], back, sizes [i], checksum + 1,
                NULL) == FAILED);
        }
    buffer_free (&packed);
    free (bytes);
    free (back);
}
END_TEST

// Each byte flipped, each length cut, wrong lengths: refused, and nothing written beyond the room.
START_TEST (damaged_bytes_are_refused)
{
    enum { SIZE = 700 };
    bulk_codec_t codec = (bulk_codec_t) _i;
    if (codec == BULK_NONE || !(bulk_codecs () >> codec & 1))
        return;
    char bytes [SIZE];
    buffer_t packed = { 0 };
    s_fill_text (bytes, SIZE);
    uint64_t checksum = bulk_checksum (bytes, SIZE);
    ck_assert_int_eq (bulk_pack (codec, bytes, SIZE, &packed, &(bulk_effort_t) { 0 }), codec);
    char *room = malloc (SIZE);                         // exactly: the sanitizer sees a byte too much
    for (size_t i = 0; i < packed.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            packed.data [i] = (char) (packed.data [i] ^ 1 << bit);
            bool same = bulk_unpack (codec, packed.data, packed.size, room, SIZE, checksum, NULL) == OK;
            ck_assert (!same || !memcmp (room, bytes, SIZE));
            packed.data [i] = (char) (packed.data [i] ^ 1 << bit);
        }
    for (size_t size = 0; size < packed.size; size++)
        ck_assert (bulk_unpack (codec, packed.data, size, room, SIZE, checksum, NULL) == FAILED);
    ck_assert (bulk_unpack (codec, packed.data, packed.size, room, SIZE - 1, checksum, NULL) == FAILED);
    ck_assert (bulk_unpack (BULK_NONE, bytes, SIZE - 1, room, SIZE, checksum, NULL) == FAILED);
    error_t error = { 0 };
    ck_assert (bulk_unpack ((bulk_codec_t) 77, bytes, SIZE, room, SIZE, checksum, &error) == FAILED);
    ck_assert_ptr_nonnull (strstr (error.text, "77"));
    free (room);
    buffer_free (&packed);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_loop_test (tests, codecs_there_and_back, 0, BULK_CODECS);
    tcase_add_loop_test (tests, damaged_bytes_are_refused, 0, BULK_CODECS);
    return main_end ("bulk", tests);
}
