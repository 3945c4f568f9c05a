// jobs: the jobs of a cluster: those that run or wait, and the last ones that have ended.
#include "cli/cli.h"
#include "cli/ask.h"
#include "master/master.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SHOWN = 20 };                                    // ended ones, without --all

const char jobs_help [] =
    "racimo jobs [JOB] [--all] [--json] [--master HOST]\n\n"
    "Lists the jobs of a cluster: those that run or wait, and the last twenty that have\n"
    "ended; --all shows up to a thousand of these. TIME is since the job was submitted, or\n"
    "what it took.\n";

typedef struct { message_t *job; size_t jobs; } listing_t;

static void s_take (void *context, const message_t *answer)
{
    listing_t *self = context;
    buffer_t copy = { 0 };
    if (answer->verb != MESSAGE_JOB_INFO)
        return;
    self->job = memory_grow (self->job, (self->jobs + 1) * sizeof *self->job);
    if (!message_encode (answer, &copy, NULL) && !message_decode (copy.data, copy.size, &self->job [self->jobs], NULL))
        self->jobs++;
    buffer_free (&copy);
}

static const char *s_state (const message_job_info_t *job)
{
    static const char *const names [] = { "waiting", "map", "reduce", "commit" };
    if (job->phase < COUNT_OF (names))
        return names [job->phase];
    return !job->exit_code ? "done" : job->exit_code == EXIT_CANCELLED ? "cancelled" : "failed";
}

// Of the bytes in the map phase, of the tasks later.
static void s_share (const message_job_info_t *job, buffer_t *into)
{
    uint64_t done = job->phase == STATE_MAP ? job->bytes_done : job->tasks_done, all = job->phase == STATE_MAP ? job->bytes_all : job->tasks_all;
    if (job->phase >= STATE_MAP && job->phase < STATE_ENDED && all)
        buffer_print (into, "%llu%%", (unsigned long long) (done >= all ? 100 : done * 100 / all));
    buffer_add (into, "", 1);
}

static void s_duration (const message_job_info_t *job, buffer_t *into)
{
    uint64_t end = job->ended_s ? job->ended_s : (uint64_t) time (NULL);
    if (job->submitted_s && (job->ended_s || job->phase < STATE_ENDED))
        ask_duration (end > job->submitted_s ? end - job->submitted_s : 0, into);
    buffer_add (into, "", 1);
}

// Where the result is, by the end of its path, which says more than its beginning; or what went wrong.
static void s_result (const message_job_info_t *job, size_t room, buffer_t *line)
{
    const char *output = *job->output ? job->output : "-";
    size_t size = strlen (output);
    if (job->phase >= STATE_ENDED && *job->error)
        buffer_print (line, "%s", job->error);
    else if (size <= room || room <= 3)
        buffer_print (line, "%s", output);
    else
        buffer_print (line, "...%s", output + size - (room - 3));
}

void jobs_show_line (const message_job_info_t *job, size_t columns)
{
    buffer_t line = { 0 }, share = { 0 }, duration = { 0 };
    int user = (int) strcspn (job->user, "@");
    s_share (job, &share);
    s_duration (job, &duration);
    buffer_print (&line, "%5llu  %-9s %4s %9s  %-8.*s  %-12.12s  ", (unsigned long long) job->job, s_state (job), share.data, duration.data,
        user < 8 ? user : 8, job->user, job->name);
    s_result (job, columns > line.size ? columns - line.size : 0, &line);
    ask_print_line (&line, columns);
    buffer_free (&line);
    buffer_free (&share);
    buffer_free (&duration);
}

void jobs_show_head (size_t columns)
{
    buffer_t line = { 0 };
    buffer_print (&line, "%5s  %-9s %4s %9s  %-8s  %-12s  %s", "JOB", "STATE", "", "TIME", "USER", "NAME", "RESULT");
    ask_print_line (&line, columns);
    buffer_free (&line);
}

static void s_add_json (const message_job_info_t *job, buffer_t *into)
{
    buffer_print (into, "{\"job\": %llu", (unsigned long long) job->job);
    ask_json_text (into, "state", s_state (job));
    ask_json_text (into, "name", job->name);
    ask_json_text (into, "user", job->user);
    ask_json_number (into, "priority", job->priority);
    ask_json_number (into, "submitted", job->submitted_s);
    ask_json_number (into, "ended", job->ended_s);
    ask_json_number (into, "bytes_done", job->bytes_done);
    ask_json_number (into, "bytes", job->bytes_all);
    ask_json_number (into, "tasks_done", job->tasks_done);
    ask_json_number (into, "tasks", job->tasks_all);
    ask_json_number (into, "slots", job->slots);
    ask_json_number (into, "exit_code", job->exit_code);
    ask_json_text (into, "output", job->output);
    ask_json_text (into, "error", job->error);
    buffer_print (into, "}");
}

static void s_show_json (const listing_t *self)
{
    buffer_t text = { 0 };
    buffer_print (&text, "[");
    for (size_t i = 0; i < self->jobs; i++) {
        buffer_print (&text, i ? ",\n " : "");
        s_add_json (&self->job [i].job_info, &text);
    }
    buffer_print (&text, "]\n");
    fwrite (text.data, 1, text.size, stdout);
    buffer_free (&text);
}

static void s_show (const listing_t *self, bool all)
{
    size_t columns = ask_columns (), ended = 0, hidden = 0;
    for (size_t i = 0; i < self->jobs; i++)
        ended += self->job [i].job_info.phase >= STATE_ENDED;
    if (self->jobs)
        jobs_show_head (columns);
    for (size_t i = 0; i < self->jobs; i++) {
        bool old = self->job [i].job_info.phase >= STATE_ENDED && !all && ended > SHOWN;
        if (old) {
            ended--;
            hidden++;
        } else
            jobs_show_line (&self->job [i].job_info, columns);
    }
    if (hidden)
        printf ("%zu older ones: --all shows them\n", hidden);
    if (!self->jobs)
        printf ("No jobs yet.\n");
}

int jobs_command (int words, char **word)
{
    ask_t ask;
    error_t error = { 0 };
    listing_t listing = { 0 };
    status_t rc = ask_words (&ask, "jobs", ASK_ALL | ASK_MAY, words, word, &error);
    if (!rc && ask.help) {
        fputs (jobs_help, stdout);
        return EXIT_FINE;
    }
    if (!rc)
        rc = ask_query (&ask, QUERY_JOBS, s_take, &listing, &error);
    if (!rc && ask.json)
        s_show_json (&listing);
    else if (!rc)
        s_show (&listing, ask.all || ask.job);
    for (size_t i = 0; i < listing.jobs; i++)
        message_free (&listing.job [i]);
    free (listing.job);
    return rc ? ask_fail (&error) : EXIT_FINE;
}
