// run: runs a job and waits for it: on this machine, with a master and a worker of its own, or on a cluster.
//
//     options ─ local_start ──┬─ SUBMIT ─▸ ACCEPTED ─▸ STATE … ─▸ FINISHED ─┬─ standard output ─ summary ─ local_stop
//               remote_new ───┘            follow.c: waits, Ctrl-C          └─
#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/sides.h"
#include "cli/sources.h"
#include "base/file.h"
#include "master/master.h"
#include "master/output.h"
#include "wire/peer.h"

#include <czmq.h>
#include <stdio.h>
#include <string.h>

enum { SUBMIT_MS = 10000, STOP_MS = 5000 };

const char run_help [] =
    "racimo run JOB|FILE.c INPUT... [-o OUT] [options] [the job's own options]\n\n"
    "Runs a job on all cores of this machine, or on a cluster. JOB is one that comes with racimo (racimo\n"
    "list), FILE.c one of your own, FILE.so one that is compiled. INPUT is a file, a folder\n"
    "or a 'pattern*'; .gz is read as it is. racimo run JOB --help shows the job's own\n"
    "options; they stand behind its name.\n\n"
    "  racimo run wordcount books/*.txt -o counts/\n"
    "  racimo run groupby flights.csv --by origin --agg count,mean:delay\n"
    "  racimo run my_job.c readings.csv.gz -o result.csv --output-format csv\n\n"
    "Result\n"
    "  -o, --output OUT     a folder, if OUT ends in / or has no extension or is one;\n"
    "                       else a file; - is standard output, as if there were no -o\n"
    "  --output-format F    tsv (standard) or csv\n"
    "  --output-header Y    yes or no (standard: yes for csv)\n"
    "  --overwrite          replace a result that is there, once the new one is complete\n"
    "  --sync               have the result on the disk before success is told\n\n"
    "Input\n"
    "  --format F           lines, csv or tsv, whatever the job says\n"
    "  --delimiter C        one character, or tab\n"
    "  --header, --no-header  the first line of each file holds names, or data\n"
    "  --multiline          newlines within quotes are data\n"
    "  --max-rejects N      how many bad records may be left out (standard: none)\n\n"
    "Running\n"
    "  --slots N            tasks at a time (standard: the CPUs)\n"
    "  --memory SIZE        for all of them: 512M, 2G (standard: half of the RAM, at\n"
    "                       most 8G); what does not fit goes to $TMPDIR or /tmp\n"
    "  --chunk SIZE         bytes of a task's input\n"
    "  --partitions N       parts of the result\n"
    "  --batch-rows N       most rows at a time, 1 to 4096\n"
    "  --task-timeout S     seconds without progress after which a task is given up\n"
    "  --logs FOLDER        keep what the job prints, a file a slot\n"
    "  --master HOST[:PORT] run it on the cluster of that master, or on the one that\n"
    "                       RACIMO_MASTER names; names are those of its disk\n"
    "  --cluster            run it on the cluster of this machine's configuration\n"
    "  --detach             print the job's number and leave: racimo attach follows it\n"
    "  --priority N         0 to 200 (standard: 100): more goes first\n"
    "  --json               what ran, where and how long, as JSON (to standard output,\n"
    "                       or to standard error if the result goes there)\n"
    "  --quiet              neither progress nor summary\n\n"
    "Exit status: 0 done, 2 wrong call, 3 bad data, 4 the job's fault, 5 the result could\n"
    "not be written, 6 processes were lost, 130 cancelled, 1 anything else.\n";

typedef struct {
    run_options_t options;
    follow_t follow;
} session_t;

// ---- the beginning

// More inputs than go into a message go into a file, which a cluster's master asks for: a shell's * may well name ten thousand.
static status_t s_write_inputs (session_t *self, message_submit_t *submit, buffer_t *path, error_t *error)
{
    buffer_t list = { 0 };
    if (self->follow.remote)
        return remote_offer_inputs (self->follow.remote, submit, error);
    TRY (remote_list_inputs (submit, &list, error));
    if (!list.size)
        return OK;
    buffer_print (path, "%s/inputs", local_folder (self->follow.local));
    submit->inputs.count = 0;
    submit->input_list = path->data;
    status_t rc = file_save (path->data, list.data, list.size, error);
    buffer_free (&list);
    return rc;
}

static status_t s_submit (session_t *self, error_t *error)
{
    message_t message = { .verb = MESSAGE_SUBMIT, .submit = self->options.submit };
    buffer_t output = { 0 }, inputs = { 0 };
    follow_t *follow = &self->follow;
    if (self->options.to_stdout && follow->local) {
        buffer_print (&output, "%s/out", local_folder (follow->local));
        message.submit.output = output.data;
    }
    status_t rc = s_write_inputs (self, &message.submit, &inputs, error);
    if (!rc)
        rc = peer_send (follow->peer, NULL, &message, SUBMIT_MS, error);
    buffer_free (&output);
    buffer_free (&inputs);
    return rc;
}

static status_t s_open_local (session_t *self, error_t *error)
{
    follow_t *follow = &self->follow;
    local_options_t local = { .slots = self->options.slots, .memory = self->options.memory, .logs = self->options.logs };
    follow->local = local_start (&local, error);
    if (!follow->local)
        return FAILED;
    zsys_handler_set (NULL);
    follow->peer = peer_connect (local_endpoint (follow->local), NULL, error);
    return follow->peer ? OK : FAILED;
}

