// beacon: see beacon.h. No zbeacon: CZMQ's needs a thread and speaks all the time, and its asserts are about datagrams and sockets, which others
// send and networks break.
//
//     question   "racimo?1" nonce (8 bytes), zeros up to SIZE bytes
//     answer     "racimo!1" nonce, control port, door port (2 bytes each, big end first), then cluster, host and key, each ended by a NUL
//
// A question is as long as the longest answer, so nobody can have a head shout louder at a third than he shouts himself. Whatever else a
// datagram holds, it is not for us: there is no answer to it and no line in the log. A flood costs a head A_TURN datagrams a turn of its loop,
// the kernel drops the rest; it costs a seeker its time of waiting, and crowds out nobody who looks for a key.
#define _GNU_SOURCE
#include "wire/beacon.h"
#include "base/clock.h"
#include "base/memory.h"
#include "wire/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 512, HEAD = 16, A_TURN = 32, AGAIN_US = 300 * 1000 };
static const char s_question [8] = "racimo?1", s_answer [8] = "racimo!1";

struct beacon {
    int fd;
    char listen [INET_ADDRSTRLEN];                      // empty: all
    unsigned char answer [SIZE]; size_t size;
};

typedef struct sockaddr_in place_t;

// ---- the head

static void s_put (beacon_t *self, const void *bytes, size_t size)
{
    memcpy (self->answer + self->size, bytes, size);
    self->size += size;
}

static void s_compose (beacon_t *self, const beacon_facts_t *facts)
{
    const uint16_t ports [2] = { htons (facts->control), htons (facts->door) };
    memcpy (self->answer, s_answer, sizeof s_answer);
    self->size = HEAD;
    s_put (self, ports, sizeof ports);
    s_put (self, facts->cluster, strlen (facts->cluster) + 1);
    s_put (self, facts->host, strlen (facts->host) + 1);
    s_put (self, facts->key, strlen (facts->key) + 1);
}

beacon_t *beacon_new (uint16_t port, const char *listen, const beacon_facts_t *facts, error_t *error)
{
    beacon_t *self = memory_new (sizeof *self);
    place_t place = { .sin_family = AF_INET, .sin_port = htons (port) };        // any address: one of our own hears no broadcast
    struct in_addr own = { 0 };
    self->fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*listen && inet_pton (AF_INET, listen, &own) != 1)
        (void) error_set (error, "cannot be found by racimo cluster find: it serves %s, which is no IPv4 address", listen);
    else if (self->fd < 0 || setsockopt (self->fd, SOL_SOCKET, SO_REUSEADDR, &(int) { 1 }, sizeof (int))
        || bind (self->fd, (const struct sockaddr *) &place, sizeof place))
        (void) error_errno (error, "cannot be found by racimo cluster find: UDP port %u", (unsigned) port);
    else {
        if (own.s_addr)
            inet_ntop (AF_INET, &own, self->listen, sizeof self->listen);
        s_compose (self, facts);
        return self;
    }
    beacon_destroy (&self);
    return NULL;
}

void beacon_destroy (beacon_t **self_p)
{
    beacon_t *self = *self_p;
    if (!self)
        return;
    if (self->fd >= 0)
        close (self->fd);
    free (self);
    *self_p = NULL;
}

int beacon_fd (const beacon_t *self)
{
    return self->fd;
}

void beacon_answer (beacon_t *self)
{
    unsigned char bytes [SIZE + 1];
    for (int i = 0; i < A_TURN; i++) {
        place_t from = { 0 };
        socklen_t room = sizeof from;
        char address [INET_ADDRSTRLEN] = "";
        ssize_t size = recvfrom (self->fd, bytes, sizeof bytes, 0, (struct sockaddr *) &from, &room);
        if (size < 0 && errno != EINTR && errno != ECONNREFUSED)
            return;
        inet_ntop (AF_INET, &from.sin_addr, address, sizeof address);
        if (size != SIZE || memcmp (bytes, s_question, sizeof s_question) || !gate_is_near (address, self->listen))
            continue;
        memcpy (self->answer + sizeof s_answer, bytes + sizeof s_question, HEAD - sizeof s_answer);
        if (sendto (self->fd, self->answer, self->size, 0, (const struct sockaddr *) &from, room) < 0) { }      // a hint that gets lost
    }
}

// ---- the seeker

static void s_ask (int fd, const unsigned char question [SIZE], in_addr_t address, uint16_t port)
{
    const place_t to = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = address };
    if (sendto (fd, question, SIZE, 0, (const struct sockaddr *) &to, sizeof to) < 0) { }   // a network that is down
}

