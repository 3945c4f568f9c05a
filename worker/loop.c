// loop: the worker's one loop; see worker.h.
//
// It waits for the master, signals, the zygote, the executors' channels and output, and compilers, all in one zmq_poll; then lets
// every slot start what it can. There is no other order of events than that of arrival. Ticks exist only while something is under way
// that is to be watched, and for the beats; a tick's length is capped when counted, so that a pause of the worker itself (a
// stopped process, a suspended machine) is nobody's timeout.
//
// SIGTERM comes by signalfd and is also what the parent's death sends: whoever is killed, the worker ends in order, and if the worker
// itself is killed, the zygote does.
#include "worker/worker.h"
#include "base/clock.h"
#include "base/log.h"
#include "kernel/kernel.h"
#include "worker/builds.h"
#include "worker/loop_parts.h"
#include "worker/order.h"
#include "worker/scratch.h"
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

enum { TICK_US = 100000, FAREWELL_MS = 100 };

enum { ITEM_MASTER, ITEM_SIGNALS, ITEM_ZYGOTE, ITEM_SUPPLIES, ITEM_FIRST };
enum { EXIT_UNWANTED = 6 };                              // as master_exit_t has it

static void s_fail (worker_t *self, const char *why, int status)
{
    log_line (LOG_BAD, "%s", why);
    self->ending = true;
    self->status = status;
}

static void s_measure (worker_t *self)
{
    self->resident = 0;
    for (uint32_t i = 0; i < self->options->slots; i++)
        self->resident += slot_resident (self->slot [i]);
    if (self->resident > self->peak)
        self->peak = self->resident;
}

// A short job ends between two beats: let the master know its peak with the answers, without a beat an answer.
static void s_measure_and_tell (worker_t *self)
{
    s_measure (self);
    if (self->peak > self->peak_told + self->peak_told / 8 + (1 << 20))
        member_beat (self);
}

static void s_order (worker_t *self, message_t *order)
{
    uint64_t slot = order_ids (order).slot;
    if (slot < self->options->slots)
        slot_give (self->slot [slot], order);
    else {
        message_t fault = { .verb = MESSAGE_FAULT, .fault = { .error = (char *) "this worker has no such slot", .compiler = (char *) "" } };
        order_stamp (order, &fault);
        post_send (&self->post, &fault);
    }
}

static void s_stop (worker_t *self, const message_stop_t *stop)
{
    self->ending = true;
    if (*stop->reason)
        s_fail (self, stop->reason, EXIT_UNWANTED);
}

static void s_look_ahead (worker_t *self, const message_t *message)
{
    const dossier_t *dossier = dossiers_find (&self->post.jobs, message->ahead.job);
    if (dossier)
        supplies_ahead (&self->post.supplies, message, self->id, dossier->scratch);
}

static void s_obey (worker_t *self, message_t *message)
{
    if (message->verb == MESSAGE_WELCOME)
        member_welcome (self, &message->welcome);
    else if (message->verb == MESSAGE_NODES)
        member_nodes (self, message);
    else if (message->verb == MESSAGE_JOB)
        member_job (self, message);
    else if (message->verb == MESSAGE_FORGET)
        member_forget (self, message->forget.job);
    else if (message->verb == MESSAGE_ABANDON && message->abandon.slot < self->options->slots)
        slot_abandon (self->slot [message->abandon.slot], &message->abandon);
    else if (message->verb == MESSAGE_AHEAD)
        s_look_ahead (self, message);
    else if (message->verb == MESSAGE_BLOB && self->post.bundles)
        bundles_hear (self->post.bundles, self->post.master, &message->blob);
    else if (message->verb == MESSAGE_BUILD)
        builds_asked (&self->post, &message->build);
    else if (message->verb == MESSAGE_BUILT)
        builds_answered (&self->post.jobs, &message->built);
    else if (message->verb == MESSAGE_WANT)
        builds_want (&self->post, &message->want);
    else if (message->verb == MESSAGE_STOP)
        s_stop (self, &message->stop);
    else if (order_is (message))
        s_order (self, message);
    message_free (message);
}

static void s_hear_master (worker_t *self)
{
    for (;;) {
        message_t message = { 0 };
        error_t error = { 0 };
        peer_news_t news = peer_receive (self->post.master, NULL, &message, &error);
        if (news == PEER_NOTHING)
            return;
        if (news == PEER_MESSAGE)
            s_obey (self, &message);
        else
            log_rarely (&self->complaints, "%s", error.text);
    }
}

