// options: see options.h.
//
// One table holds all of racimo's own options; a small function for each sort of value. A word that begins with -- and is not in the
// table belongs to the job, whose parameters say whether a value follows. --name VALUE and --name=VALUE are the same; a value may begin
// with a dash. A lone -- ends the options. An option given twice counts as given last.
#define _GNU_SOURCE
#include "cli/options_parts.h"
#include "cli/cli.h"
#include "cli/home.h"

#include <errno.h>
#include <racimo.h>
#include <string.h>

typedef enum { OPTION_SET, OPTION_NUMBER, OPTION_SIZE, OPTION_CHOICE, OPTION_TEXT, OPTION_DELIMITER } option_kind_t;

// low: what OPTION_SET sets; choices: in the order of their numbers, from low on.
typedef struct { const char *name; option_kind_t kind; size_t at; uint64_t low, high; const char *choices [4]; } option_t;

enum { PRIORITY = 100 };

#define AT(field) offsetof (run_options_t, field)

static const option_t s_options [] = {
    { "output", OPTION_TEXT, AT (output), 0, 0, { 0 } },
    { "slots", OPTION_NUMBER, AT (slots), 1, 1024, { 0 } },
    { "memory", OPTION_SIZE, AT (memory), 16 << 20, (uint64_t) 1 << 46, { 0 } },
    { "chunk", OPTION_SIZE, AT (submit.chunk), 1, (uint64_t) 1 << 40, { 0 } },
    { "format", OPTION_CHOICE, AT (submit.format), RAC_LINES, 0, { "lines", "csv", "tsv" } },
    { "delimiter", OPTION_DELIMITER, AT (submit.delimiter), 0, 0, { 0 } },
    { "header", OPTION_SET, AT (submit.header), 1, 0, { 0 } },
    { "no-header", OPTION_SET, AT (submit.header), 2, 0, { 0 } },
    { "multiline", OPTION_SET, AT (submit.multiline), 1, 0, { 0 } },
    { "output-format", OPTION_CHOICE, AT (submit.output_format), RAC_CSV, 0, { "csv", "tsv" } },
    { "output-header", OPTION_CHOICE, AT (submit.output_header), 1, 0, { "yes", "no" } },
    { "overwrite", OPTION_SET, AT (submit.overwrite), 1, 0, { 0 } },
    { "sync", OPTION_SET, AT (submit.sync), 1, 0, { 0 } },
    { "partitions", OPTION_NUMBER, AT (submit.partitions), 1, 65535, { 0 } },
    { "max-rejects", OPTION_NUMBER, AT (submit.max_rejects), 0, INT64_MAX, { 0 } },
    { "task-timeout", OPTION_NUMBER, AT (submit.task_timeout_s), 1, 1000000, { 0 } },
    { "batch-rows", OPTION_NUMBER, AT (submit.batch_rows), 1, RAC_ROWS, { 0 } },
    { "shuffle-seed", OPTION_NUMBER, AT (submit.shuffle_seed), 0, INT64_MAX, { 0 } },
    { "logs", OPTION_TEXT, AT (logs), 0, 0, { 0 } },
    { "master", OPTION_TEXT, AT (master), 0, 0, { 0 } },
    { "cluster", OPTION_SET, AT (cluster), 1, 0, { 0 } },
    { "detach", OPTION_SET, AT (submit.detached), 1, 0, { 0 } },
    { "priority", OPTION_NUMBER, AT (submit.priority), 0, 200, { 0 } },
    { "json", OPTION_SET, AT (json), 1, 0, { 0 } },
    { "quiet", OPTION_SET, AT (quiet), 1, 0, { 0 } },
    { "help", OPTION_SET, AT (help), 1, 0, { 0 } },
};

// ---- values

static status_t s_set_number (const option_t *option, const char *value, uint64_t *into, error_t *error)
{
    const char *end;
    if (cli_read_number (value, &end, into) || *end || *into < option->low || *into > option->high) {
        if (option->high == INT64_MAX)
            return USAGE ("--%s %s: give a number, %llu or more", option->name, value, (unsigned long long) option->low);
        return USAGE ("--%s %s: give a number from %llu to %llu", option->name, value, (unsigned long long) option->low,
                      (unsigned long long) option->high);
    }
    return OK;
}

static status_t s_set_size (const option_t *option, const char *value, uint64_t *into, error_t *error)
{
    if (options_size (value, into))
        return USAGE ("--%s %s: give a size such as 64K, 1M or 2G", option->name, value);
    if (*into < option->low || *into > option->high)
        return USAGE ("--%s %s: at least %llu and at most %llu bytes are possible", option->name, value, (unsigned long long) option->low,
                      (unsigned long long) option->high);
    return OK;
}

static status_t s_set_choice (const option_t *option, const char *value, uint64_t *into, error_t *error)
{
    buffer_t names = { 0 };
    for (unsigned i = 0; i < COUNT_OF (option->choices) && option->choices [i]; i++) {
        if (!strcmp (value, option->choices [i])) {
            *into = option->low + i;
            buffer_free (&names);
            return OK;
        }
        buffer_print (&names, "%s%s", i ? ", " : "", option->choices [i]);
    }
    status_t rc = USAGE ("--%s %s: give one of %.*s", option->name, value, (int) names.size, names.data);
    buffer_free (&names);
    return rc;
}

