// up_master: the master of `racimo up`: its ports, keys, configuration and process. See up.c.
//
// Its readiness comes by the way that systemd would be told ($NOTIFY_SOCKET); what it says goes into a file, and is shown if it fails.
#define _GNU_SOURCE
#include "cli/up_parts.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "master/allow.h"
#include "master/master.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { START_MS = 10000 };                              // for the master to be ready

// ---- addresses and ports

const char *up_without_user (const char *host)
{
    const char *at = strrchr (host, '@');
    return at ? at + 1 : host;
}

void up_head_for (const up_t *self, const char *host, char into [UP_HOST])
{
    struct addrinfo wanted = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM }, *found = NULL;
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    snprintf (into, UP_HOST, "%s", self->wishes.head ? self->wishes.head : "");
    if (!*into && !getaddrinfo (up_without_user (host), "9", &wanted, &found)) {
        int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);    // connecting it sends nothing
        if (fd >= 0 && !connect (fd, found->ai_addr, found->ai_addrlen) && !getsockname (fd, (struct sockaddr *) &own, &size))
            (void) getnameinfo ((struct sockaddr *) &own, size, into, UP_HOST, NULL, 0, NI_NUMERICHOST);
        if (fd >= 0)
            close (fd);
        freeaddrinfo (found);
    }
    if (!*into && gethostname (into, UP_HOST - 1))
        snprintf (into, UP_HOST, "localhost");
}

// Ports that nobody has now. They are held together until all are known, so that they differ.
static status_t s_ports (config_t *config, error_t *error)
{
    uint64_t *port [] = { &config->control, &config->data, &config->door };
    int fd [COUNT_OF (port)];
    status_t rc = OK;
    for (size_t i = 0; i < COUNT_OF (port); i++) {
        struct sockaddr_in any = { .sin_family = AF_INET };
        socklen_t size = sizeof any;
        fd [i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd [i] < 0 || bind (fd [i], (struct sockaddr *) &any, sizeof any) || getsockname (fd [i], (struct sockaddr *) &any, &size))
            rc = error_errno (error, "a free port");
        *port [i] = ntohs (any.sin_port);
    }
    for (size_t i = 0; i < COUNT_OF (port); i++)
        if (fd [i] >= 0)
            close (fd [i]);
    return rc;
}

// ---- keys and configuration

static status_t s_key (const up_t *self, const char *role, keys_t *keys, error_t *error)
{
    char *path = config_key_path (&self->config, role);
    status_t rc = keys_make (keys, error);
    if (!rc)
        rc = keys_save (keys, path, error);
    free (path);
    return rc;
}

// Head, its own worker and the client; the hosts' keys are made when they are called.
static status_t s_keys (up_t *self, error_t *error)
{
    allow_t allow = { 0 };
    keys_t head, worker, client;
    char *folder = file_join (self->folder, "keys"), name [UP_HOST] = "";
    status_t rc = file_make_folders (folder, 0700, error);
    free (folder);
    TRY (rc);
    TRY (s_key (self, "head", &head, error));
    TRY (s_key (self, "worker", &worker, error));
    TRY (s_key (self, "client", &client, error));
    (void) gethostname (name, sizeof name - 1);
    TRY (config_set (&self->config, "key", head.public_key, CONFIG_FLAG, error));
    TRY (allow_open (&allow, self->config.state, error));
    rc = allow_add (&allow, ROLE_WORKER, allow_is_name (name) ? name : "head", worker.public_key, false, error);
    if (!rc)
        rc = allow_add (&allow, ROLE_CLIENT, "up", client.public_key, false, error);
    if (!rc)
        rc = allow_save (&allow, error);
    allow_free (&allow);
    explicit_bzero (&head, sizeof head);
    explicit_bzero (&worker, sizeof worker);
    explicit_bzero (&client, sizeof client);
    return rc;
}

status_t up_set (up_t *self, const char *name, const char *value, error_t *error)
{
    return value ? config_set (&self->config, name, value, CONFIG_FLAG, error) : OK;
}

