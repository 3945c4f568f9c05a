// bulk: bytes on their way: packed when that makes the whole faster, with a checksum of what they are unpacked.
//
// The codecs (bulk.c) are stateless and any thread's. The choice among them (bulk_choice.c) is made by whoever sends, in one thread, by
// measurement: the mixture of codecs that keeps both the link and the helpers busy, if it moves more bytes a second than no packing at all. Data
// that does not shrink, tried on some of its frames, is not packed.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include <stdint.h>

typedef enum { BULK_NONE = 0, BULK_ZLIB, BULK_LZ4, BULK_ZSTD, BULK_CODECS } bulk_codec_t;

uint64_t bulk_codecs (void);                            // bit 1 << codec for each that this build has
uint64_t bulk_checksum (const void *bytes, size_t size);
const char *bulk_codec_name (bulk_codec_t codec);       // "lz4"

// What a frame has cost whoever sent it: in all, of that to pack it, and of that on a processor.
typedef struct { int64_t all_us, pack_us, cpu_us; } bulk_effort_t;

// Packs into `into` (cleared first). Returns the codec used: `codec`, or BULK_NONE (and nothing in `into`) if that is not smaller. effort: its pack_us and
// cpu_us are set, unless it is not tried.
bulk_codec_t bulk_pack (bulk_codec_t codec, const void *bytes, size_t size, buffer_t *into, bulk_effort_t *effort);
// Into room for exactly `length` bytes, and holds the checksum against them. FAILED: damaged, or a codec that this build lacks; never writes beyond.
CHECKED status_t bulk_unpack (bulk_codec_t codec, const void *packed, size_t size, void *to, size_t length, uint64_t checksum, error_t *error);

// How the frames of one file, or of one stretch of it, pack. Plain data; zero: nothing known. A stretch may begin with what was known of the one before
// it (bulk_next).
typedef struct { uint64_t plain; double share [BULK_CODECS]; } bulk_history_t;       // frames not packed; packed / raw, 0: not known

typedef struct { double bytes, us; } bulk_rate_t;       // raw ones, in so much time

// What a server has learnt about its link and its processors. Plain data; zero: nothing known. Times are of clock_us, speeds in bytes a µs.
typedef struct {
    uint32_t helpers;                                   // frames that can be packed at the same time; set by the owner, 0: one
    int64_t last_us, since_us;                          // asked last; this window,
    uint64_t askers;                                    // who has asked in it, a bit each
    uint64_t frames, raw, carried, open;                // what was sent in it; open: raw bytes of files that shrink, as far as known
    int64_t busy_us, pack_us, cpu_us;                   // and the helpers' effort
    double link, growth;                                // what is behind the helpers can carry so much; how fast that belief grows
    double cost [BULK_CODECS], share [BULK_CODECS];     // of a raw byte to be packed: µs on a processor, bytes on the link; 0: not known
    double base, delay;                                 // of any raw byte: µs of a helper besides packing; how much longer packing takes than on a processor
    double part [BULK_CODECS], owed [BULK_CODECS];      // of the frames, for each codec; and what it has not got of that yet
    uint64_t sent;                                      // frames, ever
    bool plain, trying;                                 // nothing is packed, for that is as fast; the opposite is tried
    int64_t turned_us;                                  // since when,
    uint64_t flown, windows;                            // how many frames since, and windows after the first of them have arrived
    bulk_rate_t rate, tried;                            // as it is, as tried
    double settled;                                     // the speed after the last trial
    int64_t rests, rest_us, soon_us;                    // no trial before rest_us; or soon_us, if the speed has changed,
    uint32_t strange;                                   // as it has for so many windows
} bulk_pace_t;

bulk_history_t bulk_next (const bulk_history_t *before);
void bulk_anew (bulk_pace_t *self);                     // others ask now: whether packing pays for them is not known
// codecs: what both sides have. asker: any number that tells who asks from most others.
bulk_codec_t bulk_choose (bulk_pace_t *pace, bulk_history_t *history, uint64_t codecs, uint64_t asker, int64_t now_us);
// Of every frame that was sent: codec as chosen, bytes before and after (the same if it was sent as it is).
void bulk_learn (bulk_pace_t *pace, bulk_history_t *history, bulk_codec_t codec, size_t raw, size_t packed, const bulk_effort_t *effort);
