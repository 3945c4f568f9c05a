// errands: what may wait for a disk, done by threads beside the loop, so that a disk that sleeps or a folder of a million files holds up nobody's
// messages.
//
// The loop's. An errand is run by some thread and told of by the loop: `run` may take as long as it likes and touches nothing that the loop
// uses meanwhile, `done` is called from errands_hear. Errands of one lane (a job's number) are run one after another and told of in that order;
// those of different lanes at once, up to ERRANDS of them.
#pragma once
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

enum { ERRANDS = 16 };

typedef struct errands errands_t;
typedef void errand_fn (void *context);

errands_t *errands_new (error_t *error);                // NULL: failed
void errands_destroy (errands_t **self_p);              // nothing may be under way
int errands_fd (const errands_t *self);                 // readable: errands_hear
void errands_send (errands_t *self, uint64_t lane, errand_fn *run, errand_fn *done, void *context);
void errands_hear (errands_t *self);                    // `done` of all that have been run; it may send more
bool errands_idle (const errands_t *self);              // all that was sent has been heard of
