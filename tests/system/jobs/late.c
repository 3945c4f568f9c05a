// late: distinct lines in order; the map that sees the line "wait" stands still until the test lets it go. If that is the last line, all other maps
// end before, so that a test can change the world when much is mapped and nothing can be reduced; see gate.c.
#include <fcntl.h>
#include <racimo.h>
#include <unistd.h>

typedef struct { const char *started, *go; } late_t;

static rac_status s_open (const rac_env *env, void **state)
{
    late_t *self = (late_t *) calloc (1, sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->started = env->param (env, "started");
    self->go = env->param (env, "go");
    *state = self;
    return RAC_OK;
}

static void s_wait (const late_t *self)
{
    FILE *file = fopen (self->started, "w");
    if (file) {
        fprintf (file, "%d\n", (int) getpid ());
        fclose (file);
    }
    int go = open (self->go, O_RDONLY);
    if (go != -1)
        close (go);
}

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    const rac_bytes *line = in->column [0].at.bytes;
    if (in->rows && line [in->rows - 1].size == 4 && !memcmp (line [in->rows - 1].data, "wait", 4))
        s_wait ((const late_t *) state);
    return rac_emit (out, in->rows, in->column, 1);
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: distinct lines in order; waits in its last map");
    rac_param (plan, "started", "", "a FIFO that says that it waits");
    rac_param (plan, "go", "", "a FIFO that lets it go");
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, s_open, free);
    rac_map (plan, s_map);
    rac_key (plan, "line", RAC_BYTES);
    rac_unique (plan);
    return RAC_OK;
}
