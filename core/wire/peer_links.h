// links: whose key was heard by which connection of a bound tcp socket, so that a key's connections can be cut.
//
// Its socket's thread's. Plain data: { 0 } is empty, links_free makes it so again.
#pragma once
#include "wire/keys.h"
#include <stddef.h>

enum { LINK_ADDRESS = 48 };

typedef struct { char key [KEY_TEXT], address [LINK_ADDRESS]; } link_t;              // what was heard last; empty: nothing
typedef struct { link_t *link; size_t count; int port; } links_t;                    // by descriptor; port: that the socket is bound to

void links_heard (links_t *self, int fd, const char *key, const char *address);      // a message came in by fd
void links_cut (links_t *self, const char *key);        // ends that key's connections, as far as they were heard
void links_free (links_t *self);
