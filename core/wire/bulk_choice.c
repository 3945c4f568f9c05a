// bulk_choice: when bulk bytes are packed, and how hard; see bulk.h.
//
// A sender of bulk data is one of three things: as fast as its link (then packing moves more bytes a second), slower than its link (then packing
// makes it slower still), or faster than those who ask (then packing is work for nothing). Which, depends on the data, the link, the processor and
// on who else works there, and it changes. One rule says how hard to pack, another whether to pack at all.
//
//     requests ──▸ [ q q q ] ──▸ helpers: read, pack ──▸ [ encryption, link, those who ask ] ──▸ requests
//
// *How hard.* Of each codec it is known, from the frames that it has packed, what a raw byte costs: µs of a helper, and bytes on the link. A
// mixture of codecs takes as long as the busier of the two, and the best one is computed: a linear programme with two rows, so its solution is one codec
// or two. Where link and helpers are about equally fast it is two: a board too slow for zstd on all frames keeps its link full *and* its cores busy,
// which moves more than any codec alone. What the link carries is not known beforehand, but seen. Askers keep a number of requests under way, so
// this is a closed ring of queues, in which nearly all customers stand before the slowest station (Buzen 1973). While helpers have idle time, that is
// something behind them, and what passes is all that it carries; while they have none, it may carry more, and is believed to carry more and more until
// they have. So nothing is tried for this, and a few windows after a change the mixture is the right one again. (AdOC, by Jeannot, Knutsson and
// Bjorkman 2002, moves step by step with the length of its queue of packed bytes; here the step can be computed.)
//
// *Whether at all.* Behind the helpers are encryption and link, which packing makes lighter, and those who ask, or processors that they share
// with us, which it does not. No look at ourselves can tell them apart. So now and then the opposite is tried: until the frames of before have gone
// (FLIGHT), and then for TRIAL windows, or one that is HOPELESS. Packing must be GAIN times as fast as not packing; a tie is not worth the
// work. A trial that changed nothing is repeated after REST times as long as it took, twice that the next time, and so on up to REST_MOST; sooner if
// the speed has CHANGED. All trials together cost some three per cent.
//
// *What shrinks* is a matter of its own, for one server sends many files at once, and files have parts: each stretch has a history, by codec. A
// codec is not used where its last frames did not shrink by a twelfth; every SAMPLEth frame is tried all the same.
//
// tests/wire/test_bulk_choice.c holds all this, in simulated worlds, against what the best codec alone would reach.
#include "wire/bulk.h"

enum {
    LEVELS = 3,
    SAMPLE = 32, OTHERS = 64, OTHERS_IDLE = 256,        // one frame of so many is packed otherwise than seems best
    WINDOW_US = 50000, WINDOW_MOST_US = 1000000, PAUSE_US = 2000000, FRAMES = 32, FEW_FRAMES = 4,
    FLIGHT = 64, FLIGHT_US = 1000000,                   // what may be under way
    SETTLE = 12, TRIAL = 3,                             // windows: before a trial, of a trial
    SOON = 16, REST = 32, REST_MOST = 1024,             // times as long as the trial took
};
static const double BUSY = 0.9, GIGABIT = 117, LINK_MOST = 1e5, GROWTH = 0.05, GROWTH_MOST = 0.3;
static const double GAIN = 1.06, HOPELESS = 0.7, CHANGED = 0.4;
static const double SMALLER = 11.0 / 12, NEWS = 0.25, TRIFLE = 1.0 / 16;        // the last two: weights of what is new in an average

// ---- what shrinks

static bool s_shrinks (const bulk_history_t *self, bulk_codec_t codec)
{
    return self->share [codec] < SMALLER;               // 0: not known, so it is tried
}

// Returns how many levels there are.
static uint32_t s_ladder (uint64_t codecs, bulk_codec_t level [LEVELS])
{
    uint32_t count = 0;
    level [count++] = BULK_NONE;
    if (codecs & 1 << BULK_LZ4)
        level [count++] = BULK_LZ4;
    if (codecs & (1 << BULK_ZSTD | 1 << BULK_ZLIB))
        level [count++] = codecs & 1 << BULK_ZSTD ? BULK_ZSTD : BULK_ZLIB;
    return count;
}

