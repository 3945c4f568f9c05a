// dataserver: see dataserver.h.
//
//     nodes ══ ROUTER ══ speaker ──▸ queue (bounded bytes) ──▸ helpers: open, fstat, pread, pack ──▸ answers ──▸ speaker ══ nodes
//
// One thread, the speaker, owns the socket; a few helpers do whatever may wait for a disk or cost a processor: reading, packing, writing, the
// fsync of a finished part. The helpers make it as fast as two or three cores can pack, and keep a disk's queue filled; a part that takes seconds
// to reach the disk holds up nobody's reading.
//
// A file is opened anew for each request: that is a hundredth of the cost of its 256 KiB, and holds no descriptors. What was opened must be the
// file of the submit, by device, inode, size and time, so that a path that means something else by now gives an error and never its bytes.
// Because an open file has no history, the kernel cannot see that somebody reads on: the bytes behind a request are asked for ahead (AHEAD).
//
// The lock guards the shelf (what may be fetched), the two queues and the counters. An entry of the shelf is pinned by each request that is
// being answered, and freed by the last one that lets go.
#define _GNU_SOURCE
#include "master/dataserver.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "wire/bulk.h"

#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HELPERS = 3, CUTS = 64,
    WAITING = 32 << 20,                                 // bytes of requests and answers that are not yet sent: more are not read
    AHEAD = 1 << 20,                                    // read ahead of whoever reads a file in order
    HISTORIES = 256, STRETCH = 16 << 20,                // parts of files whose packing is remembered, and their size
};

typedef struct entry {
    struct entry *next;
    uint64_t job;
    fetch_what_t what;
    input_list_t files;                                 // ours to free only once forgotten
    int folder;                                         // of parts; -1: none
    char owner [KEY_TEXT];
    uint32_t pins;
    bool forgotten;
    served_t served;
} entry_t;

typedef struct exchange {                               // a request, and then its answer
    struct exchange *next;
    peer_id_t from;
    user_t user;
    message_t asked, answer;
    buffer_t payload;                                   // of PUT; then of BULK
    size_t weight;                                      // what it holds of WAITING
    bulk_codec_t codec;                                 // to pack with
    int64_t took_us;                                    // a helper
    error_t error;
} exchange_t;

typedef struct { exchange_t *head, **tail; } queue_t;

typedef struct { uint64_t job, index, stretch; bulk_history_t history; } known_t;

struct dataserver {
    peer_t *peer;
    int wake;                                           // an eventfd: answers, cuts, the end
    bool secured, ending;
    pthread_t speaker, helper [HELPERS];
    uint32_t helpers;                                   // that run
    bool speaks;
    pthread_mutex_t lock;
    pthread_cond_t work;
    queue_t asked, answered;
    uint32_t idle;                                      // helpers without work
    entry_t *shelf;
    char cut [CUTS] [KEY_TEXT]; uint32_t cuts;
    // the speaker's own
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

static void s_wake (dataserver_t *self)
{
    if (write (self->wake, &(uint64_t) { 1 }, 8) != 8) { }          // full: it is awake
}

// ---- the shelf; with the lock

static entry_t *s_find (const dataserver_t *self, uint64_t job, fetch_what_t what)
{
    entry_t *entry = self->shelf;
    while (entry && (entry->forgotten || entry->job != job || entry->what != what))
        entry = entry->next;
    return entry;
}

static void s_remove (dataserver_t *self, entry_t *entry)
{
    entry_t **at = &self->shelf;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    if (entry->folder >= 0)
        close (entry->folder);
    if (entry->forgotten)
        input_list_free (&entry->files);
    free (entry);
}

static entry_t *s_pin (dataserver_t *self, uint64_t job, fetch_what_t what)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = s_find (self, job, what);
    if (entry)
        entry->pins++;
    pthread_mutex_unlock (&self->lock);
    return entry;
}

static void s_unpin (dataserver_t *self, entry_t *entry)
{
    pthread_mutex_lock (&self->lock);
    if (--entry->pins == 0 && entry->forgotten)
        s_remove (self, entry);
    pthread_mutex_unlock (&self->lock);
}

