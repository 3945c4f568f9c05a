// run: runs a job on this machine, with a master and a worker of its own, and waits for it.
//
//     options ─ local_start ─ SUBMIT ─▸ ACCEPTED ─▸ STATE … ─▸ FINISHED ─ standard output ─ summary ─ local_stop
//
// One loop waits for the master's messages and for signals. Ctrl-C asks the master to cancel and waits for its FINISHED, which comes
// when nothing of the job is left; a second Ctrl-C does not wait. That a process has ended may be seen before the message that it sent
// last, so there is a moment's grace before that counts as a failure.
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/local.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/result.h"
#include "base/clock.h"
#include "base/file.h"
#include "master/master.h"
#include "master/output.h"
#include "wire/peer.h"

#include <czmq.h>
#include <stdio.h>
#include <string.h>

enum { SUBMIT_MS = 10000, CANCEL_MS = 10000, GRACE_MS = 1000, STOP_MS = 5000, INPUT_BYTES = 16 * 1024 };

const char run_help [] =
    "racimo run JOB|FILE.c INPUT... [-o OUT] [options] [the job's own options]\n\n"
    "Runs a job on all cores of this machine. JOB is one that comes with racimo (racimo\n"
    "list), FILE.c one of your own. INPUT is a file, a folder or a 'pattern*'; .gz is\n"
    "read as it is. racimo run JOB --help shows the job's own options; they stand behind\n"
    "its name.\n\n"
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
    "  --json               what ran, where and how long, as JSON (to standard output,\n"
    "                       or to standard error if the result goes there)\n"
    "  --quiet              neither progress nor summary\n\n"
    "Exit status: 0 done, 2 wrong call, 3 bad data, 4 the job's fault, 5 the result could\n"
    "not be written, 6 processes were lost, 130 cancelled, 1 anything else.\n";

typedef struct {
    run_options_t options;
    local_t *local;
    peer_t *peer;
    interrupt_t interrupt;
    progress_t progress;
    uint64_t job;                                       // 0: not accepted yet
    int signals;                                        // Ctrl-C and the like so far
    int64_t due_us;                                     // when the wait ends without FINISHED; 0: never
    error_t lost;                                       // who ended, once one has
    message_t finished;                                 // verb 0: not yet
} session_t;

// ---- events

static void s_set_due (session_t *self, int ms)
{
    int64_t due = clock_us () + (int64_t) ms * 1000;
    if (!self->due_us || due < self->due_us)
        self->due_us = due;
}

static void s_cancel (session_t *self)
{
    message_t cancel = { .verb = MESSAGE_CANCEL, .cancel = { .job = self->job } };
    if (self->job && self->signals && peer_send (self->peer, NULL, &cancel, 0, NULL))
        s_set_due (self, 0);
}

static void s_on_message (session_t *self, message_t *message)
{
    switch (message->verb) {
    case MESSAGE_ACCEPTED:
        self->job = message->accepted.job;
        s_cancel (self);
        break;
    case MESSAGE_STATE:
        if (!self->signals)
            progress_show (&self->progress, &message->state);
        break;
    case MESSAGE_FINISHED:
        message_free (&self->finished);
        self->finished = *message;
        *message = (message_t) { 0 };
        break;
    default:
        break;                                          // of a newer master; nothing that a client must know
    }
    message_free (message);
}

static void s_on_messages (session_t *self)
{
    message_t message = { 0 };
    peer_news_t news;
    while ((news = peer_receive (self->peer, NULL, &message, NULL)) != PEER_NOTHING)
        if (news == PEER_MESSAGE)
            s_on_message (self, &message);
}

static void s_on_signal (session_t *self, int number)
{
    if (number == SIGCHLD) {
        if (local_check (self->local, &self->lost))
            s_set_due (self, GRACE_MS);
        return;
    }
    self->signals++;
    progress_clear (&self->progress);
    s_set_due (self, self->signals > 1 ? 0 : CANCEL_MS);
    if (self->signals == 1)
        s_cancel (self);
}

// ---- the wait

static long s_patience_ms (const session_t *self)
{
    if (!self->due_us)
        return -1;
    int64_t left = self->due_us - clock_us ();
    return left > 0 ? (long) (left / 1000 + 1) : 0;
}

