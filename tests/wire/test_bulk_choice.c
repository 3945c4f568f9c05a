// Tests of bulk's choice of a codec: a server with helpers, a link and askers are simulated, in virtual time; what the choice reaches is held against
// what the same world gives with each codec fixed.
//
// The world is a ring: CREDIT requests are under way, in blocks of BLOCK as nodes ask for them. A request waits for a helper, is read and packed,
// its answer goes over the link, and is taken by the askers as fast as they can. Processors are the helpers' own.
#include "tests/main.h"
#include "wire/bulk.h"

#include <racimo.h>

enum { FRAME = 256 * 1024, CREDIT = 48, BLOCK = 4, HELPERS_MOST = 4, CHOOSES = -1 };
static const double NEVER = 1e18;

typedef struct { bulk_codec_t codec; double done; bulk_effort_t effort; bool noise; bulk_history_t *history; } sent_t;

typedef struct {
    double link;                                        // bytes a µs
    double base, cost [BULK_CODECS];                    // µs a byte: for any frame; more for packing
    double ratio [BULK_CODECS];                         // raw / packed
    double delay;                                       // packing takes so much longer, for the processors are also others'
    double demand;                                      // bytes a µs that the askers can take, 0: any
    int helpers, fixed;                                 // fixed: the codec, or CHOOSES
    uint32_t noise;                                     // of 16 stretches of the file, so many do not shrink
    uint64_t stretch;                                   // frames of it that have a history of their own; 0: all
    bulk_pace_t pace;
    bulk_history_t history [64];
    double now, link_free, demand_free, helper [HELPERS_MOST];
    double asked [CREDIT], began [CREDIT], came [CREDIT];           // when each request comes; when it was made; when its answer came
    int window, blocks;                                        // requests that the askers want to have under way, as worker/link.c does
    sent_t sent [CREDIT]; uint32_t sents;               // not yet learned
    uint64_t frames, used [BULK_CODECS], raw;
} world_t;

static world_t s_world (double link)
{
    return (world_t) {
        .link = link, .base = 1 / 2000.0, .delay = 1, .helpers = 3, .fixed = CHOOSES,
        .cost = { [BULK_ZLIB] = 1 / 80.0, [BULK_LZ4] = 1 / 500.0, [BULK_ZSTD] = 1 / 320.0 },
        .ratio = { [BULK_NONE] = 1, [BULK_ZLIB] = 2.8, [BULK_LZ4] = 2, [BULK_ZSTD] = 3 },
        .window = 12, .blocks = CREDIT / BLOCK, .now = 1e6, .link_free = 1e6, .demand_free = 1e6,
    };
}

static double s_later (double a, double b)
{
    return a > b ? a : b;
}

// That of this stretch of the file; each begins with what is known of the one before.
static bulk_history_t *s_history (world_t *self)
{
    uint64_t stretch = self->stretch ? self->frames / self->stretch : 0;
    bulk_history_t *now = &self->history [stretch % COUNT_OF (self->history)];
    if (self->stretch && stretch && self->frames % self->stretch == 0)
        *now = bulk_next (&self->history [(stretch - 1) % COUNT_OF (self->history)]);
    return now;
}

static double s_packed (const world_t *self, bulk_codec_t codec, bool noise)
{
    return codec == BULK_NONE || noise || self->ratio [codec] <= 1 ? FRAME : FRAME / self->ratio [codec];
}

static void s_learn_until (world_t *self, double now)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < self->sents; i++) {
        sent_t *sent = &self->sent [i];
        if (sent->done > now)
            self->sent [left++] = *sent;
        else
            bulk_learn (&self->pace, sent->history, sent->codec, FRAME, (size_t) s_packed (self, sent->codec, sent->noise), &sent->effort);
    }
    self->sents = left;
}

