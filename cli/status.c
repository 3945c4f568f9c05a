// status: a cluster on one page: how many nodes, what they do, which jobs run and wait, and what is wrong.
#include "cli/cli.h"
#include "cli/ask.h"
#include "master/master.h"
#include "wire/json.h"

#include <stdio.h>

const char status_help [] =
    "racimo status [--json] [--master HOST]\n\n"
    "Says in a few lines how a cluster is: its nodes and slots, the jobs that run or wait,\n"
    "and what is wrong with a node. racimo nodes and racimo jobs say more.\n";

typedef struct {
    uint64_t ready, away, slots, busy, running, waiting;
    size_t columns;
    buffer_t notes;                                     // a line a node that has one
    bool quiet;                                         // counts only
} status_page_t;

static void s_take_node (void *context, const message_t *answer)
{
    status_page_t *self = context;
    const message_node_info_t *node = &answer->node_info;
    if (answer->verb != MESSAGE_NODE_INFO)
        return;
    bool here = node->state == NODE_READY || node->state == NODE_DRAINING;
    self->ready += here;
    self->away += node->state == NODE_AWAY;
    self->slots += here ? node->slots : 0;
    self->busy += here ? node->busy : 0;
    buffer_t note = { 0 };
    nodes_note (node, &note);
    if (*note.data)
        buffer_print (&self->notes, "%s: %s\n", node->node, note.data);
    buffer_free (&note);
}

static void s_take_job (void *context, const message_t *answer)
{
    status_page_t *self = context;
    const message_job_info_t *job = &answer->job_info;
    if (answer->verb != MESSAGE_JOB_INFO || job->phase >= STATE_ENDED)
        return;
    if (!self->quiet && !self->running && !self->waiting)
        jobs_show_head (self->columns);
    self->running += job->phase != STATE_WAITING;
    self->waiting += job->phase == STATE_WAITING;
    if (!self->quiet)
        jobs_show_line (job, self->columns);
}

static void s_show_nodes (const status_page_t *self)
{
    typedef unsigned long long number_t;
    printf ("%llu node%s, %llu of %llu slot%s at work", (number_t) self->ready, self->ready == 1 ? "" : "s", (number_t) self->busy,
        (number_t) self->slots, self->slots == 1 ? "" : "s");
    if (self->away)
        printf ("; %llu away", (number_t) self->away);
    printf ("\n%.*s", (int) self->notes.size, self->notes.size ? self->notes.data : "");
}

static void s_show_json (const status_page_t *self)
{
    typedef unsigned long long number_t;
    buffer_t notes = { 0 };
    buffer_add (&notes, self->notes.data, self->notes.size);
    buffer_add (&notes, "", 1);
    buffer_t text = { 0 };
    json_text (&text, notes.data);
    printf ("{\"nodes\": %llu, \"away\": %llu, \"slots\": %llu, \"busy\": %llu, \"running\": %llu, \"waiting\": %llu, \"notes\": %.*s}\n",
        (number_t) self->ready, (number_t) self->away, (number_t) self->slots, (number_t) self->busy, (number_t) self->running,
        (number_t) self->waiting, (int) text.size, text.data);
    buffer_free (&notes);
    buffer_free (&text);
}

int status_command (int words, char **word)
{
    ask_t ask;
    error_t error = { 0 };
    status_page_t page = { .columns = ask_columns () };
    status_t rc = ask_words (&ask, "status", 0, words, word, &error);
    if (!rc && ask.help) {
        fputs (status_help, stdout);
        return EXIT_FINE;
    }
    page.quiet = ask.json;
    if (!rc)
        rc = ask_query (&ask, QUERY_NODES, s_take_node, &page, &error);
    if (!rc && !ask.json)
        s_show_nodes (&page);
    if (!rc)
        rc = ask_query (&ask, QUERY_JOBS, s_take_job, &page, &error);
    if (!rc && ask.json)
        s_show_json (&page);
    else if (!rc && !page.running && !page.waiting)
        printf ("No job runs or waits.\n");
    buffer_free (&page.notes);
    return rc ? ask_fail (&error) : EXIT_FINE;
}
