// serve: see serve.h.
//
// A request is its own credit, so there is no state but which files there are: read, pack when that pays (wire/bulk.h), send, next. An answer
// that the socket does not take is dropped; who has not got it asks again. Letters are read before every request: a segment is
// announced to the master after its letter was put, so whoever asks for it finds it.
#include "worker/serve.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "wire/bulk.h"
#include "worker/mail.h"
#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_OPEN = 64 };

typedef enum { LETTER_ADD, LETTER_FORGET, LETTER_CUT, LETTER_END } letter_kind_t;
typedef struct { letter_kind_t kind; uint64_t job, number; char *text; } letter_t;     // text: path or key

typedef struct {
    uint64_t job, number, size;
    char *path;
    int fd;                                             // -1: not open now
    uint64_t used;                                      // when asked for last, counted in requests
    bulk_history_t history;
} shelf_t;

struct serve {
    pthread_t thread;
    mail_t *in;
    peer_t *peer;
    uint16_t port;
    shelf_t *shelf; uint32_t shelves, open;
    uint64_t requests;
    bulk_pace_t pace;
    log_rate_t rate;
    buffer_t raw, packed;
};

// ---- what there is

static void s_close (serve_t *self, shelf_t *shelf)
{
    if (shelf->fd < 0)
        return;
    close (shelf->fd);
    shelf->fd = -1;
    self->open--;
}

static void s_forget (serve_t *self, uint64_t job, bool all)
{
    for (uint32_t i = self->shelves; i-- > 0; )
        if (all || self->shelf [i].job == job) {
            s_close (self, &self->shelf [i]);
            free (self->shelf [i].path);
            self->shelf [i] = self->shelf [--self->shelves];
        }
}

static void s_add (serve_t *self, letter_t *letter)
{
    if ((self->shelves & (self->shelves - 1)) == 0)
        self->shelf = memory_grow (self->shelf, (self->shelves ? 2 * (size_t) self->shelves : 1) * sizeof *self->shelf);
    self->shelf [self->shelves++] = (shelf_t) { .job = letter->job, .number = letter->number, .path = letter->text, .fd = -1 };
    letter->text = NULL;
}

static void s_close_oldest (serve_t *self)
{
    shelf_t *oldest = NULL;
    for (uint32_t i = 0; i < self->shelves; i++)
        if (self->shelf [i].fd >= 0 && (!oldest || self->shelf [i].used < oldest->used))
            oldest = &self->shelf [i];
    if (oldest)
        s_close (self, oldest);
}

static shelf_t *s_find (serve_t *self, const message_fetch_t *fetch, error_t *error)
{
    shelf_t *shelf = NULL;
    for (uint32_t i = self->shelves; i-- > 0 && !shelf; )
        if (self->shelf [i].job == fetch->job && self->shelf [i].number == fetch->index)
            shelf = &self->shelf [i];
    if (!shelf || fetch->what != FETCH_SEGMENT) {
        error_set (error, "segment %llu of job %llu is not here", (unsigned long long) fetch->index, (unsigned long long) fetch->job);
        return NULL;
    }
    shelf->used = ++self->requests;
    if (shelf->fd >= 0)
        return shelf;
    if (self->open >= FILES_OPEN)
        s_close_oldest (self);
    struct stat facts;
    shelf->fd = open (shelf->path, O_RDONLY | O_CLOEXEC);
    self->open += shelf->fd >= 0;
    if (shelf->fd < 0 || fstat (shelf->fd, &facts)) {
        error_errno (error, "%s: cannot be read", shelf->path);
        s_close (self, shelf);
        return NULL;
    }
    shelf->size = (uint64_t) facts.st_size;
    return shelf;
}

// ---- requests

static status_t s_read (serve_t *self, shelf_t *shelf, const message_fetch_t *fetch, error_t *error)
{
    if (fetch->length > FETCH_BYTES || fetch->offset > shelf->size || fetch->length > shelf->size - fetch->offset)
        return error_set (error, "segment %llu: bytes %llu and %llu more are not in it", (unsigned long long) fetch->index,
            (unsigned long long) fetch->offset, (unsigned long long) fetch->length);
    self->raw.size = 0;
    buffer_reserve (&self->raw, FETCH_BYTES);
    self->raw.size = (size_t) fetch->length;
    if (file_read_at (shelf->fd, self->raw.data, self->raw.size, fetch->offset, shelf->path, error))
        return error_set (error, "%s: has become shorter", shelf->path);
    return OK;
}

