// job_input: the clauses that say what is read.
//
// A column is found by its name in the header of the first file, or by its number; without a header, columns are the fields in the order in
// which the job reads them. The user's --format, --delimiter and --header stand above the job's own. Where no data is known yet (racimo
// describe, an empty file) every column is believed to be there.
#include "worker/job_parts.h"

// ---- the header

static char *s_field_text (const char *from, size_t size, bool quotes)
{
    bool quoted = quotes && size >= 2 && from [0] == '"' && from [size - 1] == '"';
    char *text = memory_new (size + 1), *to = text;
    for (size_t i = quoted; i < size - quoted; i++) {
        *to++ = from [i];
        if (quoted && from [i] == '"' && i + 1 < size - quoted && from [i + 1] == '"')
            i++;
    }
    *to = '\0';
    return text;
}

static void s_split_header (job_input_t *input, const wire_bytes_t *line)
{
    size_t start = 0;
    bool quotes = input->format == RAC_CSV, quoted = false;
    for (size_t at = 0; at <= line->size; at++) {
        if (at < line->size && quotes && line->data [at] == '"')
            quoted = !quoted;
        if (at == line->size || (line->data [at] == input->delimiter && !quoted)) {
            char **field = GROW (input->field, input->fields);
            *field = s_field_text (line->data + start, at - start, quotes);
            start = at + 1;
        }
    }
}

// ---- clauses

static char s_delimiter (const char *wanted, rac_format format)
{
    if (wanted && *wanted)
        return !strcmp (wanted, "tab") || !strcmp (wanted, "\\t") ? '\t' : wanted [0];
    return format == RAC_TSV ? '\t' : ',';
}

static bool s_is_delimiter (const char *wanted)
{
    return !wanted || !*wanted || !strcmp (wanted, "tab") || !strcmp (wanted, "\\t") || (!wanted [1] && !strchr ("\"\r\n", *wanted));
}

rac_status clause_input (declaration_t *self, const rac_clause *clause)
{
    const message_submit_t *submit = self->submit;
    job_input_t *input = GROW (self->job->input, self->job->inputs);
    input->format = (rac_format) clause->kind;
    if (input->format < RAC_LINES || input->format > RAC_NUMBERED) {
        (void) WRONG (self, "%s: rac_input with unknown format %d", self->name, (int) clause->kind);
        return RAC_FAIL;
    }
    if (input->format == RAC_NUMBERED) {
        input->rows = clause->more;
        if (input->rows < 0)
            (void) error_set_kind (self->error, ERROR_USAGE, "%s: asks for %lld rows: at least 0 are needed", self->name, (long long) input->rows);
        return RAC_OK;
    }
    const char *delimiter = clause->text;
    if (!s_is_delimiter (delimiter))
        (void) WRONG (self, "%s: rac_input: a delimiter is one byte, and no quote or newline: '%s'", self->name, delimiter);
    if (submit && submit->format && (rac_format) submit->format != input->format) {
        input->format = (rac_format) submit->format;
        delimiter = NULL;
    }
    if (submit && submit->delimiter && *submit->delimiter)
        delimiter = submit->delimiter;
    input->delimiter = s_delimiter (delimiter, input->format);
    input->header = input->format != RAC_LINES && !(clause->more & RAC_NO_HEADER);
    if (submit && submit->header && input->format != RAC_LINES)
        input->header = submit->header == 1;
    if (self->first_line && self->first_line->size && input->format != RAC_LINES)
        s_split_header (input, self->first_line);
    return RAC_OK;
}

static bool s_is_number (const char *name)
{
    return strspn (name, "0123456789") == strlen (name) && strlen (name) < 6 && atoi (name) > 0;
}

static void s_no_column (declaration_t *self, const job_input_t *input, const char *name)
{
    buffer_t list = { 0 };
    for (uint32_t i = 0; i < input->fields && i < 20; i++)
        buffer_print (&list, "%s%s", i ? ", " : "", input->field [i]);
    buffer_add (&list, "", 1);
    if (s_is_number (name))
        (void) error_set_kind (self->error, ERROR_USAGE, "%s: there is no column %s: the input has %u", self->name, name, input->fields);
    else if (input->header)
        (void) error_set_kind (self->error, ERROR_USAGE, "%s: the input has no column '%s'; it has: %s", self->name, name, list.data);
    else
        (void) error_set_kind (self->error, ERROR_USAGE, "%s: column '%s' is number %u, but the input has %u (is the delimiter '%c' right?)",
                               self->name, name, input->reads, input->fields, input->delimiter);
    buffer_free (&list);
}

rac_status clause_read (declaration_t *self, const rac_clause *clause)
{
    if (!self->job->inputs) {
        (void) WRONG (self, "%s: rac_read comes before rac_input", self->name);
        return RAC_FAIL;
    }
    job_input_t *input = &self->job->input [self->job->inputs - 1];
    job_read_t *read = GROW (input->read, input->reads);
    read->name = declaration_name (self, clause->name, "column to read");
    read->type = (rac_type) clause->kind;
    if (!job_type_known (read->type) || (input->format == RAC_NUMBERED && read->type != RAC_I64))
        (void) WRONG (self, "%s: column '%s' has a type that cannot be read", self->name, read->name);
    read->position = input->reads - 1;
    if (input->format == RAC_LINES || input->format == RAC_NUMBERED) {
        if (read->position)
            (void) WRONG (self, "%s: lines and numbered rows have one column, '%s' is a second", self->name, read->name);
        return RAC_OK;
    }
    bool found = !input->header;
    for (uint32_t i = 0; input->header && i < input->fields && !found; i++)
        if (!strcmp (input->field [i], read->name)) {
            read->position = i;
            found = true;
        }
    if (s_is_number (read->name) && (!found || !input->header)) {
        read->position = (uint32_t) atoi (read->name) - 1;
        found = true;
    }
    if (input->fields && (!found || read->position >= input->fields)) {
        s_no_column (self, input, read->name);
        return RAC_FAIL;
    }
    return RAC_OK;
}

rac_status clause_map (declaration_t *self, const rac_clause *clause)
{
    if (!self->job->inputs) {
        (void) WRONG (self, "%s: rac_map comes before rac_input", self->name);
        return RAC_FAIL;
    }
    self->job->input [self->job->inputs - 1].map = (rac_map_fn *) clause->fn;
    return RAC_OK;
}
