// shell: what surrounds the plan: sockets, signals and timers in, messages and renames out. Private to the shell's own files.
//
//     loop.c       beginning, turns, end          hear.c       messages into events
//     clients.c    what clients ask for           admit.c      workers come and go
//     intake.c     SUBMITs before they are jobs   look.c       what their names mean
//     orders.c     actions into messages          desk.c       queries, history
//     commit.c     the end of a job               sources.c    what workers fetch of a job
//     prints.c     orders that name a file
#pragma once
#include "base/log.h"
#include "wire/beacon.h"
#include "master/dataserver.h"
#include "master/door.h"
#include "master/errands.h"
#include "master/homes.h"
#include "master/master.h"
#include "master/plan.h"
#include "master/results.h"
#include "master/roots.h"
#include "master/roster.h"
#include "master/work.h"

enum { BEAT_MS = 1000, SHELL_LOOKS = ERRANDS - 4 };     // LOOKS: at SUBMITs at a time; commits need not wait for them

typedef struct desk desk_t;
struct build;
typedef struct arrival arrival_t;                       // a SUBMIT that is no job yet (intake.h)
typedef struct held held_t;                             // an order that waits for a fingerprint (prints.c)

typedef struct {
    const master_options_t *options;
    gate_t *gate;                                       // NULL: no encryption
    peer_t *peer;
    dataserver_t *data;                                 // NULL: a private master
    desk_t *desk;                                       // what clients of a cluster ask (desk.h); NULL: none
    beacon_t *beacon;                                   // NULL: the head is not to be found
    door_t *door;                                       // NULL: nobody joins a private master
    roots_t *roots;                                     // NULL: a private master's client has all of its own rights
    homes_t *homes;                                     // NULL: a private master
    results_t *results;                                 // NULL: none are kept
    int signals;                                        // a signalfd
    errands_t *errands;                                 // NULL: a private master, which has nobody else to hear
    log_rate_t rate;
    plan_t *plan;
    action_list_t actions;
    roster_t roster;
    struct build *builds;                               // that nodes lack (builders.h)
    arrival_t *arrivals;                                // in their order
    arrival_t *look [SHELL_LOOKS]; uint32_t looks;      // those that are looked at
    held_t *held;                                       // in their order
    work_t *works;                                      // that the plan knows, by number
    work_t *ended;                                      // whose hidden files are being put away
    uint64_t epoch, jobs;                               // jobs: the last number given
    int64_t now, alone_since;                           // alone_since: without any worker
    bool ending;
    bool leaving;                                       // takes no more jobs, ends after the last one
    bool nodes_changed;
} shell_t;

// orders.c: carrying out what the plan orders.
void shell_log (shell_t *self, const char *text);       // a warning, a few times a second
work_t *shell_work (const shell_t *self, uint64_t number);         // that the plan knows; or NULL
work_t *shell_ended (const shell_t *self, uint64_t number);        // that is being put away; or NULL
// False: it cannot be reached and counts as lost, which the plan learns in shell_settle.
bool shell_tell (shell_t *self, member_t *member, const message_t *message);
attempt_t shell_attempt (const work_t *work, uint64_t stage, uint64_t task, uint64_t attempt);         // whose parts the data server takes
// What a worker must know before its first message about a job. False: it cannot be reached.
bool shell_tell_job (shell_t *self, member_t *member, work_t *work);
void shell_tell_watchers (shell_t *self, work_t *work, const message_t *message);
void shell_send_finished (shell_t *self, const peer_id_t *client, uint64_t job, uint64_t exit_code, const char *error, const char *compiler,
    const char *summary);
void shell_step (shell_t *self, event_t event);         // gives the plan an event and carries out its actions, commits included
void shell_cancel (shell_t *self, uint64_t job, uint64_t exit_code, const char *why);
// What came up while actions were carried out: workers and clients that are gone, jobs that cannot be told to a worker.
void shell_settle (shell_t *self);

// commit.c: the end of a job.
void shell_unlink (work_t **list, work_t *work);
// Beside the loop, or at once in a private master; see errands.h.
void shell_errand (shell_t *self, uint64_t lane, errand_fn *run, errand_fn *done, void *context);
void shell_await_errands (shell_t *self);
void shell_drop (shell_t *self, const work_t *work, const char *name);        // an attempt's file that is not wanted
void shell_commit (shell_t *self, work_t *work);
// The plan has forgotten it: what is hidden goes, then clients and history are told. Takes the work.
void shell_end (shell_t *self, work_t *work, uint64_t exit_code, const char *error, const char *compiler);

// admit.c
void shell_hello (shell_t *self, const peer_id_t *from, const message_hello_t *hello);
void shell_refuse (shell_t *self, const peer_id_t *from, const char *who, const char *why);    // STOP, and a line in the log
void shell_outlive (shell_t *self, member_t *member);   // it has been heard of while another with its key wants in
void shell_watch_rivals (shell_t *self);                // once a turn of the loop
void shell_drain (shell_t *self, member_t *member);
void shell_dismiss (shell_t *self, uint64_t worker);
void shell_put_out (void *self, const char *key);       // of one that was revoked: the gate refuses it already
void shell_tell_nodes (shell_t *self);                  // if they have changed

// clients.c
void shell_hear_client (shell_t *self, const peer_id_t *from, message_t *message);
void shell_answer (shell_t *self, const peer_id_t *to, const char *why);                       // END; why: "" or a refusal

// hear.c: every message that lies in the socket.
void shell_hear (shell_t *self);
