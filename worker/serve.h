// serve: gives this worker's segments to others that reduce them: a thread beside the loop, with a socket of its own.
//
// The calls are the loop's and never wait. Only what serve_add has named is given, by job and number: no path ever comes from a peer. Who may ask
// is the gate's business (domain "serve": workers).
#pragma once
#include "wire/peer.h"
#include "worker/worker.h"

typedef struct serve serve_t;

serve_t *serve_new (const worker_options_t *options, error_t *error);       // bound when it returns; NULL: failed
void serve_destroy (serve_t **self_p);
uint16_t serve_port (const serve_t *self);
void serve_add (serve_t *self, uint64_t job, uint64_t number, const char *path);
void serve_forget (serve_t *self, uint64_t job);
void serve_cut (serve_t *self, const char *key);        // ends that key's connections
