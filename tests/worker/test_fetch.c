// test_fetch: a worker's fetch and serve threads against a data server that the test plays, over real sockets, well-behaved and otherwise.
//
// The test drives both ends from one thread: while it waits for news of the fetch thread it answers that one's requests, or does not.
#include "base/clock.h"
#include "base/file.h"
#include "store/input.h"
#include "store/merge.h"
#include "store/segment.h"
#include "wire/bulk.h"
#include "worker/cache.h"
#include "worker/fetch.h"
#include "worker/link.h"
#include "worker/serve.h"

#include <check.h>
#include <czmq.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { PATIENCE_MS = 30000, JOB = 7, MIB = 1 << 20, STORE_ROOM = 4 << 20 };

static char s_folder [64];
static worker_options_t s_options;
static peer_t *s_server;
static fetch_t *s_fetch;
static uint64_t s_requests, s_bytes;                    // that the server was asked for
static uint64_t s_damage, s_refuse;                     // the request, counted from 1, that is answered so; 0: none
static error_kind_t s_refusal;
static char *s_store; static uint64_t s_stored; static bool s_last;         // what was PUT
static uint32_t s_under_way;                            // pieces stored since, before `last`

// The byte at any offset of the file that the server has.
static char s_byte (uint64_t offset)
{
    return (char) (offset * 2654435761u >> 13 ^ offset >> 20);
}

static const char *s_path (const char *name)
{
    static char room [8] [256];
    static int turn;
    char *path = room [turn++ % 8];
    snprintf (path, sizeof room [0], "%s/%s", s_folder, name);
    return path;
}

static void s_fetch_begin (void)
{
    error_t error = { 0 };
    s_fetch = fetch_new (&s_options, &error);
    ck_assert_msg (s_fetch != NULL, "%s", error.text);
    fetch_head (s_fetch, "127.0.0.1", (uint64_t) peer_port (s_server));
}

static void s_begin (void)
{
    snprintf (s_folder, sizeof s_folder, "/tmp/racimo-fetch-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_folder));
    zsys_handler_set (NULL);
    s_server = peer_bind ("tcp://127.0.0.1:*", &(peer_options_t) { .bulk = true }, NULL);
    ck_assert_ptr_nonnull (s_server);
    s_options = (worker_options_t) { .head = "127.0.0.1", .chunks = memory_text (s_path ("cache")), .chunks_size = 64 * MIB };
    s_requests = s_bytes = s_damage = s_refuse = s_stored = 0;
    s_store = memory_new (STORE_ROOM);
    s_fetch_begin ();
}

static void s_end (void)
{
    fetch_destroy (&s_fetch);
    peer_destroy (&s_server);
    zsys_shutdown ();
    free (s_store);
    free ((char *) s_options.chunks);
    file_remove_tree (s_folder);
}

// ---- the server

static void s_serve_input (const peer_id_t *to, const message_fetch_t *fetch)
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

static void s_serve_put (const peer_id_t *to, const message_put_t *put)
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

static void s_serve (void)
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
static fetched_t *s_await (void)
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

static void s_free (fetched_t *news)
{
    fetched_free (&news);
}

// ---- inputs

static message_t s_map (uint64_t offset, uint64_t length, uint64_t size)
{
    return (message_t) { .verb = MESSAGE_MAP, .map = { .job = JOB, .path = (char *) "/nowhere/in.txt", .offset = offset, .length = length, .size = size,
        .inode = 5, .device = 6, .mtime_ns = 7, .file = 2, .ctime_ns = 8, .head = 9, .tail = 10 } };
}

// Reads a split as an executor does: asks before it reads, up to what it was told.
static void s_read_all (uint64_t id, const char *path, uint64_t from, uint64_t to)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    ck_assert (fd >= 0);
    char *bytes = memory_new (16 * MIB);
    while (from < to) {
        fetch_need (s_fetch, id, from);
        fetched_t *news = s_await ();
        ck_assert_msg (news->kind == FETCHED_UPTO && news->id == id, "%s", news->error.text);
        ck_assert_uint_gt (news->upto, from);
        ck_assert_uint_le (news->upto - from, 16 * MIB);
        size_t size = (size_t) (news->upto - from);
        ck_assert (!file_read_at (fd, bytes, size, from, path, NULL));
        for (size_t i = 0; i < size; i++)
            if (bytes [i] != s_byte (from + i))
                ck_abort_msg ("byte %d differs", (int) (from + i));
        from = news->upto;
        s_free (news);
    }
    free (bytes);
    close (fd);
}

