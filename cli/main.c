// main: one program, one word for what to do. Each command is a file of this folder.
#define _GNU_SOURCE
#include "cli/cli.h"
#include "cli/config.h"
#include "master/master.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int s_help (int words, char **word);
static int s_version (int words, char **word);

static const char s_help_help [] = "racimo help [COMMAND]\n\nSays what the commands are, or what one of them does.\n";
static const char s_version_help [] = "racimo --version\n\nSays which release this is.\n";

static const struct {
    const char *name, *about, *help;
    int (*run) (int words, char **word);
    unsigned settings;                                  // sections of the configuration whose settings it takes as options
} s_commands [] = {
    { "run", "run a job", run_help, run_command, 0 },
    { "list", "the jobs that come with racimo", list_help, list_command, 0 },
    { "describe", "what a job reads, makes and can be told", describe_help, describe_command, 0 },
    { "new", "write a first job of your own to start from", new_help, new_command, 0 },
    { "cluster", "set a cluster up: init, join, token, nodes, revoke, find, show", cluster_help, cluster_command, CONFIG_CLUSTER | CONFIG_MASTER | CONFIG_WORKER },
    { "master", "the daemon on a cluster's head node", master_help, master_command, CONFIG_CLUSTER | CONFIG_MASTER | CONFIG_WORKER },
    { "worker", "the daemon on a compute node", worker_help, worker_command, CONFIG_CLUSTER | CONFIG_WORKER },
    { "up", "a cluster for the occasion, over ssh", up_help, up_command, 0 },
    { "status", "how a cluster is, on one page", status_help, status_command, 0 },
    { "jobs", "the jobs of a cluster", jobs_help, jobs_command, 0 },
    { "nodes", "the nodes of a cluster", nodes_help, nodes_command, 0 },
    { "attach", "follow a job of a cluster", attach_help, attach_command, 0 },
    { "cancel", "end a job of a cluster", cancel_help, cancel_command, 0 },
    { "logs", "what a job of a cluster has printed", logs_help, logs_command, 0 },
    { "help", "this, or all about a command", s_help_help, s_help, 0 },
    { "version", "which release this is", s_version_help, s_version, 0 },
};

static int s_find (const char *name)
{
    if (!strcmp (name, "--help") || !strcmp (name, "-h"))
        name = "help";
    if (!strcmp (name, "--version") || !strcmp (name, "-V"))
        name = "version";
    for (size_t i = 0; i < COUNT_OF (s_commands); i++)
        if (!strcmp (name, s_commands [i].name))
            return (int) i;
    return -1;
}

static int s_unknown (const char *name)
{
    char hint [120];
    error_t error = { 0 };
    nearest_t nearest = { .word = name };
    for (size_t i = 0; i < COUNT_OF (s_commands); i++)
        nearest_try (&nearest, s_commands [i].name);
    (void) error_set_kind (&error, ERROR_USAGE, "there is no command '%s'%s (racimo help lists them)", name, nearest_hint (&nearest, hint));
    return cli_fail (&error);
}

static void s_overview (FILE *to)
{
    fprintf (to, "racimo: MapReduce in C, from one machine up\n\n");
    for (size_t i = 0; i < COUNT_OF (s_commands); i++)
        fprintf (to, "  racimo %-10s %s\n", s_commands [i].name, s_commands [i].about);
    fprintf (to, "\nFor a start:  racimo run wordcount FILE\nA job of your own:  racimo new my_job\n");
}

static int s_help (int words, char **word)
{
    if (words == 0) {
        s_overview (stdout);
        return EXIT_FINE;
    }
    int at = s_find (word [0]);
    if (at < 0)
        return s_unknown (word [0]);
    fputs (s_commands [at].help, stdout);
    config_help (s_commands [at].settings, stdout);
    return EXIT_FINE;
}

static int s_version (int words, char **word)
{
    (void) words;
    (void) word;
    printf ("racimo %s\n", RACIMO_RELEASE);
    return EXIT_FINE;
}

// If a standard stream is closed, the next file to be opened would get its number, and our messages. What stands in fails when it
// is read from or written to, as a closed one does. -1: there is not even /dev/null.
static int s_guard_streams (void)
{
    int fd;
    do
        fd = open ("/dev/null", O_PATH);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd < 0 ? -1 : close (fd);
}

int main (int argc, char **argv)
{
    if (s_guard_streams ())
        return EXIT_OTHER;
    signal (SIGXFSZ, SIG_IGN);                          // a limit on the size of files is then an error of writing them
    if (argc < 2) {
        s_overview (stderr);
        return EXIT_USAGE;
    }
    int at = s_find (argv [1]);
    if (at < 0)
        return s_unknown (argv [1]);
    bool asked = argc == 3 && (!strcmp (argv [2], "--help") || !strcmp (argv [2], "-h"));
    int status = asked ? s_help (1, argv + 1) : s_commands [at].run (argc - 2, argv + 2);
    if (fflush (stdout) && status == EXIT_FINE)
        status = EXIT_OUTPUT;
    return status;
}
