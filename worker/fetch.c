// fetch: see fetch.h.
//
// The loop's calls become letters; this thread reads them, takes turns among its kinds of work as long as there is room on a link, and hears
// its links. Letters carry deep copies, so nothing is shared but the two queues. What executors wait for goes before what is read ahead
// (inlet.c), parts before inputs, and segments come from other machines, over other links.
//
// A turn that checks blocks of an earlier life reads a disk: after TURNS of them the sockets are looked at again.
#include "worker/fetch_parts.h"
#include "base/clock.h"
#include "base/file.h"
#include "worker/mail.h"
#include <czmq.h>
#include <pthread.h>

enum { TURNS = 8, WATCH_MS = 500 };
enum { HEAD_PATIENCE_US = 30000000, NODE_PATIENCE_US = 10000000 };

typedef enum {
    LETTER_HEAD, LETTER_NODES, LETTER_INPUT, LETTER_NEED, LETTER_SIDE, LETTER_STAGE, LETTER_AHEAD, LETTER_UPLOAD, LETTER_LOOK, LETTER_RELEASE,
    LETTER_FORGET, LETTER_END
} letter_kind_t;

typedef struct {
    letter_kind_t kind;
    uint64_t id, job, number;                           // number: offset, worker
    message_t message;
    char *folder, *name;                                // name: of the part, or endpoint
    bool whole, rejected;
} letter_t;

struct fetch {
    pthread_t thread;
    mail_t *in, *out;
    fetcher_t fetcher;                                  // the thread's, once it runs
    uint64_t held;
};

// ---- what the kinds of work share

fetched_t *fetched_new (fetched_kind_t kind, uint64_t id)
{
    fetched_t *self = memory_new (sizeof *self);
    self->kind = kind;
    self->id = id;
    return self;
}

void fetched_free (fetched_t **self_p)
{
    fetched_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->paths.count; i++)
        free (self->paths.item [i]);
    free (self->paths.item);
    free (self->path);
    free (self);
    *self_p = NULL;
}

void fetcher_tell (fetcher_t *self, fetched_t *news)
{
    news->held = cache_held (self->cache);
    self->tell (self->context, news);
}

void fetcher_fail (fetcher_t *self, uint64_t id, uint64_t away, const error_t *error)
{
    fetched_t *news = fetched_new (FETCHED_FAILED, id);
    news->away = away;
    news->error = *error;
    fetcher_tell (self, news);
}

uint32_t fetcher_requests (const fetcher_t *self)
{
    uint32_t requests = self->head ? link_requests (self->head) : 0;
    for (uint32_t i = 0; i < self->nodes; i++)
        requests += self->node [i].link ? link_requests (self->node [i].link) : 0;
    return requests;
}

link_t *fetcher_head (fetcher_t *self, error_t *error)
{
    const worker_options_t *options = self->options;
    if (!self->head && self->head_endpoint)
        self->head = link_new ("the head's data server", self->head_endpoint, &(peer_options_t) { .own = options->keys, .server = options->server },
            HEAD_PATIENCE_US, error);
    if (!self->head)
        error_set (error, "the head streams no data, and this node does not see its disk");
    return self->head;
}

node_t *fetcher_node (fetcher_t *self, uint64_t worker)
{
    for (uint32_t i = 0; i < self->nodes; i++)
        if (self->node [i].worker == worker)
            return &self->node [i];
    return NULL;
}

link_t *fetcher_link (fetcher_t *self, node_t *node, error_t *error)
{
    char name [64];
    snprintf (name, sizeof name, "worker %llu", (unsigned long long) node->worker);
    if (!node->link)
        node->link = link_new (name, node->endpoint, &(peer_options_t) { .own = *node->key ? self->options->keys : NULL, .server = *node->key ? node->key : NULL },
            NODE_PATIENCE_US, error);
    return node->link;
}

// ---- letters

static void s_set_head (fetcher_t *self, letter_t *letter)
{
    wholes_free (self);
    inlets_free (self);                                 // of another life of the master, who may give a job's number again: their ids have been released
    uploads_free (self);
    link_destroy (&self->head);
    free (self->head_endpoint);
    self->head_endpoint = letter->name;
    letter->name = NULL;
}

