// results: results that are fetched instead of written where the client says (-o -): kept in the state folder until the client has them.
//
// The loop's. A result is one file; its owner FETCHes it from the data server, and says with a CANCEL that it has it. One that nobody fetches
// goes after an hour, or when there are more than RESULTS; what an earlier master has left goes at the beginning.
#pragma once
#include "master/dataserver.h"
#include "master/errands.h"

enum { RESULTS = 100 };

typedef struct results results_t;

results_t *results_new (const char *state, dataserver_t *data, errands_t *errands, error_t *error);      // borrows both. NULL: failed
void results_destroy (results_t **self_p);
char *results_path (const results_t *self, uint64_t job, error_t *error);          // where it is to be made; the caller frees it. NULL: nowhere
bool results_is (const results_t *self, const char *output);                        // a path of results_path
// It has been made. owner: key of whoever may have it, or "".
CHECKED status_t results_keep (results_t *self, uint64_t job, const char *owner, int64_t now_us, error_t *error);
bool results_drop (results_t *self, uint64_t job, const char *key);                 // false: there is none of that number and owner
void results_sweep (results_t *self, int64_t now_us);                               // those that nobody wants