char *options_keep (run_options_t *self, char *text)
{
    self->mine = memory_grow (self->mine, (self->mines + 1) * sizeof *self->mine);
    return self->mine [self->mines++] = text;
}

static status_t s_set_delimiter (run_options_t *self, const char *value, error_t *error)
{
    if (!strcmp (value, "tab") || !strcmp (value, "\\t"))
        value = "\t";
    if (strlen (value) != 1 || strchr ("\"\r\n", *value))
        return USAGE ("--delimiter %s: give one character (a byte, no quote), or tab", value);
    self->submit.delimiter = options_keep (self, memory_text (value));
    return OK;
}

static status_t s_set (run_options_t *self, const option_t *option, char *value, error_t *error)
{
    void *into = (char *) self + option->at;
    switch (option->kind) {
    case OPTION_SET:
        *(uint64_t *) into = option->low;
        return OK;
    case OPTION_NUMBER:
        return s_set_number (option, value, into, error);
    case OPTION_SIZE:
        return s_set_size (option, value, into, error);
    case OPTION_CHOICE:
        return s_set_choice (option, value, into, error);
    case OPTION_TEXT:
        *(char **) into = value;
        return OK;
    case OPTION_DELIMITER:
        return s_set_delimiter (self, value, error);
    }
    return FAILED;
}

// ---- words

// The value of an option: behind its = or the next word. NULL: there is none, the error says so.
static char *s_value (run_options_t *self, char *behind, const char *name, error_t *error)
{
    if (*behind == '=')
        return behind + 1;
    if (self->at < self->words)
        return self->word [self->at++];
    (void) USAGE ("%s: a value must follow", name);
    return NULL;
}

static status_t s_no_value (const char *behind, const char *name, error_t *error)
{
    return *behind ? USAGE ("--%s takes no value (%s)", name, behind + 1) : OK;
}

static bool s_is (const char *name, size_t size, const char *known)
{
    return strlen (known) == size && !memcmp (name, known, size);
}

static status_t s_unknown (const run_options_t *self, const char *word, size_t size, error_t *error)
{
    char hint [120], *name = strndup (word, size);
    nearest_t nearest = { .word = name, .prefix = "--" };
    for (uint32_t i = 0; i < self->job.parameters; i++)
        nearest_try (&nearest, self->job.parameter [i].name);
    for (size_t i = 0; i < COUNT_OF (s_options); i++)
        if (strcmp (s_options [i].name, "shuffle-seed"))
            nearest_try (&nearest, s_options [i].name);
    status_t rc;
    if (!self->submit.name)
        rc = USAGE ("unknown option --%s%s (the job's own options stand behind its name)", name, nearest_hint (&nearest, hint));
    else
        rc = USAGE ("%s has no option --%s%s (see racimo describe %s)", self->submit.name, name, nearest_hint (&nearest, hint), self->submit.name);
    free (name);
    return rc;
}

// Notes a job's option as name=value, in the place of an earlier one of that name.
static void s_note (run_options_t *self, const char *name, const char *value)
{
    wire_texts_t *options = &self->submit.options;
    size_t size = strlen (name);
    buffer_t text = { 0 };
    buffer_print (&text, "%s=%s", name, value);
    char *option = options_keep (self, memory_text (text.data));
    buffer_free (&text);
    for (uint32_t i = 0; i < options->count; i++)
        if (!strncmp (options->item [i], option, size + 1)) {
            options->item [i] = option;
            return;
        }
    options->item = memory_grow (options->item, (options->count + 1) * sizeof *options->item);
    options->item [options->count++] = option;
}

static status_t s_check_value (const run_options_t *self, const parameter_t *parameter, const char *value, error_t *error)
{
    char *end = NULL;
    errno = 0;
    if (parameter->type == RAC_I64)
        (void) strtoll (value, &end, 10);
    else if (parameter->type == RAC_F64)
        (void) strtod (value, &end);
    else
        return OK;
    if (end == value || *end || (errno && parameter->type == RAC_I64))
        return USAGE ("--%s %s: give %s (see racimo describe %s)", parameter->name, value, parameter->type == RAC_I64 ? "a whole number" : "a number",
                      self->submit.name);
    return OK;
}

static status_t s_job_option (run_options_t *self, const parameter_t *parameter, char *behind, error_t *error)
{
    if (!parameter->type) {
        TRY (s_no_value (behind, parameter->name, error));
        s_note (self, parameter->name, "1");
        return OK;
    }
    char dashed [120] = "--";
    strncat (dashed, parameter->name, sizeof dashed - 3);
    char *value = s_value (self, behind, dashed, error);
    if (!value)
        return FAILED;
    TRY (s_check_value (self, parameter, value, error));
    s_note (self, parameter->name, value);
    return OK;
}

