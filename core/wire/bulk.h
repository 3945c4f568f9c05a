// bulk: bytes on their way: packed when that makes the whole faster, with a checksum of what they are unpacked.
//
// One thread's. The decision is by measurement, by whoever sends: a server that waits for requests while its answers are on the link has
// time to pack, and then packing moves more a second; a server that is always busy is the narrow place itself, and packing would make it
// narrower. Data that does not shrink (tried on a sample of its frames) is never packed. See bulk.c for the rule and its source.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include <stdint.h>

typedef enum { BULK_NONE = 0, BULK_ZLIB, BULK_LZ4, BULK_CODECS } bulk_codec_t;

uint64_t bulk_codecs (void);                            // bit 1 << codec for each that this build has
uint64_t bulk_checksum (const void *bytes, size_t size);
const char *bulk_codec_name (bulk_codec_t codec);

// Packs into `into` (cleared first). Returns the codec used: `codec`, or BULK_NONE (and nothing in `into`) if that is not smaller.
bulk_codec_t bulk_pack (bulk_codec_t codec, const void *bytes, size_t size, buffer_t *into);
// Into room for exactly `length` bytes, and holds the checksum against them. FAILED: damaged; never writes beyond.
CHECKED status_t bulk_unpack (bulk_codec_t codec, const void *packed, size_t size, void *to, size_t length, uint64_t checksum, error_t *error);

// How one file (or segment) packs, and how busy the sender is.
typedef struct { uint64_t frames, tried, raw, packed; } bulk_history_t;              // of a file; zero: nothing known
typedef struct { int64_t since_us, idle_us; uint32_t level; } bulk_pace_t;           // of a server; zero: nothing known
void bulk_idle (bulk_pace_t *self, int64_t now_us, int64_t waited_us);               // the server waited for requests
bulk_codec_t bulk_choose (bulk_pace_t *pace, bulk_history_t *history, uint64_t codecs, int64_t now_us);
void bulk_learn (bulk_history_t *history, size_t raw, size_t packed);                // a frame that was tried
