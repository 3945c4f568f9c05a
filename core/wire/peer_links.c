// links: see peer_links.h.
//
// libzmq 4.3.4 has no call to end one connection of a socket. It does tell by which descriptor a message came in (ZMQ_SRCFD), so what is kept
// for each descriptor is the key that was heard there last, and a connection is cut by shutdown (), which libzmq's own thread sees as
// its end. That thread may have closed the descriptor meanwhile, and somebody else may have got the number; therefore it must still be a
// connection to this socket's port from the address that the message came from. What remains is a newcomer from the same address who has not
// said a word: he loses a connection once and connects again, as after any broken link.
#include "wire/peer_links.h"
#include "base/memory.h"

#include <netdb.h>
#include <sys/socket.h>

enum { FILES = 65536 };

void links_heard (links_t *self, int fd, const char *key, const char *address)
{
    if (fd < 0 || fd >= FILES)
        return;
    size_t index = (size_t) fd;
    if (index >= self->count) {
        self->link = memory_grow (self->link, (index + 1) * sizeof *self->link);
        memset (self->link + self->count, 0, (index + 1 - self->count) * sizeof *self->link);
        self->count = index + 1;
    }
    link_t *link = self->link + index;
    if (strcmp (link->key, key))
        strcpy (link->key, key);
    if (strcmp (link->address, address))
        strcpy (link->address, address);
}

static bool s_is_still (const links_t *self, int fd, const link_t *link)
{
    struct sockaddr_storage there, here;
    socklen_t there_size = sizeof there, here_size = sizeof here;
    char host [LINK_ADDRESS], port [16];
    return !getpeername (fd, (struct sockaddr *) &there, &there_size) && !getsockname (fd, (struct sockaddr *) &here, &here_size) &&
        !getnameinfo ((struct sockaddr *) &there, there_size, host, sizeof host, NULL, 0, NI_NUMERICHOST) &&
        !getnameinfo ((struct sockaddr *) &here, here_size, NULL, 0, port, sizeof port, NI_NUMERICSERV) &&
        !strcmp (host, link->address) && atoi (port) == self->port;
}

void links_cut (links_t *self, const char *key)
{
    for (size_t fd = 0; fd < self->count; fd++) {
        link_t *link = self->link + fd;
        if (!link->key [0] || strcmp (link->key, key))
            continue;
        if (s_is_still (self, (int) fd, link))
            shutdown ((int) fd, SHUT_RDWR);
        *link = (link_t) { 0 };
    }
}

void links_free (links_t *self)
{
    free (self->link);
    *self = (links_t) { 0 };
}
