// gate: stands still in its first map until the test lets it go, so that a test can change the world at a known moment: a file
// is opened at both ends of a FIFO at once, without a clock. What waits tells its process id, so that it can be shot.
#include <fcntl.h>
#include <racimo.h>
#include <unistd.h>

typedef struct { const char *started, *go; int passed; } gate_t;

static rac_status s_open (const rac_env *env, void **state)
{
    gate_t *self = (gate_t *) calloc (1, sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->started = env->param (env, "started");
    self->go = env->param (env, "go");
    *state = self;
    return RAC_OK;
}

static void s_tell (const char *fifo)
{
    FILE *file = fopen (fifo, "w");
    if (!file)
        return;
    fprintf (file, "%d\n", (int) getpid ());
    fclose (file);
}

static void s_wait (const char *fifo)
{
    int file = open (fifo, O_RDONLY);
    if (file != -1)
        close (file);
}

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    gate_t *self = (gate_t *) state;
    if (!self->passed) {
        s_tell (self->started);
        s_wait (self->go);
        self->passed = 1;
    }
    return rac_emit (out, in->rows, in->column, 1);
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: waits in its first map");
    rac_param (plan, "started", "", "a FIFO that says that it waits");
    rac_param (plan, "go", "", "a FIFO that lets it go");
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, s_open, free);
    rac_map (plan, s_map);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
