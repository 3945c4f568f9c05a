// job: see job.h.
//
// RAC_JOB runs top to bottom and only says things (rac_clause); each clause is noted by a small function of its number. The first
// contradiction is kept in the error and reported when RAC_JOB has returned, so that a job author needs no checks. Then the whole is
// looked at: job_resolve.c.
#include "worker/job_parts.h"
#include "base/file.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void *job_grow (void *array, uint32_t count, size_t size)
{
    array = memory_grow (array, (count + 1) * size);
    memset ((char *) array + count * size, 0, size);
    return array;
}

// ---- texts and types

bool job_type_known (rac_type type)
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

char *declaration_name (declaration_t *self, const char *name, const char *what)
{
    if (!name || !*name)
        (void) WRONG (self, "%s: a %s has no name", self->name, what);
    return memory_text (name ? name : "");
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
    *param = (job_param_t) { .name = declaration_name (self, name, "parameter"), .type = type, .standard = memory_text (standard ? standard : ""),
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
    return input < self->job->inputs ? self->job->input [input].fields : 0;
}

static const char *s_input_name (rac_plan *plan, uint32_t input, uint32_t column)
{
    declaration_t *self = (declaration_t *) plan;
    return column < s_input_columns (plan, input) && self->job->input [input].header ? self->job->input [input].field [column] : NULL;
}
// ---- a declaration

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

status_t job_check_sides (const job_t *self, const char *name, error_t *error)
{
    for (uint32_t i = 0; i < self->sides; i++)
        if (access (self->side [i].path, R_OK))
            return error_set_kind (error, ERROR_USAGE, "%s: side file '%s': %s: %s", name, self->side [i].name,
                                   *self->side [i].path ? self->side [i].path : "(no path given)", strerror (errno));
    return OK;
}

job_t *job_new (job_declare_fn *declare, const char *name, const message_submit_t *submit, const wire_bytes_t *first_line, error_t *error)
{
    error_t own = { 0 };
    job_t *job = memory_new (sizeof *job);
    declaration_t self = {
        .plan = { .size = sizeof (rac_plan), .abi = RAC_ABI, .declare = declaration_clause, .param = s_param, .input_columns = s_input_columns,
                  .input_name = s_input_name },
        .job = job, .name = name, .submit = submit, .first_line = first_line, .error = error ? error : &own,
    };
    rac_status said = declare (&self.plan);
    if (said != RAC_OK)
        (void) error_set_kind (self.error, ERROR_JOB, "%s: its RAC_JOB failed without a reason (rac_refuse gives one)", name);
    status_t rc = self.error->text [0] ? FAILED : s_check_options (&self);
    if (!rc)
        rc = declaration_resolve (&self);
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

static unsigned s_machine (const char *path)
{
    Elf64_Ehdr header = { 0 };
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || file_read_at (fd, &header, sizeof header, 0, path, NULL))
        header.e_machine = EM_NONE;
    if (fd >= 0)
        close (fd);
    return header.e_machine;
}

// What dlerror says of a file for another CPU is that it is not there.
static void s_tell_why (const char *path, const char *reason, error_t *error)
{
    unsigned own = s_machine ("/proc/self/exe"), other = s_machine (path);
    if (own && other && own != other)
        (void) error_set_kind (error, ERROR_JOB, "%s: is compiled for another CPU (ELF machine %u, here %u)", path, other, own);
    else
        (void) error_set_kind (error, ERROR_JOB, "the job cannot be loaded: %s", reason);
}

job_declare_fn *job_load (const char *path, error_t *error)
{
    void *handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        s_tell_why (path, dlerror (), error);
        return NULL;
    }
    job_declare_fn *declare;
    *(void **) &declare = dlsym (handle, "racimo_job_1");
    if (!declare)
        (void) error_set_kind (error, ERROR_JOB, "%s: has no RAC_JOB of ABI %d: was it compiled for another release?", path, RAC_ABI);
    return declare;
}
