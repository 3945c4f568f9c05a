// shelf: what the data server hands out of each job, and what it takes for it: files by their index, parts from the worker that runs the attempt.
//
// Any thread's. All calls hold a lock for a moment; only shelf_add, shelf_read and shelf_write touch the disk, without it.
#pragma once
#include "store/input.h"
#include "wire/gate.h"
#include "wire/message.h"

typedef struct shelf shelf_t;
typedef struct { uint64_t frames, raw, carried, codecs; } served_t;     // codecs: bit 1 << bulk_codec_t for each that was used
typedef struct { uint64_t job, part, task, attempt; } attempt_t;       // part: 1: it makes part-TASK-ATTEMPT, a piece of the result; 0: map-TASK-ATTEMPT

shelf_t *shelf_new (bool secured);                      // secured: requests come with keys, and are held against them
void shelf_destroy (shelf_t **self_p);

// From now on `files` of the job may be fetched as `what`; they are borrowed until shelf_forget. FETCH_INPUT: by workers, whose parts go to
// `folder`. FETCH_RESULT: by the client whose key `owner` is (empty: no encryption, anybody); folder NULL.
CHECKED status_t shelf_add (shelf_t *self, uint64_t job, fetch_what_t what, const input_list_t *files, const char *folder, const char *owner,
    error_t *error);
// Takes the list, and frees it when the last request that is being answered has let go of it. Fine for what was never added.
void shelf_forget (shelf_t *self, uint64_t job, fetch_what_t what, input_list_t *files);
// The worker of that key may write what that attempt makes; and, when it is over, no more.
void shelf_grant (shelf_t *self, const attempt_t *attempt, const char *key);
void shelf_withdraw (shelf_t *self, const attempt_t *attempt, const char *key);
served_t shelf_served (shelf_t *self, uint64_t job);    // of FETCH_INPUT, so far

CHECKED status_t shelf_read (shelf_t *self, const user_t *who, const message_fetch_t *fetch, buffer_t *into, error_t *error);
void shelf_count (shelf_t *self, const message_fetch_t *fetch, const served_t *more);          // it was read, and is sent so
CHECKED status_t shelf_write (shelf_t *self, const user_t *who, const message_put_t *put, const buffer_t *packed, error_t *error);
