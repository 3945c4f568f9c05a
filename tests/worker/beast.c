// beast: a job that misbehaves as the name of its input file says. For tests/worker/test_worker.c.
#include <racimo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile s_leaked;                         // volatile: else the compiler sees that nobody needs the memory

static void s_leak (void)
{
    for (;;) {
        s_leaked = malloc (8 << 20);
        if (!s_leaked)
            abort ();
        memset (s_leaked, 1, 8 << 20);
    }
}

static void s_daemonise (void)
{
    if (fork () == 0) {
        setsid ();
        for (int i = 0; i < 5; i++)
            if (fork () == 0)
                for (;;)
                    pause ();
        _exit (0);
    }
    while (wait (NULL) < 0) { }
}

static void s_make_noise (void)
{
    char line [1000];
    memset (line, 'x', sizeof line);
    line [sizeof line - 1] = '\n';
    for (int i = 0; i < 100000; i++)
        if (fwrite (line, sizeof line, 1, stdout) != 1)
            abort ();
    fprintf (stderr, "that was it\n");
}

// The child returns from the map during the next task, so that what it may answer would be taken for that task's.
static int s_gate [2];
static pid_t s_other;

static void s_fork_and_return_twice (void)
{
    char byte;
    if (pipe (s_gate))
        abort ();
    s_other = fork ();
    if (s_other == 0 && read (s_gate [0], &byte, 1) != 1)
        abort ();
}

static rac_status s_let_other_return (void)
{
    if (write (s_gate [1], "", 1) != 1 || waitpid (s_other, NULL, 0) != s_other)
        abort ();
    return RAC_FAIL;
}

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    const char *what = strrchr (in->file, '/') + 1;
    (void) state, (void) out;
    if (!strcmp (what, "refuse"))
        return RAC_FAIL;
    if (!strcmp (what, "segfault"))
        *(volatile int *) 8 = 1;
    if (!strcmp (what, "abort")) {
        fprintf (stderr, "this is the end\n");
        abort ();
    }
    if (!strcmp (what, "exit"))
        exit (0);
    if (!strcmp (what, "loop"))
        for (volatile int i = 0; ; i++) { }
    if (!strcmp (what, "leak"))
        s_leak ();
    if (!strcmp (what, "close"))
        for (int fd = 0; fd < 1000; fd++)
            close (fd);
    if (!strcmp (what, "close-and-loop")) {
        for (int fd = 0; fd < 1000; fd++)
            close (fd);
        for (;;)
            pause ();
    }
    if (!strcmp (what, "daemonise"))
        s_daemonise ();
    if (!strcmp (what, "daemonise-and-die")) {
        s_daemonise ();
        abort ();
    }
    if (!strcmp (what, "mask-and-loop")) {
        sigset_t all;
        sigfillset (&all);
        sigprocmask (SIG_BLOCK, &all, NULL);
        for (;;)
            pause ();
    }
    if (!strcmp (what, "stop"))
        raise (SIGSTOP);
    if (!strcmp (what, "fork"))
        s_fork_and_return_twice ();
    if (!strcmp (what, "fork-end"))
        return s_let_other_return ();
    if (!strcmp (what, "noise"))
        s_make_noise ();
    return RAC_OK;
}

RAC_JOB (plan)
{
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_map (plan, s_map);
    return RAC_OK;
}
