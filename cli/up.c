// up: racimo up: a cluster for the occasion: a master here, workers on other machines over ssh (or what --via says), and no trace afterwards.
//
// This process watches. The master and the job's client are forked from it before it has any thread or ZeroMQ context of its own; the workers
// are a crew (crew.h). Keys are made anew each time and lie, with the master's own files, in a private folder that is removed at the end.
// If this process is killed, the master gets a signal and the workers' inputs end, so that none of them stays.
#define _GNU_SOURCE
#include "cli/up_parts.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "master/allow.h"
#include "master/master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    JOIN_S = 30,                                        // for the workers to have joined
    END_MS = 15000,                                     // for all to end
};

const char up_help [] =
    "racimo up [OPTION]... HOST... [-- run JOB ...]\n\n"
    "Makes a cluster of this machine and the hosts, over ssh: no set-up, no daemons, keys for the\n"
    "occasion. With a command behind -- it runs that on it, and takes the cluster down; without\n"
    "one it stands until Ctrl-C. On the hosts racimo must be installed and ssh must let you in\n"
    "without a question. A host that leaves costs only time.\n\n"
    "  --via COMMAND        how to run something on a host, {} stands for it\n"
    "                       (standard: ssh -o BatchMode=yes {})\n"
    "  --head NAME          where the hosts find this machine (standard: the address that leads to them)\n"
    "  --program PATH       racimo on the hosts (standard: racimo)\n"
    "  --slots N            tasks at a time on each host (standard: one a CPU)\n"
    "  --head-slots N       on this machine (standard: 1)\n"
    "  --memory SIZE        on each host, of all tasks together\n\n"
    "  racimo up pi1 pi2 pi3 -- run wordcount books/*.txt -o counts\n";

#define USAGE(...) error_set_kind (error, ERROR_USAGE, __VA_ARGS__)

// ---- what is asked

static status_t s_wishes (wishes_t *self, int words, char **word, error_t *error)
{
    const struct { const char *name, **into; } options [] = {
        { "--via", &self->via }, { "--head", &self->head }, { "--program", &self->program }, { "--slots", &self->slots },
        { "--head-slots", &self->head_slots }, { "--memory", &self->memory },
    };
    *self = (wishes_t) { .via = "ssh -o BatchMode=yes {}", .program = "racimo" };
    int at = 0;
    for (; at < words && word [at] [0] == '-' && strcmp (word [at], "--"); at += 2) {
        size_t i = 0;
        while (i < COUNT_OF (options) && strcmp (word [at], options [i].name))
            i++;
        if (i == COUNT_OF (options))
            return USAGE ("up: there is no option %s (racimo help up)", word [at]);
        if (at + 1 == words)
            return USAGE ("%s: needs a value", word [at]);
        *options [i].into = word [at + 1];
    }
    self->host = word + at;
    for (; at < words && strcmp (word [at], "--"); at++)
        self->hosts++;
    self->command = word + at + 2;
    self->words = at < words ? words - at - 1 : 0;
    if (!self->hosts)
        return USAGE ("up: on which hosts? (racimo up HOST... -- run JOB ...)");
    if (at < words && (!self->words || strcmp (word [at + 1], "run")))
        return USAGE ("up: behind -- stands: run JOB ...");
    return strstr (self->via, "{}") ? OK : USAGE ("--via: has no {} for the host");
}

// ---- the hosts

static void s_reap (up_t *self)
{
    int status;
    for (pid_t pid; (pid = waitpid (-1, &status, WNOHANG)) > 0;) {
        int code = WIFEXITED (status) ? WEXITSTATUS (status) : EXIT_OTHER;
        if (pid == self->master) {
            self->master = 0;
            self->master_status = code;
        } else if (pid == self->client) {
            self->client = 0;
            self->client_status = code;
        } else
            (void) crew_reap (self->crew, pid, status);
    }
}

void up_wait (up_t *self, int wait_ms)
{
    crew_wait (self->crew, self->interrupt.fd, wait_ms);
    for (int signal; (signal = interrupt_next (&self->interrupt));)
        self->told |= signal != SIGCHLD;
    s_reap (self);
}

// Names are for people; two workers on one host differ by a number.
static status_t s_let_in (const up_t *self, int at, const char *key, char name [CONFIG_NAME], error_t *error)
{
    const char *host = up_without_user (self->wishes.host [at]);
    bool again = !config_is_name (host) || strlen (host) > CONFIG_NAME - 8;
    for (int i = 0; i < at; i++)
        again |= !strcmp (host, up_without_user (self->wishes.host [i]));
    snprintf (name, CONFIG_NAME, again ? "%.40s-%d" : "%s", config_is_name (host) ? host : "host", at + 1);
    allow_t allow = { 0 };
    TRY (allow_open (&allow, self->config.state, error));
    status_t rc = allow_add (&allow, ROLE_WORKER, name, key, true, error);      // true: the head's worker may be of this name
    if (!rc)
        rc = allow_save (&allow, error);
    allow_free (&allow);
    return rc;
}

