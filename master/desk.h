// desk: where a cluster's clients ask and bring: which jobs and nodes there are, what jobs printed, how they ended; and the sources of their
// jobs, which workers fetch here. A part of the shell, in the loop's thread; a private master has none.
//
//     desk.c       history, queries
//     sources.c    SUBMITs that wait for their sources, WANT and BLOB
#pragma once
#include "master/blobs.h"
#include "master/history.h"
#include "master/shell.h"

typedef struct waiting waiting_t;                       // a SUBMIT whose sources are on their way (sources.c)
typedef void desk_go_fn (shell_t *self, const peer_id_t *from, message_t *submit);

struct desk {
    history_t *history;
    blobs_t *blobs;
    waiting_t *waiting;
    uint32_t waits;
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

// False: its sources are here, or it needs none: go on. True: taken, and handed to `go` of desk_blob once they are; or refused.
bool desk_awaits (shell_t *self, const peer_id_t *from, message_t *submit);
void desk_want (shell_t *self, const peer_id_t *from, const message_want_t *want);
void desk_blob (shell_t *self, const peer_id_t *from, const message_blob_t *blob, desk_go_fn *go);
void desk_give_up (shell_t *self);                      // what waits