// Of a frame that is to be sent as it is: every SAMPLEth of a stretch that does not shrink is tried all the same, and of one that does, but where
// packing is too slow for this link, every OTHERS_IDLEth.
static bulk_codec_t s_sample (const bulk_pace_t *pace, bulk_history_t *self, const bulk_codec_t *ladder, uint32_t levels)
{
    bool known = false;
    for (uint32_t i = 1; i < levels; i++)
        known |= pace->share [ladder [i]] > 0 && s_shrinks (self, ladder [i]);
    uint64_t every = known ? OTHERS_IDLE : SAMPLE, turn = ++self->plain;
    return turn % every ? BULK_NONE : ladder [1 + turn / every % (levels - 1)];
}

static void s_average (double *average, double news, double weight)
{
    *average += (news - *average) * (*average > 0 ? weight : 1);
}

// ---- how hard

typedef struct { double helper, link; } load_t;         // µs of a raw byte

// Of that codec on the data of the last window, some of which does not shrink at all.
static load_t s_load (const bulk_pace_t *self, bulk_codec_t codec, double open)
{
    double plain = self->cost [BULK_NONE], share = codec == BULK_NONE ? 1 : self->share [codec];
    return (load_t) { (plain + (self->cost [codec] - plain) * open) / (self->helpers ? self->helpers : 1), (1 - (1 - share) * open) / self->link };
}

static double s_time (load_t a, load_t b, double part)
{
    double helper = a.helper + (b.helper - a.helper) * part, link = a.link + (b.link - a.link) * part;
    return helper > link ? helper : link;
}

// How much of b beside a: where both are equally busy, if that is between none and all.
static double s_balance (load_t a, load_t b)
{
    double from = a.link - a.helper, to = b.link - b.helper;
    return (from > 0) == (to > 0) ? s_time (a, b, 0) <= s_time (a, b, 1) ? 0 : 1 : from / (from - to);
}

static void s_mix (bulk_pace_t *self, const bulk_codec_t *ladder, uint32_t levels, double open)
{
    double best = 0;
    for (uint32_t a = 0; a < levels; a++)
        for (uint32_t b = a; b < levels; b++) {
            if ((a && self->share [ladder [a]] <= 0) || (b && self->share [ladder [b]] <= 0))
                continue;                               // nothing that it could shrink was seen yet
            load_t low = s_load (self, ladder [a], open), high = s_load (self, ladder [b], open);
            double part = s_balance (low, high), time = s_time (low, high, part);
            if (best > 0 && time >= best * 0.995)
                continue;
            best = time;
            memset (self->part, 0, sizeof self->part);
            self->part [ladder [a]] = 1 - part;
            self->part [ladder [b]] += part;
        }
}

// It is slow to believe in less, the slower the busier the helpers are: then the lack may well be ours.
static void s_believe (bulk_pace_t *self, double carried, double busy)
{
    if (busy < BUSY) {
        self->link += (carried - self->link) * (carried > self->link ? 0.5 : (1 - busy) * (1 - busy));
        self->growth = GROWTH;
        return;
    }
    self->link = (carried > self->link ? carried : self->link) * (1 + self->growth);
    self->link = self->link < LINK_MOST ? self->link : LINK_MOST;
    self->growth = self->growth < GROWTH_MOST ? 2 * self->growth : GROWTH_MOST;
}

// Codecs in turn, each as often as is its part; and another one now and then, for what it costs changes too.
static bulk_codec_t s_next (bulk_pace_t *self, const bulk_codec_t *ladder, uint32_t levels)
{
    bulk_codec_t next = BULK_NONE;
    for (uint32_t i = 0; i < levels; i++) {
        bulk_codec_t codec = ladder [i];
        self->owed [codec] += self->part [codec];
        if (self->owed [codec] > self->owed [next])
            next = codec;
    }
    self->owed [next] = self->owed [next] > 0 ? self->owed [next] - 1 : -1;      // not below: this asker may lack what the others get
    return next == BULK_NONE || ++self->sent % OTHERS ? next : ladder [1 + self->sent / OTHERS % (levels - 1)];
}

// ---- whether at all

static bool s_packs (const bulk_pace_t *self)
{
    return self->plain == self->trying;
}

static void s_turn (bulk_pace_t *self, bool trying, int64_t now_us)
{
    self->trying = trying;
    self->turned_us = now_us;
    self->windows = self->flown = 0;
    self->tried = 0;
}

static void s_judge (bulk_pace_t *self, double tried, int64_t now_us)
{
    double packed = self->plain ? tried : self->speed, plain = self->plain ? self->speed : tried;
    bool best = packed < plain * GAIN;                  // to be plain
    int64_t took_us = now_us - self->turned_us;
    self->rests = best != self->plain || !self->rests ? REST : self->rests < REST_MOST ? 2 * self->rests : REST_MOST;
    self->rest_us = now_us + self->rests * took_us;
    self->soon_us = now_us + SOON * took_us;
    self->speed = self->settled = best ? plain : packed;
    self->plain = best;
    s_turn (self, false, now_us);
}

