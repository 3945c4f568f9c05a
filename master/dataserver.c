// dataserver: see dataserver.h.
//
//     nodes ══ ROUTER ══ speaker ──▸ askers' turns ──▸ queue (bounded bytes) ──▸ helpers: open, fstat, pread, pack ──▸ answers ──▸ speaker ══ nodes
//
// One thread, the speaker, owns the socket; a few helpers do whatever may wait for a disk or cost a processor: reading, packing, writing, the
// fsync of a finished part. The helpers make it as fast as two or three cores can pack, and keep a disk's queue filled; a part that takes seconds
// to reach the disk holds up nobody's reading.
//
// What may be read and written is the shelf's to say (shelf.h). The lock guards the two queues.
#include "master/dataserver.h"
#include "master/askers.h"
#include "base/clock.h"
#include "base/log.h"
#include "wire/bulk.h"

#include <czmq.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    HELPERS = 3,
    WAITING = 32 << 20,                                 // bytes of requests and answers that are not yet sent: more are not read
    HISTORIES = 256, STRETCH = 16 << 20,                // parts of files whose packing is remembered, and their size
};

typedef struct exchange {                               // a request, and then its answer
    struct exchange *next;
    peer_id_t from;
    asker_t *asker;                                     // of FETCH, once its turn has come
    user_t user;
    message_t asked, answer;
    buffer_t payload;                                   // of PUT; then of BULK
    size_t weight;                                      // what it holds of WAITING
    bulk_codec_t codec;                                 // to pack with
    bulk_effort_t effort;                               // a helper's
    error_t error;
} exchange_t;

typedef struct { exchange_t *head, **tail; } queue_t;

typedef struct { uint64_t job, index, stretch; bulk_history_t history; } known_t;

struct dataserver {
    peer_t *peer;
    shelf_t *shelf;
    int wake;                                           // an eventfd: answers, cuts, the end
    bool ending;
    pthread_t speaker, helper [HELPERS];
    uint32_t helpers;                                   // that run
    bool speaks;
    pthread_mutex_t lock;
    pthread_cond_t work;
    queue_t asked, answered;
    uint32_t idle;                                      // helpers without work
    atomic_bool anew;                                   // a job has been added
    char (*cut) [KEY_TEXT]; size_t cuts;                // keys whose connections are to be ended
    // the speaker's own
    askers_t *askers;
    size_t waiting;                                     // bytes
    bulk_pace_t pace;
    log_rate_t rate;
    known_t known [HISTORIES];
};

// ---- the queues

static void s_queue_clear (queue_t *self)
{
    *self = (queue_t) { NULL, &self->head };
}

static void s_push (queue_t *self, exchange_t *exchange)
{
    exchange->next = NULL;
    *self->tail = exchange;
    self->tail = &exchange->next;
}

static exchange_t *s_pop (queue_t *self)
{
    exchange_t *exchange = self->head;
    if (exchange && !(self->head = exchange->next))
        self->tail = &self->head;
    return exchange;
}

static void s_exchange_destroy (exchange_t *self)
{
    message_free (&self->asked);
    buffer_free (&self->payload);
    free (self);
}

static void s_drop (void *request)
{
    s_exchange_destroy (request);
}

static void s_wake (dataserver_t *self)
{
    if (write (self->wake, &(uint64_t) { 1 }, 8) != 8) { }          // full: it is awake
}

// ---- a helper's work

static void s_pack (exchange_t *self, message_bulk_t *bulk)
{
    bulk->length = self->payload.size;
    bulk->checksum = bulk_checksum (self->payload.data, self->payload.size);
    if (self->codec == BULK_NONE || !bulk->length)
        return;
    buffer_t packed = { 0 };
    bulk->codec = (uint64_t) bulk_pack (self->codec, self->payload.data, self->payload.size, &packed, &self->effort);
    if (bulk->codec != BULK_NONE) {
        buffer_t plain = self->payload;
        self->payload = packed;
        packed = plain;
    }
    buffer_free (&packed);
}

