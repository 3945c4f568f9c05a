// bulk: see bulk.h.
//
// When to pack. The sender of bulk data is one of three things: as fast as its link (then packing moves more bytes a second), slower than its link
// (then packing makes it slower still), or faster than those who ask (then packing is work for nothing). Which, depends on the data, the link,
// the processor and on who else works there, and it changes. So nothing is computed from promised speeds: it is tried, and what counts
// is bytes a second *before* packing. AdOC (Jeannot, Knutsson, Bjorkman: Adaptive Online Data Compression, 2002) raises its level while its
// queue of packed bytes grows; we have no queue (receivers ask for each frame), so the sign of room is the reverse, a server that waits.
//
//   window   at least WINDOW_US and FRAMES frames, at most WINDOW_MOST_US; its speed is raw bytes / time, its idleness waiting / time
//   ladder   none, lz4, zstd (zlib where one side has no zstd): of what both sides have
//   up       the server was idle for more than ROOM of the window: one step up for a window; if that fails two steps at once, since lz4 finds
//            nothing in random digits, where an entropy coder halves them
//   down     it packs and was hardly idle (BUSY), or was not tried for a while, for those who ask may be the slow ones: one step down
//   verdict  a step up stays if it is GAIN times as fast, a step down if it LOSEs nothing. Else back home, and that direction rests for REST
//            times as long as the trial took, and longer the next time. A speed that has CHANGED ends the rest: a new link, another file
//
// The window after each change is half as long and thrown away, for its answers were packed before. So a link that becomes slower is followed
// within some four windows: half a second on a fast link, two or three on one of 10 MB/s. One that becomes faster shows at once to a server
// that is not busy; a busy one tries within two and a half seconds. The price of all trials together is a few per cent.
//
// Whether a file shrinks is a matter of its own, for one server sends many files at once: each has a history, by codec. A codec is tried on the
// first 1 MiB; if that does not shrink by a twelfth, then on one frame in SAMPLE, also while the server does not pack and has time to spare. What was
// learned fades, so a file that begins with pictures and goes on with text is noticed.
#include "wire/bulk.h"

#include <limits.h>
#include <pthread.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zlib.h>
#ifdef HAVE_LZ4
#include <lz4.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
    WINDOW_US = 100000, WINDOW_MOST_US = 1000000, FRAMES = 32, FEW_FRAMES = 4,
    REST = 8, REST_UP = 32, REST_DOWN = 16,             // times as long as the trial took, at first and at most
    LEVELS = 3, SAMPLE = 64, FIRST_BYTES = 1 << 20, MEMORY = 16 << 20,
};
static const double ROOM = 0.10, BUSY = 0.05, GAIN = 1.08, LOSE = 0.97, CHANGED = 0.30;

// ---- codecs

uint64_t bulk_codecs (void)
{
    uint64_t codecs = 1 << BULK_NONE | 1 << BULK_ZLIB;
#ifdef HAVE_LZ4
    codecs |= 1 << BULK_LZ4;
#endif
#ifdef HAVE_ZSTD
    codecs |= 1 << BULK_ZSTD;
#endif
    return codecs;
}

uint64_t bulk_checksum (const void *bytes, size_t size)
{
    return XXH3_64bits (bytes, size);
}

const char *bulk_codec_name (bulk_codec_t codec)
{
    static const char *const names [BULK_CODECS] = { "none", "zlib", "lz4", "zstd" };
    return (unsigned) codec < BULK_CODECS ? names [codec] : "unknown";
}

static size_t s_pack_zlib (const void *bytes, size_t size, char *to, size_t room)
{
    uLongf packed = room;
    return compress2 ((Bytef *) to, &packed, bytes, size, 1) == Z_OK ? packed : 0;
}

static size_t s_unpack_zlib (const void *packed, size_t size, char *to, size_t length)
{
    uLongf unpacked = length, used = size;
    return uncompress2 ((Bytef *) to, &unpacked, packed, &used) == Z_OK && used == size ? unpacked : 0;
}

#ifdef HAVE_LZ4
static size_t s_pack_lz4 (const void *bytes, size_t size, char *to, size_t room)
{
    int packed = size <= INT_MAX && room <= INT_MAX ? LZ4_compress_default (bytes, to, (int) size, (int) room) : 0;
    return packed > 0 ? (size_t) packed : 0;
}