// An answer comes. After the last of a block the next one is asked for, unless answers take so long that fewer should be under way; see worker/link.c.
static void s_take (world_t *self, int index, double now)
{
    int first = index / BLOCK * BLOCK;
    double took = now - self->began [index], last = 0;
    if (took < 30000 && self->window < CREDIT)
        self->window++;
    else if (took > 60000 && self->window > 2)
        self->window--;
    self->asked [index] = NEVER;
    self->came [index] = now;
    for (int i = first; i < first + BLOCK; i++)
        last = self->asked [i] < NEVER ? NEVER : s_later (last, self->came [i]);
    self->blocks -= last < NEVER;
    for (int i = first; last < NEVER && self->blocks * BLOCK < self->window && i < CREDIT + first; i += BLOCK) {
        int block = i % CREDIT;
        bool rests = true;
        for (int k = block; k < block + BLOCK; k++)
            rests &= self->asked [k] == NEVER;
        for (int k = block; rests && k < block + BLOCK; k++)
            self->asked [k] = self->began [k] = s_later (last, self->now);
        self->blocks += rests;
    }
}

// One request: the oldest. Helpers take them in order, so one is free when the first of them is done with all that came before.
static void s_answer_one (world_t *self, uint64_t codecs)
{
    int first = 0, helper = 0;
    for (int i = 1; i < CREDIT; i++)
        first = self->asked [i] < self->asked [first] ? i : first;
    for (int i = 1; i < self->helpers; i++)
        helper = self->helper [i] < self->helper [helper] ? i : helper;
    self->pace.helpers = (uint32_t) self->helpers;
    self->now = s_later (self->now, self->asked [first]);
    s_learn_until (self, self->now);
    bulk_codec_t codec = self->fixed >= 0 ? (bulk_codec_t) self->fixed : bulk_choose (&self->pace, s_history (self), codecs, (uint64_t) first % 3, (int64_t) self->now);
    bool noise = self->frames / 64 % 16 < self->noise;
    double packed = s_packed (self, codec, noise), start = s_later (self->now, self->helper [helper]);
    double pack = FRAME * self->cost [codec] * (noise ? 0.3 : 1) * self->delay, done = self->helper [helper] = start + FRAME * self->base + pack;
    bulk_effort_t effort = { (int64_t) (done - start), (int64_t) pack, (int64_t) (pack / self->delay) };
    self->sent [self->sents++] = (sent_t) { codec, done, effort, noise, s_history (self) };
    double taken = self->link_free = s_later (self->link_free, done) + packed / self->link;
    if (self->demand > 0)
        taken = self->demand_free = s_later (self->demand_free, taken) + FRAME / self->demand;
    s_take (self, first, taken + 100);
    self->frames++;
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

// What the best fixed codec of these reaches in such a world.
static double s_best_for (const world_t *self, uint64_t codecs, double seconds)
{
    double best = 0;
    for (int codec = 0; codec < BULK_CODECS; codec++)
        if (codecs & bulk_codecs () & UINT64_C (1) << codec && (codec != BULK_ZLIB || STRONG == BULK_ZLIB)) {
            world_t fixed = *self;
            fixed.fixed = codec;
            s_run (&fixed, 1, codecs);
            best = s_later (best, s_run (&fixed, seconds, codecs));
        }
    return best;
}

static double s_best (const world_t *self, uint64_t codecs)
{
    return s_best_for (self, codecs, 4);
}

START_TEST (a_fast_link_gets_plain_bytes)
{
    world_t world = s_world (5000);
    s_run (&world, 2, ALL);
    double speed = s_run (&world, 10, ALL);
    ck_assert_msg (s_share (&world, BULK_NONE) > 0.95 && speed > 0.95 * s_best (&world, ALL), "%.2f plain, %.0f MB/s", s_share (&world, BULK_NONE), speed);
}
END_TEST

// From a tenth of a gigabit to ten, on a fast processor and on a small board's, for all kinds of data: as good as the best codec, often better.
START_TEST (about_as_good_as_the_best_codec)
{
    static const double links [] = { 12, 60, 117, 280, 1170, 5000 }, processors [] = { 0.22, 1, 4 };
    static const struct { double fast, dense; } data [] = { { 2, 3 }, { 2.9, 4.3 }, { 1.02, 2.1 }, { 1.15, 1.3 } };
    double sum = 0;
    int worlds = 0;
    for (int helpers = 1; helpers <= 3; helpers += 2)
        for (size_t d = 0; d < COUNT_OF (data); d++)
            for (size_t p = 0; p < COUNT_OF (processors); p++)
                for (size_t l = 0; l < COUNT_OF (links); l++) {
                    world_t world = s_world (links [l]);
                    world.helpers = helpers;
                    world.base /= processors [p];
                    for (int codec = 1; codec < BULK_CODECS; codec++) {
                        world.cost [codec] /= processors [p];
                        world.ratio [codec] = codec == BULK_LZ4 ? data [d].fast : data [d].dense;
                    }
                    double best = s_best (&world, ALL);
                    double early = s_run (&world, links [l] < 50 ? 4 : 1, ALL), steady = s_run (&world, 10, ALL);
                    ck_assert_msg (early > 0.5 * best && steady > 0.8 * best, "helpers %d, processor %.2f, link %.0f, ratios %.2f and %.2f: %.0f, "
                        "then %.0f MB/s where %.0f can be had", helpers, processors [p], links [l], data [d].fast, data [d].dense, early, steady, best);
                    sum += steady / best;
                    worlds++;
                }
    ck_assert_msg (sum / worlds > 0.97, "%.3f of the best on average", sum / worlds);
}
END_TEST

// A board that packs at a third of its link's speed uses what it has of both.
START_TEST (a_mixture_is_better_than_one_codec)
{
    world_t world = s_world (117);
    world.helpers = 1;
    for (int codec = 1; codec < BULK_CODECS; codec++)
        world.cost [codec] /= 0.22;
    double best = s_best (&world, ALL);
    s_run (&world, 4, ALL);
    double speed = s_run (&world, 10, ALL);
    ck_assert_msg (speed > 1.1 * best, "%.0f MB/s, where one codec reaches %.0f", speed, best);
}
END_TEST

START_TEST (the_link_decides)
{
    static const double links [] = { 12, 117, 280, 1170, 117, 12, 1170 };
    world_t world = s_world (117);
    for (size_t i = 0; i < COUNT_OF (links); i++) {
        world.link = links [i];
        s_run (&world, links [i] < 50 ? 5 : 1.5, ALL);
        double speed = s_run (&world, 10, ALL), best = s_best (&world, ALL);
        ck_assert_msg (speed > 0.9 * best, "link of %.0f MB/s: %.0f MB/s where %.0f can be had", links [i], speed, best);
        ck_assert_msg (links [i] > 20 || s_share (&world, STRONG) > 0.8, "link of %.0f", links [i]);
    }
}
END_TEST

START_TEST (noise_is_not_packed)
{
    world_t world = s_world (12);
    world.noise = 16;
    s_run (&world, 5, ALL);
    double speed = s_run (&world, 20, ALL);
    ck_assert (s_share (&world, BULK_NONE) > 0.9);
    ck_assert (s_share (&world, BULK_NONE) < 1);        // but tried now and then: the file may change
    ck_assert (speed > 0.97 * s_best (&world, ALL));
    world.noise = 0;
    s_run (&world, 3, ALL);
    speed = s_run (&world, 10, ALL);
    ck_assert_msg (speed > 2.5 * 12, "%.0f MB/s", speed);
}
END_TEST

// A server that knows text has sent a gigabyte of noise: the text that comes then is packed at once, in the same file or in a new one.
START_TEST (text_after_noise)
{
    world_t world = s_world (117);
    world.stretch = 64;
    s_run (&world, 4, ALL);
    world.noise = 16;
    s_run (&world, 10, ALL);
    ck_assert (s_share (&world, BULK_NONE) > 0.8);
    world.noise = 0;
    if (_i)
        memset (world.history, 0, sizeof world.history);
    double speed = s_run (&world, 1, ALL), best = s_best (&world, ALL);
    ck_assert_msg (speed > 0.7 * best, "%.0f MB/s where %.0f can be had", speed, best);
}
END_TEST

// Pictures and text in one file, in stretches of 16 MiB: each is sent as it should be, from its first frames on if it is known where a stretch begins.
START_TEST (a_mixed_file)
{
    world_t world = s_world (60);
    world.noise = 8;
    world.stretch = _i ? 64 : 0;
    s_run (&world, 4, ALL);
    double speed = s_run (&world, 40, ALL), best = s_best_for (&world, ALL, 40);
    ck_assert_msg (speed > (_i ? 0.95 : 0.85) * best, "%.0f MB/s where %.0f can be had", speed, best);
}
END_TEST

START_TEST (what_both_sides_have)
{
    world_t world = s_world (12);
    s_run (&world, 5, 1 << BULK_NONE);
    ck_assert (s_share (&world, BULK_NONE) == 1.0);
    s_run (&world, 5, 1 << BULK_NONE | 1 << BULK_ZLIB);
    s_run (&world, 10, 1 << BULK_NONE | 1 << BULK_ZLIB);
    ck_assert (s_share (&world, BULK_ZLIB) > 0.5);
    s_run (&world, 5, 0);
    ck_assert (s_share (&world, BULK_NONE) == 1.0);
}
END_TEST

// Askers that are the slow ones get nothing from packing, and it is dropped.
START_TEST (slow_askers_get_plain_bytes)
{
    world_t world = s_world (1170);
    world.demand = 80;
    s_run (&world, 20, ALL);
    s_run (&world, 40, ALL);
    ck_assert_msg (s_share (&world, BULK_NONE) > 0.9, "%.2f", s_share (&world, BULK_NONE));
}
END_TEST

// The next job's askers are quick, over a slow link: what was found for others does not count.
START_TEST (each_job_is_judged_anew)
{
    world_t world = s_world (1170);
    world.demand = 80;
    s_run (&world, 60, ALL);
    world.demand = 0;
    world.link = 23;
    bulk_anew (&world.pace);
    s_run (&world, 0.3, ALL);
    double speed = s_run (&world, 1, ALL);
    ck_assert_msg (speed > 2 * 23, "%.0f MB/s", speed);
}
END_TEST

// Nobody asks for a minute: that says nothing about the link.
START_TEST (a_pause_teaches_nothing)
{
    world_t world = s_world (117);
    s_run (&world, 4, ALL);
    double before = s_run (&world, 2, ALL);
    double later = world.now + 60e6;
    world.now = world.link_free = later;
    for (int i = 0; i < CREDIT; i++)
        world.asked [i] = world.asked [i] < NEVER ? later : NEVER;
    ck_assert (s_run (&world, 2, ALL) > 0.85 * before);
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_test (tests, a_fast_link_gets_plain_bytes);
    tcase_add_test (tests, about_as_good_as_the_best_codec);
    tcase_add_test (tests, a_mixture_is_better_than_one_codec);
    tcase_add_test (tests, the_link_decides);
    tcase_add_test (tests, noise_is_not_packed);
    tcase_add_loop_test (tests, text_after_noise, 0, 2);
    tcase_add_loop_test (tests, a_mixed_file, 0, 2);
    tcase_add_test (tests, what_both_sides_have);
    tcase_add_test (tests, slow_askers_get_plain_bytes);
    tcase_add_test (tests, each_job_is_judged_anew);
    tcase_add_test (tests, a_pause_teaches_nothing);
    return main_end ("bulk choice", tests);
}
