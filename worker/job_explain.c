// job_explain: a declaration in words, for `racimo describe`, and as JSON for programs.
#include "worker/job.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

static const char *const s_formats [] = { [RAC_LINES] = "lines", [RAC_CSV] = "csv", [RAC_TSV] = "tsv", [RAC_NUMBERED] = "numbered rows" };
static const char *const s_folds [] = { "own fold", "count", "sum", "min", "max", "mean" };

static void s_json_columns (buffer_t *into, const char *what, const job_column_t *column, uint32_t count)
{
    char room [16];
    buffer_print (into, ",\n  \"%s\": [", what);
    for (uint32_t i = 0; i < count; i++) {
        buffer_print (into, "%s{\"name\": ", i ? ", " : "");
        json_text (into, column [i].name);
        buffer_print (into, ", \"type\": \"%s\"}", job_type_name (column [i].type, room));
    }
    buffer_print (into, "]");
}

static void s_json (const job_t *self, const char *name, buffer_t *into)
{
    char room [16];
    const job_input_t *input = &self->input [0];
    buffer_print (into, "{\n  \"name\": ");
    json_text (into, name);
    buffer_print (into, ",\n  \"about\": ");
    json_text (into, self->about);
    buffer_print (into, ",\n  \"format\": \"%s\",\n  \"header\": %s,\n  \"reads\": [", s_formats [input->format], input->header ? "true" : "false");
    for (uint32_t i = 0; i < input->reads; i++) {
        buffer_print (into, "%s{\"name\": ", i ? ", " : "");
        json_text (into, input->read [i].name);
        buffer_print (into, ", \"type\": \"%s\"}", job_type_name (input->read [i].type, room));
    }
    buffer_print (into, "]");
    s_json_columns (into, "keys", self->column, self->keys);
    s_json_columns (into, "values", self->column + self->keys, self->columns - self->keys);
    s_json_columns (into, "results", self->result, self->results);
    buffer_print (into, ",\n  \"options\": [");
    for (uint32_t i = 0; i < self->params; i++) {
        buffer_print (into, "%s\n    {\"name\": ", i ? "," : "");
        json_text (into, self->param [i].name);
        buffer_print (into, ", \"type\": \"%s\", \"default\": ", job_type_name (self->param [i].type, room));
        json_text (into, self->param [i].standard);
        buffer_print (into, ", \"help\": ");
        json_text (into, self->param [i].help);
        buffer_print (into, "}");
    }
    buffer_print (into, "]\n}\n");
}

static void s_text_input (const job_input_t *input, buffer_t *into)
{
    char room [16];
    buffer_print (into, "\nReads      %s", s_formats [input->format]);
    if (input->format == RAC_CSV || input->format == RAC_TSV)
        buffer_print (into, input->delimiter == '\t' ? ", delimiter tab, %s" : ", delimiter '%2$c', %1$s",
            input->header ? "with a header" : "without a header", input->delimiter);
    for (uint32_t i = 0; i < input->reads; i++)
        buffer_print (into, "\n           %-20s %s", input->read [i].name, job_type_name (input->read [i].type, room));
    buffer_print (into, "\n");
}

static void s_text (const job_t *self, const char *name, buffer_t *into)
{
    char room [16];
    buffer_print (into, "%s: %s\n", name, self->about);
    s_text_input (&self->input [0], into);
    for (uint32_t i = 0; i < self->keys; i++)
        buffer_print (into, "%s%-20s %s%s\n", i ? "           " : "Key        ", self->column [i].name, job_type_name (self->column [i].type, room),
                      self->column [i].descending ? ", descending" : "");
    for (uint32_t i = self->keys; i < self->columns; i++)
        buffer_print (into, "%s%-20s %s%s\n", i > self->keys ? "           " : "Value      ", self->column [i].name, job_type_name (self->column [i].type, room),
                      self->column [i].descending ? ", descending" : "");
    for (uint32_t i = 0; i < self->folds; i++)
        buffer_print (into, "%s%-20s %s%s%s\n", i ? "           " : "Folds      ", self->fold [i].name, s_folds [self->fold [i].kind],
                      self->fold [i].value == UINT32_MAX ? "" : " of ", self->fold [i].value == UINT32_MAX ? "" : self->column [self->fold [i].value].name);
    for (uint32_t i = 0; i < self->results; i++)
        buffer_print (into, "%s%-20s %s\n", i ? "           " : "Result     ", self->result [i].name, job_type_name (self->result [i].type, room));
    buffer_print (into, self->params ? "\nOptions\n" : "\nIt has no options of its own.\n");
    for (uint32_t i = 0; i < self->params; i++) {
        char option [80];
        snprintf (option, sizeof option, "--%s%s%s", self->param [i].name, self->param [i].type ? " " : "",
                  !self->param [i].type ? "" : self->param [i].type == RAC_BYTES ? "TEXT" : "N");
        buffer_print (into, "  %-22s %s", option, self->param [i].help);
        if (self->param [i].type && *self->param [i].standard)
            buffer_print (into, " [%s]", self->param [i].standard);
        buffer_print (into, "\n");
    }
}

void job_explain (const job_t *self, const char *name, bool json, buffer_t *into)
{
    (json ? s_json : s_text) (self, name, into);
}
