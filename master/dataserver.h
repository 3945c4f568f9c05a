// dataserver: hands out the bytes of jobs' files to nodes that do not see the disk and takes the parts that they made, on a socket and in
// threads of its own, so that bulk bytes never delay a decision.
//
// The calls below hold a lock for a moment; all are the loop's but dataserver_add, which opens a folder: any thread's. A request names a job and
// the index of a file: no path ever comes from the wire, and a file is read only while it is what it was at submit. There is no state of a
// transfer: a request is its own credit; requests wait in a queue of bounded bytes, and while that is full the sockets are not read.
#pragma once
#include "master/shelf.h"
#include "wire/peer.h"

typedef struct dataserver dataserver_t;

// Bound when it returns. options: nullable, see peer.h. NULL: failed.
dataserver_t *dataserver_new (const char *endpoint, const peer_options_t *options, error_t *error);
void dataserver_destroy (dataserver_t **self_p);        // ends its threads
int dataserver_port (const dataserver_t *self);

// What may be fetched and written: as in shelf.h.
CHECKED status_t dataserver_add (dataserver_t *self, uint64_t job, fetch_what_t what, const input_list_t *files, const char *folder,
    const char *owner, error_t *error);
void dataserver_forget (dataserver_t *self, uint64_t job, fetch_what_t what, input_list_t *files);
void dataserver_grant (dataserver_t *self, const attempt_t *attempt, const char *key);
void dataserver_withdraw (dataserver_t *self, const attempt_t *attempt, const char *key);
served_t dataserver_served (dataserver_t *self, uint64_t job);
void dataserver_cut (dataserver_t *self, const char *key);              // ends that key's connections
