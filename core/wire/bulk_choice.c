// bulk_choice: when bulk bytes are packed, and how hard; see bulk.h.
//
// A sender of bulk data is one of three things: as fast as its link (then packing moves more bytes a second), slower than its link (then packing
// makes it slower still), or faster than those who ask (then packing is work for nothing). Which, depends on the data, the link, the processor and
// on who else works there, and it changes. One rule says how hard to pack, another whether to pack at all.
//
//     requests ──▸ [ q q q ] ──▸ helpers: read, pack ──▸ [ encryption, link, those who ask ] ──▸ requests
//
// *How hard.* Of each codec it is known, from the frames that it has packed, what a raw byte costs: µs on a processor, and bytes on the link. A
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
// (FLIGHT), and then for TRIAL windows, or one that is HOPELESS. To be begun, packing must be GAIN times as fast as not packing, and to go on STAY
// times; a tie is not worth the work. A trial that changed nothing is repeated after REST times as long as it took, twice that the next time, and so on
// up to REST_MOST; sooner if the speed has CHANGED since; and anew for every job, since others ask. While nothing is packed the rests are short: a
// trial of packing costs little then, and on a slow link nothing shows that the processors, which were busy when packing lost, have come free. All
// trials together cost some three per cent.
//
// *What shrinks* is a matter of its own, for one server sends many files at once, and files have parts: each stretch has a history, by codec. A
// codec is not used where its last frames did not shrink by a twelfth; every SAMPLEth frame is tried all the same. Windows in which less than half
// of the bytes could be packed say nothing about whether packing pays.
//
// tests/wire/test_bulk_choice.c holds all this, in simulated worlds, against what the best codec alone would reach.
#include "wire/bulk.h"

enum {
    LEVELS = 3,
    SAMPLE = 32, OTHERS = 64, OTHERS_IDLE = 256,        // one frame of so many is packed otherwise than seems best
    WINDOW_US = 50000, WINDOW_MOST_US = 1000000, PAUSE_US = 2000000, FRAMES = 32, FEW_FRAMES = 4,
    FLIGHT = 16, FLIGHT_US = 1000000,                   // frames that may be under way to one asker; not for longer
    SETTLE = 12, TRIAL = 6, STRANGE = 3,                // windows: before a trial, of a trial, of another speed before it is believed
    SOON = 6, REST_PLAIN = 2, REST_PLAIN_MOST = 16, REST = 32, REST_MOST = 1024,        // times as long as the trial took
};
static const double BUSY = 0.9, GIGABIT = 117, LINK_MOST = 1e5, GROWTH = 0.05, GROWTH_MOST = 0.3;
static const double GAIN = 1.1, STAY = 1.02, HOPELESS = 0.7, CHANGED = 0.4;
static const double SMALLER = 11.0 / 12, NEWS = 0.25, TRIFLE = 1.0 / 16, KEEP = 0.9;     // of averages: weights of what is new, of what was

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

// Of a frame that is to be sent as it is: the first of a stretch, and then every SAMPLEth if the stretch does not shrink, is tried all the same; if
// it does, but packing is too slow for this link or brings nothing, every OTHERS_IDLEth.
static bulk_codec_t s_sample (const bulk_pace_t *pace, bulk_history_t *self, const bulk_codec_t *ladder, uint32_t levels)
{
    bool known = false;
    for (uint32_t i = 1; i < levels; i++)
        known |= pace->share [ladder [i]] > 0 && s_shrinks (self, ladder [i]);
    uint64_t every = known ? OTHERS_IDLE : SAMPLE, turn = self->plain++;
    return turn % every ? BULK_NONE : ladder [known ? 1 + turn / every % (levels - 1) : levels - 1];
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
    double cost = self->cost [codec] * self->delay * open, saved = codec == BULK_NONE ? 0 : (1 - self->share [codec]) * open;
    return (load_t) { (self->base + cost) / (self->helpers ? self->helpers : 1), (1 - saved) / self->link };
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
        self->link += (carried - self->link) * (carried > self->link ? 0.5 : (1 - busy) * (1 - busy) * (1 - busy));
        self->growth = GROWTH;
        return;
    }
    self->link = (carried > self->link ? carried : self->link) * (1 + self->growth);
    self->link = self->link < LINK_MOST ? self->link : LINK_MOST;
    self->growth = self->growth < GROWTH_MOST ? 2 * self->growth : GROWTH_MOST;
}

// Frames of one codec may have found the processors free and those of another busy, so what they cost there is kept, and the delay for all together.
static void s_see_delay (bulk_pace_t *self)
{
    if (self->raw)
        s_average (&self->base, (double) (self->busy_us - self->pack_us) / (double) self->raw, NEWS);
    if (self->cpu_us)
        s_average (&self->delay, (double) self->pack_us / (double) self->cpu_us, NEWS);
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
    self->tried = (bulk_rate_t) { 0 };
    self->strange = 0;
}

// A mean over time: windows are long when little is sent.
static double s_speed (bulk_rate_t rate)
{
    return rate.us > 0 ? rate.bytes / rate.us : 0;
}

static void s_count (bulk_rate_t *rate, bulk_rate_t window, double keep)
{
    *rate = (bulk_rate_t) { rate->bytes * keep + window.bytes, rate->us * keep + window.us };
}

static void s_judge (bulk_pace_t *self, int64_t now_us)
{
    bulk_rate_t packed = self->plain ? self->tried : self->rate, plain = self->plain ? self->rate : self->tried;
    bool best = s_speed (packed) < s_speed (plain) * (self->plain ? GAIN : STAY);       // to be plain
    int64_t took_us = now_us - self->turned_us;
    int64_t rest = best ? REST_PLAIN : REST, most = best ? REST_PLAIN_MOST : REST_MOST;
    self->rests = best != self->plain || !self->rests ? rest : self->rests < most ? 2 * self->rests : most;
    self->rest_us = now_us + self->rests * took_us;
    self->soon_us = now_us + SOON * took_us;
    self->rate = best ? plain : packed;
    self->settled = s_speed (self->rate);
    self->plain = best;
    s_turn (self, false, now_us);
}

