// job_resolve: the clauses together make a job, or contradict one another.
//
// The mode follows from what was declared: a reduce, else folds, else sorted rows if there is a key, else map only. From the mode follow the
// result's columns and, for a job without a map, which column read feeds which key or value.
#include "worker/job_parts.h"

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

status_t declaration_resolve (declaration_t *self)
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