static void s_map_split (uint64_t id, uint64_t offset, uint64_t length, uint64_t size)
{
    message_t map = s_map (offset, length, size);
    fetch_input (s_fetch, id, &map);
    fetched_t *place = s_await ();
    ck_assert_int_eq (place->kind, FETCHED_PLACE);
    ck_assert (place->guarded);
    struct stat facts;
    ck_assert (!stat (place->path, &facts));
    ck_assert_uint_eq ((uint64_t) facts.st_size, size);
    ck_assert_uint_eq (facts.st_ino, place->inode);
    s_read_all (id, place->path, offset, offset + length);
    s_free (place);
    fetch_release (s_fetch, id);
}

START_TEST (test_a_split_comes_and_stays)
{
    const uint64_t size = 10 * MIB + 4321;
    s_map_split (1, 0, size, size);
    ck_assert_uint_eq (s_bytes, size);
    s_map_split (2, 3 * MIB + 17, 5 * MIB, size);       // other borders, nothing new
    ck_assert_uint_eq (s_bytes, size);
    fetch_destroy (&s_fetch);
    s_fetch_begin ();
    ck_assert_uint_eq (fetch_held (s_fetch), 11 * MIB);
    s_map_split (3, 0, size, size);                     // another life
    ck_assert_uint_eq (s_bytes, size);
}
END_TEST

// A record that ends behind its split is read to its end, wherever that is.
START_TEST (test_bytes_behind_the_split)
{
    const uint64_t size = 6 * MIB;
    message_t map = s_map (0, MIB, size);
    fetch_input (s_fetch, 1, &map);
    fetched_t *place = s_await ();
    s_read_all (1, place->path, 0, size);
    s_free (place);
}
END_TEST

START_TEST (test_a_cache_much_smaller_than_the_input)
{
    const uint64_t size = 100 * MIB;
    fetch_destroy (&s_fetch);
    s_options.chunks_size = 8 * MIB;
    s_fetch_begin ();
    for (uint64_t id = 1; id <= 2; id++) {              // two slots that have an order each
        message_t map = s_map ((id - 1) * 50 * MIB, 50 * MIB, size);
        fetch_input (s_fetch, id, &map);
    }
    fetched_t *place [2] = { s_await (), s_await () };
    for (uint64_t id = 1; id <= 2; id++)
        s_read_all (id, place [id - 1]->path, (id - 1) * 50 * MIB, id * 50 * MIB);
    struct stat facts;
    ck_assert (!stat (place [0]->path, &facts));
    ck_assert_uint_le ((uint64_t) facts.st_blocks * 512, 10 * MIB);
    s_free (place [0]);
    s_free (place [1]);
}
END_TEST

static void s_expect_failure (uint64_t id, const char *words, error_kind_t kind)
{
    fetched_t *news = s_await ();
    while (news->kind != FETCHED_FAILED) {
        s_free (news);
        news = s_await ();
    }
    ck_assert_uint_eq (news->id, id);
    ck_assert_msg (strstr (news->error.text, words) != NULL, "%s", news->error.text);
    ck_assert_int_eq (news->error.kind, kind);
    s_free (news);
}

START_TEST (test_what_the_head_refuses_fails_the_order)
{
    s_refuse = 3;
    s_refusal = ERROR_DATA;
    message_t map = s_map (0, 4 * MIB, 4 * MIB);
    fetch_input (s_fetch, 1, &map);
    s_expect_failure (1, "changed while the job ran", ERROR_DATA);
    fetch_need (s_fetch, 1, 0);                         // the executor asks all the same
    s_expect_failure (1, "changed while the job ran", ERROR_DATA);
    fetch_release (s_fetch, 1);
    s_map_split (2, 0, 4 * MIB, 4 * MIB);               // and another order goes on
}
END_TEST

START_TEST (test_damaged_bytes_are_not_kept)
{
    s_damage = 2;
    message_t map = s_map (0, 4 * MIB, 4 * MIB);
    fetch_input (s_fetch, 1, &map);
    s_expect_failure (1, "damaged", ERROR_OTHER);
    fetch_release (s_fetch, 1);
    s_map_split (2, 0, 4 * MIB, 4 * MIB);
}
END_TEST