static void s_call_off (bulk_pace_t *self, int64_t now_us)
{
    self->rest_us = self->soon_us = now_us + SOON * (now_us - self->turned_us);
    s_turn (self, false, now_us);
}

// At the end of a window that says something.
static void s_try (bulk_pace_t *self, bulk_rate_t window, int64_t now_us)
{
    double speed = s_speed (window);
    self->flown += self->frames;
    if (self->flown < (uint64_t) __builtin_popcountll (self->askers) * FLIGHT && now_us - self->turned_us < FLIGHT_US)
        return;
    if (!self->windows++)
        return;                                         // some of it was packed before
    if (self->trying) {
        s_count (&self->tried, window, 1);
        if (self->windows > TRIAL || speed < s_speed (self->rate) * HOPELESS)
            s_judge (self, now_us);
        return;
    }
    s_count (&self->rate, window, KEEP);
    double change = speed > self->settled ? speed - self->settled : self->settled - speed;
    self->strange = change > CHANGED * self->settled ? self->strange + 1 : 0;
    bool due = now_us >= self->rest_us || (now_us >= self->soon_us && self->strange >= STRANGE);
    if (due && self->windows >= SETTLE && (self->plain || self->part [BULK_NONE] < 1))
        s_turn (self, true, now_us);
}

void bulk_anew (bulk_pace_t *self)
{
    self->plain = self->trying = false;
    self->windows = self->flown = 0;
    self->rests = self->rest_us = self->soon_us = 0;
}

// ---- windows

static void s_begin (bulk_pace_t *self, const bulk_codec_t *ladder, uint32_t levels)
{
    self->link = GIGABIT;
    self->growth = GROWTH;
    self->delay = 1;
    self->part [ladder [levels - 1]] = 1;
}

// Windows are shorter in a trial, which is dear if it brings nothing. A pause is no measurement: the window begins anew, a trial is called off, and
// who asks next may be others than before.
static void s_end_window (bulk_pace_t *self, const bulk_codec_t *ladder, uint32_t levels, int64_t now_us)
{
    int64_t quiet_us = now_us - self->last_us, took_us = now_us - self->since_us;
    self->last_us = now_us;
    if (quiet_us > PAUSE_US) {
        self->frames = 0;
        bulk_anew (self);
    }
    else if (took_us < WINDOW_US || (self->frames < (self->trying ? FRAMES / 2 : FRAMES) && took_us < WINDOW_MOST_US))
        return;
    double window = (double) took_us, open = self->raw ? (double) self->open / (double) self->raw : 0;
    bool says = self->frames >= FEW_FRAMES;
    if (self->link <= 0)
        s_begin (self, ladder, levels);
    else if (says) {
        s_believe (self, (double) self->carried / window, (double) self->busy_us / (window * (self->helpers ? self->helpers : 1)));
        s_see_delay (self);
        s_mix (self, ladder, levels, open);
    }
    if (says && open >= 0.5)
        s_try (self, (bulk_rate_t) { (double) self->raw, window }, now_us);
    else if (self->trying)
        s_call_off (self, now_us);
    self->since_us = now_us;
    self->askers = 0;
    self->busy_us = self->pack_us = self->cpu_us = 0;
    self->frames = self->raw = self->carried = self->open = 0;
}

bulk_history_t bulk_next (const bulk_history_t *before)
{
    bulk_history_t next = *before;
    next.plain = 0;
    return next;
}

bulk_codec_t bulk_choose (bulk_pace_t *pace, bulk_history_t *history, uint64_t codecs, uint64_t asker, int64_t now_us)
{
    bulk_codec_t ladder [LEVELS];
    uint32_t levels = s_ladder (codecs & bulk_codecs (), ladder);
    s_end_window (pace, ladder, levels, now_us);
    pace->askers |= UINT64_C (1) << asker % 64;
    if (levels == 1)
        return BULK_NONE;
    bulk_codec_t codec = s_packs (pace) ? s_next (pace, ladder, levels) : BULK_NONE;
    return codec != BULK_NONE && s_shrinks (history, codec) ? codec : s_sample (pace, history, ladder, levels);
}

void bulk_learn (bulk_pace_t *pace, bulk_history_t *history, bulk_codec_t codec, size_t raw, size_t packed, const bulk_effort_t *effort)
{
    double bytes = raw ? (double) raw : 1, share = (double) packed / bytes;
    for (int other = 1; other < BULK_CODECS && codec != BULK_NONE; other++)
        if (other == (int) codec || (codec != BULK_LZ4 && share >= SMALLER && history->share [other] > 0))
            s_average (&history->share [other], share, NEWS);            // what the dense codecs cannot make smaller, lz4 cannot
    if (codec != BULK_NONE && share < SMALLER) {
        s_average (&pace->share [codec], share, TRIFLE);
        s_average (&pace->cost [codec], (double) effort->cpu_us / bytes, TRIFLE);
    }
    bool open = false;
    for (int other = 1; other < BULK_CODECS; other++)
        open |= history->share [other] > 0 && s_shrinks (history, (bulk_codec_t) other);
    pace->frames++;
    pace->raw += raw;
    pace->carried += packed;
    pace->open += open ? raw : 0;
    pace->busy_us += effort->all_us;
    pace->pack_us += effort->pack_us;
    pace->cpu_us += effort->cpu_us;
}