static void s_node_free (fetcher_t *self, node_t *node)
{
    stage_lost (self, node->worker);
    link_destroy (&node->link);
    free (node->endpoint);
    free (node->key);
}

static bool s_lists (const message_nodes_t *nodes, const node_t *node)
{
    for (uint32_t i = 0; i < nodes->workers.count; i++)
        if (nodes->workers.item [i] == node->worker)
            return !strcmp (nodes->endpoints.item [i], node->endpoint) && !strcmp (nodes->keys.item [i], node->key);
    return false;
}

static void s_set_nodes (fetcher_t *self, const message_nodes_t *nodes)
{
    uint32_t listed = nodes->workers.count;
    if (nodes->endpoints.count != listed || nodes->keys.count != listed)
        return;
    for (uint32_t i = self->nodes; i-- > 0; )
        if (!s_lists (nodes, &self->node [i])) {
            s_node_free (self, &self->node [i]);
            self->node [i] = self->node [--self->nodes];
        }
    for (uint32_t i = 0; i < listed; i++)
        if (!fetcher_node (self, nodes->workers.item [i])) {
            self->node = memory_grow (self->node, (self->nodes + 1) * sizeof *self->node);
            self->node [self->nodes++] = (node_t) { nodes->workers.item [i], memory_text (nodes->endpoints.item [i]),
                memory_text (nodes->keys.item [i]), NULL };
        }
}

static void s_look (fetcher_t *self, const letter_t *letter)
{
    fetched_t *news = fetched_new (FETCHED_PLACE, letter->id);
    char *path = file_join (letter->folder, letter->name);
    // A folder that is seen but not written to (mounted read-only, or by another user) is as good as none.
    news->guarded = locate_is_blind (self->locate) || access (path, F_OK) || access (letter->folder, W_OK);
    free (path);
    fetcher_tell (self, news);
}

static void s_release (fetcher_t *self, uint64_t id)
{
    inlet_release (self, id);
    whole_release (self, id);
    stage_release (self, id);
    upload_release (self, id);
}

static void s_obey (fetcher_t *self, letter_t *letter)
{
    switch (letter->kind) {
    case LETTER_HEAD: s_set_head (self, letter); break;
    case LETTER_NODES: s_set_nodes (self, &letter->message.nodes); break;
    case LETTER_INPUT: inlet_new (self, letter->id, &letter->message); break;
    case LETTER_NEED: inlet_need (self, letter->id, letter->number); break;
    case LETTER_SIDE: whole_new (self, letter->id, &letter->message); break;
    case LETTER_STAGE: stage_new (self, letter->id, &letter->message, letter->number, letter->folder); break;
    case LETTER_AHEAD: stage_ahead (self, letter->id, &letter->message, letter->number, letter->folder); break;
    case LETTER_UPLOAD:
        inlet_release (self, letter->id);               // its input has been read: nothing of it may be pinned, or fail, any more
        upload_new (self, letter->id, letter->job, letter->folder, letter->name, letter->whole, letter->rejected);
        break;
    case LETTER_LOOK: s_look (self, letter); break;
    case LETTER_RELEASE: s_release (self, letter->id); break;
    case LETTER_FORGET:
        stage_forget (self, letter->job);
        locate_forget (self->locate, letter->job);
        cache_job_over (self->cache, letter->job);
        break;
    case LETTER_END: break;
    }
}

static void s_letter_free (letter_t *letter)
{
    message_free (&letter->message);
    free (letter->folder);
    free (letter->name);
    free (letter);
}

// False: it is to end.
static bool s_read (fetch_t *self)
{
    bool on = true;
    for (letter_t *letter; on && (letter = mail_take (self->in)); s_letter_free (letter)) {
        s_obey (&self->fetcher, letter);
        on = letter->kind != LETTER_END;
    }
    return on;
}

// ---- the thread