static size_t s_unpack_lz4 (const void *packed, size_t size, char *to, size_t length)
{
    int unpacked = size <= INT_MAX && length <= INT_MAX ? LZ4_decompress_safe (packed, to, (int) size, (int) length) : 0;
    return unpacked > 0 ? (size_t) unpacked : 0;
}
#endif

#ifdef HAVE_ZSTD
// A context has some 600 KB of tables, whose pages cost a fifth of a frame's time when they are new: each thread keeps its own.
static pthread_key_t s_context_key;

static void s_free_context (void *context)
{
    ZSTD_freeCCtx (context);
}

static void s_make_key (void)
{
    if (pthread_key_create (&s_context_key, s_free_context))
        abort ();
}

static size_t s_pack_zstd (const void *bytes, size_t size, char *to, size_t room)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_make_key);
    ZSTD_CCtx *context = pthread_getspecific (s_context_key);
    if (!context && (context = ZSTD_createCCtx ()))
        pthread_setspecific (s_context_key, context);
    size_t packed = context ? ZSTD_compressCCtx (context, to, room, bytes, size, 1) : 0;
    return ZSTD_isError (packed) ? 0 : packed;
}

static size_t s_unpack_zstd (const void *packed, size_t size, char *to, size_t length)
{
    size_t unpacked = ZSTD_decompress (to, length, packed, size);
    return ZSTD_isError (unpacked) ? 0 : unpacked;
}
#endif

// Each returns 0 when it does not fit or is damaged.
static const struct {
    size_t (*pack) (const void *bytes, size_t size, char *to, size_t room);
    size_t (*unpack) (const void *packed, size_t size, char *to, size_t length);
} s_codec [BULK_CODECS] = {
    [BULK_ZLIB] = { s_pack_zlib, s_unpack_zlib },
#ifdef HAVE_LZ4
    [BULK_LZ4] = { s_pack_lz4, s_unpack_lz4 },
#endif
#ifdef HAVE_ZSTD
    [BULK_ZSTD] = { s_pack_zstd, s_unpack_zstd },
#endif
};

bulk_codec_t bulk_pack (bulk_codec_t codec, const void *bytes, size_t size, buffer_t *into)
{
    into->size = 0;
    if (codec == BULK_NONE || !s_codec [codec].pack || size < 2)
        return BULK_NONE;
    buffer_reserve (into, size - 1);
    into->size = s_codec [codec].pack (bytes, size, into->data, size - 1);
    return into->size ? codec : BULK_NONE;
}

status_t bulk_unpack (bulk_codec_t codec, const void *packed, size_t size, void *to, size_t length, uint64_t checksum, error_t *error)
{
    if ((unsigned) codec >= BULK_CODECS || (codec != BULK_NONE && !s_codec [codec].unpack))
        return error_set (error, "packed by codec %u, which this racimo does not have", (unsigned) codec);
    if (codec == BULK_NONE && size == length && size)
        memcpy (to, packed, size);
    else if (codec == BULK_NONE ? size != length : s_codec [codec].unpack (packed, size, to, length) != length)
        return error_set (error, "%zu bytes damaged on their way: they do not unpack by %s to %zu", size, bulk_codec_name (codec), length);
    if (bulk_checksum (to, length) == checksum)
        return OK;
    return error_set (error, "%zu bytes damaged on their way: the checksum differs", length);
}

// ---- how a file packs

static bool s_shrinks (const bulk_history_t *self, bulk_codec_t codec)
{
    return self->raw [codec] < FIRST_BYTES || self->packed [codec] <= self->raw [codec] - self->raw [codec] / 12;
}

static void s_remember (bulk_history_t *self, bulk_codec_t codec, size_t raw, size_t packed)
{
    self->raw [codec] += raw;
    self->packed [codec] += packed;
    if (self->raw [codec] > MEMORY) {
        self->raw [codec] /= 2;
        self->packed [codec] /= 2;
    }
}

// ---- how busy the server is

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

void bulk_idle (bulk_pace_t *self, int64_t now_us, int64_t waited_us)
{
    int64_t most = now_us - self->since_us;
    self->idle_us += waited_us < most ? waited_us : most;
}

static void s_go (bulk_pace_t *self, uint32_t level)
{
    self->fresh = self->level != level;
    self->level = level;
}

