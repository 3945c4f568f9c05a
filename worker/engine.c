// engine: see engine.h. This file: life, declaration, what every attempt begins and ends with. engine_out.c: what jobs call. engine_map.c and
// engine_reduce.c: the two kinds of task. engine_side.c: side files.
#include "worker/engine_parts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

// ---- what the job's env offers

static const char *s_param (const rac_env *env, const char *name)
{
    const engine_t *self = (const engine_t *) ((const char *) env - offsetof (engine_t, env));
    return job_param (self->job, name);
}

static uint32_t s_input_columns (const rac_env *env, uint32_t input)
{
    const engine_t *self = (const engine_t *) ((const char *) env - offsetof (engine_t, env));
    return input < self->job->inputs ? self->job->input [input].fields : 0;
}

static const char *s_input_name (const rac_env *env, uint32_t input, uint32_t column)
{
    const engine_t *self = (const engine_t *) ((const char *) env - offsetof (engine_t, env));
    return column < s_input_columns (env, input) && self->job->input [input].header ? self->job->input [input].field [column] : NULL;
}

// ---- life

static status_t s_declare (engine_t *self, const message_load_t *load, error_t *error)
{
    TRY (message_decode (load->submit.data, load->submit.size, &self->message, error));
    if (self->message.verb != MESSAGE_SUBMIT)
        return error_set (error, "a job was loaded with a %s for its description", message_name (self->message.verb));
    self->submit = self->message.submit;
    job_declare_fn *declare = job_load (load->plugin, error);
    if (!declare)
        return FAILED;
    self->job = job_new (declare, self->submit.name, &self->submit, &load->first_line, error);
    if (!self->job)
        return FAILED;
    TRY (engine_check_sides (self, load, error));
    return shape_of (&self->shape, self->job, error);
}

engine_t *engine_new (const message_load_t *load, position_t *position, error_t *error)
{
    engine_t *self = memory_new (sizeof *self);
    self->position = position;
    self->load = (message_load_t) { .job = load->job, .memory = load->memory, .slot = load->slot, .sided = load->sided,
                                    .scratch = memory_text (load->scratch), .twin = memory_text (load->twin), .folder = memory_text (load->folder) };
    self->env = (rac_env) { .size = sizeof (rac_env), .abi = RAC_ABI, .param = s_param, .side = engine_side,
                            .input_columns = s_input_columns, .input_name = s_input_name };
    engine_out_init (self);
    self->room = arena_new (512 * 1024);
    self->part = memory_new (RAC_ROWS * sizeof *self->part);
    kernel_choose ();
    if (s_declare (self, load, error))
        engine_destroy (&self);
    return self;
}

void engine_guard (engine_t *self, const input_guard_t *guard)
{
    self->guard = guard;
}

static void s_free_attempt (engine_t *self)
{
    for (uint32_t i = 0; i < self->counters; i++)
        free (self->counter [i].name);
    self->counters = 0;
    free (self->part_name); free (self->part_path); free (self->rejected_path); free (self->warning);
    self->part_name = self->part_path = self->rejected_path = self->warning = NULL;
}

void engine_destroy (engine_t **self_p)
{
    engine_t *self = *self_p;
    if (!self)
        return;
    if (self->opened && self->job->close)
        self->job->close (self->state);
    collect_destroy (&self->collect);
    engine_free_sides (self);
    s_free_attempt (self);
    job_destroy (&self->job);
    message_free (&self->message);
    arena_destroy (&self->room);
    free (self->part); free (self->counter); free (self->counter_name); free (self->counter_value);
    free (self->held.tasks.item); free (self->held.attempts.item);
    free (self->load.scratch); free (self->load.twin); free (self->load.folder);
    free (self);
    *self_p = NULL;
}

void engine_describe (const engine_t *self, message_declared_t *into)
{
    static char delimiter [2];
    static char *name [1024];
    const job_t *job = self->job;
    const job_input_t *input = &job->input [0];
    delimiter [0] = input->delimiter;
    uint32_t names = job->results < COUNT_OF (name) ? job->results : COUNT_OF (name);
    for (uint32_t i = 0; i < names; i++)
        name [i] = job->result [i].name;
    *into = (message_declared_t) {
        .format = input->format, .header = input->header, .multiline = self->submit.multiline, .numbered_rows = (uint64_t) input->rows,
        .delimiter = delimiter, .shuffle = job->mode != JOB_MAP_ONLY, .spread = job->spread, .parts = job->parts,
        .heavy = job->mode == JOB_REDUCE, .whole = job->mode != JOB_FOLD, .result_names = { name, names },
    };
}

// ---- attempts

