// up_parts: what the files of `racimo up` share; nobody else includes it.
//
//     up.c            the command: what is asked, the hosts, the job, the end
//     up_master.c     its master: ports, keys, configuration, process
#pragma once
#include "cli/config.h"
#include "cli/crew.h"
#include "cli/interrupt.h"
#include <sys/types.h>

enum { UP_HOST = 256 };                                 // longer than names of hosts

typedef struct {
    const char *via, *head, *program, *slots, *head_slots, *memory;
    char **host; int hosts;
    char **command; int words;                          // behind --; words 0: none
} wishes_t;

typedef struct {
    wishes_t wishes;
    char *folder, *log;                                 // of this occasion; where the master writes its log
    config_t config;
    interrupt_t interrupt;
    crew_t *crew;
    int notices;                                        // the master's, as systemd would get them
    pid_t master, client;                               // 0: does not run
    int master_status, client_status;
    bool told;                                          // to end
} up_t;

// Everything that a master of this occasion needs, in self->folder; $RACIMO_CONFIG names it from then on.
CHECKED status_t up_configure (up_t *self, error_t *error);
// Returns when it is ready, or has failed.
CHECKED status_t up_start_master (up_t *self, error_t *error);
status_t up_master_failed (const up_t *self, error_t *error);      // FAILED; the error is the last line of its log
// One setting, as text, so that it counts as set and is written; NULL: left as it is.
CHECKED status_t up_set (up_t *self, const char *name, const char *value, error_t *error);
// This machine as that host would see it: the address that packets to it would have. Else the name of this machine.
void up_head_for (const up_t *self, const char *host, char into [UP_HOST]);
const char *up_without_user (const char *host);        // USER@HOST
// Waits for whatever comes first: news of workers, a signal, time; then looks who has ended.
void up_wait (up_t *self, int wait_ms);
