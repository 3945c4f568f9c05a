// links: the connections of a bound tcp socket: whose key was heard by which, so that a key's can be cut, and which swallow memory.
//
// links_heard and links_cut are the socket's thread's; links_sweep is any one thread's that comes by a few times a second (the gate's).
#pragma once
#include "wire/keys.h"

typedef struct links links_t;

enum { LINK_ADDRESS = 48 };

links_t *links_new (int port);                          // that the socket is bound to
void links_destroy (links_t **self_p);
int links_port (const links_t *self);
void links_heard (links_t *self, int fd, const char *key, const char *address);      // a message came in by fd; key: or empty
void links_cut (links_t *self, const char *key);        // ends that key's connections, as far as they were heard
// Of all sockets of this process: while it holds much memory, ends connections on which bytes come and no message ever ends. One log line each.
void links_sweep (void);
