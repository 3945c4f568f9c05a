// links: see peer_links.h.
//
// To cut: libzmq 4.3.4 has no call to end one connection of a socket. It does tell by which descriptor a message came in (ZMQ_SRCFD), so what is
// kept for each descriptor is the key that was heard there last, and a connection is cut by shutdown (), which libzmq's own thread sees as
// its end. That thread may have closed the descriptor meanwhile, and somebody else may have got the number; therefore it must still be a
// connection to this socket's port from the address that the message came from. What remains is a newcomer from the same address who has not
// said a word: he loses a connection once and connects again, as after any broken link.
//
// To sweep: a message of endlessly many frames is held by libzmq until its last frame, in 64 bytes or more for each, and neither high water nor
// the longest frame bound that; its receiver does not even wake up. So somebody else looks, but only while this process holds more than ARMED
// bytes, which it does for no good reason: which connections to our ports have received more than PATIENCE bytes, by the kernel's count,
// since a message was heard on them last? These are shut down, and libzmq frees what it held for them. PATIENCE is more than the whole messages
// that may wait to be read (8 MiB, see peer.c) and the kernel's buffer (6 MiB).
#include "wire/peer_links.h"
#include "base/log.h"
#include "base/memory.h"

#include <dirent.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILES = 65536, ARMED = 96 << 20, PATIENCE = 16 << 20 };

// Of one descriptor. heard: since the last sweep; base: bytes received when it was heard last, as far as sweeps know.
typedef struct { char key [KEY_TEXT], address [LINK_ADDRESS]; bool heard; uint64_t base; } link_t;

struct links {
    int port;
    link_t *link;                                       // by descriptor
    size_t count;
    links_t *next;
};

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;                           // of all links of all sockets
static links_t *s_all;
static bool s_armed;

links_t *links_new (int port)
{
    links_t *self = memory_new (sizeof *self);
    pthread_mutex_lock (&s_lock);
    *self = (links_t) { .port = port, .next = s_all };
    s_all = self;
    pthread_mutex_unlock (&s_lock);
    return self;
}

void links_destroy (links_t **self_p)
{
    links_t *self = *self_p, **at = &s_all;
    if (!self)
        return;
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

void links_heard (links_t *self, int fd, const char *key, const char *address)
{
    pthread_mutex_lock (&s_lock);
    link_t *link = s_at (self, fd);
    if (link) {
        link->heard = true;
        if (strcmp (link->key, key))
            snprintf (link->key, sizeof link->key, "%s", key);
        if (strcmp (link->address, address))
            snprintf (link->address, sizeof link->address, "%s", address);
    }
    pthread_mutex_unlock (&s_lock);
}

// ---- cut

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

void links_cut (links_t *self, const char *key)
{
    pthread_mutex_lock (&s_lock);
    for (size_t fd = 0; fd < self->count; fd++) {
        link_t *link = self->link + fd;
        char address [LINK_ADDRESS];
        if (!link->key [0] || strcmp (link->key, key))
            continue;
        if (s_port_of ((int) fd) == self->port && s_address_of ((int) fd, address) && !strcmp (address, link->address))
            shutdown ((int) fd, SHUT_RDWR);
        *link = (link_t) { 0 };
    }
    pthread_mutex_unlock (&s_lock);
}

// ---- sweep

static size_t s_resident (void)
{
    unsigned long pages = 0;
    FILE *file = fopen ("/proc/self/statm", "re");
    if (!file || fscanf (file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose (file);
    return pages * (size_t) sysconf (_SC_PAGESIZE);
}

// By the kernel's count, since the connection began. 0: not a connection over tcp.
static uint64_t s_received (int fd)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof info;
    return getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) ? 0 : info.tcpi_bytes_received;
}

// first: memory has just become much; what came before is nobody's fault.
static void s_look_at (links_t *self, int fd, bool first)
{
    uint64_t received = s_received (fd);
    link_t *link = received ? s_at (self, fd) : NULL;
    if (!link)
        return;
    if (first || link->heard || received < link->base) {
        link->base = received;
        link->heard = false;
    }
    else if (received - link->base > PATIENCE) {
        char address [LINK_ADDRESS] = "somebody";
        s_address_of (fd, address);
        log_line (LOG_WARN, "%s: cut off at port %d: it sent %llu MiB that end no message", address, self->port,
            (unsigned long long) (received - link->base) >> 20);
        shutdown (fd, SHUT_RDWR);
        link->base = received;                          // told once, though libzmq may close it later
    }
}

void links_sweep (void)
{
    bool armed = s_resident () > ARMED;
    DIR *files = armed ? opendir ("/proc/self/fd") : NULL;
    pthread_mutex_lock (&s_lock);
    for (struct dirent *file; files && (file = readdir (files)); ) {
        int fd = atoi (file->d_name), port = s_port_of (fd);
        for (links_t *self = s_all; self; self = self->next)
            if (self->port == port)
                s_look_at (self, fd, !s_armed);
    }
    s_armed = armed;
    pthread_mutex_unlock (&s_lock);
    if (files)
        closedir (files);
}
