// server: a fetch thread and the data server that it asks, which the test plays, over real sockets.
//
// The test drives both ends from one thread: while it waits for news of the fetch thread it answers that one's requests, or does not.
#pragma once
#include "base/clock.h"
#include "tests/folder.h"
#include "wire/bulk.h"
#include "worker/cache.h"
#include "worker/fetch.h"

#include <czmq.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { PATIENCE_MS = 30000, JOB = 7, MIB = 1 << 20, STORE_ROOM = 4 << 20 };

static worker_options_t s_options;
static peer_t *s_server;
static fetch_t *s_fetch;
static uint64_t s_requests, s_bytes;                    // that the server was asked for
static uint64_t s_damage, s_refuse;                     // the request, counted from 1, that is answered so; 0: none
static error_kind_t s_refusal;
static char *s_store; static uint64_t s_stored; static bool s_last;         // what was PUT
static uint32_t s_under_way;                            // pieces stored since, before `last`

// The byte at any offset of the file that the server has.
static inline char s_byte (uint64_t offset)
{
    return (char) (offset * 2654435761u >> 13 ^ offset >> 20);
}

static inline void s_fetch_begin (void)
{
    error_t error = { 0 };
    s_fetch = fetch_new (&s_options, &error);
    ck_assert_msg (s_fetch != NULL, "%s", error.text);
    fetch_head (s_fetch, "127.0.0.1", (uint64_t) peer_port (s_server));
}

static inline void s_begin (void)
{
    s_folder_make ();
    zsys_handler_set (NULL);
    s_server = peer_bind ("tcp://127.0.0.1:*", &(peer_options_t) { .bulk = true }, NULL);
    ck_assert_ptr_nonnull (s_server);
    s_options = (worker_options_t) { .head = "127.0.0.1", .chunks = memory_text (s_path ("cache")), .chunks_size = 64 * MIB };
    s_requests = s_bytes = s_damage = s_refuse = s_stored = s_under_way = 0;
    s_store = memory_new (STORE_ROOM);
    s_fetch_begin ();
}

static inline void s_end (void)
{
    fetch_destroy (&s_fetch);
    peer_destroy (&s_server);
    zsys_shutdown ();
    free (s_store);
    free ((char *) s_options.chunks);
    s_folder_remove ();
}

// ---- the server

static inline void s_serve_input (const peer_id_t *to, const message_fetch_t *fetch)
{
    static char bytes [FETCH_BYTES];
    ck_assert_uint_le (fetch->length, FETCH_BYTES);
    s_requests++;
    s_bytes += fetch->length;
    for (uint64_t i = 0; i < fetch->length; i++)
        bytes [i] = s_byte (fetch->offset + i);
    message_t bulk = { .verb = MESSAGE_BULK, .bulk = { .request = fetch->request, .offset = fetch->offset, .length = fetch->length,
        .checksum = bulk_checksum (bytes, (size_t) fetch->length) } };
    if (s_requests == s_damage)
        bytes [5] ^= 1;
    if (s_requests == s_refuse) {
        bulk.bulk.kind = s_refusal;
        bulk.bulk.error = (char *) "in.txt: changed while the job ran";
    }
    ck_assert (!peer_send_bulk (s_server, to, &bulk, bytes, s_requests == s_refuse ? 0 : (size_t) fetch->length, 0, NULL));
}

static inline void s_serve_put (const peer_id_t *to, const message_put_t *put)
{
    wire_bytes_t payload = peer_payload (s_server);
    ck_assert_uint_le (put->offset + put->length, STORE_ROOM);
    ck_assert (!bulk_unpack ((bulk_codec_t) put->codec, payload.data, payload.size, s_store + put->offset, (size_t) put->length, put->checksum, NULL));
    ck_assert_msg (!put->last || s_stored == put->offset, "the last piece came before the others were stored");
    s_stored += put->length;
    s_last |= put->last;
    s_under_way++;
    message_t stored = { .verb = MESSAGE_STORED, .stored = { .request = put->request } };
    if (s_under_way == s_refuse) {
        stored.stored.kind = ERROR_OUTPUT;
        stored.stored.error = (char *) "part-1: no space left on device";
    }
    ck_assert (!peer_send (s_server, to, &stored, 0, NULL));
}

static inline void s_serve (void)
{
    for (;;) {
        peer_id_t from;
        message_t message;
        peer_news_t news = peer_receive (s_server, &from, &message, NULL);
        if (news == PEER_NOTHING)
            return;
        ck_assert_int_eq (news, PEER_MESSAGE);
        if (message.verb == MESSAGE_FETCH)
            s_serve_input (&from, &message.fetch);
        else if (message.verb == MESSAGE_PUT)
            s_serve_put (&from, &message.put);
        message_free (&message);
    }
}

// The next news that are more than a count of bytes.
static inline fetched_t *s_await (void)
{
    for (int64_t due = clock_us () + PATIENCE_MS * 1000; ; ) {
        for (fetched_t *news; (news = fetch_next (s_fetch)); fetched_free (&news))
            if (news->kind != FETCHED_BYTES)
                return news;
        zmq_pollitem_t item [] = { { .socket = peer_socket (s_server), .events = ZMQ_POLLIN }, { .fd = fetch_fd (s_fetch), .events = ZMQ_POLLIN } };
        ck_assert_msg (clock_us () < due && zmq_poll (item, 2, PATIENCE_MS) > 0, "no news");
        s_serve ();
    }
}

static inline void s_free (fetched_t *news)
{
    fetched_free (&news);
}

