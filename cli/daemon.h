// daemon: what `racimo master` and `racimo worker` have in common: folders, locks, limits, and telling systemd.
#pragma once
#include "base/error.h"
#include "cli/config.h"

// Made if missing; must then belong to this user and be writable by nobody else.
CHECKED status_t daemon_folder (const char *path, error_t *error);
// FOLDER/lock is held as long as *fd is open in this process (children close theirs). FAILED: another one holds it, or it cannot be.
CHECKED status_t daemon_lock (const char *folder, const char *what, int *fd, error_t *error);
bool daemon_is_locked (const char *folder);             // by a running master
// A new folder for this life of a worker, below `scratch`, from which those of dead ones are removed. NULL: failed; the caller frees it.
char *daemon_scratch (const char *scratch, error_t *error);
void daemon_allow_files (void);                         // as many descriptors as we may have, up to 65536
void daemon_notify (const char *state);                 // "READY=1": to systemd, if it has asked ($NOTIFY_SOCKET)

// The worker of this machine, by its configuration; forks, so the process has no thread and no ZeroMQ context. parent: as in
// worker_options_t. on_head: the head's own one. Returns the exit status.
int daemon_run_worker (const config_t *config, bool on_head, int parent);
