// links: see peer_links.h.
//
// To cut: libzmq 4.3.4 has no call to end one connection of a socket. It does tell by which descriptor a message came in (ZMQ_SRCFD), so what is
// kept for each descriptor is the key that was heard there last, and a connection is cut by shutdown (), which libzmq's own thread sees as
// its end. That thread may have closed the descriptor meanwhile, and somebody else may have got the number; therefore it must still be a
// connection to this socket's port from the address that the message came from. What remains is a newcomer from the same address who has not
// said a word: he loses a connection once and connects again, as after any broken link.
//
// What waits to be taken: libzmq bounds it in messages, which is no bound of memory. But the kernel counts what a connection's other end has acknowledged and
// what it still holds for it itself; the rest of what was sent lies with libzmq. Whoever asks and does not read has at most MOST bytes there.
// libzmq sends a little of its own (heartbeats), which would count as ours for ever: when more has left than was sent, the counts are made equal.
//
// To sweep: a message of endlessly many frames is held by libzmq until its last frame, in 64 bytes or more for each, and neither high water nor
// the longest frame bound that; its receiver does not even wake up. So the guard looks, but only while this process holds more than ARMED bytes: which
// connections to our ports have brought more than PATIENCE bytes, by the kernel's count, since a message was heard on them last? These are shut
// down, and libzmq frees what it held for them. PATIENCE is more than the whole messages that may wait to be read (1 MiB, see peer.c). And for those who
// stay below it, but come with many connections: if the process holds HIGH, and what came and was not heard is UNHEARD in all, or what is not taken UNTAKEN,
// those that hold most are shut down. A byte that came costs up to 16 of memory without encryption, 2.5 with it. (On a bulk port, whole pieces wait while a
// disk is slow: they do not count.)
//
// Who is cut may have said more, which lies in the kernel's buffer; it is read and dropped, so that one line tells of it.
#include "wire/peer_links.h"
#include "wire/peer_guard.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FILES = 65536, LOOK = 128 << 10, MOST = 8 << 20,
    ARMED = 48 << 20, HIGH = 80 << 20, GROWN = 4 << 20, LOOK_US = 250000,
    PATIENCE = 2 << 20, PIECES = 5 << 18, UNHEARD = 4 << 20, UNTAKEN = 48 << 20, CROWD = 256 << 10,
};

// Of one descriptor. heard: since the last sweep. base: bytes received when it was heard last, as far as sweeps know.
typedef struct {
    peer_id_t id;                                       // size 0: nobody was heard there
    user_t user;
    char address [LINK_ADDRESS];
    bool heard, cut;                                    // cut: what it still says is not heard
    uint64_t base;
    uint64_t sent, left;                                // bytes for the wire: given to libzmq; gone from there, when it was measured last
} link_t;

struct links {
    int port;
    bool bulk;
    link_t *link;                                       // by descriptor
    size_t count;
    links_t *next;
};

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;                           // of all links of all sockets
static links_t *s_all;

links_t *links_new (int port, bool bulk)
{
    links_t *self = memory_new (sizeof *self);
    pthread_mutex_lock (&s_lock);
    *self = (links_t) { .port = port, .bulk = bulk, .next = s_all };
    s_all = self;
    pthread_mutex_unlock (&s_lock);
    guard_enter ();
    return self;
}

void links_destroy (links_t **self_p)
{
    links_t *self = *self_p, **at = &s_all;
    if (!self)
        return;
    guard_leave ();
    pthread_mutex_lock (&s_lock);
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    pthread_mutex_unlock (&s_lock);
    free (self->link);
    free (self);
    *self_p = NULL;
}

int links_port (const links_t *self)
{
    return self->port;
}

// ---- what the kernel knows

static int s_port_of (int fd)
{
    struct sockaddr_storage here;
    socklen_t size = sizeof here;
    char port [16];
    if (getsockname (fd, (struct sockaddr *) &here, &size) ||
        getnameinfo ((struct sockaddr *) &here, size, NULL, 0, port, sizeof port, NI_NUMERICSERV))
        return -1;
    return atoi (port);
}

static bool s_address_of (int fd, char address [LINK_ADDRESS])
{
    struct sockaddr_storage there;
    socklen_t size = sizeof there;
    return !getpeername (fd, (struct sockaddr *) &there, &size) &&
        !getnameinfo ((struct sockaddr *) &there, size, address, LINK_ADDRESS, NULL, 0, NI_NUMERICHOST);
}

// Bytes since the connection began: that libzmq has read from it, that it has given to it. False: not a connection over tcp, or a kernel that does
// not count (an emulator's). What is acknowledged between the two looks is missing, so this may be too little for a moment, and never too much.
static bool s_measure (int fd, uint64_t *came, uint64_t *left)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof info;
    int unread = 0, unsent = 0;
    if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) || size < offsetof (struct tcp_info, tcpi_segs_out)
        || ioctl (fd, SIOCINQ, &unread) || ioctl (fd, SIOCOUTQ, &unsent))
        return false;
    *came = (uint64_t) info.tcpi_bytes_received - (uint64_t) unread;
    *left = (uint64_t) info.tcpi_bytes_acked + (uint64_t) unsent;
    return true;
}