void engine_begin (engine_t *self, const char *what, uint64_t task, uint64_t attempt, error_t *error)
{
    char name [64];
    s_free_attempt (self);
    snprintf (name, sizeof name, "%s-%05llu-%llu", what, (unsigned long long) task, (unsigned long long) attempt);
    self->part_name = memory_text (name);
    self->part_path = file_join (self->load.folder, name);
    self->rejects = 0;
    self->error = error;
    self->position->offset = self->position->bytes = self->position->rows = 0;
}

status_t engine_open_job (engine_t *self, error_t *error)
{
    if (self->opened)
        return OK;
    TRY (engine_load_sides (self, error));
    if (self->job->open && self->job->open (&self->env, &self->state) != RAC_OK)
        return error_set_kind (error, ERROR_JOB, "the job's open failed");
    self->opened = true;
    return OK;
}

// Parts are written into the job's scratch folder, because this node does not see that of the result.
static bool s_goes_on (const engine_t *self)
{
    size_t size = strlen (self->load.scratch);
    return size && !strncmp (self->load.folder, self->load.scratch, size);
}

status_t engine_open_sink (engine_t *self, bool first, error_t *error)
{
    const job_t *job = self->job;
    rac_type type [1024];
    const char *name [1024];
    uint32_t columns = job->results < COUNT_OF (type) ? job->results : COUNT_OF (type);
    for (uint32_t i = 0; i < columns; i++) {
        type [i] = job->result [i].type;
        name [i] = job->result [i].name;
    }
    rac_format format = self->submit.output_format == RAC_CSV ? RAC_CSV : RAC_TSV;
    bool header = self->submit.output_header ? self->submit.output_header == 1 : format == RAC_CSV;
    sink_options_t options = { .format = format, .delimiter = format == RAC_CSV ? ',' : '\t', .sync = self->submit.sync,
                               .scratch = s_goes_on (self), .columns = columns, .type = type, .header = header && first ? name : NULL };
    unlink (self->part_path);                           // of an attempt of the same number that another life of this slot began
    self->sink = sink_open (self->part_path, &options, error);
    return self->sink ? OK : FAILED;
}

static status_t s_cannot_write_rejected (const engine_t *self, const char *what, error_t *error)
{
    return error_set_kind (error, s_goes_on (self) ? ERROR_SCRATCH : ERROR_OUTPUT, "%s: cannot %s: %s", self->rejected_path, what, strerror (errno));
}

status_t engine_reject (engine_t *self, const char *file, uint64_t offset, rac_bytes record, const char *why, error_t *error)
{
    if (!self->submit.max_rejects)
        return error_set_kind (error, ERROR_DATA, "%s: byte %llu: %s", file, (unsigned long long) offset, why);
    if (!self->rejected) {
        free (self->rejected_path);
        self->rejected_path = memory_new (strlen (self->part_path) + 10);
        sprintf (self->rejected_path, "%s.rejected", self->part_path);
        self->rejected = fopen (self->rejected_path, "we");
        if (!self->rejected)
            return s_cannot_write_rejected (self, "create", error);
    }
    self->rejects++;
    fprintf (self->rejected, "%s\t%llu\t%s\t", file, (unsigned long long) offset, why);
    fwrite (record.data, 1, record.size, self->rejected);
    if (putc ('\n', self->rejected) == EOF)
        return s_cannot_write_rejected (self, "write", error);
    return OK;
}

static void s_fill_counters (engine_t *self, message_done_t *done)
{
    self->counter_name = memory_grow (self->counter_name, (self->counters + 1) * sizeof *self->counter_name);
    self->counter_value = memory_grow (self->counter_value, (self->counters + 1) * sizeof *self->counter_value);
    for (uint32_t i = 0; i < self->counters; i++) {
        self->counter_name [i] = self->counter [i].name;
        self->counter_value [i] = (uint64_t) self->counter [i].value;
    }
    done->counters = (wire_texts_t) { self->counter_name, self->counters };
    done->counts = (wire_numbers_t) { self->counter_value, self->counters };
}

status_t engine_end (engine_t *self, status_t rc, message_done_t *done, error_t *error)
{
    if (self->rejected && !rc && self->submit.sync && (fflush (self->rejected) || fsync (fileno (self->rejected))))
        rc = s_cannot_write_rejected (self, "write", error);
    if (self->rejected && fclose (self->rejected) && !rc)
        rc = s_cannot_write_rejected (self, "write", error);
    self->rejected = NULL;
    done->part = self->part_name;
    if (self->sink && !rc)
        rc = sink_close (&self->sink, &done->bytes_out, &done->rows_out, error);
    else
        sink_abandon (&self->sink);
    if (rc && self->rejected_path)
        unlink (self->rejected_path);
    done->rejects = self->rejects;
    done->warning = self->warning ? self->warning : "";
    s_fill_counters (self, done);
    arena_reset (self->room);
    self->lower_of = NULL;
    self->batch = NULL;
    self->error = NULL;
    return rc;
}
