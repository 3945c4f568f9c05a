// bulk: bytes on their way: packed when that makes the whole faster, with a checksum of what they are unpacked.
//
// The codecs are stateless and any thread's. The choice is made by whoever sends, in one thread, by measurement: a server that waits for
// requests while its answers are on the link has time to pack; whether packing then moves more bytes a second is tried for a tenth of
// a second and kept if it does. Data that does not shrink (tried on some of its frames) is not packed. See bulk.c for the rule.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include <stdint.h>

typedef enum { BULK_NONE = 0, BULK_ZLIB, BULK_LZ4, BULK_ZSTD, BULK_CODECS } bulk_codec_t;

uint64_t bulk_codecs (void);                            // bit 1 << codec for each that this build has
uint64_t bulk_checksum (const void *bytes, size_t size);
const char *bulk_codec_name (bulk_codec_t codec);       // "lz4"

// Packs into `into` (cleared first). Returns the codec used: `codec`, or BULK_NONE (and nothing in `into`) if that is not smaller.
bulk_codec_t bulk_pack (bulk_codec_t codec, const void *bytes, size_t size, buffer_t *into);
// Into room for exactly `length` bytes, and holds the checksum against them. FAILED: damaged, or a codec that this build lacks; never writes beyond.
CHECKED status_t bulk_unpack (bulk_codec_t codec, const void *packed, size_t size, void *to, size_t length, uint64_t checksum, error_t *error);

// How one file (or segment) packs. Plain data; zero: nothing known.
typedef struct { uint64_t frames, raw [BULK_CODECS], packed [BULK_CODECS]; } bulk_history_t;

// How busy a server is and what it tries. Plain data; zero: nothing known. Times are of clock_us.
typedef struct { int64_t until_us, times; double speed; } bulk_rest_t;               // not to be tried before; of a trial's time; speed when it failed
typedef struct {
    int64_t since_us, idle_us, trial_us;                // of this window; since when another level is tried
    uint64_t frames, raw, open;                         // sent in it; open: bytes of files that shrink, as far as known
    uint32_t level, home;                               // how hard it packs; where a trial that brings nothing goes back to
    uint32_t reach;                                     // a trial upwards failed with one step: how many now, less one
    bool fresh, room;                                   // the level has just changed: this window does not count; the last one had time to spare
    double speed;                                       // bytes a second at home
    bulk_rest_t up, down;
} bulk_pace_t;

void bulk_idle (bulk_pace_t *self, int64_t now_us, int64_t waited_us);               // the server waited for requests
// codecs: what both sides have.
bulk_codec_t bulk_choose (bulk_pace_t *pace, bulk_history_t *history, uint64_t codecs, int64_t now_us);
// Of every frame that was sent: codec as chosen, bytes before and after (the same if it was sent as it is).
void bulk_learn (bulk_pace_t *pace, bulk_history_t *history, bulk_codec_t codec, size_t raw, size_t packed);
