// attach: follows a job that a cluster has accepted: progress, its end, its summary, its exit status, as `run` would have shown them.
#include "cli/cli.h"
#include "cli/ask.h"
#include "cli/follow.h"
#include "cli/json.h"
#include "cli/result.h"
#include "master/master.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const char attach_help [] =
    "racimo attach JOB [--json] [--quiet] [--master HOST]\n\n"
    "Follows a job of a cluster until it ends, and ends with its exit status; of a job that\n"
    "has ended already it says at once how. Ctrl-C leaves, and the job goes on.\n";

// The text called `name` of a job's JSON; the caller frees it.
static char *s_text (const char *json, const char *name)
{
    const char *at = json_find (json, name);
    buffer_t text = { 0 };
    for (at = at && *at == '"' ? at + 1 : ""; *at && *at != '"'; at++) {
        at += *at == '\\' && at [1];
        buffer_add (&text, at, 1);
    }
    buffer_add (&text, "", 1);
    return text.data;
}

static void s_show (const ask_t *ask, const char *summary)
{
    if (ask->json)
        fputs (summary, stdout);
    if (ask->json || ask->quiet || !*summary)
        return;
    char *name = s_text (summary, "job"), *output = s_text (summary, "output");
    const char *base = strrchr (output, '/') ? strrchr (output, '/') + 1 : output;
    result_summary (summary, name, *output ? output : NULL, !strchr (base, '.'));
    free (name);
    free (output);
}

static int s_follow (const ask_t *ask, error_t *error)
{
    message_t attach = { .verb = MESSAGE_ATTACH, .attach = { .job = ask->job } };
    follow_t follow = { .job = ask->job, .looking = true, .quiet = ask->quiet, .interrupt = interrupt_new () };
    int status = EXIT_CLUSTER;
    follow.remote = remote_new (ask->master, error);
    if (!follow.remote)
        return error->kind == ERROR_USAGE ? EXIT_USAGE : EXIT_CLUSTER;
    follow.peer = remote_peer (follow.remote);
    follow.progress = progress_new (!ask->quiet);
    if (!remote_send (follow.remote, &attach, error)) {
        follow_wait (&follow);
        status = follow_outcome (&follow, error);
        if (status == EXIT_FINE)
            s_show (ask, follow.finished.finished.summary);
    }
    message_free (&follow.finished);
    remote_destroy (&follow.remote);
    return status;
}

int attach_command (int words, char **word)
{
    ask_t ask;
    error_t error = { 0 };
    if (ask_words (&ask, "attach", ASK_JOB | ASK_QUIET, words, word, &error))
        return ask_fail (&error);
    if (ask.help) {
        fputs (attach_help, stdout);
        return EXIT_FINE;
    }
    int status = s_follow (&ask, &error);
    if (error.text [0])
        (void) cli_fail (&error);
    return status;
}