static void s_fetch (dataserver_t *self, exchange_t *exchange)
{
    const message_fetch_t *fetch = &exchange->asked.fetch;
    exchange->answer = (message_t) { .verb = MESSAGE_BULK, .bulk = { .request = fetch->request, .offset = fetch->offset } };
    message_bulk_t *bulk = &exchange->answer.bulk;
    error_t *error = &exchange->error;
    if (!shelf_read (self->shelf, &exchange->user, fetch, &exchange->payload, error)) {
        s_pack (exchange, bulk);
        shelf_count (self->shelf, fetch, &(served_t) { 1, bulk->length, exchange->payload.size, UINT64_C (1) << bulk->codec });
    }
    bulk->kind = (uint64_t) error->kind;
    bulk->error = error->text;
}

static void s_put (dataserver_t *self, exchange_t *exchange)
{
    const message_put_t *put = &exchange->asked.put;
    error_t *error = &exchange->error;
    status_t rc = shelf_write (self->shelf, &exchange->user, put, &exchange->payload, error);
    exchange->payload.size = 0;
    exchange->answer = (message_t) { .verb = MESSAGE_STORED, .stored = { put->request, (uint64_t) error->kind, error->text } };
    if (rc && !error->text [0])
        exchange->answer.stored.error = (char *) "cannot be stored";
}

static void *s_help (void *context)
{
    dataserver_t *self = context;
    pthread_mutex_lock (&self->lock);
    while (!self->ending) {
        exchange_t *exchange = s_pop (&self->asked);
        if (!exchange) {
            self->idle++;
            pthread_cond_wait (&self->work, &self->lock);
            self->idle--;
            continue;
        }
        pthread_mutex_unlock (&self->lock);
        int64_t began = clock_us ();
        if (exchange->asked.verb == MESSAGE_FETCH)
            s_fetch (self, exchange);
        else
            s_put (self, exchange);
        exchange->effort.all_us = clock_us () - began;
        pthread_mutex_lock (&self->lock);
        bool first = !self->answered.head;
        s_push (&self->answered, exchange);
        if (first)
            s_wake (self);
    }
    pthread_mutex_unlock (&self->lock);
    return NULL;
}

// ---- the speaker

static known_t *s_known (dataserver_t *self, uint64_t job, uint64_t index, uint64_t stretch)
{
    return &self->known [(job * 31 + index * 17 + stretch) % HISTORIES];
}

static bool s_is_of (const known_t *known, uint64_t job, uint64_t index, uint64_t stretch)
{
    return known->job == job && known->index == index && known->stretch == stretch;
}

// Of this stretch of the file; a new one begins with what is known of the one before.
static bulk_history_t *s_history (dataserver_t *self, const message_fetch_t *fetch)
{
    uint64_t index = fetch->index * 4 + fetch->what, stretch = fetch->offset / STRETCH;
    known_t *known = s_known (self, fetch->job, index, stretch), *before = s_known (self, fetch->job, index, stretch - 1);
    if (!s_is_of (known, fetch->job, index, stretch)) {
        *known = (known_t) { .job = fetch->job, .index = index, .stretch = stretch };
        if (s_is_of (before, fetch->job, index, stretch - 1))
            known->history = bulk_next (&before->history);
    }
    return &known->history;
}

static void s_hand_on (dataserver_t *self, exchange_t *exchange)
{
    bool put = exchange->asked.verb == MESSAGE_PUT;
    exchange->weight = put ? exchange->payload.size : FETCH_BYTES;
    self->waiting += exchange->weight;
    if (!put && atomic_exchange (&self->anew, false))
        bulk_anew (&self->pace);
    if (!put)
        exchange->codec = bulk_choose (&self->pace, s_history (self, &exchange->asked.fetch), exchange->asked.fetch.codecs & bulk_codecs (),
            bulk_checksum (exchange->from.bytes, exchange->from.size), clock_us ());
    pthread_mutex_lock (&self->lock);
    s_push (&self->asked, exchange);
    pthread_cond_signal (&self->work);
    pthread_mutex_unlock (&self->lock);
}