// ---- who was heard

static link_t *s_at (links_t *self, int fd)
{
    if (fd < 0 || fd >= FILES)
        return NULL;
    size_t index = (size_t) fd;
    if (index >= self->count) {
        self->link = memory_grow (self->link, (index + 1) * sizeof *self->link);
        memset (self->link + self->count, 0, (index + 1 - self->count) * sizeof *self->link);
        self->count = index + 1;
    }
    return self->link + index;
}

// Where that id was heard; NULL: somebody else is there by now.
static link_t *s_of (links_t *self, const peer_id_t *id)
{
    link_t *link = id->fd > 0 && (size_t) id->fd < self->count ? self->link + id->fd : NULL;
    return link && link->id.size && peer_id_equal (&link->id, id) ? link : NULL;
}

static void s_begin (link_t *link, const peer_id_t *id)
{
    uint64_t came = 0, left = 0;
    (void) s_measure (id->fd, &came, &left);
    *link = (link_t) { .id = *id, .sent = left, .left = left };
}

bool links_heard (links_t *self, const peer_id_t *from, const user_t *user, const char *address)
{
    pthread_mutex_lock (&s_lock);
    link_t *link = s_at (self, from->fd);
    if (link && (!link->id.size || !peer_id_equal (&link->id, from)))
        s_begin (link, from);
    if (link) {
        link->heard = true;
        link->user = *user;
        if (strcmp (link->address, address))
            snprintf (link->address, sizeof link->address, "%s", address);
    }
    bool cut = link && link->cut;
    pthread_mutex_unlock (&s_lock);
    return !cut;
}

void links_say (const user_t *user, const char *address, char name [LINK_NAME])
{
    if (user->role == ROLE_NONE)
        snprintf (name, LINK_NAME, "%s", address);
    else
        snprintf (name, LINK_NAME, "%s %s%sat %s", role_name (user->role), user->name, *user->name ? " " : "", address);
}

bool links_name (links_t *self, const peer_id_t *of, char name [LINK_NAME])
{
    pthread_mutex_lock (&s_lock);
    const link_t *link = s_of (self, of);
    if (link)
        links_say (&link->user, link->address, name);
    pthread_mutex_unlock (&s_lock);
    return link != NULL;
}

// ---- what waits

static size_t s_waiting (link_t *link)
{
    uint64_t came, left;
    if (!s_measure (link->id.fd, &came, &left))         // it is closed
        left = link->sent;
    if (left > link->left)
        link->left = left;
    if (link->left > link->sent)
        link->sent = link->left;
    return link->sent - link->left;
}

bool links_send (links_t *self, const peer_id_t *to, size_t bytes)
{
    size_t waiting = 0;
    pthread_mutex_lock (&s_lock);
    link_t *link = s_of (self, to);
    bool cut = link && link->cut;
    if (link && !cut) {
        link->sent += bytes;
        if (link->sent - link->left > LOOK)
            waiting = s_waiting (link);
    }
    pthread_mutex_unlock (&s_lock);
    if (cut || waiting <= MOST || self->bulk)
        return !cut;
    links_cut_one (self, to, "it does not read what is sent to it");
    return false;
}

void links_unsend (links_t *self, const peer_id_t *to, size_t bytes)
{
    pthread_mutex_lock (&s_lock);
    link_t *link = s_of (self, to);
    if (link && link->sent >= bytes)
        link->sent -= bytes;
    pthread_mutex_unlock (&s_lock);
}

size_t links_waiting (links_t *self, const peer_id_t *to)
{
    pthread_mutex_lock (&s_lock);
    link_t *link = s_of (self, to);
    size_t waiting = link && link->sent != link->left ? s_waiting (link) : 0;
    pthread_mutex_unlock (&s_lock);
    return waiting;
}

// ---- cut

void links_cut (links_t *self, const char *key)
{
    pthread_mutex_lock (&s_lock);
    for (size_t fd = 0; fd < self->count; fd++) {
        link_t *link = self->link + fd;
        char address [LINK_ADDRESS];
        if (!link->user.key [0] || strcmp (link->user.key, key))
            continue;
        if (s_port_of ((int) fd) == self->port && s_address_of ((int) fd, address) && !strcmp (address, link->address))
            shutdown ((int) fd, SHUT_RDWR);
        *link = (link_t) { 0 };
    }
    pthread_mutex_unlock (&s_lock);
}

