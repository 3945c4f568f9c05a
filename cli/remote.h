// remote: a client's connection to a cluster's master, and what it has brought along for a job: its sources, which the master asks for.
//
// Belongs to one thread. Nothing is sent before the owner sends; the connection comes and goes by itself beneath it.
#pragma once
#include "base/memory.h"
#include "cli/interrupt.h"
#include "wire/peer.h"

typedef struct remote remote_t;

// Whether a run without --master goes to a cluster: $RACIMO_MASTER names one.
bool remote_wanted (void);
// master: HOST or HOST:PORT; NULL: as $RACIMO_MASTER or the configuration says. NULL: failed.
remote_t *remote_new (const char *master, error_t *error);
void remote_destroy (remote_t **self_p);
peer_t *remote_peer (remote_t *self);
const char *remote_name (const remote_t *self);         // HOST or HOST:PORT, for people
// Waits for a connection, at most 10 seconds. FAILED: the error names the master and says why.
CHECKED status_t remote_send (remote_t *self, const message_t *message, error_t *error);
void remote_note_data (remote_t *self, uint64_t port);             // of its data server, from ACCEPTED; 0: as the configuration says
// Waits for a message, at most 10 seconds; the caller's to message_free.
CHECKED status_t remote_next (remote_t *self, message_t *into, error_t *error);
// Bytes that the master may WANT; taken. Returns their hash, for SUBMIT, until remote_offer_nothing.
const char *remote_offer (remote_t *self, buffer_t *bytes);
void remote_offer_nothing (remote_t *self);             // any more
// Inputs that are too many for a SUBMIT become one such offer. FAILED: too many for that too.
CHECKED status_t remote_offer_inputs (remote_t *self, message_submit_t *submit, error_t *error);
// Names of inputs that are too many for a SUBMIT, each ended by a NUL; none if they are not.
CHECKED status_t remote_list_inputs (const message_submit_t *submit, buffer_t *into, error_t *error);
void remote_answer (remote_t *self, const message_want_t *want);   // with the next piece
// True: this master will never let us in; the error says why.
bool remote_refused (remote_t *self, error_t *error);
// The result of a job that was submitted without an output (remote_result.c), to standard output; the master drops it then. TRUNCATED: a
// signal; FAILED: without a text if the reader has seen enough.
CHECKED status_t remote_print_result (remote_t *self, uint64_t job, interrupt_t *interrupt, error_t *error);
