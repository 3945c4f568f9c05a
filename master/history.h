// history: what a cluster's master keeps of its jobs beyond their lives: that they were asked for, how they ended, what they printed.
//
// The loop's thread. One small file a job in a folder of the state; the last HISTORY_JOBS stay. A job that has a beginning but no end there was
// under way when an earlier master died, and is shown so. Numbers of jobs go on from the last one, so that a number names one job for ever.
#pragma once
#include "wire/message.h"

enum { HISTORY_JOBS = 1000, HISTORY_LOG = 1 << 20, HISTORY_LOGS = 64 << 20 };           // most bytes of a log; of all logs

typedef struct history history_t;

// folder: made if missing. Files in it that are none of ours or damaged are passed over. NULL: it cannot be used.
history_t *history_new (const char *folder, error_t *error);
void history_destroy (history_t **self_p);
uint64_t history_last (const history_t *self);          // the highest number that a job has had; 0: none

// A job is accepted; a job has ended (phase 4). FAILED: it is not on the disk, but known while this master lives.
CHECKED status_t history_begin (history_t *self, const message_job_info_t *info, error_t *error);
CHECKED status_t history_end (history_t *self, const message_job_info_t *info, const message_finished_t *finished, error_t *error);
// All of them, by number: an encoded JOB_INFO, good until the next call; NULL for one that has not ended.
size_t history_count (const history_t *self);
uint64_t history_number (const history_t *self, size_t at);
const buffer_t *history_info (const history_t *self, size_t at);
// The FINISHED of a job that has ended, the caller's to message_free. FAILED: nothing is known of such a job.
CHECKED status_t history_finished (const history_t *self, uint64_t job, message_t *into);

// Keeps it until the job's log has HISTORY_LOG bytes; then a last note. Beyond HISTORY_LOGS the oldest jobs' logs go. A disk that is full loses
// what jobs print, and says nothing.
void history_log (history_t *self, const message_log_t *log);
// All LOG messages of a job, each encoded behind its size (32 bits, little-endian); empty: it has printed nothing.
void history_log_read (const history_t *self, uint64_t job, buffer_t *into);
// The record at *at of what history_log_read gave; false: that was all.
bool history_log_next (const buffer_t *log, size_t *at, message_t *into);