// Of a job that cannot be inspected here: --name=value, or a flag; the cluster's nodes will say what they do not know.
static status_t s_unseen_option (run_options_t *self, const char *name, size_t size)
{
    char *own = strndup (name, size);
    s_note (self, own, name [size] ? name + size + 1 : "1");
    free (own);
    return OK;
}

static status_t s_long (run_options_t *self, char *word, error_t *error)
{
    char *name = word + 2;
    size_t size = strcspn (name, "=");
    for (size_t i = 0; i < COUNT_OF (s_options); i++) {
        const option_t *option = &s_options [i];
        if (!s_is (name, size, option->name))
            continue;
        if (option->kind == OPTION_SET) {
            TRY (s_no_value (name + size, option->name, error));
            return s_set (self, option, NULL, error);
        }
        char *value = s_value (self, name + size, word, error);
        return value ? s_set (self, option, value, error) : FAILED;
    }
    for (uint32_t i = 0; i < self->job.parameters; i++)
        if (s_is (name, size, self->job.parameter [i].name))
            return s_job_option (self, &self->job.parameter [i], name + size, error);
    if (self->job.unable)
        return s_unseen_option (self, name, size);
    return s_unknown (self, name, size, error);
}

static status_t s_short (run_options_t *self, char *word, error_t *error)
{
    if (word [1] == 'h' && !word [2]) {
        self->help = 1;
        return OK;
    }
    if (word [1] != 'o')
        return USAGE ("unknown option %s (racimo help %s)", word, self->command);
    self->output = word [2] ? word + 2 : s_value (self, word + 2, word, error);
    return self->output ? OK : FAILED;
}

// Reads options up to the next word that is none: *word, or NULL at the end.
static status_t s_next_word (run_options_t *self, bool *plain, char **word, error_t *error)
{
    *word = NULL;
    while (self->at < self->words) {
        char *next = self->word [self->at++];
        if (*plain || next [0] != '-' || !next [1]) {
            *word = next;
            return OK;
        }
        if (!strcmp (next, "--"))
            *plain = true;
        else
            TRY (next [1] == '-' ? s_long (self, next, error) : s_short (self, next, error));
    }
    return OK;
}

// ---- the whole

// A job whose options hide behind racimo's own could never be given them.
static status_t s_check_names (const run_options_t *self, error_t *error)
{
    for (uint32_t p = 0; p < self->job.parameters; p++)
        for (size_t i = 0; i < COUNT_OF (s_options); i++)
            if (!strcmp (self->job.parameter [p].name, s_options [i].name))
                return error_set_kind (error, ERROR_JOB, "%s: its option --%s has the name of one of racimo's own: it needs another",
                                       self->submit.name, s_options [i].name);
    return OK;
}

// The words that say so may stand behind the job's name.
static bool s_will_be_remote (const run_options_t *self)
{
    bool remote = options_remote (self);
    for (int i = self->at; i < self->words && !remote; i++)
        remote = !strncmp (self->word [i], "--master", 8) || !strcmp (self->word [i], "--cluster");
    return remote;
}

status_t options_begin (run_options_t *self, const char *command, int words, char **word, error_t *error)
{
    *self = (run_options_t) { .command = command, .word = word, .words = words, .submit.priority = PRIORITY };
    bool plain = false;
    char *job;
    TRY (s_next_word (self, &plain, &job, error));
    if (self->help)
        return OK;
    if (!job)
        return USAGE ("racimo %s needs a job: one of racimo list, or a C file (racimo help %s)", command, command);
    char *name = NULL, *source = NULL;
    TRY (home_job (job, &name, &source, error));
    self->submit.name = options_keep (self, name);
    self->submit.source = options_keep (self, source);
    error_t why = { 0 };
    if (!inspect_job (name, source, NULL, &self->job, &why))
        return s_check_names (self, error);
    if (self->job.unable && s_will_be_remote (self))
        return OK;
    return error_set_kind (error, why.kind, "%s", why.text);
}

status_t options_finish (run_options_t *self, error_t *error)
{
    wire_texts_t *inputs = &self->submit.inputs;
    bool plain = false;
    char *word;
    for (;;) {
        TRY (s_next_word (self, &plain, &word, error));
        if (!word)
            break;
        if (!strcmp (word, "-"))
            return USAGE ("standard input cannot be cut into splits: write it to a file first");
        inputs->item = memory_grow (inputs->item, (inputs->count + 1) * sizeof *inputs->item);
        inputs->item [inputs->count++] = word;
    }
    TRY (options_sign (self, error));
    if (self->submit.multiline && self->submit.format == RAC_LINES)
        return USAGE ("--multiline is for csv: with --format lines every line is a record");
    TRY (options_place (self, error));
    TRY (options_check_place (self, error));
    if (!self->slots)
        self->slots = options_cpus ();
    if (!self->memory)
        self->memory = options_memory ();
    return OK;
}

void options_free (run_options_t *self)
{
    inspect_free (&self->job);
    for (uint32_t i = 0; i < self->mines; i++)
        free (self->mine [i]);
    free (self->mine);
    free (self->submit.options.item);
    free (self->submit.inputs.item);
    *self = (run_options_t) { 0 };
}