static void s_wait (session_t *self)
{
    zmq_pollitem_t items [2] = { { .socket = peer_socket (self->peer), .events = ZMQ_POLLIN }, { .fd = self->interrupt.fd, .events = ZMQ_POLLIN } };
    while (!self->finished.verb) {
        long patience = s_patience_ms (self);
        int ready = zmq_poll (items, 2, patience);
        s_on_messages (self);
        for (int number; (number = interrupt_next (&self->interrupt));)
            s_on_signal (self, number);
        if (ready <= 0 && patience == 0)
            break;
    }
    progress_clear (&self->progress);
}

// More inputs than go into a message go into a file: a shell's * may well name ten thousand.
static status_t s_write_inputs (session_t *self, message_submit_t *submit, buffer_t *path, error_t *error)
{
    size_t size = 0;
    buffer_t list = { 0 };
    for (uint32_t i = 0; i < submit->inputs.count; i++)
        size += strlen (submit->inputs.item [i]) + 3;
    if (size <= INPUT_BYTES)
        return OK;
    for (uint32_t i = 0; i < submit->inputs.count; i++)
        buffer_add (&list, submit->inputs.item [i], strlen (submit->inputs.item [i]) + 1);
    buffer_print (path, "%s/inputs", local_folder (self->local));
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
    if (self->options.to_stdout) {
        buffer_print (&output, "%s/out", local_folder (self->local));
        message.submit.output = output.data;
    }
    zsys_handler_set (NULL);
    self->peer = peer_connect (local_endpoint (self->local), NULL, error);
    status_t rc = self->peer ? s_write_inputs (self, &message.submit, &inputs, error) : FAILED;
    if (!rc)
        rc = peer_send (self->peer, NULL, &message, SUBMIT_MS, error);
    buffer_free (&output);
    buffer_free (&inputs);
    return rc;
}

// ---- the end

// FINISHED, or why there is none.
static int s_outcome (session_t *self, error_t *error)
{
    const message_finished_t *finished = &self->finished.finished;
    if (!self->finished.verb) {
        if (self->signals)
            (void) error_set (error, "cancelled");
        else if (self->lost.text [0])
            *error = self->lost;
        else
            (void) error_set (error, "the master does not answer");
        return self->signals ? EXIT_CANCELLED : EXIT_CLUSTER;
    }
    if (finished->compiler && *finished->compiler)
        fputs (finished->compiler, stderr);
    if (finished->error && *finished->error)
        (void) error_set (error, "%s", finished->error);
    return (int) finished->exit_code;
}

static int s_show_result (session_t *self, error_t *error)
{
    const run_options_t *options = &self->options;
    status_t rc = OK;
    if (options->to_stdout) {
        char *folder = file_join (local_folder (self->local), "out");
        rc = result_print (folder, &self->interrupt, error);
        free (folder);
    }
    if (rc == TRUNCATED)
        return EXIT_CANCELLED;
    if (rc)
        return EXIT_OUTPUT;
    if (options->json)
        fputs (self->finished.finished.summary, options->to_stdout ? stderr : stdout);
    else if (!options->quiet)
        result_summary (self->finished.finished.summary, options->submit.name, options->to_stdout ? NULL : options->output,
            options->submit.output_kind == OUTPUT_FOLDER);
    return EXIT_FINE;
}

// The master stays until it is told, so that FINISHED is not lost with its sender.
static void s_stop (session_t *self)
{
    message_t stop = { .verb = MESSAGE_STOP };
    bool told = self->peer && self->finished.verb && !peer_send (self->peer, NULL, &stop, 0, NULL);
    pid_t master = self->local ? local_master (self->local) : 0;
    peer_destroy (&self->peer);
    local_stop (&self->local, told ? STOP_MS : 0);
    if (master && !self->finished.verb && self->options.submit.output)
        output_sweep (self->options.submit.output, master, 1);          // it may have been killed; its only job has number 1
}

static int s_session (session_t *self)
{
    error_t error = { 0 };
    local_options_t local = { .slots = self->options.slots, .memory = self->options.memory, .logs = self->options.logs };
    self->interrupt = interrupt_new ();
    self->local = local_start (&local, &error);
    int status = self->local ? EXIT_OTHER : (int) master_exit_of (error.kind);
    self->progress = progress_new (!self->options.quiet);
    signal (SIGPIPE, SIG_IGN);                          // a reader that has seen enough is told by write
    if (self->local && !s_submit (self, &error)) {
        s_wait (self);
        status = s_outcome (self, &error);
        if (status == EXIT_FINE)
            status = s_show_result (self, &error);
    }
    s_stop (self);
    message_free (&self->finished);                     // signals stay blocked: one that comes now must not belie the status
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
