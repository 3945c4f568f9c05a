// links: the connections of a bound tcp socket: who was heard by which, and how much of what was sent lies here because the other end does not take
// it; so that a key's can be cut, and whoever costs too much memory.
//
// All but links_sweep are the socket's thread's; links_sweep is the guard's (peer_guard.h).
#pragma once
#include "wire/peer.h"

typedef struct links links_t;

enum { LINK_ADDRESS = 48, LINK_NAME = 160 };

// port: that the socket is bound to. bulk: its high water bounds what waits for a connection; else links_send does.
links_t *links_new (int port, bool bulk);
void links_destroy (links_t **self_p);
int links_port (const links_t *self);
// A message came in. False: from somebody who was cut off; it is to be dropped.
bool links_heard (links_t *self, const peer_id_t *from, const user_t *user, const char *address);
// So many bytes are about to be sent to it (are not sent after all). False: what waits for it is too much, and it was cut, with a line in the log.
bool links_send (links_t *self, const peer_id_t *to, size_t bytes);
void links_unsend (links_t *self, const peer_id_t *to, size_t bytes);
// What was sent to it and has not left this process. 0 also of somebody who is gone.
size_t links_waiting (links_t *self, const peer_id_t *to);
// Who that is, for a log line: "worker pi1 at 10.77.0.2"; an address alone of somebody without a role.
void links_say (const user_t *user, const char *address, char name [LINK_NAME]);
// The same of a connection. False: gone, or unknown.
bool links_name (links_t *self, const peer_id_t *of, char name [LINK_NAME]);
void links_cut (links_t *self, const char *key);        // ends that key's connections, as far as they were heard
void links_cut_one (links_t *self, const peer_id_t *who, const char *why);           // with a line in the log
// Of all sockets of this process: ends connections that hold more of its memory than anybody may. One log line each.
void links_sweep (void);
