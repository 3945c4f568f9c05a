// job: see job.h.
//
// RAC_JOB runs top to bottom and only says things (rac_clause); here each clause is noted in a table of small functions, by its
// number. The first contradiction is kept in the error and reported when RAC_JOB has returned, so that a job author needs no
// checks. Then s_resolve looks at the whole: mode, result columns, which column read feeds which key.
#include "worker/job.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    rac_plan plan;                                      // first: the plugin holds a pointer to it
    job_t *job;
    const char *name;
    const message_submit_t *submit;
    const wire_bytes_t *first_line;
    error_t *error;
    uint32_t order_room;
    char *ordered [64];                                 // names of rac_sort and rac_descending
    bool ordered_down [64];
    uint32_t ordered_count;
} declaration_t;

enum { CLAUSES = 1024 };                                // most columns, folds, parameters of a job: a loop without end, not a need

#define GROW(array, count) (array = s_grow (array, count, sizeof *array), &array [(count)++])

static void *s_grow (void *array, uint32_t count, size_t size)
{
    array = memory_grow (array, (count + 1) * size);
    memset ((char *) array + count * size, 0, size);
    return array;
}

#define WRONG(self, ...) error_set_kind ((self)->error, ERROR_JOB, __VA_ARGS__)

// ---- texts and types

static bool s_type_known (rac_type type)
{
    uint32_t kind = type & 0xff, digits = type >> 8;
    return (kind >= RAC_BYTES && kind <= RAC_TIME && !digits) || (kind == (RAC_DECIMAL (0) & 0xff) && digits <= 18);
}

static bool s_is_decimal (rac_type type)
{
    return (type & 0xff) == (RAC_DECIMAL (0) & 0xff);
}

const char *job_type_name (rac_type type, char room [16])
{
    static const char *const names [] = { "flag", "bytes", "i64", "f64", "f32", "time" };
    if (s_is_decimal (type))
        snprintf (room, 16, "decimal(%u)", (type >> 8) & 0xff);
    else
        snprintf (room, 16, "%s", type < COUNT_OF (names) ? names [type] : "unknown");
    return room;
}

static char *s_name (declaration_t *self, const char *name, const char *what)
{
    if (!name || !*name)
        (void) WRONG (self, "%s: a %s has no name", self->name, what);
    return memory_text (name ? name : "");
}

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

static rac_status s_about (declaration_t *self, const rac_clause *clause)
{
    free (self->job->about);
    self->job->about = memory_text (clause->text ? clause->text : "");
    return RAC_OK;
}

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

static rac_status s_input (declaration_t *self, const rac_clause *clause)
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

