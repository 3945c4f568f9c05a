// peer: one end of the wire: a ROUTER that is bound (master, data server, a worker that serves) or a DEALER that is connected (worker,
// client), speaking message_t, some with a payload of bulk bytes in a second frame.
//
// Thread: its owner's only. Sockets have every option set before bind or connect: bounded frames, bounded linger, mandatory routing.
// A routing id is an address for answers and proves nothing; who somebody is, is the key of the connection (peer_user). Whoever makes
// the first peer of a process has called zsys_handler_set (NULL) and has forked whatever it wants to fork; with CURVE also
// zsys_set_io_threads (2), for encryption is their work, and gate_new before the first bind.
#pragma once
#include "wire/gate.h"
#include "wire/message.h"

typedef struct peer peer_t;
typedef struct { uint8_t size, bytes [31]; int fd; } peer_id_t;    // of the other end, as a ROUTER sees it; fd: a hint to its connection
typedef enum { PEER_NOTHING, PEER_MESSAGE, PEER_BAD } peer_news_t;

// CURVE. NULL instead of it: none (ipc; or tcp where the configuration says so in words).
typedef struct {
    const keys_t *own;
    const char *server;                                 // connect: the public key that the other end must have
    const char *domain;                                 // bind: for the gate, which exists
    bool bulk;                                          // payloads: a short queue of long frames instead of a long one of short frames
} peer_options_t;

// endpoint: ipc://PATH or tcp://HOST:PORT. NULL: failed, the error names the endpoint.
peer_t *peer_bind (const char *endpoint, const peer_options_t *options, error_t *error);
// Returns at once, connected or not; a peer that is not there yet is tried every 2 ms at first. HOST may be a name; it is resolved anew at every try.
peer_t *peer_connect (const char *endpoint, const peer_options_t *options, error_t *error);
// Messages that were sent are delivered for at most a second more.
void peer_destroy (peer_t **self_p);

// For zmq_poll; readable: peer_receive until PEER_NOTHING.
void *peer_socket (peer_t *self);
// A DEALER over tcp: why it is not connected, once that is known to be for good ("... does not know this key ..."); else NULL. Learnt from libzmq's
// monitor whenever peer_receive, peer_send or this is called, so call one of them every second or so. After a refusal it tries no more: whoever
// wants to try again makes a new peer.
// peer_monitor: readable when there is something to learn (NULL: ipc). In a poll set, a refusal is known at once; of a ROUTER, the log lines about
// strangers come at once and with their addresses.
const char *peer_refused (peer_t *self);
void *peer_monitor (peer_t *self);
// to: NULL for a DEALER. A ROUTER never waits: FAILED if that peer is gone or does not read; who lets more than 8 MiB lie here is cut, with a line in
// the log. A DEALER waits up to wait_ms
// (-1: for ever) for a connection with room. What was sent may still be lost with the other end: answers are what counts.
CHECKED status_t peer_send (peer_t *self, const peer_id_t *to, const message_t *message, int wait_ms, error_t *error);
// With a payload of at most FETCH_BYTES + 4096 bytes (only for verbs that have one: BULK and PUT); the bytes are copied.
CHECKED status_t peer_send_bulk (peer_t *self, const peer_id_t *to, const message_t *message, const void *bytes, size_t size, int wait_ms,
    error_t *error);
// Never waits. PEER_MESSAGE: *into is the caller's to message_free. PEER_BAD: a message was dropped, the error says why; go on.
// from (nullable): set by a ROUTER, also for a bad message, but not by PEER_NOTHING.
peer_news_t peer_receive (peer_t *self, peer_id_t *from, message_t *into, error_t *error);
// Of the message received last, good until the next peer_receive: its payload (size 0: none); who sent it (role ROLE_NONE without
// CURVE); the address it came from ("10.77.0.2"; "" on ipc).
wire_bytes_t peer_payload (const peer_t *self);
const user_t *peer_user (const peer_t *self);
const char *peer_address (const peer_t *self);
// Ends every connection of that key to this ROUTER, at once: the other end sees it closed, and a new handshake meets the gate.
void peer_cut (peer_t *self, const char *key);
void peer_cut_one (peer_t *self, const peer_id_t *who, const char *why);             // that connection alone, with a line in the log
// Bytes that were sent to it and have not left this process, since its end's kernel and ours are full; over tcp. 0 also of somebody who is gone.
size_t peer_waiting (const peer_t *self, const peer_id_t *to);
int peer_port (const peer_t *self);                     // of a ROUTER bound to tcp://...:* ; 0: none
bool peer_id_equal (const peer_id_t *a, const peer_id_t *b);
