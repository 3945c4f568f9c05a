// askers: those who ask the data server for bytes, each with a queue of its own, and how much of what they asked for lies here because they do not take it.
//
// One thread's, the speaker's. Nobody's turn comes while too much lies here for him, or for all; so a request costs memory only when it is likely to leave
// again, and those who read are served whatever others do.
#pragma once
#include "wire/peer.h"

typedef struct askers askers_t;
typedef struct asker asker_t;

// peer: to whose peers it will be sent. drop: frees a request that waits, of somebody who is cut off or at the end.
askers_t *askers_new (peer_t *peer, void (*drop) (void *request));
void askers_destroy (askers_t **self_p);
// Takes the request. Who has more waiting than anybody needs is cut off.
void askers_add (askers_t *self, const peer_id_t *from, void *request);
// Whose turn it is; NULL: nobody's now. It counts as FETCH_BYTES that lie here until askers_done.
void *askers_next (askers_t *self, asker_t **whose);
void askers_done (askers_t *self, asker_t *whose);      // it was handed to the socket
// What has been taken meanwhile, once in a while; who takes nothing for long is cut off. When to call it again, in ms; -1: no need.
int askers_look (askers_t *self, int64_t now_us);
