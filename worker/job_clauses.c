// job_clauses: what RAC_JOB says, noted clause by clause.
//
// A clause has a number and a small function of its own; what it needs of earlier clauses (a fold its value) must have been said before.
// Whether the clauses fit together is not asked here but in job_resolve.c.
#include "worker/job_parts.h"

enum { CLAUSES = 1024 };                                // most columns, folds, parameters of a job: a loop without end, not a need

static rac_status s_about (declaration_t *self, const rac_clause *clause)
{
    free (self->job->about);
    self->job->about = memory_text (clause->text ? clause->text : "");
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
    column->name = declaration_name (self, clause->name, key ? "key" : "value");
    column->type = (rac_type) clause->kind;
    if (!job_type_known (column->type))
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
    fold->name = declaration_name (self, clause->name, "fold");
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
    fold->name = declaration_name (self, clause->name, "fold");
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
    if (!job_type_known (def->result_type) || def->result_type == RAC_BYTES || def->result_type == RAC_F32)
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
    result->name = declaration_name (self, clause->name, "result");
    result->type = (rac_type) clause->kind;
    if (!job_type_known (result->type))
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
    self->ordered [self->ordered_count] = declaration_name (self, clause->name, "column to sort by");
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
    side->name = declaration_name (self, clause->name, "side file");
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

static clause_fn *const s_clauses [] = {
    [RAC_D_ABOUT] = s_about, [RAC_D_INPUT] = clause_input, [RAC_D_READ] = clause_read, [RAC_D_MAP] = clause_map, [RAC_D_KEY] = s_column,
    [RAC_D_VALUE] = s_column, [RAC_D_FOLD] = s_fold, [RAC_D_OWN_FOLD] = s_own_fold, [RAC_D_REDUCE] = s_reduce,
    [RAC_D_RESULT] = s_result, [RAC_D_ORDER] = s_order, [RAC_D_SPREAD] = s_spread, [RAC_D_OPEN] = s_open, [RAC_D_CLOSE] = s_close,
    [RAC_D_SIDE] = s_side, [RAC_D_UNIQUE] = s_unique, [RAC_D_REFUSE] = s_refuse,
};

rac_status declaration_clause (rac_plan *plan, const rac_clause *clause)
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