static void s_hear_signals (worker_t *self)
{
    struct signalfd_siginfo info;
    while (read (self->signals, &info, sizeof info) == (ssize_t) sizeof info)
        if (info.ssi_signo == SIGTERM || !self->options->parent)    // a private worker leaves Ctrl-C to its client
            member_drain (self);
}

static void s_hear_zygote (worker_t *self)
{
    zygote_event_t event;
    bool gone = false;
    while (zygote_next (self->post.zygote, &event, &gone))
        for (uint32_t i = 0; i < self->options->slots; i++)
            if (slot_owns (self->slot [i], event.tag))
                slot_event (self->slot [i], &event);
    if (gone)
        s_fail (self, "the zygote has died", 1);
}

static void s_add_item (worker_t *self, void *socket, int fd, int events)
{
    self->item [self->items++] = (zmq_pollitem_t) { .socket = socket, .fd = fd, .events = (short) events };
}

static void s_gather (worker_t *self)
{
    size_t room = ITEM_FIRST + 2 * (size_t) self->options->slots + self->post.jobs.count;
    self->item = memory_grow (self->item, room * sizeof *self->item);
    self->items = 0;
    s_add_item (self, peer_socket (self->post.master), -1, self->greeted ? ZMQ_POLLIN : ZMQ_POLLIN | ZMQ_POLLOUT);
    s_add_item (self, NULL, self->signals, ZMQ_POLLIN);
    s_add_item (self, NULL, zygote_fd (self->post.zygote), ZMQ_POLLIN);
    s_add_item (self, NULL, self->post.supplies.fetch ? fetch_fd (self->post.supplies.fetch) : self->signals, ZMQ_POLLIN);
    for (uint32_t i = 0; i < self->options->slots; i++) {
        if (slot_channel (self->slot [i]) >= 0)
            s_add_item (self, NULL, slot_channel (self->slot [i]), ZMQ_POLLIN);
        if (slot_output (self->slot [i]) >= 0)
            s_add_item (self, NULL, slot_output (self->slot [i]), ZMQ_POLLIN);
    }
    for (uint32_t i = 0; i < self->post.jobs.count; i++) {
        const plugin_t *plugin = self->post.jobs.item [i]->plugin;
        if (plugin && plugin_fd (plugin) >= 0)
            s_add_item (self, NULL, plugin_fd (plugin), ZMQ_POLLIN);
    }
}

static bool s_ready (const worker_t *self, int fd)
{
    for (size_t i = ITEM_FIRST; fd >= 0 && i < self->items; i++)
        if (self->item [i].fd == fd)
            return self->item [i].revents != 0;
    return false;
}

// Executors and compilers: those that were polled and are still there.
static void s_hear_children (worker_t *self)
{
    bool answered = false;
    for (uint32_t i = 0; i < self->options->slots; i++) {
        if (s_ready (self, slot_output (self->slot [i])))
            slot_listen (self->slot [i]);
        if (s_ready (self, slot_channel (self->slot [i]))) {
            slot_read (self->slot [i]);
            answered = true;
        }
    }
    for (uint32_t i = 0; i < self->post.jobs.count; i++) {
        plugin_t *plugin = self->post.jobs.item [i]->plugin;
        if (plugin && s_ready (self, plugin_fd (plugin)))
            plugin_step (plugin);
    }
    if (answered)
        s_measure_and_tell (self);
}

static bool s_busy (const worker_t *self)
{
    for (uint32_t i = 0; i < self->options->slots; i++)
        if (slot_busy (self->slot [i]))
            return true;
    return false;
}

// How long nothing needs to be done, in milliseconds.
static long s_patience (worker_t *self)
{
    int64_t now = clock_us (), wait = self->beat_us - (now - self->last_beat);
    if (!s_busy (self))
        self->last_tick = now;
    else if (wait > TICK_US - (now - self->last_tick))
        wait = TICK_US - (now - self->last_tick);
    return wait < 0 ? 0 : (long) (wait / 1000 + 1);
}

static void s_tick (worker_t *self)
{
    int64_t now = clock_us (), elapsed = now - self->last_tick;
    if (elapsed >= TICK_US) {
        for (uint32_t i = 0; i < self->options->slots; i++)
            slot_watch (self->slot [i], (uint64_t) (elapsed < 2 * TICK_US ? elapsed : 2 * TICK_US));
        s_measure (self);
        self->last_tick = now;
    }
    if (now - self->last_beat >= self->beat_us)
        member_beat (self);
    if (self->options->head)
        member_greet_again (self);
}

