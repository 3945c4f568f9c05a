// master: the process that takes jobs, hands out their tasks and puts results in place. One thread, one loop.
#pragma once
#include "base/error.h"
#include "wire/keys.h"
#include <stdint.h>
#include <sys/types.h>

// What a run's exit status says; documented in doc/racimo.1.
typedef enum {
    EXIT_FINE = 0,
    EXIT_OTHER = 1,
    EXIT_USAGE = 2,                                     // options, names, patterns
    EXIT_DATA = 3,                                      // the input's bytes
    EXIT_JOB = 4,                                       // the job does not compile, refuses, crashes
    EXIT_OUTPUT = 5,                                    // cannot write the result
    EXIT_CLUSTER = 6,                                   // master or workers are lost
    EXIT_CANCELLED = 130,
} master_exit_t;

static inline master_exit_t master_exit_of (uint64_t error_kind)
{
    return error_kind == ERROR_USAGE ? EXIT_USAGE : error_kind == ERROR_DATA ? EXIT_DATA : error_kind == ERROR_JOB ? EXIT_JOB
        : error_kind == ERROR_OUTPUT || error_kind == ERROR_SCRATCH ? EXIT_OUTPUT : EXIT_OTHER;
}

typedef struct {
    const char *endpoint;                               // where clients and workers connect: ipc://RUNDIR/master
    int ready_fd;                                       // gets a NUL once bound, or of a private one the line why not; closed then; -1: none
    bool private;                                       // of one client: ends when that says STOP
    pid_t parent;                                       // ends when this process, its parent, has died; 0: does not watch
    // A cluster's master, all NULL or 0 for a private one:
    const char *data, *door;                            // where its data server and its door are bound: tcp://*:7701, tcp://*:7702
    const keys_t *keys;                                 // the head's; NULL: no encryption, every key is believed
    const char *cluster;                                // its name
    const char *state;                                  // folder of this user's only, locked by the caller: allow list, tokens, history, bundles
    const char *const *root; size_t roots;              // absolute: folders below which clients may read and write
    const char *secret;                                 // the folder of keys; neither it nor `state` is for clients, wherever it lies
    uint16_t control_port, data_port;                   // as nodes see them, for who joins
    uint16_t door_port, beacon_port;                    // for who looks for a head; beacon_port 0: it does not answer
    const char *host, *listen;                          // its host, as nodes call it; address that it serves, empty: all
} master_options_t;

// Runs until STOP (if private), SIGTERM, or the parent's death; then no hidden folder of a job is left. Returns an exit
// status. Changes the process's signal mask and CZMQ's handlers: give it a process of its own, forked before any ZeroMQ context.
int master_main (const master_options_t *options);
