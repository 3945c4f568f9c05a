// dossier: what the worker knows of a job from its first JOB to FORGET: what was asked for, its plugin, its folder in scratch.
//
// Owned by the worker's loop; a dossier stays at its address until it is forgotten.
#pragma once
#include "wire/message.h"
#include "worker/bundles.h"
#include "worker/plugin.h"
#include "worker/supply.h"
#include "worker/worker.h"

typedef struct {
    message_t job;                                      // MESSAGE_JOB
    message_t submit;                                   // what it carries, decoded
    plugin_t *plugin;                                   // NULL: not needed yet
    bool lacks;                                         // this node cannot compile it, and has said so
    bool wanted;                                        // the master waits for what this node has compiled (builds.c)
    char build [BUNDLE_HASH];                           // hash of what another node has compiled, or of what this one has; ""
    char *scratch, *twin;                               // for runs and segments; in memory, or empty
    char *parts;                                        // a cluster: for parts, if this node does not see the job's folder
    supply_t *look;                                     // whether it does; NULL: a private run, which does
    supply_t **side; uint32_t sides;                    // of its side files, by index in JOB; NULL: there is none
    uint64_t logged;                                    // bytes of what it printed that went to the master
} dossier_t;

typedef struct { dossier_t **item; uint32_t count; } dossiers_t;

// Takes the message. A job that is known already (the master has welcomed this worker again) keeps its plugin and files.
CHECKED status_t dossiers_add (dossiers_t *self, message_t *job, const char *scratch, supplies_t *supplies, error_t *error);
dossier_t *dossiers_find (const dossiers_t *self, uint64_t job);
void dossiers_forget (dossiers_t *self, uint64_t job);  // with its files and a compiler at work
void dossiers_free (dossiers_t *self);                  // all but the files

// Compiles as soon as the sources are here; those of a bundle are asked for at the master, and on a node without a compiler what another one has
// made of them. NULL: they are on their way. plugin_fd tells whether it is ready. What has been tidied up since is made again.
plugin_t *dossier_plugin (dossier_t *self, const worker_options_t *options, bundles_t *bundles, peer_t *master);
bool dossier_ready (const dossier_t *self);             // it is known where parts go; until then dossier_load has to wait
// Whether its side files are here, which its MAPs and REDUCEs need; FAILED: why not. One that somebody has tidied away is fetched again.
supply_state_t dossier_sides (dossier_t *self, supplies_t *supplies, const error_t **error);
const char *dossier_folder (const dossier_t *self);     // for parts
bool dossier_shares (const dossier_t *self);            // that folder is the master's
uint64_t dossier_timeout_us (const dossier_t *self, const worker_options_t *options);
// The order to load it in an executor; borrows from self.
message_t dossier_load (const dossier_t *self, uint64_t slot, uint64_t memory);
// Where its side files lie, for an executor; the caller frees the lists, not what they hold. False: it has none.
bool dossier_tell_sides (const dossier_t *self, message_t *into);