START_TEST (test_a_file_that_is_here_is_read_here)
{
    const char *path = s_path ("in.txt");
    struct stat facts;
    ck_assert (!file_save (path, "hello\n", 6, NULL) && !stat (path, &facts));
    message_t map = s_map (0, 6, 6);
    map.map.path = (char *) path;
    map.map.mtime_ns = (uint64_t) facts.st_mtim.tv_sec * 1000000000 + (uint64_t) facts.st_mtim.tv_nsec;
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    ck_assert (!input_fingerprint (fd, path, 6, &map.map.head, &map.map.tail, NULL));
    close (fd);
    for (int differs = 0; differs <= 2; differs++) {    // the same; other bytes; another time
        message_t this = map;
        this.map.file = (uint64_t) differs;
        this.map.tail ^= differs == 1;
        this.map.mtime_ns += differs == 2;
        fetch_input (s_fetch, 1, &this);
        fetched_t *place = s_await ();
        ck_assert_int_eq (place->kind, FETCHED_PLACE);
        ck_assert_int_eq (place->guarded, differs != 0);
        ck_assert (differs || (!strcmp (place->path, path) && place->inode == facts.st_ino));
        s_free (place);
        fetch_release (s_fetch, 1);
    }
}
END_TEST

// ---- parts

START_TEST (test_a_part_goes_to_the_head)
{
    const size_t sizes [] = { 0, 10, FETCH_BYTES, 9 * FETCH_BYTES + 77 };
    size_t size = sizes [_i];
    char *bytes = memory_new (size + 1);
    for (size_t i = 0; i < size; i++)
        bytes [i] = s_byte (i);
    ck_assert (!file_save (s_path ("part-1"), bytes, size, NULL));
    s_last = false;
    fetch_upload (s_fetch, 4, JOB, s_folder, "part-1", true, false);
    fetched_t *news = s_await ();
    ck_assert_msg (news->kind == FETCHED_ALL && news->id == 4, "%s", news->error.text);
    ck_assert (s_last && s_stored == size && !memcmp (s_store, bytes, size));
    ck_assert (access (s_path ("part-1"), F_OK));       // it is not needed here any more
    s_free (news);
    free (bytes);
}
END_TEST

START_TEST (test_a_head_that_cannot_store)
{
    char *bytes = memory_new (3 * MIB);
    ck_assert (!file_save (s_path ("part-1"), bytes, 3 * MIB, NULL));
    free (bytes);
    s_under_way = 0;
    s_refuse = 2;
    fetch_upload (s_fetch, 4, JOB, s_folder, "part-1", true, true);
    s_expect_failure (4, "no space left", ERROR_OUTPUT);
}
END_TEST

// ---- segments

enum { ROWS = 60000 };

// Rows of a run: numbers of eight digits, `step` apart, with 32 bytes of other text behind.
static void s_make_segment (const char *path, int runs)
{
    error_t error = { 0 };
    segment_layout_t layout = { .records = true };
    segment_writer_t *writer = segment_create (path, &layout, &error);
    ck_assert_ptr_nonnull (writer);
    for (int run = 0; run < runs; run++) {
        segment_begin_run (writer);
        for (int row = run; row < ROWS; row += runs) {
            char text [64];
            int size = snprintf (text, sizeof text, "%08d and what follows it in the row", row);
            ck_assert (!segment_add (writer, (rac_bytes) { text, (uint32_t) size, 0 }, 8, "", &error));
        }
        ck_assert (!segment_end_run (writer, &error));
    }
    uint64_t rows;
    ck_assert (!segment_finish (&writer, NULL, &rows, &error));
    ck_assert_uint_eq (rows, ROWS);
}

static uint64_t s_file_size (const char *path)
{
    struct stat facts;
    return stat (path, &facts) ? 0 : (uint64_t) facts.st_size;
}

static message_t s_reduce (const char *path, uint64_t *owner, uint64_t *number, uint64_t *bytes, char **item, const char *low, const char *high)
{
    *owner = 2;
    *number = 11;
    *bytes = s_file_size (path);
    *item = (char *) path;
    return (message_t) { .verb = MESSAGE_REDUCE, .reduce = { .job = JOB, .segments = { item, 1 }, .owners = { owner, 1 }, .numbers = { number, 1 },
        .bytes = { bytes, 1 }, .low = { (char *) low, (uint32_t) strlen (low) }, .high = { (char *) high, (uint32_t) strlen (high) }, .last = !*high } };
}

static void s_count_rows (const char *path, const char *low, const char *high, int expected)
{
    error_t error = { 0 };
    segment_layout_t layout = { .records = true };
    segment_t *segment = segment_open (path, &layout, &error);
    ck_assert_msg (segment != NULL, "%s", error.text);
    int rows = 0;
    for (uint32_t run = 1; run <= segment_runs (segment); run++) {
        cursor_t *cursor = cursor_open (segment, run, (rac_bytes) { low, (uint32_t) strlen (low), 0 },
            (rac_bytes) { *high ? high : NULL, (uint32_t) strlen (high), 0 }, &error);
        ck_assert_msg (cursor != NULL, "%s", error.text);
        for (; !cursor->done; rows++)
            ck_assert_msg (!cursor_next (cursor, &error), "%s", error.text);
        cursor_close (&cursor);
    }
    segment_close (&segment);
    ck_assert_int_eq (rows, expected);
}