static void s_call_off (bulk_pace_t *self, int64_t now_us)
{
    self->rest_us = self->soon_us = now_us + SOON * (now_us - self->turned_us);
    s_turn (self, false, now_us);
}

// At the end of a window that says something.
static void s_try (bulk_pace_t *self, double speed, int64_t now_us)
{
    self->flown += self->frames;
    if (self->flown < FLIGHT && now_us - self->turned_us < FLIGHT_US)
        return;
    if (!self->windows++)
        return;                                         // some of it was packed before
    if (self->trying) {
        self->tried += speed / TRIAL;
        if (self->windows > TRIAL)
            s_judge (self, self->tried, now_us);
        else if (speed < self->speed * HOPELESS)
            s_judge (self, speed, now_us);
        return;
    }
    s_average (&self->speed, speed, NEWS / 2);
    double change = self->speed > self->settled ? self->speed - self->settled : self->settled - self->speed;
    bool due = now_us >= self->rest_us || (now_us >= self->soon_us && change > CHANGED * self->settled);
    if (due && self->windows >= SETTLE && (self->plain || self->part [BULK_NONE] < 1))
        s_turn (self, true, now_us);
}

// ---- windows

static void s_begin (bulk_pace_t *self, const bulk_codec_t *ladder, uint32_t levels)
{
    self->link = GIGABIT;
    self->growth = GROWTH;
    for (uint32_t i = 1; i < levels; i++)
        self->part [ladder [i]] = 1.0 / (levels - 1);
}

// A pause is no measurement: the window begins anew, and a trial is called off.
static void s_end_window (bulk_pace_t *self, const bulk_codec_t *ladder, uint32_t levels, int64_t now_us)
{
    int64_t quiet_us = now_us - self->last_us, took_us = now_us - self->since_us;
    self->last_us = now_us;
    if (quiet_us > PAUSE_US)
        self->frames = 0;
    else if (took_us < WINDOW_US || (self->frames < FRAMES && took_us < WINDOW_MOST_US))
        return;
    double window = (double) took_us, open = self->raw ? (double) self->open / (double) self->raw : 0;
    bool says = self->frames >= FEW_FRAMES;
    if (self->link <= 0)
        s_begin (self, ladder, levels);
    else if (says) {
        s_believe (self, (double) self->carried / window, (double) self->busy_us / (window * (self->helpers ? self->helpers : 1)));
        s_mix (self, ladder, levels, open);
    }
    if (says && open >= 0.5)
        s_try (self, (double) self->raw / window, now_us);
    else if (self->trying)
        s_call_off (self, now_us);
    self->since_us = now_us;
    self->busy_us = 0;
    self->frames = self->raw = self->carried = self->open = 0;
}

bulk_codec_t bulk_choose (bulk_pace_t *pace, bulk_history_t *history, uint64_t codecs, int64_t now_us)
{
    bulk_codec_t ladder [LEVELS];
    uint32_t levels = s_ladder (codecs & bulk_codecs (), ladder);
    s_end_window (pace, ladder, levels, now_us);
    if (levels == 1 || !s_packs (pace))
        return BULK_NONE;
    bulk_codec_t codec = s_next (pace, ladder, levels);
    return codec != BULK_NONE && s_shrinks (history, codec) ? codec : s_sample (pace, history, ladder, levels);
}

void bulk_learn (bulk_pace_t *pace, bulk_history_t *history, bulk_codec_t codec, size_t raw, size_t packed, int64_t took_us)
{
    bulk_codec_t ladder [LEVELS];
    uint32_t levels = s_ladder (bulk_codecs (), ladder);
    double bytes = raw ? (double) raw : 1, share = (double) packed / bytes;
    if (codec != BULK_NONE)
        s_average (&history->share [codec], share, NEWS);
    if (codec == BULK_NONE || share < SMALLER) {
        s_average (&pace->share [codec], share, TRIFLE);
        s_average (&pace->cost [codec], (double) took_us / bytes, TRIFLE);
    }
    bool open = false, tried = false;
    for (uint32_t level = 1; level < levels; level++) {
        tried |= history->share [ladder [level]] > 0;
        open |= history->share [ladder [level]] > 0 && s_shrinks (history, ladder [level]);
    }
    pace->frames++;
    pace->raw += raw;
    pace->carried += packed;
    pace->open += open || !tried ? raw : 0;
    pace->busy_us += took_us;
}