// A part is taken as it comes; who asks for bytes waits for his turn.
static void s_take (dataserver_t *self, const peer_id_t *from, message_t *message)
{
    exchange_t *exchange = memory_new (sizeof *exchange);
    exchange->from = *from;
    exchange->user = *peer_user (self->peer);
    exchange->asked = *message;
    *message = (message_t) { 0 };
    wire_bytes_t payload = peer_payload (self->peer);
    if (exchange->asked.verb == MESSAGE_PUT) {
        buffer_add (&exchange->payload, payload.data, payload.size);
        s_hand_on (self, exchange);
    }
    else
        askers_add (self->askers, from, exchange);
}

static void s_hear (dataserver_t *self)
{
    enum { A_TURN = 1000 };                             // a flood must not keep it from its answers
    for (int heard = 0; heard < A_TURN && self->waiting < WAITING; heard++) {
        peer_id_t from;
        message_t message;
        error_t error = { 0 };
        peer_news_t news = peer_receive (self->peer, &from, &message, &error);
        if (news == PEER_NOTHING)
            return;
        if (news == PEER_BAD)
            log_rarely (&self->rate, "data server: %s", error.text);
        else if (message.verb == MESSAGE_FETCH || message.verb == MESSAGE_PUT)
            s_take (self, &from, &message);
        message_free (&message);
    }
}

static void s_give_turns (dataserver_t *self)
{
    asker_t *asker;
    for (exchange_t *exchange; self->waiting < WAITING && (exchange = askers_next (self->askers, &asker)); ) {
        exchange->asker = asker;
        s_hand_on (self, exchange);
    }
}

// Who is gone, or does not read, does not get it: it will ask again.
static void s_answer (dataserver_t *self, exchange_t *exchange)
{
    self->waiting -= exchange->weight;
    if (exchange->asked.verb == MESSAGE_FETCH && exchange->payload.size)
        bulk_learn (&self->pace, s_history (self, &exchange->asked.fetch), exchange->codec, exchange->answer.bulk.length, exchange->payload.size,
            &exchange->effort);
    if (peer_send_bulk (self->peer, &exchange->from, &exchange->answer, exchange->payload.data, exchange->payload.size, 0, NULL)) { }
    if (exchange->asker)
        askers_done (self->askers, exchange->asker);
    s_exchange_destroy (exchange);
}

static void s_answer_all (dataserver_t *self)
{
    uint64_t count;
    if (read (self->wake, &count, sizeof count) != sizeof count) { }
    pthread_mutex_lock (&self->lock);
    exchange_t *next = self->answered.head;
    s_queue_clear (&self->answered);
    char (*cut) [KEY_TEXT] = self->cut;
    size_t cuts = self->cuts;
    self->cut = NULL;
    self->cuts = 0;
    pthread_mutex_unlock (&self->lock);
    for (exchange_t *exchange; (exchange = next); ) {
        next = exchange->next;
        s_answer (self, exchange);
    }
    for (size_t i = 0; i < cuts; i++)
        peer_cut (self->peer, cut [i]);
    free (cut);
}

static bool s_ending (dataserver_t *self)
{
    pthread_mutex_lock (&self->lock);
    bool ending = self->ending;
    pthread_mutex_unlock (&self->lock);
    return ending;
}

static void *s_speak (void *context)
{
    dataserver_t *self = context;
    while (!s_ending (self)) {
        zmq_pollitem_t item [2] = { { .fd = self->wake, .events = ZMQ_POLLIN }, { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN } };
        int wait_ms = askers_look (self->askers, clock_us ());
        s_give_turns (self);
        if (zmq_poll (item, self->waiting < WAITING ? 2 : 1, wait_ms) < 0 && zmq_errno () != EINTR)
            return NULL;
        if (item [0].revents)
            s_answer_all (self);
        s_hear (self);
    }
    return NULL;
}