void links_cut_one (links_t *self, const peer_id_t *who, const char *why)
{
    char name [LINK_NAME];
    size_t waiting = 0;
    pthread_mutex_lock (&s_lock);
    link_t *link = s_of (self, who);
    bool first = link && !link->cut;
    if (first) {
        waiting = s_waiting (link);
        links_say (&link->user, link->address, name);
        shutdown (who->fd, SHUT_RDWR);
        link->cut = true;
    }
    pthread_mutex_unlock (&s_lock);
    if (first)
        log_line (LOG_WARN, "%s: cut off at port %d: %s, and %zu KiB wait for it", name, self->port, why, waiting >> 10);
}

// ---- sweep

typedef struct { int fd; links_t *links; uint64_t unheard, beyond, untaken; } holder_t;                // beyond: unheard and more than whole pieces

static size_t s_resident (void)
{
    static int file = -1;                               // the guard's alone
    char text [64] = "";
    unsigned long pages = 0;
    if (file < 0)
        file = open ("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (pread (file, text, sizeof text - 1, 0) < 1 || sscanf (text, "%*u %lu", &pages) != 1)
        return 0;
    return pages * (size_t) sysconf (_SC_PAGESIZE);
}

// What a connection holds: bytes that came and were not heard, and those that it does not take. (Bulk that waits was asked for within a bound, see askers.h.)
static holder_t s_holder (links_t *self, int fd)
{
    uint64_t came, left;
    link_t *link = s_measure (fd, &came, &left) ? s_at (self, fd) : NULL;
    if (!link || link->cut)
        return (holder_t) { .fd = -1 };
    if (link->heard || came < link->base) {
        link->base = came;
        link->heard = false;
    }
    uint64_t unheard = came - link->base, pieces = self->bulk ? PIECES : 0;
    return (holder_t) { fd, self, unheard, unheard > pieces ? unheard - pieces : 0, link->id.size && !self->bulk ? s_waiting (link) : 0 };
}

static void s_shut (const holder_t *holder)
{
    link_t *link = s_at (holder->links, holder->fd);
    char name [LINK_NAME] = "somebody";
    if (link->id.size)
        links_say (&link->user, link->address, name);
    else
        s_address_of (holder->fd, name);
    log_line (LOG_WARN, holder->unheard > PATIENCE ? "%s: cut off at port %d: it sent %llu KiB that end no message"
        : "%s: cut off at port %d: %llu KiB lie here because of it, and memory is short", name, holder->links->port,
        (unsigned long long) (holder->unheard + holder->untaken) >> 10);
    shutdown (holder->fd, SHUT_RDWR);
    link->base += holder->unheard;                      // told once, though libzmq may close it later
    link->cut = link->id.size > 0;
}

// Of what the least that counts as much: half of the most.
static uint64_t s_much (uint64_t all, uint64_t most, uint64_t budget)
{
    return all <= budget ? INT64_MAX : (most < CROWD ? CROWD : most) / 2;
}

static void s_judge (const holder_t *holder, size_t count, bool high)
{
    uint64_t unheard = 0, untaken = 0, most_unheard = 0, most_untaken = 0;
    for (size_t i = 0; high && i < count; i++) {
        unheard += holder [i].beyond;
        untaken += holder [i].untaken;
        most_unheard = holder [i].beyond > most_unheard ? holder [i].beyond : most_unheard;
        most_untaken = holder [i].untaken > most_untaken ? holder [i].untaken : most_untaken;
    }
    uint64_t much_unheard = s_much (unheard, most_unheard, UNHEARD), much_untaken = s_much (untaken, most_untaken, UNTAKEN);
    for (size_t i = 0; i < count; i++)
        if (holder [i].unheard > PATIENCE || holder [i].beyond >= much_unheard || holder [i].untaken >= much_untaken)
            s_shut (&holder [i]);
}

static void s_look (bool high)
{
    DIR *files = opendir ("/proc/self/fd");
    holder_t *holder = NULL;
    size_t count = 0;
    for (struct dirent *file; files && (file = readdir (files)); ) {
        int fd = atoi (file->d_name), port = s_port_of (fd);
        for (links_t *self = s_all; self; self = self->next)
            if (self->port == port) {
                if (count % 64 == 0)
                    holder = memory_grow (holder, (count + 64) * sizeof *holder);
                holder [count] = s_holder (self, fd);
                count += holder [count].fd >= 0;
            }
    }
    s_judge (holder, count, high);
    free (holder);
    if (files)
        closedir (files);
}

void links_sweep (void)
{
    static int64_t looked_us;                           // the guard's alone
    static size_t seen;
    size_t resident = s_resident ();
    if (resident <= ARMED || (resident < seen + GROWN && clock_us () - looked_us < LOOK_US))
        return;
    pthread_mutex_lock (&s_lock);
    s_look (resident > HIGH);
    pthread_mutex_unlock (&s_lock);
    seen = resident;
    looked_us = clock_us ();
}