// A private master that does not take answers has gone. One of a cluster may come again, unless it has refused this node's key.
static void s_look_at_master (worker_t *self)
{
    const char *refused = self->options->head ? peer_refused (self->post.master) : NULL;
    if (refused)
        s_fail (self, refused, EXIT_UNWANTED);
    else if (self->post.cut_off && self->options->head)
        member_lost (self);
    else if (self->post.cut_off && !self->options->parent)
        s_fail (self, "the master does not answer", 1);
    self->ending |= self->post.cut_off;
}

static void s_turn (worker_t *self)
{
    for (uint32_t i = 0; i < self->options->slots; i++)
        slot_pump (self->slot [i]);
    builds_turn (&self->post);
    s_gather (self);
    if (zmq_poll (self->item, (int) self->items, s_patience (self)) < 0)
        return;
    s_tick (self);
    if (self->item [ITEM_SIGNALS].revents)
        s_hear_signals (self);
    s_hear_children (self);                             // before the master, who may change which there are
    if (self->item [ITEM_ZYGOTE].revents)
        s_hear_zygote (self);
    if (self->item [ITEM_SUPPLIES].revents && self->post.supplies.fetch)
        supplies_hear (&self->post.supplies);
    if (!self->greeted && self->item [ITEM_MASTER].revents & ZMQ_POLLOUT)
        member_greet (self);
    if (self->item [ITEM_MASTER].revents & ZMQ_POLLIN)
        s_hear_master (self);
    s_look_at_master (self);
}

static void s_run (worker_t *self)
{
    self->last_beat = self->last_tick = clock_us ();
    self->beat_us = BEAT_US;
    self->slot = memory_new (self->options->slots * sizeof *self->slot);
    for (uint32_t i = 0; i < self->options->slots; i++)
        self->slot [i] = slot_new (&self->post, i);
    while (!self->ending)
        s_turn (self);
    for (uint32_t i = 0; i < self->options->slots; i++)
        slot_destroy (&self->slot [i]);
    message_t gone = { .verb = MESSAGE_GONE, .gone = { self->id } };
    if (self->id && !self->post.cut_off && peer_send (self->post.master, NULL, &gone, self->options->parent ? 0 : FAREWELL_MS, NULL)) { }
    free (self->slot);
    free (self->item);
    dossiers_free (&self->post.jobs);
}

static status_t s_settle (worker_t *self, error_t *error)
{
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGINT);
    sigprocmask (SIG_BLOCK, &signals, NULL);
    signal (SIGPIPE, SIG_IGN);
    self->signals = signalfd (-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (self->signals < 0)
        return error_errno (error, "no descriptor for signals");
    if (self->options->parent) {
        prctl (PR_SET_PDEATHSIG, SIGTERM);
        self->ending = getppid () != self->options->parent;
    }
    return OK;
}

int worker_main (const worker_options_t *given)
{
    struct utsname host;
    worker_options_t filled = *given, *options = &filled;
    worker_t self = { .options = options, .signals = -1, .post = { .options = options } };
    error_t error = { 0 };
    char *cache = given->cache ? NULL : plugin_cache (given->scratch);
    if (cache)
        filled.cache = cache;
    uname (&host);
    if (!given->node)
        filled.node = host.nodename;
    log_name ("racimo worker");
    kernel_choose ();
    status_t rc = scratch_new (options->scratch, &error);
    if (!rc && !(self.post.zygote = zygote_new (options->scratch, &error)))
        rc = FAILED;
    if (!rc)
        rc = s_settle (&self, &error);
    zsys_handler_set (NULL);
    if (!rc)
        rc = member_begin (&self, &error);
    peer_options_t security = { .own = options->keys, .server = options->server };
    if (!rc && !(self.post.master = peer_connect (options->endpoint, options->keys ? &security : NULL, &error)))
        rc = FAILED;
    if (rc)
        s_fail (&self, error.text, 1);
    else
        s_run (&self);
    peer_destroy (&self.post.master);
    member_end (&self);
    zygote_destroy (&self.post.zygote);
    scratch_remove (options->scratch);                  // the zygote has done it, unless there never was one
    if (self.signals >= 0)
        close (self.signals);
    free (cache);
    return self.status;
}
