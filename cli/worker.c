// worker: racimo worker, the daemon on a compute node. All it does is in worker/.
#include "cli/cli.h"
#include "base/log.h"
#include "cli/config.h"
#include "cli/daemon.h"
#include "cli/guest.h"
#include "master/master.h"

#include <string.h>

const char worker_help [] =
    "racimo worker [--SETTING VALUE]...\n\n"
    "Works for the head node of a cluster until it is told to end; SIGTERM lets it finish what\n"
    "it has begun. racimo cluster join TOKEN makes its configuration; settings given here come\n"
    "before those of the environment (RACIMO_WORKER_SLOTS) and of the file:\n\n";

int worker_command (int words, char **word)
{
    config_t config = { 0 };
    error_t error = { 0 };
    if (words == 1 && !strcmp (word [0], GUEST_WORD))
        return guest_run ();
    log_name ("racimo worker");
    int status;
    if (config_load (&config, &error) || config_flags (&config, CONFIG_CLUSTER | CONFIG_WORKER, words, word, &error)) {
        log_line (LOG_BAD, "%s", error.text);
        status = (int) master_exit_of (error.kind);
    } else
        status = daemon_run_worker (&config, false, 0);
    config_free (&config);
    return status;
}
