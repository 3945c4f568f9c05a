// fake_engine: stands in for the engine in tests of the worker's processes: it runs a plugin's map once a task and knows no data.
//
// The plugins are real ones, so that whatever they do happens to a real executor. Linked before libworker.a, whose engine then stays out.
#include "worker/engine.h"
#include "base/clock.h"
#include <dlfcn.h>
#include <racimo.h>
#include <string.h>

struct engine {
    void *handle;
    position_t *position;
    rac_map_fn *map;
};

static rac_map_fn *s_declared_map;

static rac_status s_declare (rac_plan *plan, const rac_clause *clause)
{
    (void) plan;
    if (clause->what == RAC_D_MAP)
        s_declared_map = (rac_map_fn *) clause->fn;
    return RAC_OK;
}

engine_t *engine_new (const message_load_t *load, position_t *position, error_t *error)
{
    rac_plan plan = { .size = sizeof plan, .abi = RAC_ABI, .declare = s_declare };
    engine_t *self = memory_new (sizeof *self);
    self->handle = dlopen (load->plugin, RTLD_NOW | RTLD_LOCAL);
    rac_status (*declare) (rac_plan *) = NULL;
    if (self->handle)
        *(void **) &declare = dlsym (self->handle, "racimo_job_1");
    if (!declare || declare (&plan)) {
        error_set_kind (error, ERROR_JOB, "%s: no job in it", load->plugin);
        engine_destroy (&self);
        return NULL;
    }
    self->map = s_declared_map;
    self->position = position;
    return self;
}

void engine_destroy (engine_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

void engine_guard (engine_t *self, const input_guard_t *guard)
{
    (void) self; (void) guard;
}

void engine_sides (engine_t *self, const message_sides_t *sides)
{
    (void) self; (void) sides;
}

void engine_describe (const engine_t *self, message_declared_t *into)
{
    (void) self;
    *into = (message_declared_t) { .delimiter = (char *) ",", .parts = 7 };
}

status_t engine_map (engine_t *self, const message_map_t *map, message_done_t *done, error_t *error)
{
    self->position->offset = map->offset;
    rac_batch batch = { .rows = 1, .file = map->path };
    if (self->map (NULL, &batch, NULL))
        return error_set_kind (error, ERROR_DATA, "%s: refused", map->path);
    int64_t due = clock_us () + (strstr (map->path, "/write-long") ? 2200000 : 0);
    while (clock_us () < due)                           // longer than a task may stand still; what moves are blocks alone
        self->position->blocks = self->position->blocks + 1;
    self->position->bytes = map->length;
    *done = (message_done_t) { .held = 1, .bytes_in = map->length, .rows_in = 1, .part = (char *) "", .warning = (char *) "" };
    return OK;
}

status_t engine_seal (engine_t *self, const message_seal_t *seal, message_sealed_t *sealed, error_t *error)
{
    (void) self, (void) seal, (void) error;
    *sealed = (message_sealed_t) { .path = (char *) "", .rows = 1 };
    return OK;
}

status_t engine_reduce (engine_t *self, const message_reduce_t *reduce, message_done_t *done, error_t *error)
{
    (void) self, (void) reduce, (void) done;
    return error_set (error, "the fake engine does not reduce");
}

