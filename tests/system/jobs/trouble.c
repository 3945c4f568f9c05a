// trouble: does what it is told to at a place it is told: everything that native code may do to its host. With --once it does so
// only if that file is not there yet, and makes it: so the second attempt goes well and the result must be right.
#include <fcntl.h>
#include <racimo.h>
#include <signal.h>
#include <unistd.h>

typedef struct { const char *kind, *place, *once; } trouble_t;

static void s_noise (void)
{
    static char text [4096];
    memset (text, 'n', sizeof text);
    for (int i = 0; i < 20000; i++)
        fwrite (text, 1, sizeof text, i % 2 ? stdout : stderr);
}

static void s_leak (void)
{
    for (;;) {
        char *leak = (char *) malloc (1 << 20);
        if (leak)
            memset (leak, 1, 1 << 20);
    }
}

static void s_loop (void)
{
    for (volatile int forever = 1; forever; )
        ;
}

static int s_deep (volatile int depth)
{
    volatile char frame [4096];
    frame [0] = (char) depth;
    return depth < 0 ? 0 : s_deep (depth + 1) + frame [0];
}

static void s_daemon (void)
{
    if (fork () == 0) {
        setsid ();
        if (fork () == 0)
            for (;;)
                pause ();
        _exit (0);
    }
}

static void s_mask (void)
{
    sigset_t all;
    sigfillset (&all);
    sigprocmask (SIG_BLOCK, &all, NULL);
    s_loop ();
}

static void s_close (void)
{
    for (int file = 0; file < 256; file++)
        close (file);
}

static void s_do (const char *kind)
{
    volatile int *volatile nowhere = NULL;
    if (!strcmp (kind, "segfault")) *nowhere = 1;
    if (!strcmp (kind, "abort")) abort ();
    if (!strcmp (kind, "divide")) raise (SIGFPE);
    if (!strcmp (kind, "exit")) exit (0);
    if (!strcmp (kind, "_exit")) _exit (7);
    if (!strcmp (kind, "loop")) s_loop ();
    if (!strcmp (kind, "leak")) s_leak ();
    if (!strcmp (kind, "deep")) s_deep (0);
    if (!strcmp (kind, "close")) s_close ();
    if (!strcmp (kind, "daemon")) s_daemon ();
    if (!strcmp (kind, "mask")) s_mask ();
    if (!strcmp (kind, "stop")) raise (SIGSTOP);
    if (!strcmp (kind, "noise")) s_noise ();
}

// Whether to make trouble here and now.
static int s_is_time (const trouble_t *self, const char *place)
{
    if (strcmp (self->place, place))
        return 0;
    if (!*self->once)
        return 1;
    int file = open (self->once, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (file != -1)
        close (file);
    return file != -1;
}

static rac_status s_open (const rac_env *env, void **state)
{
    trouble_t *self = (trouble_t *) calloc (1, sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->kind = env->param (env, "kind");
    self->place = env->param (env, "place");
    self->once = env->param (env, "once");
    *state = self;
    if (s_is_time (self, "open"))
        s_do (self->kind);
    return RAC_OK;
}

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    const trouble_t *self = (const trouble_t *) state;
    int now = s_is_time (self, "map");
    rac_column columns [] = { in->column [0], in->column [0] };
    if (now)
        s_do (self->kind);
    if (now && !strcmp (self->kind, "fail"))
        return RAC_FAIL;
    if (now && !strcmp (self->kind, "columns"))
        return rac_emit (out, in->rows, columns, 2);
    if (now && !strcmp (self->kind, "type"))
        columns [0] = rac_column_of (RAC_I64, in->column [0].at.any);
    if (now && !strcmp (self->kind, "reject"))
        return rac_reject (out, in->rows + 1000, "a row that is not there");
    return rac_emit (out, in->rows, columns, 1);
}

static rac_status s_reduce (void *state, const rac_groups *in, rac_out *out)
{
    const trouble_t *self = (const trouble_t *) state;
    int now = s_is_time (self, "reduce");
    if (now)
        s_do (self->kind);
    if (now && !strcmp (self->kind, "fail"))
        return RAC_FAIL;
    return rac_emit (out, in->groups - (in->flags & RAC_UNFINISHED ? 1 : 0), in->key, 1);
}

static void s_choose (void *state, const rac_column *key, uint32_t rows, uint32_t parts, uint32_t *part)
{
    (void) state;
    (void) key;
    for (uint32_t row = 0; row < rows; row++)
        part [row] = parts + row;
}

RAC_JOB (plan)
{
    const char *kind = rac_param (plan, "kind", "none", "segfault, abort, exit, loop, leak, ...");
    const char *place = rac_param (plan, "place", "map", "declare, open, map or reduce");
    rac_param (plan, "once", "", "a file: trouble only while it is not there");
    rac_about (plan, "Test: distinct lines, with trouble");
    if (!strcmp (place, "declare"))
        s_do (kind);
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, s_open, free);
    rac_map (plan, s_map);
    rac_key (plan, "line", RAC_BYTES);
    rac_reduce (plan, s_reduce);
    if (!strcmp (kind, "choose"))
        rac_partition (plan, RAC_CHOSEN, 3, s_choose);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