static void s_listen (zmq_pollitem_t **item, size_t *items, link_t *link)
{
    if (!link || !link_socket (link))
        return;
    *item = memory_grow (*item, (*items + 2) * sizeof **item);
    (*item) [(*items)++] = (zmq_pollitem_t) { .socket = link_socket (link), .events = link_events (link) };
}

static void s_wait (fetch_t *self, bool more, zmq_pollitem_t **item)
{
    fetcher_t *fetcher = &self->fetcher;
    size_t items = 1;
    *item = memory_grow (*item, 2 * sizeof **item);
    **item = (zmq_pollitem_t) { .fd = mail_fd (self->in), .events = ZMQ_POLLIN };
    s_listen (item, &items, fetcher->head);
    for (uint32_t i = 0; i < fetcher->nodes; i++)
        s_listen (item, &items, fetcher->node [i].link);
    long patience = more ? 0 : fetcher_requests (fetcher) ? WATCH_MS : -1;
    while (zmq_poll (*item, (int) items, patience) < 0 && errno == EINTR) { }
}

static void s_hear (fetcher_t *self, int64_t now, bool watch)
{
    for (uint32_t i = 0; i <= self->nodes; i++) {
        link_t *link = i < self->nodes ? self->node [i].link : self->head;
        if (link)
            link_hear (link, now);
        if (link && watch)
            link_watch (link, now);
    }
}

// True: there is more that could be done at once.
static bool s_work (fetcher_t *self)
{
    bool more = true;
    for (int i = 0; i < TURNS && more; i++) {
        more = upload_turn (self);
        more |= whole_turn (self);
        more |= inlet_turn (self);
        more |= stage_turn (self);
    }
    return more;
}

static void *s_run (void *context)
{
    fetch_t *self = context;
    zmq_pollitem_t *item = NULL;
    int64_t watched = clock_us ();
    bool more = false;
    do {
        s_wait (self, more, &item);
        int64_t now = clock_us ();
        bool watch = now - watched >= WATCH_MS * 1000;
        s_hear (&self->fetcher, now, watch);
        if (watch)
            watched = now;
        if (!s_read (self))
            break;
        more = s_work (&self->fetcher);
    } while (true);
    free (item);
    return NULL;
}

// ---- the loop's side

static void s_tell (void *context, fetched_t *news)
{
    mail_put (context, news);
}

fetch_t *fetch_new (const worker_options_t *options, error_t *error)
{
    fetch_t *self = memory_new (sizeof *self);
    self->in = mail_new (error);
    self->out = mail_new (error);
    self->fetcher = (fetcher_t) { .options = options, .tell = s_tell, .context = self->out };
    self->fetcher.cache = self->in && self->out ? cache_new (options->chunks, options->chunks_size, error) : NULL;
    bool good = self->fetcher.cache != NULL;
    if (good) {
        self->fetcher.locate = locate_new (getenv ("RACIMO_BLIND") != NULL);
        self->held = cache_held (self->fetcher.cache);
        good = !pthread_create (&self->thread, NULL, s_run, self);
        if (!good)
            error_set (error, "no thread for fetching");
    }
    if (good)
        return self;
    locate_destroy (&self->fetcher.locate);
    cache_destroy (&self->fetcher.cache);
    mail_destroy (&self->in);
    mail_destroy (&self->out);
    free (self);
    return NULL;
}

static void s_clear (fetch_t *self)
{
    fetcher_t *fetcher = &self->fetcher;
    wholes_free (fetcher);
    inlets_free (fetcher);
    uploads_free (fetcher);
    stages_free (fetcher);
    while (fetcher->nodes)
        s_node_free (fetcher, &fetcher->node [--fetcher->nodes]);
    link_destroy (&fetcher->head);
    locate_destroy (&fetcher->locate);
    cache_destroy (&fetcher->cache);
    free (fetcher->node);
    free (fetcher->head_endpoint);
    for (letter_t *letter; (letter = mail_take (self->in)); )
        s_letter_free (letter);
    for (fetched_t *news; (news = mail_take (self->out)); )
        fetched_free (&news);
}

