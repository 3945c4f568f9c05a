// desk: where a cluster's clients ask and bring: which jobs and nodes there are, what jobs printed, how they ended; and the sources of their
// jobs, which workers fetch here. A part of the shell, in the loop's thread; a private master has none.
//
//     desk.c       history, queries
//     sources.c    what jobs bring along: WANT of a worker, side files
#pragma once
#include "master/blobs.h"
#include "master/history.h"
#include "master/shell.h"

struct desk {
    history_t *history;
    blobs_t *blobs;
    blobs_t *builds;                                    // of jobs, that nodes have made (builders.h)
};

// Opens it below the state folder; numbers of jobs go on from there. Nothing without a state folder.
CHECKED status_t desk_open (shell_t *self, error_t *error);
void desk_close (shell_t *self);

// All of the following do nothing, or answer that there is nothing, without a desk.
void desk_begin (shell_t *self, const work_t *work);    // it was accepted
void desk_end (shell_t *self, const work_t *work, const message_finished_t *finished);
void desk_log (shell_t *self, const message_log_t *log);
void desk_query (shell_t *self, const peer_id_t *from, const message_query_t *query);
// ATTACH to a job that is not under way: its FINISHED, or that there is none of that number.
void desk_recall (shell_t *self, const peer_id_t *from, uint64_t job);

// The side files of a job that has ended, or was none, are no longer offered. Fine for one that has none.
void desk_sides_end (shell_t *self, uint64_t job, sides_t *sides);
void desk_want (shell_t *self, const peer_id_t *from, const message_want_t *want, bool worker);   // worker: it may have builds too
