// bulk: codecs and checksums; see bulk.h. When to pack is bulk_choice.c's.
//
// Each frame is packed by itself, so that any can be asked for, lost and asked for again: the price is a ratio a little below that of a whole
// file. zstd is used at level 1, which on text is both faster and denser than zlib at its fastest, with half of that level's table, 32 KiB, which fits into a
// small processor's nearest cache, and matches of seven bytes and more: a fifth faster, at a ratio 5 % below on prose and above on tables.
#include "wire/bulk.h"
#include "base/clock.h"

#include <limits.h>
#include <pthread.h>
#include <time.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zlib.h>
#ifdef HAVE_LZ4
#include <lz4.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

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
// A context has some hundred KB of tables, whose pages cost a fifth of a frame's time when they are new: each thread keeps its own two.
typedef struct { ZSTD_CCtx *pack; ZSTD_DCtx *unpack; } contexts_t;

static pthread_key_t s_contexts_key;

static void s_free_contexts (void *contexts)
{
    ZSTD_freeCCtx (((contexts_t *) contexts)->pack);
    ZSTD_freeDCtx (((contexts_t *) contexts)->unpack);
    free (contexts);
}

static void s_make_key (void)
{
    if (pthread_key_create (&s_contexts_key, s_free_contexts))
        abort ();
}

static contexts_t *s_contexts (void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_make_key);
    contexts_t *contexts = pthread_getspecific (s_contexts_key);
    if (contexts)
        return contexts;
    contexts = memory_new (sizeof *contexts);
    *contexts = (contexts_t) { ZSTD_createCCtx (), ZSTD_createDCtx () };
    if (contexts->pack) {
        ZSTD_CCtx_setParameter (contexts->pack, ZSTD_c_compressionLevel, 1);
        ZSTD_CCtx_setParameter (contexts->pack, ZSTD_c_hashLog, 13);
        ZSTD_CCtx_setParameter (contexts->pack, ZSTD_c_minMatch, 7);
    }
    pthread_setspecific (s_contexts_key, contexts);
    return contexts;
}

static size_t s_pack_zstd (const void *bytes, size_t size, char *to, size_t room)
{
    ZSTD_CCtx *context = s_contexts ()->pack;
    size_t packed = context ? ZSTD_compress2 (context, to, room, bytes, size) : 0;
    return ZSTD_isError (packed) ? 0 : packed;
}

static size_t s_unpack_zstd (const void *packed, size_t size, char *to, size_t length)
{
    ZSTD_DCtx *context = s_contexts ()->unpack;
    size_t unpacked = context ? ZSTD_decompressDCtx (context, to, length, packed, size) : 0;
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

static int64_t s_cpu_us (void)
{
    struct timespec now;
    return clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now) ? 0 : (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bulk_codec_t bulk_pack (bulk_codec_t codec, const void *bytes, size_t size, buffer_t *into, bulk_effort_t *effort)
{
    into->size = 0;
    if (codec == BULK_NONE || !s_codec [codec].pack || size < 2)
        return BULK_NONE;
    int64_t began_us = clock_us (), cpu_us = s_cpu_us ();
    buffer_reserve (into, size - 1);
    into->size = s_codec [codec].pack (bytes, size, into->data, size - 1);
    effort->pack_us = clock_us () - began_us;
    effort->cpu_us = s_cpu_us () - cpu_us;
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
