// worker: a node's process: takes work from the master and has it done by executor processes, one a slot.
//
// Three kinds of process: the worker (this loop; the only one that speaks ZeroMQ), the zygote (forks executors, reaps them and
// whatever a job left behind), and the executors (the engine and the job's native code). A job may crash, hang, leak, call exit ()
// or daemonise: that costs the attempt, never the worker. When worker_main returns, and also when the worker is killed, no process
// and no file of it is left.
#pragma once
#include "base/error.h"
#include "wire/keys.h"
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    const char *endpoint;                               // of the master: ipc:///run/.../master
    uint32_t slots;                                     // executors, 1 or more
    uint64_t memory;                                    // bytes for data, of all slots together
    const char *scratch;                                // folder for runs and segments: made if missing, removed at the end
    const char *cache;                                  // of compiled jobs; NULL: as plugin_cache says
    const char *api;                                    // folder that holds racimo.h
    const char *logs;                                   // folder that keeps what jobs print, slot-N.log; NULL: in scratch
    uint32_t task_timeout_s;                            // without progress, unless the job says otherwise; 0: 60
    pid_t parent;                                       // ends when this process ends; 0: a daemon, on its own
    // A node of a cluster, all NULL or 0 for a private worker, which neither fetches nor serves:
    const char *head;                                   // host of the head, for its data server (port: WELCOME)
    const keys_t *keys;                                 // this node's; NULL: no encryption
    const char *server;                                 // the head's public key; NULL: no encryption
    const char *node;                                   // name of this node; NULL: the host's
    const char *address;                                // where other nodes find it; NULL: as the master sees it
    uint16_t port;                                      // where it serves segments; 0: any
    const char *chunks; uint64_t chunks_size;           // folder and most bytes of the chunk cache
    const char *bundles;                                // folder of the jobs' sources that have come over the wire
} worker_options_t;

// Runs until STOP, SIGTERM (SIGINT too, for a daemon) or the end of the parent; returns the exit status. The caller is a process of
// its own that has no thread and no ZeroMQ context yet: the zygote is forked from it first.
int worker_main (const worker_options_t *options);