static rac_status s_read (declaration_t *self, const rac_clause *clause)
{
    if (!self->job->inputs) {
        (void) WRONG (self, "%s: rac_read comes before rac_input", self->name);
        return RAC_FAIL;
    }
    job_input_t *input = &self->job->input [self->job->inputs - 1];
    job_read_t *read = GROW (input->read, input->reads);
    read->name = s_name (self, clause->name, "column to read");
    read->type = (rac_type) clause->kind;
    if (!s_type_known (read->type) || (input->format == RAC_NUMBERED && read->type != RAC_I64))
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

static rac_status s_map (declaration_t *self, const rac_clause *clause)
{
    if (!self->job->inputs) {
        (void) WRONG (self, "%s: rac_map comes before rac_input", self->name);
        return RAC_FAIL;
    }
    self->job->input [self->job->inputs - 1].map = (rac_map_fn *) clause->fn;
    return RAC_OK;
}

static rac_status s_column (declaration_t *self, const rac_clause *clause)
{
    job_t *job = self->job;
    bool key = clause->what == RAC_D_KEY;
    if (key && job->keys < job->columns) {
        (void) WRONG (self, "%s: key '%s' is declared after a value: keys come first", self->name, clause->name ? clause->name : "");
        return RAC_FAIL;
    }
    job_column_t *column = GROW (job->column, job->columns);
    column->name = s_name (self, clause->name, key ? "key" : "value");
    column->type = (rac_type) clause->kind;
    if (!s_type_known (column->type))
        (void) WRONG (self, "%s: '%s' has an unknown type", self->name, column->name);
    job->keys += key;
    return RAC_OK;
}

static uint32_t s_value_by_name (const job_t *job, const char *name)
{
    for (uint32_t i = job->keys; i < job->columns; i++)
        if (!strcmp (job->column [i].name, name))
            return i;
    return UINT32_MAX;
}

static rac_type s_fold_result (rac_fold_kind kind, rac_type type)
{
    if (kind == RAC_COUNT)
        return RAC_I64;
    if (kind == RAC_MEAN)
        return RAC_F64;
    return type == RAC_F32 ? RAC_F64 : type;
}

static rac_status s_fold (declaration_t *self, const rac_clause *clause)
{
    job_t *job = self->job;
    job_fold_t *fold = GROW (job->fold, job->folds);
    fold->name = s_name (self, clause->name, "fold");
    fold->kind = (rac_fold_kind) clause->kind;
    fold->value = clause->text ? s_value_by_name (job, clause->text) : UINT32_MAX;
    if (fold->kind < RAC_COUNT || fold->kind > RAC_MEAN)
        (void) WRONG (self, "%s: fold '%s' is of a kind that this release does not know", self->name, fold->name);
    else if (clause->text && fold->value == UINT32_MAX)
        (void) WRONG (self, "%s: fold '%s' is of '%s', which is not declared by rac_value before it", self->name, fold->name, clause->text);
    else if (!clause->text && fold->kind != RAC_COUNT)
        (void) WRONG (self, "%s: fold '%s' needs a value", self->name, fold->name);
    else if (clause->text) {
        rac_type type = job->column [fold->value].type;
        if (type == RAC_BYTES && fold->kind != RAC_COUNT)
            (void) WRONG (self, "%s: fold '%s': bytes can be counted, not summed or compared", self->name, fold->name);
        if (type == RAC_TIME && (fold->kind == RAC_SUM || fold->kind == RAC_MEAN))
            (void) WRONG (self, "%s: fold '%s': times have no sum and no mean", self->name, fold->name);
        fold->result = s_fold_result (fold->kind, type);
    } else
        fold->result = RAC_I64;
    return RAC_OK;
}

static rac_status s_own_fold (declaration_t *self, const rac_clause *clause)
{
    job_t *job = self->job;
    job_fold_t *fold = GROW (job->fold, job->folds);
    fold->name = s_name (self, clause->name, "fold");
    const rac_fold_def *def = clause->of;
    fold->value = clause->text ? s_value_by_name (job, clause->text) : UINT32_MAX;
    if (!def || def->size < sizeof *def || !def->start || !def->add || !def->merge || !def->result) {
        (void) WRONG (self, "%s: fold '%s' lacks a function", self->name, fold->name);
        return RAC_FAIL;
    }
    fold->own = *def;
    fold->result = def->result_type;
    if (fold->value == UINT32_MAX)
        (void) WRONG (self, "%s: fold '%s' is of '%s', which is not declared by rac_value before it", self->name, fold->name, clause->text ? clause->text : "");
    if (def->state_bytes < 1 || def->state_bytes > 4096)
        (void) WRONG (self, "%s: fold '%s' has a state of %u bytes: 1 to 4096 are allowed", self->name, fold->name, def->state_bytes);
    if (def->flags)
        (void) WRONG (self, "%s: fold '%s' has flags that this release does not know", self->name, fold->name);
    if (!s_type_known (def->result_type) || def->result_type == RAC_BYTES || def->result_type == RAC_F32)
        (void) WRONG (self, "%s: fold '%s' has a result that is neither i64, f64, decimal nor time", self->name, fold->name);
    return RAC_OK;
}

static rac_status s_reduce (declaration_t *self, const rac_clause *clause)
{
    self->job->reduce = (rac_reduce_fn *) clause->fn;
    return RAC_OK;
}

static rac_status s_result (declaration_t *self, const rac_clause *clause)
{
    job_column_t *result = GROW (self->job->result, self->job->results);
    result->name = s_name (self, clause->name, "result");
    result->type = (rac_type) clause->kind;
    if (!s_type_known (result->type))
        (void) WRONG (self, "%s: result '%s' has an unknown type", self->name, result->name);
    return RAC_OK;
}

static rac_status s_order (declaration_t *self, const rac_clause *clause)
{
    for (uint32_t i = 0; clause->name && i < self->ordered_count; i++)
        if (!strcmp (self->ordered [i], clause->name)) {
            (void) WRONG (self, "%s: sorts by '%s' twice", self->name, clause->name);
            return RAC_FAIL;
        }
    if (self->ordered_count == COUNT_OF (self->ordered)) {
        (void) WRONG (self, "%s: sorts by more than %zu columns", self->name, COUNT_OF (self->ordered));
        return RAC_FAIL;
    }
    self->ordered [self->ordered_count] = s_name (self, clause->name, "column to sort by");
    self->ordered_down [self->ordered_count++] = clause->kind != 0;
    return RAC_OK;
}

static rac_status s_spread (declaration_t *self, const rac_clause *clause)
{
    job_t *job = self->job;
    job->spread = (rac_spread) clause->kind;
    job->parts = clause->more < 0 || clause->more > 65535 ? UINT32_MAX : (uint32_t) clause->more;
    job->choose = (rac_choose_fn *) clause->fn;
    if (clause->kind < RAC_RANGE || clause->kind > RAC_CHOSEN || (clause->kind == RAC_CHOSEN) != (clause->fn != NULL))
        (void) WRONG (self, "%s: rac_partition: RAC_CHOSEN goes with a function, the others without", self->name);
    if (job->parts == UINT32_MAX)
        (void) WRONG (self, "%s: rac_partition: 0 to 65535 parts are possible, not %lld", self->name, (long long) clause->more);
    if (clause->kind == RAC_CHOSEN && !job->parts)
        (void) WRONG (self, "%s: rac_partition: RAC_CHOSEN needs a number of parts", self->name);
    return RAC_OK;
}

static rac_status s_open (declaration_t *self, const rac_clause *clause)
{
    self->job->open = (rac_open_fn *) clause->fn;
    return RAC_OK;
}

static rac_status s_close (declaration_t *self, const rac_clause *clause)
{
    self->job->close = (rac_close_fn *) clause->fn;
    return RAC_OK;
}

static rac_status s_side (declaration_t *self, const rac_clause *clause)
{
    job_side_t *side = GROW (self->job->side, self->job->sides);
    side->name = s_name (self, clause->name, "side file");
    side->path = memory_text (clause->text ? clause->text : "");
    return RAC_OK;
}

static rac_status s_unique (declaration_t *self, const rac_clause *clause)
{
    (void) clause;
    self->job->unique = true;
    return RAC_OK;
}

static rac_status s_refuse (declaration_t *self, const rac_clause *clause)
{
    (void) error_set_kind (self->error, ERROR_USAGE, "%s: %s", self->name, clause->text ? clause->text : "refused by the job");
    return RAC_FAIL;
}

static rac_status (*const s_clauses []) (declaration_t *, const rac_clause *) = {
    [RAC_D_ABOUT] = s_about, [RAC_D_INPUT] = s_input, [RAC_D_READ] = s_read, [RAC_D_MAP] = s_map, [RAC_D_KEY] = s_column,
    [RAC_D_VALUE] = s_column, [RAC_D_FOLD] = s_fold, [RAC_D_OWN_FOLD] = s_own_fold, [RAC_D_REDUCE] = s_reduce,
    [RAC_D_RESULT] = s_result, [RAC_D_ORDER] = s_order, [RAC_D_SPREAD] = s_spread, [RAC_D_OPEN] = s_open, [RAC_D_CLOSE] = s_close,
    [RAC_D_SIDE] = s_side, [RAC_D_UNIQUE] = s_unique, [RAC_D_REFUSE] = s_refuse,
};

static rac_status s_declare (rac_plan *plan, const rac_clause *clause)
{
    declaration_t *self = (declaration_t *) plan;
    if (clause->what >= COUNT_OF (s_clauses) || !s_clauses [clause->what] || clause->size < sizeof *clause) {
        (void) WRONG (self, "%s: was written for a newer racimo (clause %u)", self->name, clause->what);
        return RAC_FAIL;
    }
    if (self->job->columns + self->job->folds + self->job->params + self->job->results > CLAUSES) {
        (void) WRONG (self, "%s: declares more than %d things", self->name, CLAUSES);
        return RAC_FAIL;
    }
    return s_clauses [clause->what] (self, clause);
}

// ---- parameters

static bool s_reads_as (rac_type type, const char *value)
{
    char *end = NULL;
    errno = 0;
    if (type == RAC_I64) {
        (void) strtoll (value, &end, 10);
        return *value && !*end && !errno;
    }
    if (type == RAC_F64) {
        (void) strtod (value, &end);
        return *value && !*end;
    }
    return true;
}

static const char *s_param (rac_plan *plan, const char *name, rac_type type, const char *standard, const char *help)
{
    declaration_t *self = (declaration_t *) plan;
    job_param_t *param = GROW (self->job->param, self->job->params);
    *param = (job_param_t) { .name = s_name (self, name, "parameter"), .type = type, .standard = memory_text (standard ? standard : ""),
                             .help = memory_text (help ? help : "") };
    size_t length = strlen (param->name);
    const char *value = param->standard;
    for (uint32_t i = 0; self->submit && i < self->submit->options.count; i++) {
        const char *option = self->submit->options.item [i];
        if (!strncmp (option, param->name, length) && option [length] == '=') {
            value = option + length + 1;
            param->given = true;
        }
    }
    char room [16];
    if (*param->standard && !s_reads_as (type, param->standard))
        (void) WRONG (self, "%s: the standard of --%s is '%s': no number (%s)", self->name, param->name, param->standard, job_type_name (type, room));
    else if (param->given && !s_reads_as (type, value))
        (void) error_set_kind (self->error, ERROR_USAGE, "%s: --%s %s: is not a number (%s)", self->name, param->name, value, job_type_name (type, room));
    param->value = memory_text (value);
    return param->value;
}

static uint32_t s_input_columns (rac_plan *plan, uint32_t input)
{
    declaration_t *self = (declaration_t *) plan;
    return input < self->job->inputs && self->job->input [input].header ? self->job->input [input].fields : 0;
}

static const char *s_input_name (rac_plan *plan, uint32_t input, uint32_t column)
{
    declaration_t *self = (declaration_t *) plan;
    return column < s_input_columns (plan, input) ? self->job->input [input].field [column] : NULL;
}

// ---- the whole

static status_t s_check_options (declaration_t *self)
{
    for (uint32_t i = 0; self->submit && i < self->submit->options.count; i++) {
        const char *option = self->submit->options.item [i];
        size_t length = strcspn (option, "=");
        bool known = false;
        for (uint32_t p = 0; p < self->job->params; p++)
            known |= strlen (self->job->param [p].name) == length && !strncmp (self->job->param [p].name, option, length);
        if (!known)
            return error_set_kind (self->error, ERROR_USAGE, "%s: has no option --%.*s: see racimo describe %s", self->name, (int) length, option, self->name);
    }
    return OK;
}

static status_t s_check_sides (declaration_t *self)
{
    for (uint32_t i = 0; i < self->job->sides; i++)
        if (self->submit && access (self->job->side [i].path, R_OK))
            return error_set_kind (self->error, ERROR_USAGE, "%s: side file '%s': %s: %s", self->name, self->job->side [i].name,
                                   *self->job->side [i].path ? self->job->side [i].path : "(no path given)", strerror (errno));
    return OK;
}

static status_t s_resolve_feeds (declaration_t *self)
{
    job_t *job = self->job;
    for (uint32_t n = 0; n < job->inputs; n++) {
        job_input_t *input = &job->input [n];
        if (input->format == RAC_NUMBERED && !input->reads) {
            job_read_t *read = GROW (input->read, input->reads);
            *read = (job_read_t) { .name = memory_text ("row"), .type = RAC_I64 };
        }
        if (input->map)
            continue;
        if (job->mode == JOB_MAP_ONLY)
            return WRONG (self, "%s: has neither map nor key nor fold: nothing would be done", self->name);
        job->from = memory_grow (job->from, job->columns * sizeof *job->from);
        for (uint32_t i = 0; i < job->columns; i++) {
            job->from [i] = UINT32_MAX;
            for (uint32_t r = 0; r < input->reads; r++)
                if (!strcmp (input->read [r].name, job->column [i].name))
                    job->from [i] = r;
            if (job->from [i] == UINT32_MAX)
                return WRONG (self, "%s: '%s' is emitted by no map and read by no rac_read", self->name, job->column [i].name);
            if (input->read [job->from [i]].type != job->column [i].type)
                return WRONG (self, "%s: '%s' is read and emitted as different types", self->name, job->column [i].name);
        }
    }
    return OK;
}

static status_t s_resolve_order (declaration_t *self)
{
    job_t *job = self->job;
    job->order = memory_new ((job->columns + 1) * sizeof *job->order);
    for (uint32_t o = 0; o < self->ordered_count; o++) {
        uint32_t at = UINT32_MAX;
        for (uint32_t i = 0; i < job->columns; i++)
            if (!strcmp (job->column [i].name, self->ordered [o]))
                at = i;
        if (at == UINT32_MAX)
            return WRONG (self, "%s: sorts by '%s', which is neither key nor value", self->name, self->ordered [o]);
        job->column [at].descending = self->ordered_down [o];
        if (at >= job->keys)
            job->order [job->orders++] = at;
    }
    for (uint32_t i = job->keys; i < job->columns; i++) {
        bool there = false;
        for (uint32_t o = 0; o < job->orders; o++)
            there |= job->order [o] == i;
        if (!there)
            job->order [job->orders++] = i;
    }
    return OK;
}

static void s_add_result (job_t *job, const char *name, rac_type type)
{
    job_column_t *result = GROW (job->result, job->results);
    *result = (job_column_t) { .name = memory_text (name), .type = type };
}

static status_t s_resolve_results (declaration_t *self)
{
    job_t *job = self->job;
    if (job->mode == JOB_FOLD) {
        if (job->results)
            return WRONG (self, "%s: rac_result does not go with folds: the result is the keys and the folds", self->name);
        for (uint32_t i = 0; i < job->keys; i++)
            s_add_result (job, job->column [i].name, job->column [i].type);
        for (uint32_t i = 0; i < job->folds; i++)
            s_add_result (job, job->fold [i].name, job->fold [i].result);
        return OK;
    }
    if (job->mode == JOB_SORT) {
        job->shown = memory_new ((job->results + job->columns) * sizeof *job->shown);
        if (!job->results)
            for (uint32_t i = 0; i < job->columns; i++)
                s_add_result (job, job->column [i].name, job->column [i].type);
        for (uint32_t i = 0; i < job->results; i++) {
            uint32_t at = 0;
            while (at < job->columns && strcmp (job->column [at].name, job->result [i].name))
                at++;
            if (at == job->columns || job->column [at].type != job->result [i].type)
                return WRONG (self, "%s: result '%s' is neither key nor value of that type", self->name, job->result [i].name);
            job->shown [i] = at;
        }
        return OK;
    }
    if (!job->results)
        return WRONG (self, "%s: no rac_result says what comes out of its %s", self->name, job->mode == JOB_REDUCE ? "reduce" : "map");
    return OK;
}

static status_t s_resolve (declaration_t *self)
{
    job_t *job = self->job;
    if (!job->inputs)
        return WRONG (self, "%s: declares no input", self->name);
    if (job->inputs > 1)
        return WRONG (self, "%s: declares %u inputs: this release reads one", self->name, job->inputs);
    if (job->columns > JOB_COLUMNS || job->folds > JOB_COLUMNS || job->results > JOB_COLUMNS)
        return WRONG (self, "%s: more than %d keys and values, folds or results", self->name, JOB_COLUMNS);
    job->mode = job->reduce ? JOB_REDUCE : job->folds ? JOB_FOLD : job->keys ? JOB_SORT : JOB_MAP_ONLY;
    if (job->reduce && (job->folds || !job->keys))
        return WRONG (self, "%s: a reduce needs a key, and does not go with folds", self->name);
    if (job->unique && job->mode != JOB_SORT)
        return WRONG (self, "%s: rac_unique goes with keys alone", self->name);
    if (!job->keys && job->spread != RAC_RANGE)
        return WRONG (self, "%s: rac_partition needs a key", self->name);
    if (job->mode == JOB_MAP_ONLY && job->columns)
        return WRONG (self, "%s: values without a key need a fold", self->name);
    TRY (s_resolve_order (self));
    TRY (s_resolve_results (self));
    TRY (s_resolve_feeds (self));
    return OK;
}

job_t *job_new (job_declare_fn *declare, const char *name, const message_submit_t *submit, const wire_bytes_t *first_line, error_t *error)
{
    error_t own = { 0 };
    job_t *job = memory_new (sizeof *job);
    declaration_t self = {
        .plan = { .size = sizeof (rac_plan), .abi = RAC_ABI, .declare = s_declare, .param = s_param, .input_columns = s_input_columns,
                  .input_name = s_input_name },
        .job = job, .name = name, .submit = submit, .first_line = first_line, .error = error ? error : &own,
    };
    rac_status said = declare (&self.plan);
    if (said != RAC_OK)
        (void) error_set_kind (self.error, ERROR_JOB, "%s: its RAC_JOB failed without a reason (rac_refuse gives one)", name);
    status_t rc = self.error->text [0] ? FAILED : s_check_options (&self);
    if (!rc)
        rc = s_resolve (&self);
    if (!rc)
        rc = s_check_sides (&self);
    for (uint32_t i = 0; i < self.ordered_count; i++)
        free (self.ordered [i]);
    if (!job->about)
        job->about = memory_text ("");
    if (rc || self.error->text [0])
        job_destroy (&job);
    return job;
}

static void s_input_free (job_input_t *input)
{
    for (uint32_t i = 0; i < input->fields; i++)
        free (input->field [i]);
    for (uint32_t i = 0; i < input->reads; i++)
        free (input->read [i].name);
    free (input->field);
    free (input->read);
}

void job_destroy (job_t **self_p)
{
    job_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->params; i++) {
        free (self->param [i].name);
        free (self->param [i].standard);
        free (self->param [i].help);
        free (self->param [i].value);
    }
    for (uint32_t i = 0; i < self->inputs; i++)
        s_input_free (&self->input [i]);
    for (uint32_t i = 0; i < self->columns; i++)
        free (self->column [i].name);
    for (uint32_t i = 0; i < self->folds; i++)
        free (self->fold [i].name);
    for (uint32_t i = 0; i < self->results; i++)
        free (self->result [i].name);
    for (uint32_t i = 0; i < self->sides; i++) {
        free (self->side [i].name);
        free (self->side [i].path);
    }
    free (self->about); free (self->param); free (self->input); free (self->column); free (self->order); free (self->from);
    free (self->fold); free (self->result); free (self->shown); free (self->side);
    free (self);
    *self_p = NULL;
}

const char *job_param (const job_t *self, const char *name)
{
    for (uint32_t i = 0; i < self->params; i++)
        if (!strcmp (self->param [i].name, name))
            return self->param [i].value;
    return NULL;
}

job_declare_fn *job_load (const char *path, error_t *error)
{
    void *handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        (void) error_set_kind (error, ERROR_JOB, "the job cannot be loaded: %s", dlerror ());
        return NULL;
    }
    job_declare_fn *declare;
    *(void **) &declare = dlsym (handle, "racimo_job_1");
    if (!declare)
        (void) error_set_kind (error, ERROR_JOB, "%s: has no RAC_JOB of ABI %d: was it compiled for another release?", path, RAC_ABI);
    return declare;
}
