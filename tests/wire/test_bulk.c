// Tests of bulk: codecs there and back and with damaged bytes; the choice of a codec, with a simulated server and link and no real time.
#include "tests/main.h"
#include "wire/bulk.h"

#include <racimo.h>
#include <stdio.h>

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
    for (size_t i = 0; i < COUNT_OF (sizes); i++)
        for (int noise = 0; noise < 2; noise++) {
            (noise ? s_fill_noise : s_fill_text) (bytes, sizes [i]);
            uint64_t checksum = bulk_checksum (bytes, sizes [i]);
            bulk_codec_t used = bulk_pack (codec, bytes, sizes [i], &packed);
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
    ck_assert_int_eq (bulk_pack (codec, bytes, SIZE, &packed), codec);
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

// ---- the choice

// A server that handles one request after the other, a link behind it, and askers who keep CREDIT requests under way. Times in µs.
enum { CREDIT = 16 };

typedef struct {
    double link;                                        // bytes a µs
    double base, cost [BULK_CODECS];                    // µs a byte: for any frame; more for packing
    double ratio [BULK_CODECS];                         // raw / packed
    double demand;                                      // bytes a µs that the askers can take, 0: any
    bulk_pace_t pace;
    bulk_history_t history;
    double now, link_free, demand_free, asked [CREDIT]; // when the server is free, ...; when each request comes
    uint64_t used [BULK_CODECS], raw;
} world_t;

static world_t s_world (double link)
{
    return (world_t) {
        .link = link, .base = 1 / 1000.0,
        .cost = { [BULK_ZLIB] = 1 / 120.0, [BULK_LZ4] = 1 / 600.0, [BULK_ZSTD] = 1 / 350.0 },
        .ratio = { [BULK_NONE] = 1, [BULK_ZLIB] = 2.8, [BULK_LZ4] = 2, [BULK_ZSTD] = 3 },
        .now = 1e6, .link_free = 1e6, .demand_free = 1e6,
    };
}

static void s_answer_one (world_t *self, uint64_t codecs)
{
    int first = 0;
    for (int i = 1; i < CREDIT; i++)
        if (self->asked [i] < self->asked [first])
            first = i;
    if (self->asked [first] > self->now) {
        bulk_idle (&self->pace, (int64_t) self->asked [first], (int64_t) (self->asked [first] - self->now));
        self->now = self->asked [first];
    }
    bulk_codec_t codec = bulk_choose (&self->pace, &self->history, codecs, (int64_t) self->now);
    double packed = codec != BULK_NONE && self->ratio [codec] > 1 ? FRAME / self->ratio [codec] : FRAME;
    self->now += FRAME * (self->base + self->cost [codec]);
    bulk_learn (&self->pace, &self->history, codec, FRAME, (size_t) packed);
    self->link_free = (self->link_free > self->now ? self->link_free : self->now) + packed / self->link;
    double taken = self->link_free;
    if (self->demand > 0)
        taken = self->demand_free = (self->demand_free > taken ? self->demand_free : taken) + FRAME / self->demand;
    self->asked [first] = taken + 100;
    self->used [codec]++;
    self->raw += FRAME;
}

// Runs for that long; returns bytes a µs, MB/s. used: counts of this time.
static double s_run (world_t *self, double seconds, uint64_t codecs)
{
    double from = self->now;
    memset (self->used, 0, sizeof self->used);
    self->raw = 0;
    while (self->now < from + seconds * 1e6)
        s_answer_one (self, codecs);
    return (double) self->raw / (self->now - from);
}

static double s_share (const world_t *self, bulk_codec_t codec)
{
    uint64_t all = 0;
    for (int i = 0; i < BULK_CODECS; i++)
        all += self->used [i];
    return (double) self->used [codec] / (double) all;
}

static const uint64_t ALL = 1 << BULK_NONE | 1 << BULK_ZLIB | 1 << BULK_LZ4 | 1 << BULK_ZSTD;

#ifdef HAVE_ZSTD
#define STRONG BULK_ZSTD
#else
#define STRONG BULK_ZLIB
#endif

// What a perfect choice would reach.
static double s_best (const world_t *self, uint64_t codecs)
{
    double best = 0;
    for (int codec = 0; codec < BULK_CODECS; codec++) {
        double ratio = self->ratio [codec] > 1 ? self->ratio [codec] : 1, server = 1 / (self->base + self->cost [codec]);
        double speed = self->link * ratio < server ? self->link * ratio : server;
        if (codecs & bulk_codecs () & UINT64_C (1) << codec && speed > best)
            best = speed;
    }
    return best;
}

START_TEST (a_fast_link_gets_plain_bytes)
{
    world_t world = s_world (5000);
    double speed = s_run (&world, 10, ALL);
    ck_assert (s_share (&world, BULK_NONE) > 0.97);
    ck_assert (speed > 0.97 * s_best (&world, ALL));
}
END_TEST

START_TEST (noise_is_not_packed)
{
    world_t world = s_world (12);
    for (int codec = 1; codec < BULK_CODECS; codec++)
        world.ratio [codec] = 0.999;
    s_run (&world, 5, ALL);
    double speed = s_run (&world, 20, ALL);
    ck_assert (s_share (&world, BULK_NONE) > 0.97);
    ck_assert (s_share (&world, BULK_NONE) < 1);        // but tried now and then: the file may change
    ck_assert (speed > 0.97 * s_best (&world, ALL));
    for (int codec = 1; codec < BULK_CODECS; codec++)
        world.ratio [codec] = 3;
    s_run (&world, 40, ALL);
    speed = s_run (&world, 10, ALL);
    ck_assert (speed > 2 * 12);
}
END_TEST

// From a tenth of a gigabit to ten: within a second or two the choice is right, and stays.
START_TEST (the_link_decides)
{
    static const double links [] = { 12, 117, 280, 1170, 117, 12, 1170 };
    world_t world = s_world (117);
    for (size_t i = 0; i < COUNT_OF (links); i++) {
        world.link = links [i];
        s_run (&world, links [i] < 50 ? 4 : 1.5, ALL);
        double speed = s_run (&world, 10, ALL), best = s_best (&world, ALL);
        ck_assert_msg (speed > 0.9 * best, "link of %.0f MB/s: %.0f MB/s where %.0f can be had", links [i], speed, best);
        ck_assert_msg (links [i] > 20 || s_share (&world, STRONG) > 0.8, "link of %.0f", links [i]);
        ck_assert_msg (links [i] < 1000 || s_share (&world, BULK_NONE) > 0.9, "link of %.0f", links [i]);
    }
}
END_TEST

START_TEST (what_both_sides_have)
{
    world_t world = s_world (12);
    s_run (&world, 5, 1 << BULK_NONE);
    ck_assert (s_share (&world, BULK_NONE) == 1.0);
    s_run (&world, 10, 1 << BULK_NONE | 1 << BULK_ZLIB);
    ck_assert (s_share (&world, BULK_ZLIB) > 0.5);
    s_run (&world, 5, 0);
    ck_assert (s_share (&world, BULK_NONE) == 1.0);
}
END_TEST

// Random digits: lz4 finds nothing, an entropy coder halves them.
START_TEST (two_steps_at_once)
{
    world_t world = s_world (60);
    world.ratio [BULK_LZ4] = 1.02;
    world.ratio [BULK_ZLIB] = world.ratio [BULK_ZSTD] = 2.1;
    s_run (&world, 4, ALL);
    double speed = s_run (&world, 20, ALL);
    ck_assert (s_share (&world, STRONG) > 0.85);
    ck_assert (speed > 0.9 * s_best (&world, ALL));
}
END_TEST

// Askers that are the slow ones get nothing from packing, and it is dropped.
START_TEST (slow_askers_get_plain_bytes)
{
    world_t world = s_world (1170);
    world.demand = 80;
    s_run (&world, 5, ALL);
    s_run (&world, 40, ALL);
    ck_assert_msg (s_share (&world, BULK_NONE) > 0.9, "%.2f", s_share (&world, BULK_NONE));
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_loop_test (tests, codecs_there_and_back, 0, BULK_CODECS);
    tcase_add_loop_test (tests, damaged_bytes_are_refused, 0, BULK_CODECS);
    tcase_add_test (tests, a_fast_link_gets_plain_bytes);
    tcase_add_test (tests, noise_is_not_packed);
    tcase_add_test (tests, the_link_decides);
    tcase_add_test (tests, what_both_sides_have);
    tcase_add_test (tests, two_steps_at_once);
    tcase_add_test (tests, slow_askers_get_plain_bytes);
    return main_end ("bulk", tests);
}
