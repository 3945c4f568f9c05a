// stand: a job of a test stands still until the test lets it go, so that a test can change the world at a known moment: a file is opened at both ends
// of a FIFO at once, without a clock. What stands still tells its process id, so that it can be shot.
#include <fcntl.h>
#include <racimo.h>
#include <unistd.h>

typedef struct { const char *started, *go; int passed; } stand_t;

static void stand_params (rac_plan *plan)
{
    rac_param (plan, "started", "", "a FIFO that says that it waits");
    rac_param (plan, "go", "", "a FIFO that lets it go");
}

static rac_status stand_open (const rac_env *env, void **state)
{
    stand_t *self = (stand_t *) calloc (1, sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->started = env->param (env, "started");
    self->go = env->param (env, "go");
    *state = self;
    return RAC_OK;
}

// The first time only: an executor stands still once.
static void stand_still (void *state)
{
    stand_t *self = (stand_t *) state;
    if (self->passed++)
        return;
    FILE *started = fopen (self->started, "w");
    if (started) {
        fprintf (started, "%d\n", (int) getpid ());
        fclose (started);
    }
    int go = open (self->go, O_RDONLY);
    if (go != -1)
        close (go);
}