// Which side files there are is known when RAC_JOB has run with the options that were given.
static status_t s_offer_sides (session_t *self, error_t *error)
{
    message_submit_t *submit = &self->options.submit;
    remote_t *remote = self->follow.remote;
    inspection_t job = { 0 };
    if (self->options.job.unable)
        return sides_offer_options (remote, submit, error);
    status_t rc = inspect_job (submit->name, submit->source, &(explain_t) { .submit = submit, .brief = true }, &job, error);
    if (!rc)
        rc = sides_offer (remote, job.side, job.sides, submit, error);
    inspect_free (&job);
    return rc;
}

static status_t s_open_remote (session_t *self, error_t *error)
{
    follow_t *follow = &self->follow;
    follow->remote = remote_new (self->options.master, error);
    if (!follow->remote)
        return FAILED;
    follow->peer = remote_peer (follow->remote);
    follow->detach = self->options.submit.detached;
    buffer_t bundle = { 0 };
    status_t rc = sources_bundle (self->options.submit.source, &bundle, error);
    if (!rc)
        self->options.submit.bundle = (char *) remote_offer (follow->remote, &bundle);
    buffer_free (&bundle);
    if (!rc)
        rc = s_offer_sides (self, error);
    return rc;
}

// ---- the end

static int s_show_result (session_t *self, error_t *error)
{
    const run_options_t *options = &self->options;
    const char *summary = self->follow.finished.finished.summary;
    status_t rc = OK;
    if (options->to_stdout && self->follow.remote)
        rc = remote_print_result (self->follow.remote, self->follow.job, &self->follow.interrupt, error);
    else if (options->to_stdout) {
        char *folder = file_join (local_folder (self->follow.local), "out");
        rc = result_print (folder, &self->follow.interrupt, error);
        free (folder);
    }
    if (rc == TRUNCATED)
        return EXIT_CANCELLED;
    if (rc && (error->text [0] || !self->follow.remote))
        return EXIT_OUTPUT;
    if (options->json)
        fputs (summary, options->to_stdout ? stderr : stdout);
    else if (!options->quiet)
        result_summary (summary, options->submit.name, options->to_stdout ? NULL : options->output,
            options->submit.output_kind == OUTPUT_FOLDER);
    return EXIT_FINE;
}

// The job is the cluster's from here on. Its number alone goes to standard output, for scripts.
static int s_show_number (const session_t *self)
{
    unsigned long long job = self->follow.job;
    printf (self->options.json ? "{\"job\": %llu}\n" : "%llu\n", job);
    if (!self->options.quiet)
        fprintf (stderr, "job %llu runs on %s: racimo attach %llu follows it, racimo cancel %llu ends it\n", job,
            remote_name (self->follow.remote), job, job);
    return EXIT_FINE;
}

static int s_end (session_t *self, error_t *error)
{
    if (self->follow.detach && self->follow.job)
        return s_show_number (self);
    int status = follow_outcome (&self->follow, error);
    return status == EXIT_FINE ? s_show_result (self, error) : status;
}

// The master stays until it is told, so that FINISHED is not lost with its sender. True: the reason of a loss has been said.
static bool s_stop_local (session_t *self)
{
    follow_t *follow = &self->follow;
    message_t stop = { .verb = MESSAGE_STOP };
    bool told = follow->peer && follow->finished.verb && !peer_send (follow->peer, NULL, &stop, 0, NULL);
    pid_t master = follow->local ? local_master (follow->local) : 0;
    peer_destroy (&follow->peer);
    bool explained = local_stop (&follow->local, told ? STOP_MS : 0);
    if (master && !follow->finished.verb && self->options.submit.output)
        output_sweep (self->options.submit.output, master, 1);          // it may have been killed; its only job has number 1
    return explained;
}

static int s_session (session_t *self)
{
    error_t error = { 0 };
    follow_t *follow = &self->follow;
    bool remote = options_remote (&self->options);
    follow->interrupt = interrupt_new ();
    status_t rc = remote ? s_open_remote (self, &error) : s_open_local (self, &error);
    int status = rc ? (int) master_exit_of (error.kind) : EXIT_OTHER;
    follow->quiet = self->options.quiet;
    follow->progress = progress_new (!self->options.quiet);
    signal (SIGPIPE, SIG_IGN);                          // a reader that has seen enough is told by write
    if (!rc && !s_submit (self, &error)) {
        follow_wait (follow);
        status = s_end (self, &error);
    } else if (remote)
        status = error.kind == ERROR_USAGE ? EXIT_USAGE : EXIT_CLUSTER;
    sides_offer_end (&self->options.submit);
    if (remote)
        remote_destroy (&follow->remote);
    else if (s_stop_local (self) && status == EXIT_CLUSTER)
        error_clear (&error);
    message_free (&follow->finished);                   // signals stay blocked: one that comes now must not belie the status
    if (error.text [0])
        (void) cli_fail (&error);
    return status;
}

int run_command (int words, char **word)
{
    session_t self = { 0 };
    error_t error = { 0 };
    int status = EXIT_FINE;
    status_t rc = options_begin (&self.options, "run", words, word, &error);
    if (!rc && !self.options.help)
        rc = options_finish (&self.options, &error);
    if (self.options.help && !self.options.submit.name)
        fputs (run_help, stdout);
    else if (self.options.help)
        status = describe_show (self.options.submit.name, self.options.submit.source, &self.options.submit, self.options.json);
    else if (rc)
        status = inspect_fail (&self.options.job, &error);
    else
        status = s_session (&self);
    options_free (&self.options);
    return status;
}
