// pause: sorts lines and stands still in its first reduce until the test lets it go, so that a test can change the world in the middle of a
// shuffle; see gate.c.
#include <fcntl.h>
#include <racimo.h>
#include <unistd.h>

typedef struct { const char *started, *go; int passed; } pause_t;

static rac_status s_open (const rac_env *env, void **state)
{
    pause_t *self = (pause_t *) calloc (1, sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->started = env->param (env, "started");
    self->go = env->param (env, "go");
    *state = self;
    return RAC_OK;
}

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    return rac_emit (out, in->rows, in->column, 1);
}

static rac_status s_reduce (void *state, const rac_groups *in, rac_out *out)
{
    pause_t *self = (pause_t *) state;
    if (!self->passed) {
        FILE *file = fopen (self->started, "w");
        if (file) {
            fprintf (file, "%d\n", (int) getpid ());
            fclose (file);
        }
        int go = open (self->go, O_RDONLY);
        if (go != -1)
            close (go);
        self->passed = 1;
    }
    uint32_t opened = in->flags & RAC_OPENED;           // a group that goes on: its key is there already
    rac_column key = rac_of_bytes (in->key [0].at.bytes + opened);
    return in->groups > opened ? rac_emit (out, in->groups - opened, &key, 1) : RAC_OK;
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: distinct lines in order; waits in its first reduce");
    rac_param (plan, "started", "", "a FIFO that says that it waits");
    rac_param (plan, "go", "", "a FIFO that lets it go");
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, s_open, free);
    rac_map (plan, s_map);
    rac_key (plan, "line", RAC_BYTES);
    rac_reduce (plan, s_reduce);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