// ---- a helper's work

// Whose request is refused whatever it asks for. Without encryption there are no roles.
static status_t s_allowed (const dataserver_t *self, const exchange_t *exchange, const entry_t *entry, error_t *error)
{
    if (!self->secured)
        return OK;
    role_t role = entry->what == FETCH_RESULT ? ROLE_CLIENT : ROLE_WORKER;
    if (exchange->user.role != role)
        return error_set (error, "%s: a %s may not ask for that", exchange->user.name, role_name (exchange->user.role));
    if (role == ROLE_CLIENT && strcmp (exchange->user.key, entry->owner))
        return error_set (error, "%s: the result of job %llu is another client's", exchange->user.name, (unsigned long long) entry->job);
    return OK;
}

static status_t s_check_same (int fd, const input_file_t *file, error_t *error)
{
    struct stat now;
    if (fstat (fd, &now))
        return error_errno (error, "%s: cannot look at it", file->path);
    int64_t mtime_ns = (int64_t) now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec;
    if ((uint64_t) now.st_size != file->size || now.st_ino != file->inode || now.st_dev != file->device || mtime_ns != file->mtime_ns)
        return error_set_kind (error, ERROR_DATA, "%s: changed while the job ran", file->path);
    return OK;
}

static status_t s_read (int fd, const input_file_t *file, uint64_t offset, size_t length, buffer_t *into, error_t *error)
{
    TRY (s_check_same (fd, file, error));
    buffer_reserve (into, length);
    status_t rc = file_read_at (fd, into->data, length, offset, file->path, error);
    if (rc == TRUNCATED)
        rc = error_set_kind (error, ERROR_DATA, "%s: changed while the job ran", file->path);
    else if (!rc && offset + length < file->size)
        posix_fadvise (fd, (off_t) (offset + length), AHEAD, POSIX_FADV_WILLNEED);
    into->size = rc ? 0 : length;
    return rc;
}