static void s_refuse (bulk_pace_t *self, bool up, double speed, int64_t now_us)
{
    bulk_rest_t *rest = up ? &self->up : &self->down;
    int64_t most = up ? REST_UP : REST_DOWN;
    rest->times = rest->times ? rest->times * 2 : REST;
    rest->times = rest->times > most ? most : rest->times;
    rest->until_us = now_us + rest->times * (now_us - self->trial_us);
    rest->speed = speed;
}

static bool s_rests (bulk_rest_t *self, double speed, int64_t now_us)
{
    double change = speed > self->speed ? speed - self->speed : self->speed - speed;
    if (change > CHANGED * self->speed)
        *self = (bulk_rest_t) { 0 };
    return now_us < self->until_us;
}

// A window at home is over: is there something to try?
static void s_propose (bulk_pace_t *self, uint32_t levels, double speed, double idle, int64_t now_us)
{
    self->speed = speed;
    if (self->open < self->raw / 2)
        return;
    self->trial_us = now_us;
    bool up = idle > ROOM && self->home + 1 < levels && !s_rests (&self->up, speed, now_us);
    bool down = (idle < BUSY || idle > ROOM) && self->home && !s_rests (&self->down, speed, now_us);
    if (up)
        s_go (self, self->home + 1 + self->reach < levels ? self->home + 1 + self->reach : levels - 1);
    else if (down)
        s_go (self, self->home - 1);
}

// A window of a trial is over. What was just left for something better, or found to be worse, is not to be tried at once.
static void s_judge (bulk_pace_t *self, uint32_t levels, double speed, int64_t now_us)
{
    bool up = self->level > self->home, top = self->level + 1 >= levels;
    bool stays = speed >= self->speed * (up ? GAIN : LOSE);
    self->reach = !stays && up && !top ? self->reach + 1 : 0;
    if (stays) {
        self->home = self->level;
        self->speed = speed;
        self->up = self->down = (bulk_rest_t) { 0 };
        s_refuse (self, !up, speed, now_us);
    }
    else {
        if (!self->reach)
            s_refuse (self, up, self->speed, now_us);
        s_go (self, self->home);
    }
}

// A pause is no measurement: the window begins anew, and a trial is called off.
static void s_end_window (bulk_pace_t *self, uint32_t levels, int64_t now_us)
{
    int64_t took_us = now_us - self->since_us;
    int share = self->fresh ? 2 : 1;
    if (took_us < WINDOW_US / share || (self->frames < (uint64_t) (FRAMES / share) && took_us < WINDOW_MOST_US))
        return;
    double speed = (double) self->raw / (double) took_us * 1e6, idle = (double) self->idle_us / (double) took_us;
    if (self->frames < FEW_FRAMES)
        s_go (self, self->home);
    else if (self->fresh)
        self->fresh = false;
    else if (self->level == self->home)
        s_propose (self, levels, speed, idle, now_us);
    else
        s_judge (self, levels, speed, now_us);
    self->room = idle > ROOM;
    self->since_us = now_us;
    self->idle_us = 0;
    self->frames = self->raw = self->open = 0;
}

bulk_codec_t bulk_choose (bulk_pace_t *pace, bulk_history_t *history, uint64_t codecs, int64_t now_us)
{
    bulk_codec_t ladder [LEVELS];
    uint32_t levels = s_ladder (codecs & bulk_codecs (), ladder);
    s_end_window (pace, levels, now_us);
    uint32_t level = pace->level < levels ? pace->level : levels - 1;
    bool sample = ++history->frames % SAMPLE == 0;
    if (sample && !level && pace->room)
        level = (uint32_t) (history->frames / SAMPLE % levels);
    return sample || s_shrinks (history, ladder [level]) ? ladder [level] : BULK_NONE;
}

void bulk_learn (bulk_pace_t *pace, bulk_history_t *history, bulk_codec_t codec, size_t raw, size_t packed)
{
    pace->frames++;
    pace->raw += raw;
    if (codec != BULK_NONE)
        s_remember (history, codec, raw, packed);
    bulk_codec_t ladder [LEVELS];
    uint32_t levels = s_ladder (bulk_codecs (), ladder);
    bool open = false;
    for (uint32_t level = 1; level < levels; level++)
        open |= s_shrinks (history, ladder [level]);
    pace->open += open ? raw : 0;
}
