// peer: one end of the wire: a ROUTER that is bound (the master) or a DEALER that is connected (worker, client), speaking message_t.
//
// Thread: its owner's only. Sockets have every option set before bind or connect: bounded frames, bounded linger, mandatory routing.
// A routing id is an address for answers and proves nothing. Whoever makes the first peer of a process has called
// zsys_handler_set (NULL) and has forked whatever it wants to fork.
#pragma once
#include "wire/message.h"

typedef struct peer peer_t;
typedef struct { uint8_t size, bytes [31]; } peer_id_t;            // of the other end, as a ROUTER sees it
typedef enum { PEER_NOTHING, PEER_MESSAGE, PEER_BAD } peer_news_t;

// endpoint: ipc://PATH or tcp://HOST:PORT. NULL: failed, the error names the endpoint.
peer_t *peer_bind (const char *endpoint, error_t *error);
// Returns at once, connected or not; a peer that is not there yet is tried every 2 ms at first.
peer_t *peer_connect (const char *endpoint, error_t *error);
// Messages that were sent are delivered for at most a second more.
void peer_destroy (peer_t **self_p);

// For zmq_poll; readable: peer_receive until PEER_NOTHING.
void *peer_socket (peer_t *self);
// to: NULL for a DEALER. A ROUTER never waits: FAILED if that peer is gone or does not read. A DEALER waits up to wait_ms
// (-1: for ever) for a connection with room. What was sent may still be lost with the other end: answers are what counts.
CHECKED status_t peer_send (peer_t *self, const peer_id_t *to, const message_t *message, int wait_ms, error_t *error);
// Never waits. PEER_MESSAGE: *into is the caller's to message_free. PEER_BAD: a message was dropped, the error says why; go on.
// from (nullable): set by a ROUTER, also for a bad message, but not by PEER_NOTHING.
peer_news_t peer_receive (peer_t *self, peer_id_t *from, message_t *into, error_t *error);
bool peer_id_equal (const peer_id_t *a, const peer_id_t *b);
