// shell: what surrounds the plan: sockets, signals and timers in, messages and renames out. Private to loop.c, orders.c and hear.c.
#pragma once
#include "master/dataserver.h"
#include "master/door.h"
#include "master/master.h"
#include "master/plan.h"
#include "master/roster.h"
#include "master/work.h"

enum { BEAT_MS = 1000 };

typedef struct desk desk_t;

typedef struct {
    const master_options_t *options;
    gate_t *gate;                                       // NULL: no encryption
    peer_t *peer;
    dataserver_t *data;                                 // NULL: a private master
    desk_t *desk;                                       // what clients of a cluster ask (desk.h); NULL: none
    door_t *door;                                       // NULL: nobody joins a private master
    int signals;                                        // a signalfd
    plan_t *plan;
    action_list_t actions;
    roster_t roster;
    work_t *works;
    uint64_t epoch, jobs;                               // jobs: the last number given
    int64_t now, alone_since;                           // alone_since: without any worker
    bool ending;
} shell_t;

// orders.c: carrying out what the plan orders.
void shell_log (const shell_t *self, const char *text);
work_t *shell_work (shell_t *self, uint64_t number);    // or NULL
// False: it cannot be reached and counts as lost, which the plan learns in shell_settle.
bool shell_tell (shell_t *self, member_t *member, const message_t *message);
void shell_tell_client (shell_t *self, work_t *work, const message_t *message);
void shell_send_finished (shell_t *self, const peer_id_t *client, uint64_t job, uint64_t exit_code, const char *error, const char *compiler,
    const char *summary);
void shell_step (shell_t *self, event_t event);         // gives the plan an event and carries out its actions, commits included
void shell_cancel (shell_t *self, uint64_t job, uint64_t exit_code, const char *why);
// What came up while actions were carried out: workers and clients that are gone, jobs that cannot be told to a worker.
void shell_settle (shell_t *self);

// hear.c: every message that lies in the socket.
void shell_hear (shell_t *self);
