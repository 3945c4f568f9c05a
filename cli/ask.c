// ask: see ask.h.
#include "cli/ask.h"
#include "cli/cli.h"
#include "master/master.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// ---- words

static status_t s_option (ask_t *self, const char *command, unsigned allowed, const char *word, error_t *error)
{
    if (!strcmp (word, "--json"))
        self->json = true;
    else if (!strcmp (word, "--help") || !strcmp (word, "-h"))
        self->help = true;
    else if ((allowed & ASK_ALL) && (!strcmp (word, "--all") || !strcmp (word, "-a")))
        self->all = true;
    else if ((allowed & ASK_QUIET) && (!strcmp (word, "--quiet") || !strcmp (word, "-q")))
        self->quiet = true;
    else
        return error_set_kind (error, ERROR_USAGE, "unknown option %s (racimo help %s)", word, command);
    return OK;
}

static status_t s_number (ask_t *self, const char *command, const char *word, error_t *error)
{
    char *end;
    errno = 0;
    self->job = strtoull (word, &end, 10);
    if (errno || *end || *word < '0' || *word > '9' || !self->job)
        return error_set_kind (error, ERROR_USAGE, "racimo %s %s: give the number of a job (racimo jobs lists them)", command, word);
    return OK;
}

status_t ask_words (ask_t *self, const char *command, unsigned allowed, int words, char **word, error_t *error)
{
    *self = (ask_t) { 0 };
    for (int i = 0; i < words; i++) {
        if (!strncmp (word [i], "--master=", 9))
            self->master = word [i] + 9;
        else if (!strcmp (word [i], "--master") && i + 1 < words)
            self->master = word [++i];
        else if (!strcmp (word [i], "--master"))
            return error_set_kind (error, ERROR_USAGE, "--master: a value must follow");
        else if (word [i] [0] == '-')
            TRY (s_option (self, command, allowed, word [i], error));
        else if (!(allowed & (ASK_JOB | ASK_MAY)) || self->job)
            return error_set_kind (error, ERROR_USAGE, "racimo %s: one word too many: '%s'", command, word [i]);
        else
            TRY (s_number (self, command, word [i], error));
    }
    if (!self->help && (allowed & ASK_JOB) && !self->job)
        return error_set_kind (error, ERROR_USAGE, "racimo %s needs the number of a job (racimo jobs lists them)", command);
    return OK;
}

// ---- the question

static status_t s_collect (remote_t *remote, ask_each_fn *each, void *context, error_t *error)
{
    for (;;) {
        message_t answer = { 0 };
        TRY (remote_next (remote, &answer, error));
        bool end = answer.verb == MESSAGE_END;
        const char *refusal = end ? answer.end.error : "";
        status_t rc = *refusal ? error_set_kind (error, ERROR_USAGE, "%s", refusal) : OK;
        if (!end)
            each (context, &answer);
        message_free (&answer);
        if (end)
            return rc;
    }
}

status_t ask_query (const ask_t *self, uint64_t what, ask_each_fn *each, void *context, error_t *error)
{
    remote_t *remote = remote_new (self->master, error);
    if (!remote)
        return FAILED;
    message_t query = { .verb = MESSAGE_QUERY, .query = { what, self->job } };
    status_t rc = remote_send (remote, &query, error);
    if (!rc)
        rc = s_collect (remote, each, context, error);
    remote_destroy (&remote);
    return rc;
}

int ask_fail (const error_t *error)
{
    (void) cli_fail (error);
    return error->kind == ERROR_USAGE ? EXIT_USAGE : EXIT_CLUSTER;
}

// ---- what answers look like

size_t ask_columns (void)
{
    struct winsize window = { 0 };
    return !ioctl (STDOUT_FILENO, TIOCGWINSZ, &window) && window.ws_col >= 40 ? window.ws_col : 80;
}

void ask_print_line (buffer_t *line, size_t columns)
{
    while (line->size && line->data [line->size - 1] == ' ')
        line->size--;
    bool cut = line->size > columns;
    printf ("%.*s%s\n", (int) (cut ? columns - 3 : line->size), line->size ? line->data : "", cut ? "..." : "");
    line->size = 0;
}

void ask_json_text (buffer_t *into, const char *name, const char *text)
{
    buffer_print (into, ", \"%s\": ", name);
    json_text (into, text);
}

void ask_json_number (buffer_t *into, const char *name, uint64_t number)
{
    buffer_print (into, ", \"%s\": %llu", name, (unsigned long long) number);
}

void ask_duration (uint64_t seconds, buffer_t *into)
{
    unsigned long long minutes = seconds / 60, hours = minutes / 60;
    if (minutes < 60)
        buffer_print (into, "%llu:%02llu", minutes, (unsigned long long) seconds % 60);
    else if (hours < 48)
        buffer_print (into, "%llu h %02llu", hours, minutes % 60);
    else
        buffer_print (into, "%llu d %02llu h", hours / 24, hours % 24);
}
