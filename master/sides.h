// sides: the side files of a job on a cluster (rac_side): which file each name means, for the data server and for JOB.
//
// Plain data of its job. sides_find looks at disks and touches nothing but its arguments, so any thread may.
#pragma once
#include "master/blobs.h"
#include "master/roots.h"
#include "wire/message.h"

enum { SIDES = 64, SIDE_NAMES = 8 * 1024, SIDE_FACTS = 7 };         // most side files; bytes of their names together; numbers of each in JOB

typedef struct {
    input_list_t files;                                 // by index in SUBMIT; a path of "": there is none
    char **error; uint32_t errors;                      // by index: why there is none, or ""
    uint64_t *fact;                                     // SIDE_FACTS of each: what nodes know it by
    char **pinned; uint32_t pins;                       // in blobs
} sides_t;

// The loop's: what the client has brought stays in blobs until sides_free.
void sides_pin (sides_t *self, const message_submit_t *submit, blobs_t *blobs);
// brought: the folder of what clients bring, by content hash; NULL: none. Fails if too much is asked for, or if the client has another file of a
// name than the head. A name without a file is no failure yet: the job says whether it needs it.
CHECKED status_t sides_find (sides_t *self, const message_submit_t *submit, const roots_t *roots, const char *brought, error_t *error);
void sides_free (sides_t *self, blobs_t *blobs);
bool sides_travels (const message_submit_t *submit, uint32_t side);                  // its client brings it, and it is not empty
size_t sides_bytes (const sides_t *self, const message_submit_t *submit);            // that they need in a JOB, at most
// Its fields in JOB, which borrow from both; paths: room for SIDES of them.
void sides_fill (const sides_t *self, const message_submit_t *submit, char **paths, message_job_t *into);
