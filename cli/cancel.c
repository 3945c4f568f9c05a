// cancel: ends a job of a cluster, and waits until nothing of it is left.
//
// ATTACH before CANCEL: so the job's FINISHED comes here too, and at once if it has ended already.
#include "cli/cli.h"
#include "cli/ask.h"
#include "master/master.h"

#include <stdio.h>

const char cancel_help [] =
    "racimo cancel JOB [--json] [--master HOST]\n\n"
    "Ends a job of a cluster. Nothing stays of it; whoever follows it is told.\n";

// Until FINISHED; of a job that takes its time the STATEs between keep us waiting.
static status_t s_await_end (remote_t *remote, message_t *into, error_t *error)
{
    for (;;) {
        TRY (remote_next (remote, into, error));
        if (into->verb == MESSAGE_FINISHED)
            return OK;
        if (into->verb == MESSAGE_END && *into->end.error)
            (void) error_set_kind (error, ERROR_USAGE, "%s", into->end.error);
        bool refused = into->verb == MESSAGE_END;
        message_free (into);
        if (refused)
            return FAILED;
    }
}

static void s_show (const ask_t *ask, const message_finished_t *finished)
{
    unsigned long long job = ask->job, code = finished->exit_code;
    if (ask->json)
        printf ("{\"job\": %llu, \"exit_code\": %llu}\n", job, code);
    else if (code == EXIT_CANCELLED)
        printf ("job %llu is cancelled\n", job);
    else
        printf ("job %llu had ended before%s%s\n", job, *finished->error ? ": " : "", finished->error);
}

static status_t s_cancel (const ask_t *ask, error_t *error)
{
    message_t attach = { .verb = MESSAGE_ATTACH, .attach = { ask->job } }, cancel = { .verb = MESSAGE_CANCEL, .cancel = { ask->job } };
    message_t end = { 0 };
    remote_t *remote = remote_new (ask->master, error);
    if (!remote)
        return FAILED;
    status_t rc = remote_send (remote, &attach, error);
    if (!rc)
        rc = remote_send (remote, &cancel, error);
    if (!rc)
        rc = s_await_end (remote, &end, error);
    if (!rc && !end.finished.job)
        rc = error_set_kind (error, ERROR_USAGE, "%s", end.finished.error);
    if (!rc)
        s_show (ask, &end.finished);
    message_free (&end);
    remote_destroy (&remote);
    return rc;
}

int cancel_command (int words, char **word)
{
    ask_t ask;
    error_t error = { 0 };
    status_t rc = ask_words (&ask, "cancel", ASK_JOB, words, word, &error);
    if (!rc && ask.help) {
        fputs (cancel_help, stdout);
        return EXIT_FINE;
    }
    if (!rc)
        rc = s_cancel (&ask, &error);
    return rc ? ask_fail (&error) : EXIT_FINE;
}