// ---- the loop's

static status_t s_start (dataserver_t *self, const char *endpoint, const peer_options_t *options, error_t *error)
{
    peer_options_t bulk = options ? *options : (peer_options_t) { 0 };
    bulk.bulk = true;
    self->shelf = shelf_new (bulk.own != NULL);
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake < 0)
        return error_errno (error, "eventfd");
    self->peer = peer_bind (endpoint, &bulk, error);
    if (!self->peer)
        return FAILED;
    self->askers = askers_new (self->peer, s_drop);
    self->pace.helpers = HELPERS;
    for (; self->helpers < HELPERS; self->helpers++)
        if ((errno = pthread_create (&self->helper [self->helpers], NULL, s_help, self)))
            return error_errno (error, "no thread for the data server");
    if ((errno = pthread_create (&self->speaker, NULL, s_speak, self)))
        return error_errno (error, "no thread for the data server");
    self->speaks = true;
    return OK;
}

dataserver_t *dataserver_new (const char *endpoint, const peer_options_t *options, error_t *error)
{
    dataserver_t *self = memory_new (sizeof *self);
    self->wake = -1;
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->work, NULL);
    s_queue_clear (&self->asked);
    s_queue_clear (&self->answered);
    if (s_start (self, endpoint, options, error))
        dataserver_destroy (&self);
    return self;
}

static void s_end_threads (dataserver_t *self)
{
    pthread_mutex_lock (&self->lock);
    self->ending = true;
    pthread_cond_broadcast (&self->work);
    pthread_mutex_unlock (&self->lock);
    s_wake (self);
    while (self->helpers)
        pthread_join (self->helper [--self->helpers], NULL);
    if (self->speaks)
        pthread_join (self->speaker, NULL);
}

void dataserver_destroy (dataserver_t **self_p)
{
    dataserver_t *self = *self_p;
    if (!self)
        return;
    s_end_threads (self);
    for (exchange_t *exchange; (exchange = s_pop (&self->asked)) || (exchange = s_pop (&self->answered)); )
        s_exchange_destroy (exchange);
    askers_destroy (&self->askers);
    free (self->cut);
    shelf_destroy (&self->shelf);
    peer_destroy (&self->peer);
    if (self->wake >= 0)
        close (self->wake);
    pthread_cond_destroy (&self->work);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *self_p = NULL;
}

int dataserver_port (const dataserver_t *self)
{
    return peer_port (self->peer);
}

status_t dataserver_add (dataserver_t *self, uint64_t job, fetch_what_t what, const input_list_t *files, const char *folder,
    const char *owner, error_t *error)
{
    if (what == FETCH_INPUT)
        atomic_store (&self->anew, true);
    return shelf_add (self->shelf, job, what, files, folder, owner, error);
}

void dataserver_forget (dataserver_t *self, uint64_t job, fetch_what_t what, input_list_t *files)
{
    shelf_forget (self->shelf, job, what, files);
}

void dataserver_grant (dataserver_t *self, const attempt_t *attempt, const char *key)
{
    shelf_grant (self->shelf, attempt, key);
}

void dataserver_withdraw (dataserver_t *self, const attempt_t *attempt, const char *key)
{
    shelf_withdraw (self->shelf, attempt, key);
}

served_t dataserver_served (dataserver_t *self, uint64_t job)
{
    return shelf_served (self->shelf, job);
}

void dataserver_cut (dataserver_t *self, const char *key)
{
    pthread_mutex_lock (&self->lock);
    self->cut = memory_grow (self->cut, (self->cuts + 1) * sizeof *self->cut);
    snprintf (self->cut [self->cuts++], KEY_TEXT, "%s", key);
    pthread_mutex_unlock (&self->lock);
    s_wake (self);
}
