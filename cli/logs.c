// logs: what the tasks of a job printed, on their standard output and standard error, as the master has kept it.
#include "cli/cli.h"
#include "cli/ask.h"
#include "master/master.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

const char logs_help [] =
    "racimo logs JOB [--json] [--master HOST]\n\n"
    "Prints what the tasks of a job have printed, each piece under the node and slot where it\n"
    "was. The master keeps one megabyte a job.\n";

typedef struct { bool json; size_t pieces; char *node; uint64_t slot; bool open; } printing_t;    // open: the last line has no end yet

static void s_print_json (printing_t *self, const message_log_t *log)
{
    buffer_t text = { 0 };
    buffer_print (&text, self->pieces++ ? ",\n {\"node\": " : "[{\"node\": ");
    json_text (&text, log->node);
    buffer_print (&text, ", \"slot\": %llu, \"text\": ", (unsigned long long) log->slot);
    json_text (&text, log->text);
    buffer_print (&text, "}");
    fwrite (text.data, 1, text.size, stdout);
    buffer_free (&text);
}

static void s_take (void *context, const message_t *answer)
{
    printing_t *self = context;
    const message_log_t *log = &answer->log;
    if (answer->verb != MESSAGE_LOG)
        return;
    if (self->json) {
        s_print_json (self, log);
        return;
    }
    if (!self->node || self->slot != log->slot || strcmp (self->node, log->node)) {
        printf ("%s== %s, slot %llu\n", self->open ? "\n" : "", log->node, (unsigned long long) log->slot);
        free (self->node);
        self->node = memory_text (log->node);
        self->slot = log->slot;
    }
    size_t size = strlen (log->text);
    fputs (log->text, stdout);
    self->open = size && log->text [size - 1] != '\n';
}

int logs_command (int words, char **word)
{
    ask_t ask;
    error_t error = { 0 };
    printing_t printing = { 0 };
    status_t rc = ask_words (&ask, "logs", ASK_JOB, words, word, &error);
    if (!rc && ask.help) {
        fputs (logs_help, stdout);
        return EXIT_FINE;
    }
    printing.json = ask.json;
    if (!rc)
        rc = ask_query (&ask, QUERY_LOG, s_take, &printing, &error);
    if (!rc && ask.json)
        fputs (printing.pieces ? "]\n" : "[]\n", stdout);
    else if (printing.open)
        putchar ('\n');
    free (printing.node);
    return rc ? ask_fail (&error) : EXIT_FINE;
}