static void s_tell_nodes (const serve_t *serve)
{
    char endpoint [64], *endpoints [] = { endpoint }, *keys [] = { (char *) "" };
    uint64_t worker = 2;
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", serve ? serve_port (serve) : 0);
    message_t nodes = { .verb = MESSAGE_NODES, .nodes = { 1, { &worker, serve ? 1 : 0 }, { endpoints, serve ? 1 : 0 }, { keys, serve ? 1 : 0 } } };
    fetch_nodes (s_fetch, &nodes);
}

START_TEST (test_a_range_of_another_workers_segment)
{
    static const struct { const char *low, *high; int rows; } ranges [] = {
        { "", "", ROWS }, { "00030000", "00030010", 10 }, { "", "00000001", 1 }, { "00059999", "", 1 }, { "00070000", "00080000", 0 },
        { "00020000", "00040000", 20000 },
    };
    uint64_t owner, number, bytes, moved = 0;
    char *item;
    s_make_segment (s_path ("segment"), _i + 1);
    serve_t *serve = serve_new (&(worker_options_t) { .head = "127.0.0.1" }, NULL);
    ck_assert_ptr_nonnull (serve);
    serve_add (serve, JOB, 11, s_path ("segment"));
    s_tell_nodes (serve);
    for (size_t r = COUNT_OF (ranges); r-- > 0; ) {
        message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, ranges [r].low, ranges [r].high);
        fetch_stage (s_fetch, 20 + r, &reduce, 1, s_folder);
        fetched_t *news = NULL;
        while (!news || news->kind == FETCHED_BYTES) {
            zmq_pollitem_t poll = { .fd = fetch_fd (s_fetch), .events = ZMQ_POLLIN };
            if (news)
                moved += news->moved;
            fetched_free (&news);
            ck_assert_int_gt (zmq_poll (&poll, 1, PATIENCE_MS), 0);
            news = fetch_next (s_fetch);
        }
        ck_assert_msg (news->kind == FETCHED_ALL, "%s", news->error.text);
        ck_assert_int_eq (news->paths.count, 1);
        ck_assert_str_ne (news->paths.item [0], item);
        s_count_rows (news->paths.item [0], ranges [r].low, ranges [r].high, ranges [r].rows);
        ck_assert_uint_le (moved, r == COUNT_OF (ranges) - 1 ? bytes * 3 / 4 : bytes + FETCH_BYTES);    // each block once
        s_free (news);
        fetch_release (s_fetch, 20 + r);
    }
    serve_destroy (&serve);
}
END_TEST

static void s_expect_away (uint64_t id)
{
    fetched_t *news;
    while ((news = s_await ())->kind != FETCHED_FAILED)
        s_free (news);
    ck_assert_uint_eq (news->id, id);
    ck_assert_uint_eq (news->away, 2);
    s_free (news);
    fetch_release (s_fetch, id);
}

// A worker that is no node, that has no such segment, that goes away with requests open.
START_TEST (test_segments_that_cannot_be_had)
{
    uint64_t owner, number, bytes;
    char *item;
    s_make_segment (s_path ("segment"), 1);
    message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, "", "");
    fetch_stage (s_fetch, 1, &reduce, 1, s_folder);
    s_expect_away (1);
    serve_t *serve = serve_new (&(worker_options_t) { .head = "127.0.0.1" }, NULL);
    s_tell_nodes (serve);
    fetch_stage (s_fetch, 2, &reduce, 1, s_folder);
    s_expect_away (2);
    serve_destroy (&serve);
    fetch_stage (s_fetch, 3, &reduce, 1, s_folder);     // connected, and nobody answers
    s_tell_nodes (NULL);
    s_expect_away (3);
    reduce.reduce.owners.item [0] = 1;                  // its own: at once
    fetch_stage (s_fetch, 4, &reduce, 1, s_folder);
    fetched_t *news = s_await ();
    ck_assert_int_eq (news->kind, FETCHED_ALL);
    ck_assert_str_eq (news->paths.item [0], item);
    s_free (news);
}
END_TEST