static letter_t *s_letter (letter_kind_t kind, uint64_t id)
{
    letter_t *letter = memory_new (sizeof *letter);
    letter->kind = kind;
    letter->id = id;
    return letter;
}

void fetch_destroy (fetch_t **self_p)
{
    fetch_t *self = *self_p;
    if (!self)
        return;
    mail_put (self->in, s_letter (LETTER_END, 0));
    pthread_join (self->thread, NULL);
    s_clear (self);                                     // its sockets with it: the thread has ended, which is barrier enough
    mail_destroy (&self->in);
    mail_destroy (&self->out);
    free (self);
    *self_p = NULL;
}

int fetch_fd (const fetch_t *self)
{
    return mail_fd (self->out);
}

fetched_t *fetch_next (fetch_t *self)
{
    fetched_t *news = mail_take (self->out);
    if (news)
        self->held = news->held;
    return news;
}

uint64_t fetch_held (const fetch_t *self)
{
    return self->held;
}

// What has arrived as a message can be encoded again.
static message_t s_copy (const message_t *message)
{
    buffer_t body = { 0 };
    message_t copy = { 0 };
    if (message_encode (message, &body, NULL) || message_decode (body.data, body.size, &copy, NULL))
        abort ();
    buffer_free (&body);
    return copy;
}

void fetch_head (fetch_t *self, const char *host, uint64_t port)
{
    letter_t *letter = s_letter (LETTER_HEAD, 0);
    buffer_t endpoint = { 0 };
    buffer_print (&endpoint, "tcp://%s:%u", host, (unsigned) port);
    letter->name = port ? memory_text (endpoint.data) : NULL;
    buffer_free (&endpoint);
    mail_put (self->in, letter);
}

static void s_put (fetch_t *self, letter_kind_t kind, uint64_t id, const message_t *message)
{
    letter_t *letter = s_letter (kind, id);
    letter->message = s_copy (message);
    mail_put (self->in, letter);
}

void fetch_nodes (fetch_t *self, const message_t *nodes)
{
    s_put (self, LETTER_NODES, 0, nodes);
}

void fetch_input (fetch_t *self, uint64_t id, const message_t *map)
{
    s_put (self, LETTER_INPUT, id, map);
}

void fetch_side (fetch_t *self, uint64_t id, const message_t *map)
{
    s_put (self, LETTER_SIDE, id, map);
}

void fetch_need (fetch_t *self, uint64_t id, uint64_t offset)
{
    letter_t *letter = s_letter (LETTER_NEED, id);
    letter->number = offset;
    mail_put (self->in, letter);
}

void fetch_stage (fetch_t *self, uint64_t id, const message_t *order, uint64_t own, const char *folder)
{
    letter_t *letter = s_letter (order->verb == MESSAGE_AHEAD ? LETTER_AHEAD : LETTER_STAGE, id);
    letter->message = s_copy (order);
    letter->number = own;
    letter->folder = memory_text (folder);
    mail_put (self->in, letter);
}

void fetch_upload (fetch_t *self, uint64_t id, uint64_t job, const char *folder, const char *part, bool whole, bool rejected)
{
    letter_t *letter = s_letter (LETTER_UPLOAD, id);
    letter->job = job;
    letter->folder = memory_text (folder);
    letter->name = memory_text (part);
    letter->whole = whole;
    letter->rejected = rejected;
    mail_put (self->in, letter);
}

void fetch_look (fetch_t *self, uint64_t id, const char *folder, const char *marker)
{
    letter_t *letter = s_letter (LETTER_LOOK, id);
    letter->folder = memory_text (folder);
    letter->name = memory_text (marker);
    mail_put (self->in, letter);
}

void fetch_release (fetch_t *self, uint64_t id)
{
    mail_put (self->in, s_letter (LETTER_RELEASE, id));
}

void fetch_forget (fetch_t *self, uint64_t job)
{
    letter_t *letter = s_letter (LETTER_FORGET, 0);
    letter->job = job;
    mail_put (self->in, letter);
}