static status_t s_call (up_t *self, int at, error_t *error)
{
    char head [UP_HOST], name [CONFIG_NAME];
    keys_t keys;
    buffer_t text = { 0 };
    TRY (keys_make (&keys, error));
    TRY (s_let_in (self, at, keys.public_key, name, error));
    up_head_for (self, self->wishes.host [at], head);
    TRY (up_set (self, "head", head, error));
    TRY (up_set (self, "node", name, error));
    config_write (&self->config, CONFIG_CLUSTER | CONFIG_WORKER, &text);
    status_t rc = crew_add (self->crew, self->wishes.host [at], &text, &keys, error);
    buffer_free (&text);
    explicit_bzero (&keys, sizeof keys);
    return rc;
}

// Until all have joined or ended. A host that cannot be had is said (by the crew) and done without.
static status_t s_gather (up_t *self, error_t *error)
{
    for (int i = 0; i < self->wishes.hosts; i++)
        TRY (s_call (self, i, error));
    int64_t due = clock_us () + JOIN_S * INT64_C (1000000), left;
    while (self->master && !self->told && crew_working (self->crew) + crew_ended (self->crew) < crew_size (self->crew) && (left = due - clock_us ()) > 0)
        up_wait (self, (int) (left / 1000) + 1);
    size_t working = crew_working (self->crew);
    if (!self->master)
        return up_master_failed (self, error);
    if (!working && !self->told)
        return error_set (error, "none of the hosts has joined");
    fprintf (stderr, "racimo up: %zu of %zu hosts have joined\n", working, crew_size (self->crew));
    return OK;
}

// ---- what it is for

static void s_name_cluster (const up_t *self)
{
    char master [64];
    snprintf (master, sizeof master, "127.0.0.1:%llu", (unsigned long long) self->config.control);
    setenv ("RACIMO_MASTER", master, 1);
}

static status_t s_start_client (up_t *self, error_t *error)
{
    fflush (NULL);
    self->client = fork ();
    if (self->client < 0) {
        self->client = 0;
        return error_errno (error, "fork");
    }
    if (!self->client) {
        sigprocmask (SIG_SETMASK, &self->interrupt.before, NULL);
        int status = run_command (self->wishes.words - 1, self->wishes.command);
        exit (fflush (stdout) && status == EXIT_FINE ? EXIT_OUTPUT : status);
    }
    return OK;
}

// A Ctrl-C reaches the client too, which then cancels its job; SIGTERM only us.
static int s_serve (up_t *self, error_t *error)
{
    s_name_cluster (self);
    if (!self->wishes.words) {
        fprintf (stderr, "racimo up: in another shell:  export RACIMO_CONFIG='%s/racimo.conf' RACIMO_MASTER=%s\n"
            "racimo up: then racimo run, status, nodes ...; Ctrl-C here takes it down\n", self->folder, getenv ("RACIMO_MASTER"));
        while (!self->told && self->master)
            up_wait (self, -1);
        return self->master ? EXIT_FINE : (int) master_exit_of (up_master_failed (self, error) ? error->kind : ERROR_OTHER);
    }
    if (s_start_client (self, error))
        return EXIT_OTHER;
    for (bool passed = false; self->client;) {
        up_wait (self, -1);
        if (self->told && !passed && self->client)
            kill (self->client, SIGTERM);
        passed = self->told;
    }
    return self->client_status;
}

static void s_take_down (up_t *self)
{
    if (self->master)
        kill (self->master, SIGTERM);                   // which tells the workers
    crew_destroy (&self->crew, END_MS);
    if (self->master)
        while (waitpid (self->master, NULL, 0) < 0 && errno == EINTR) { }
    if (self->notices >= 0)
        close (self->notices);
    if (self->folder)
        file_remove_tree (self->folder);
    interrupt_free (&self->interrupt);
    config_free (&self->config);
    free (self->folder);
    free (self->log);
}

int up_command (int words, char **word)
{
    up_t self = { .notices = -1 };
    error_t error = { 0 };
    if (s_wishes (&self.wishes, words, word, &error))
        return cli_fail (&error);
    self.interrupt = interrupt_new ();
    signal (SIGPIPE, SIG_IGN);
    self.crew = crew_new (self.wishes.via, self.wishes.program);
    self.folder = cli_private_folder (&error);
    self.log = self.folder ? file_join (self.folder, "master.log") : NULL;
    int status = EXIT_CLUSTER;
    if (self.folder && !up_configure (&self, &error) && !up_start_master (&self, &error) && !s_gather (&self, &error))
        status = s_serve (&self, &error);
    else if (error.kind != ERROR_OTHER)
        status = (int) master_exit_of (error.kind);
    s_take_down (&self);
    if (error.text [0])
        (void) cli_fail (&error);
    return status;
}
