// watch: what libzmq's monitor tells of a tcp socket: why a connection fails, which no message ever says.
//
// Its socket's thread's. watch_read is called by peer.c with every receive and send: it never waits, and writes the log lines of a
// bound socket or sets the reason of a connected one.
#pragma once
#include "base/error.h"
#include <stdint.h>

typedef struct watch watch_t;
typedef enum { WATCH_NOTHING, WATCH_REFUSED, WATCH_ABANDONED } watch_news_t;

// socket: of libzmq, not yet bound or connected. own: its public key, or NULL; server: that the other end must have, or NULL (bound).
// The texts are borrowed for life. NULL: failed.
watch_t *watch_new (void *socket, const char *endpoint, const char *own, const char *server, bool bound, error_t *error);
void watch_destroy (watch_t **self_p);                  // before the socket is closed
void *watch_socket (watch_t *self);                     // for zmq_poll
// Of a connected socket. REFUSED: watch_refused has a reason, from now on; whoever asks disconnects. ABANDONED: libzmq has
// given the connection up without a word, and it is to be made anew.
watch_news_t watch_read (watch_t *self);
const char *watch_refused (const watch_t *self);        // NULL: not refused