static void s_answer (serve_t *self, const peer_id_t *to, const message_fetch_t *fetch)
{
    error_t error = { 0 };
    int64_t began = clock_us ();
    bulk_codec_t codec = BULK_NONE;
    bulk_effort_t effort = { 0 };
    message_t bulk = { .verb = MESSAGE_BULK, .bulk = { .request = fetch->request, .offset = fetch->offset, .length = fetch->length } };
    shelf_t *shelf = s_find (self, fetch, &error);
    const buffer_t *body = &self->raw;
    if (!shelf || s_read (self, shelf, fetch, &error)) {
        self->raw.size = 0;
        bulk.bulk.kind = error.kind;
        bulk.bulk.error = error.text;
    }
    else {
        codec = bulk_choose (&self->pace, &shelf->history, fetch->codecs & bulk_codecs (), bulk_checksum (to->bytes, to->size), began);
        bulk.bulk.checksum = bulk_checksum (self->raw.data, self->raw.size);
        bulk.bulk.codec = bulk_pack (codec, self->raw.data, self->raw.size, &self->packed, &effort);
        if (bulk.bulk.codec != BULK_NONE)
            body = &self->packed;
    }
    (void) !peer_send_bulk (self->peer, to, &bulk, body->data, body->size, 0, NULL);
    effort.all_us = clock_us () - began;
    if (body->size)
        bulk_learn (&self->pace, &shelf->history, codec, self->raw.size, body->size, &effort);
}

// False: the thread is to end.
static bool s_read_letters (serve_t *self)
{
    bool on = true;
    for (letter_t *letter; on && (letter = mail_take (self->in)); ) {
        if (letter->kind == LETTER_ADD)
            s_add (self, letter);
        else if (letter->kind == LETTER_FORGET)
            s_forget (self, letter->job, false);
        else if (letter->kind == LETTER_CUT)
            peer_cut (self->peer, letter->text);
        on = letter->kind != LETTER_END;
        free (letter->text);
        free (letter);
    }
    return on;
}

static bool s_hear (serve_t *self)
{
    for (;;) {
        peer_id_t from;
        message_t message = { 0 };
        if (!s_read_letters (self))
            return false;
        error_t error = { 0 };
        peer_news_t news = peer_receive (self->peer, &from, &message, &error);
        if (news == PEER_BAD)
            log_rarely (&self->rate, "%s", error.text);
        if (news == PEER_MESSAGE && message.verb == MESSAGE_FETCH)
            s_answer (self, &from, &message.fetch);
        message_free (&message);
        if (news == PEER_NOTHING)
            return true;
    }
}

static void *s_run (void *context)
{
    serve_t *self = context;
    zmq_pollitem_t item [] = { { .fd = mail_fd (self->in), .events = ZMQ_POLLIN }, { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN } };
    do {
        while (zmq_poll (item, 2, -1) < 0 && errno == EINTR) { }
    } while (s_hear (self));
    return NULL;
}

// ---- the loop's side

serve_t *serve_new (const worker_options_t *options, error_t *error)
{
    serve_t *self = memory_new (sizeof *self);
    char endpoint [40];
    if (options->port)
        snprintf (endpoint, sizeof endpoint, "tcp://*:%u", (unsigned) options->port);
    else
        snprintf (endpoint, sizeof endpoint, "tcp://*:*");
    peer_options_t security = { .own = options->keys, .domain = options->keys ? "serve" : NULL, .bulk = true };
    self->in = mail_new (error);
    self->peer = self->in ? peer_bind (endpoint, &security, error) : NULL;
    bool good = self->peer != NULL;
    if (good) {
        self->port = (uint16_t) peer_port (self->peer);
        good = !pthread_create (&self->thread, NULL, s_run, self);
        if (!good)
            error_set (error, "no thread for serving");
    }
    if (good)
        return self;
    peer_destroy (&self->peer);
    mail_destroy (&self->in);
    free (self);
    return NULL;
}

static void s_post (serve_t *self, letter_kind_t kind, uint64_t job, uint64_t number, const char *text)
{
    letter_t *letter = memory_new (sizeof *letter);
    *letter = (letter_t) { kind, job, number, memory_text (text) };
    mail_put (self->in, letter);
}

void serve_destroy (serve_t **self_p)
{
    serve_t *self = *self_p;
    if (!self)
        return;
    s_post (self, LETTER_END, 0, 0, NULL);
    pthread_join (self->thread, NULL);
    s_forget (self, 0, true);
    peer_destroy (&self->peer);
    mail_destroy (&self->in);
    buffer_free (&self->raw);
    buffer_free (&self->packed);
    free (self->shelf);
    free (self);
    *self_p = NULL;
}

uint16_t serve_port (const serve_t *self)
{
    return self->port;
}

void serve_add (serve_t *self, uint64_t job, uint64_t number, const char *path)
{
    s_post (self, LETTER_ADD, job, number, path);
}

void serve_forget (serve_t *self, uint64_t job)
{
    s_post (self, LETTER_FORGET, job, 0, NULL);
}

void serve_cut (serve_t *self, const char *key)
{
    s_post (self, LETTER_CUT, 0, 0, key);
}