static status_t s_read_file (const entry_t *entry, const message_fetch_t *fetch, buffer_t *into, error_t *error)
{
    if (fetch->index >= entry->files.files)
        return error_set (error, "job %llu has no file %llu", (unsigned long long) fetch->job, (unsigned long long) fetch->index);
    const input_file_t *file = &entry->files.file [fetch->index];
    if (fetch->offset > file->size || !fetch->length || fetch->length > FETCH_BYTES)
        return error_set (error, "%s: no such range: %llu bytes at %llu", file->path, (unsigned long long) fetch->length,
            (unsigned long long) fetch->offset);
    uint64_t left = file->size - fetch->offset;
    int fd = open (file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set_kind (error, errno == ENOENT ? ERROR_DATA : ERROR_OTHER, "%s: cannot open: %s", file->path, strerror (errno));
    status_t rc = s_read (fd, file, fetch->offset, fetch->length < left ? fetch->length : (size_t) left, into, error);
    close (fd);
    return rc;
}

static void s_pack (exchange_t *self, message_bulk_t *bulk)
{
    bulk->length = self->payload.size;
    bulk->checksum = bulk_checksum (self->payload.data, self->payload.size);
    if (self->codec == BULK_NONE || !bulk->length)
        return;
    buffer_t packed = { 0 };
    bulk->codec = (uint64_t) bulk_pack (self->codec, self->payload.data, self->payload.size, &packed);
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
    entry_t *entry = s_pin (self, fetch->job, (fetch_what_t) fetch->what);
    status_t rc = entry ? s_allowed (self, exchange, entry, error)
        : error_set (error, "job %llu: has ended, or never was", (unsigned long long) fetch->job);
    if (!rc)
        rc = s_read_file (entry, fetch, &exchange->payload, error);
    if (!rc)
        s_pack (exchange, bulk);
    bulk->kind = (uint64_t) error->kind;
    bulk->error = error->text;
    if (!entry)
        return;
    pthread_mutex_lock (&self->lock);
    entry->served.frames++;
    entry->served.raw += bulk->length;
    entry->served.carried += exchange->payload.size;
    entry->served.codecs |= rc ? 0 : UINT64_C (1) << bulk->codec;
    pthread_mutex_unlock (&self->lock);
    s_unpin (self, entry);
}

static bool s_plain (const char *name)
{
    return *name && !strchr (name, '/') && strcmp (name, ".") && strcmp (name, "..");
}

static status_t s_write_at (int fd, const message_put_t *put, const buffer_t *bytes, error_t *error)
{
    for (size_t done = 0; done < bytes->size; ) {
        ssize_t n = pwrite (fd, bytes->data + done, bytes->size - done, (off_t) (put->offset + done));
        if (n < 0 && errno != EINTR)
            return error_set_kind (error, ERROR_OUTPUT, "%s: cannot write on the head: %s", put->part, strerror (errno));
        done += n < 0 ? 0 : (size_t) n;
    }
    if (put->last && fsync (fd))
        return error_set_kind (error, ERROR_OUTPUT, "%s: cannot have it on the head's disk: %s", put->part, strerror (errno));
    return OK;
}

static status_t s_write (const entry_t *entry, const message_put_t *put, const buffer_t *packed, error_t *error)
{
    if (entry->folder < 0 || !s_plain (put->part) || put->length > FETCH_BYTES || put->offset > INT64_MAX - FETCH_BYTES)
        return error_set (error, "%s: cannot be a part", put->part);
    buffer_t bytes = { 0 };
    buffer_reserve (&bytes, put->length);
    bytes.size = put->length;
    status_t rc = bulk_unpack ((bulk_codec_t) put->codec, packed->data, packed->size, bytes.data, bytes.size, put->checksum, error);
    int fd = rc ? -1 : openat (entry->folder, put->part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (!rc && fd < 0)
        rc = error_set_kind (error, ERROR_OUTPUT, "%s: cannot create on the head: %s", put->part, strerror (errno));
    if (!rc)
        rc = s_write_at (fd, put, &bytes, error);
    if (fd >= 0 && close (fd) && !rc)
        rc = error_set_kind (error, ERROR_OUTPUT, "%s: cannot write on the head: %s", put->part, strerror (errno));
    buffer_free (&bytes);
    return rc;
}

static void s_put (dataserver_t *self, exchange_t *exchange)
{
    const message_put_t *put = &exchange->asked.put;
    error_t *error = &exchange->error;
    entry_t *entry = s_pin (self, put->job, FETCH_INPUT);
    status_t rc = entry ? s_allowed (self, exchange, entry, error)
        : error_set (error, "job %llu: has ended, or never was", (unsigned long long) put->job);
    if (!rc)
        rc = s_write (entry, put, &exchange->payload, error);
    if (entry)
        s_unpin (self, entry);
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
        exchange->took_us = clock_us () - began;
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

static bulk_history_t *s_history (dataserver_t *self, const message_fetch_t *fetch)
{
    uint64_t index = fetch->index * 2 + fetch->what, stretch = fetch->offset / STRETCH;
    known_t *known = &self->known [(fetch->job * 31 + index * 17 + stretch) % HISTORIES];
    if (known->job != fetch->job || known->index != index || known->stretch != stretch)
        *known = (known_t) { .job = fetch->job, .index = index, .stretch = stretch };
    return &known->history;
}

static void s_take (dataserver_t *self, const peer_id_t *from, message_t *message)
{
    exchange_t *exchange = memory_new (sizeof *exchange);
    exchange->from = *from;
    exchange->user = *peer_user (self->peer);
    exchange->asked = *message;
    *message = (message_t) { 0 };
    wire_bytes_t payload = peer_payload (self->peer);
    if (exchange->asked.verb == MESSAGE_PUT)
        buffer_add (&exchange->payload, payload.data, payload.size);
    else
        exchange->codec = bulk_choose (&self->pace, s_history (self, &exchange->asked.fetch), exchange->asked.fetch.codecs & bulk_codecs (),
            clock_us ());
    exchange->weight = exchange->asked.verb == MESSAGE_PUT ? payload.size : FETCH_BYTES;
    self->waiting += exchange->weight;
    pthread_mutex_lock (&self->lock);
    s_push (&self->asked, exchange);
    pthread_cond_signal (&self->work);
    pthread_mutex_unlock (&self->lock);
}

static void s_hear (dataserver_t *self)
{
    while (self->waiting < WAITING) {
        peer_id_t from;
        message_t message;
        error_t error = { 0 };
        peer_news_t news = peer_receive (self->peer, &from, &message, &error);
        if (news == PEER_NOTHING)
            return;
        if (news == PEER_BAD)
            log_rarely (&self->rate, "data server: %s", error.text);
        if (news == PEER_MESSAGE && (message.verb == MESSAGE_FETCH || message.verb == MESSAGE_PUT))
            s_take (self, &from, &message);
        message_free (&message);
    }
}

// Who is gone, or does not read, does not get it: it will ask again.
static void s_answer (dataserver_t *self, exchange_t *exchange)
{
    self->waiting -= exchange->weight;
    if (exchange->asked.verb == MESSAGE_FETCH && exchange->payload.size)
        bulk_learn (&self->pace, s_history (self, &exchange->asked.fetch), exchange->codec, exchange->answer.bulk.length, exchange->payload.size,
            exchange->took_us);
    if (peer_send_bulk (self->peer, &exchange->from, &exchange->answer, exchange->payload.data, exchange->payload.size, 0, NULL)) { }
    s_exchange_destroy (exchange);
}

static void s_answer_all (dataserver_t *self)
{
    uint64_t count;
    char cut [CUTS] [KEY_TEXT];
    if (read (self->wake, &count, sizeof count) != sizeof count) { }
    pthread_mutex_lock (&self->lock);
    exchange_t *next = self->answered.head;
    s_queue_clear (&self->answered);
    uint32_t cuts = self->cuts;
    memcpy (cut, self->cut, sizeof cut);
    self->cuts = 0;
    pthread_mutex_unlock (&self->lock);
    for (exchange_t *exchange; (exchange = next); ) {
        next = exchange->next;
        s_answer (self, exchange);
    }
    for (uint32_t i = 0; i < cuts; i++)
        peer_cut (self->peer, cut [i]);
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
        if (zmq_poll (item, self->waiting < WAITING ? 2 : 1, -1) < 0 && zmq_errno () != EINTR)
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
    self->secured = bulk.own != NULL;
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake < 0)
        return error_errno (error, "eventfd");
    self->peer = peer_bind (endpoint, &bulk, error);
    if (!self->peer)
        return FAILED;
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
    while (self->shelf)
        s_remove (self, self->shelf);
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
    int fd = folder ? open (folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (folder && fd < 0)
        return error_set_kind (error, ERROR_OUTPUT, "%s: cannot open: %s", folder, strerror (errno));
    entry_t *entry = memory_new (sizeof *entry);
    *entry = (entry_t) { .job = job, .what = what, .files = *files, .folder = fd };
    snprintf (entry->owner, sizeof entry->owner, "%s", owner);
    pthread_mutex_lock (&self->lock);
    entry->next = self->shelf;
    self->shelf = entry;
    pthread_mutex_unlock (&self->lock);
    return OK;
}

void dataserver_forget (dataserver_t *self, uint64_t job, fetch_what_t what, input_list_t *files)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = s_find (self, job, what);
    if (entry) {
        *files = (input_list_t) { 0 };
        entry->forgotten = true;
        if (!entry->pins)
            s_remove (self, entry);
    }
    pthread_mutex_unlock (&self->lock);
    input_list_free (files);
}

served_t dataserver_served (dataserver_t *self, uint64_t job)
{
    pthread_mutex_lock (&self->lock);
    const entry_t *entry = s_find (self, job, FETCH_INPUT);
    served_t served = entry ? entry->served : (served_t) { 0 };
    pthread_mutex_unlock (&self->lock);
    return served;
}

void dataserver_cut (dataserver_t *self, const char *key)
{
    pthread_mutex_lock (&self->lock);
    if (self->cuts < CUTS)
        snprintf (self->cut [self->cuts++], KEY_TEXT, "%s", key);
    pthread_mutex_unlock (&self->lock);
    s_wake (self);
}