static void s_ask_all (int fd, const unsigned char question [SIZE], uint16_t port)
{
    struct ifaddrs *all = NULL;
    s_ask (fd, question, htonl (INADDR_LOOPBACK), port);
    if (getifaddrs (&all))
        return;
    for (const struct ifaddrs *at = all; at; at = at->ifa_next)
        if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET && at->ifa_flags & IFF_UP && at->ifa_flags & IFF_BROADCAST && at->ifa_broadaddr)
            s_ask (fd, question, ((const place_t *) (const void *) at->ifa_broadaddr)->sin_addr.s_addr, port);
    freeifaddrs (all);
}

// The next text of an answer, if it has only what a name has; it will be shown on somebody's terminal.
static bool s_take (const char **at, const char *end, char *into, size_t room, bool name)
{
    size_t size = strnlen (*at, (size_t) (end - *at));
    if (*at + size == end || size >= room)
        return false;
    memcpy (into, *at, size + 1);
    *at += size + 1;
    return !name || strspn (into, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size;
}

static bool s_understand (const unsigned char *bytes, size_t size, const unsigned char question [SIZE], beacon_facts_t *into)
{
    uint16_t ports [2];
    if (size < HEAD + sizeof ports || memcmp (bytes, s_answer, sizeof s_answer) || memcmp (bytes + 8, question + 8, 8))
        return false;
    memcpy (ports, bytes + HEAD, sizeof ports);
    *into = (beacon_facts_t) { .control = ntohs (ports [0]), .door = ntohs (ports [1]) };
    const char *at = (const char *) bytes + HEAD + sizeof ports, *end = (const char *) bytes + size;
    return s_take (&at, end, into->cluster, sizeof into->cluster, true) && s_take (&at, end, into->host, sizeof into->host, true)
        && s_take (&at, end, into->key, sizeof into->key, false) && (!*into->key || keys_is_public (into->key)) && *into->cluster && into->door;
}

static bool s_is_known (const beacon_heard_t *list, size_t count, const beacon_heard_t *heard)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp (list [i].address, heard->address) && !memcmp (&list [i].facts, &heard->facts, sizeof heard->facts))
            return true;
    return false;
}

// What lies in the socket.
static size_t s_hear (int fd, const unsigned char question [SIZE], const char *key, beacon_heard_t *into, size_t count, size_t most)
{
    unsigned char bytes [SIZE + 1];
    for (int i = 0; i < A_TURN; i++) {
        place_t from = { 0 };
        socklen_t room = sizeof from;
        ssize_t size = recvfrom (fd, bytes, sizeof bytes, 0, (struct sockaddr *) &from, &room);
        if (size < 0 && errno != EINTR && errno != ECONNREFUSED)
            break;
        beacon_heard_t heard = { 0 };
        if (size <= 0 || size > SIZE || !s_understand (bytes, (size_t) size, question, &heard.facts) || (key && strcmp (key, heard.facts.key)))
            continue;
        inet_ntop (AF_INET, &from.sin_addr, heard.address, sizeof heard.address);
        if (count < most && !s_is_known (into, count, &heard))
            into [count++] = heard;
    }
    return count;
}

static size_t s_listen (int fd, const char *address, uint16_t port, const char *key, int wait_ms, beacon_heard_t *into, size_t most)
{
    unsigned char question [SIZE] = { 0 };
    size_t count = 0;
    int64_t now = clock_us (), due = now + (int64_t) wait_ms * 1000, ask = now;
    memcpy (question, s_question, sizeof s_question);
    if (getrandom (question + sizeof s_question, 8, 0) != 8) { }        // a nonce of zeros is one, too
    for (; now < due; now = clock_us ()) {
        if (now >= ask && address)
            s_ask (fd, question, inet_addr (address), port);
        else if (now >= ask)
            s_ask_all (fd, question, port);
        ask = now >= ask ? now + AGAIN_US : ask;        // one may have been lost
        struct pollfd item = { .fd = fd, .events = POLLIN };
        int64_t left = (ask < due ? ask : due) - now;
        if (poll (&item, 1, (int) (left / 1000 + 1)) > 0)
            count = s_hear (fd, question, key, into, count, most);
    }
    return count;
}

size_t beacon_find (const char *address, uint16_t port, const char *key, int wait_ms, beacon_heard_t *into, size_t most, error_t *error)
{
    if (address && inet_addr (address) == INADDR_NONE && strcmp (address, "255.255.255.255")) {
        (void) error_set_kind (error, ERROR_USAGE, "%s: is no IPv4 address", address);
        return 0;
    }
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    size_t count = 0;
    if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_BROADCAST, &(int) { 1 }, sizeof (int)))
        (void) error_errno (error, "cannot ask the local network");
    else
        count = s_listen (fd, address, port, key, wait_ms, into, most);
    if (fd >= 0)
        close (fd);
    return count;
}