// The ports' numbers are set as text, so that they count as set and are written.
static status_t s_set_ports (up_t *self, error_t *error)
{
    const struct { const char *name; uint64_t port; } ports [] = {
        { "control", self->config.control }, { "data", self->config.data }, { "door", self->config.door },
        { "beacon", 0 },                                // nobody is to find it
    };
    for (size_t i = 0; i < COUNT_OF (ports); i++) {
        char text [24];
        snprintf (text, sizeof text, "%llu", (unsigned long long) ports [i].port);
        TRY (up_set (self, ports [i].name, text, error));
    }
    return OK;
}

status_t up_configure (up_t *self, error_t *error)
{
    char *file = file_join (self->folder, "racimo.conf"), head [UP_HOST];
    buffer_t text = { 0 };
    setenv ("RACIMO_CONFIG", file, 1);
    status_t rc = config_load (&self->config, error);
    if (!rc)
        rc = s_ports (&self->config, error);
    if (!rc)
        rc = s_set_ports (self, error);
    up_head_for (self, self->wishes.host [0], head);
    const char *const settings [] [2] = {
        { "name", "up" }, { "head", head }, { "roots", "/" }, { "slots", self->wishes.slots }, { "head_slots", self->wishes.head_slots },
        { "memory", self->wishes.memory }, { "security", "curve" },
    };
    for (size_t i = 0; i < COUNT_OF (settings) && !rc; i++)
        rc = up_set (self, settings [i] [0], settings [i] [1], error);
    if (!rc)
        rc = file_make_folders (self->config.state, 0700, error);
    if (!rc)
        rc = s_keys (self, error);
    config_write (&self->config, CONFIG_CLUSTER | CONFIG_MASTER | CONFIG_WORKER, &text);
    if (!rc)
        rc = file_save (file, text.data, text.size, error);
    buffer_free (&text);
    free (file);
    return rc;
}

// ---- the master

static status_t s_open_notices (up_t *self, error_t *error)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char *path = file_join (self->folder, "notices");
    snprintf (at.sun_path, sizeof at.sun_path, "%s", path);
    self->notices = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    status_t rc = self->notices < 0 || bind (self->notices, (struct sockaddr *) &at, sizeof at) ? error_errno (error, "%s", path) : OK;
    free (path);
    return rc;
}

static int s_be_master (const up_t *self, pid_t watch)
{
    int log = open (self->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), null = open ("/dev/null", O_RDWR | O_CLOEXEC);
    char *notices = file_join (self->folder, "notices");
    setpgid (0, 0);
    prctl (PR_SET_PDEATHSIG, SIGTERM);
    if (getppid () != watch || log < 0 || null < 0)
        return EXIT_OTHER;
    dup2 (null, STDIN_FILENO);
    dup2 (log, STDOUT_FILENO);
    dup2 (log, STDERR_FILENO);
    setenv ("NOTIFY_SOCKET", notices, 1);
    free (notices);
    int status = master_command (0, NULL);
    if (getppid () != watch)
        file_remove_tree (self->folder);
    return status;
}

status_t up_master_failed (const up_t *self, error_t *error)
{
    buffer_t log = { 0 };
    char *line = NULL;
    if (!file_load (self->log, 1 << 20, &log, NULL) && log.size > 1) {
        log.data [log.size - 1] = '\0';
        line = strrchr (log.data, '\n') ? strrchr (log.data, '\n') + 1 : log.data;
    }
    status_t rc = error_set (error, "the master has ended%s%s", line ? ": " : "", line ? line : "");
    buffer_free (&log);
    return rc;
}

status_t up_start_master (up_t *self, error_t *error)
{
    pid_t watch = getpid ();
    TRY (s_open_notices (self, error));
    fflush (NULL);
    self->master = fork ();
    if (self->master < 0) {
        self->master = 0;
        return error_errno (error, "fork");
    }
    if (!self->master)
        _exit (s_be_master (self, watch));
    for (int64_t due = clock_us () + START_MS * INT64_C (1000); self->master && !self->told && clock_us () < due;) {
        char notice [64];
        struct timeval patience = { .tv_usec = 50000 };
        setsockopt (self->notices, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ssize_t got = recv (self->notices, notice, sizeof notice, 0);
        if (got > 0 && !strncmp (notice, "READY=1", 7))
            return OK;
        up_wait (self, 0);
    }
    return self->master ? error_set (error, "the master is not ready after %d seconds", START_MS / 1000) : up_master_failed (self, error);
}