START_TEST (test_a_damaged_segment_is_the_owners_fault)
{
    uint64_t owner, number, bytes;
    char *item;
    s_make_segment (s_path ("segment"), 1);
    int fd = open (s_path ("segment"), O_WRONLY | O_CLOEXEC);
    ck_assert (pwrite (fd, "garbage", 7, (off_t) s_file_size (s_path ("segment")) - 60) == 7);
    close (fd);
    serve_t *serve = serve_new (&(worker_options_t) { .head = "127.0.0.1" }, NULL);
    serve_add (serve, JOB, 11, s_path ("segment"));
    s_tell_nodes (serve);
    message_t reduce = s_reduce (s_path ("segment"), &owner, &number, &bytes, &item, "", "");
    fetch_stage (s_fetch, 2, &reduce, 1, s_folder);
    s_expect_away (2);
    serve_destroy (&serve);
}
END_TEST

// ---- silence, by the test's own clock

static const char *s_ended;
static error_t s_why;

static void s_haul_done (haul_t *haul, const error_t *error)
{
    (void) haul;
    s_ended = error ? "failed" : "arrived";
    if (error)
        s_why = *error;
}

static void s_await_requests (uint32_t count)
{
    zmq_pollitem_t item = { .socket = peer_socket (s_server), .events = ZMQ_POLLIN };
    for (uint32_t i = 0; i < count; i++) {
        peer_id_t from;
        message_t message;
        while (peer_receive (s_server, &from, &message, NULL) == PEER_NOTHING)
            ck_assert_int_gt (zmq_poll (&item, 1, PATIENCE_MS), 0);
        ck_assert_int_eq (message.verb, MESSAGE_FETCH);
        message_free (&message);
    }
}

static void s_hear_until_sent (link_t *link, int64_t now)
{
    zmq_pollitem_t item = { .socket = link_socket (link), .events = ZMQ_POLLOUT };
    ck_assert_int_gt (zmq_poll (&item, 1, PATIENCE_MS), 0);
    link_hear (link, now);
}

START_TEST (test_what_is_not_answered_is_asked_again_and_fails_in_the_end)
{
    const int64_t second = 1000000;
    char endpoint [64], *bytes = memory_new (2 * FETCH_BYTES);
    error_t error = { 0 };
    haul_t haul = { .what = FETCH_INPUT, .job = JOB, .size = 2 * FETCH_BYTES, .bytes = bytes, .done = s_haul_done };
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", peer_port (s_server));
    link_t *link = link_new ("the head", endpoint, &(peer_options_t) { 0 }, 30 * second, &error);
    s_ended = NULL;
    link_start (link, &haul, second);
    s_hear_until_sent (link, second);
    s_await_requests (2);                               // and no answer
    link_watch (link, 9 * second);
    link_watch (link, 12 * second);                     // connects anew
    s_hear_until_sent (link, 12 * second);
    s_await_requests (2);
    ck_assert_ptr_null (s_ended);
    link_watch (link, 23 * second);
    s_hear_until_sent (link, 23 * second);
    s_await_requests (2);
    link_watch (link, 32 * second);
    ck_assert_ptr_nonnull (s_ended);
    ck_assert_str_eq (s_ended, "failed");
    ck_assert_msg (strstr (s_why.text, "the head") && strstr (s_why.text, "has not answered"), "%s", s_why.text);
    link_destroy (&link);
    free (bytes);
}
END_TEST

int main (void)
{
    TCase *tests = tcase_create ("fetch");
    tcase_add_checked_fixture (tests, s_begin, s_end);
    tcase_set_timeout (tests, 120);
    tcase_add_test (tests, test_a_split_comes_and_stays);
    tcase_add_test (tests, test_bytes_behind_the_split);
    tcase_add_test (tests, test_a_cache_much_smaller_than_the_input);
    tcase_add_test (tests, test_what_the_head_refuses_fails_the_order);
    tcase_add_test (tests, test_damaged_bytes_are_not_kept);
    tcase_add_test (tests, test_a_file_that_is_here_is_read_here);
    tcase_add_loop_test (tests, test_a_part_goes_to_the_head, 0, 4);
    tcase_add_test (tests, test_a_head_that_cannot_store);
    tcase_add_loop_test (tests, test_a_range_of_another_workers_segment, 0, 3);
    tcase_add_test (tests, test_segments_that_cannot_be_had);
    tcase_add_test (tests, test_a_damaged_segment_is_the_owners_fault);
    tcase_add_test (tests, test_what_is_not_answered_is_asked_again_and_fails_in_the_end);
    Suite *suite = suite_create ("fetch");
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? 1 : 0;
}
