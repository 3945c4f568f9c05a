// guest: see guest.h.
//
// Two processes: this one reads standard input to its end and watches the other, which is the worker. All that both write lies in a private
// folder, with the key; whoever is left last removes it. The input is one line with two sizes, a configuration file, and a key file.
#define _GNU_SOURCE
#include "cli/guest.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/config.h"
#include "cli/daemon.h"
#include "master/master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SETTINGS_LIMIT = 64 * 1024, HEADER_LIMIT = 80,
    END_S = 10,                                         // for a worker to end, when its input has
};

#define HEADER "racimo worker %zu %zu\n"

void guest_write (const buffer_t *settings, const keys_t *keys, buffer_t *into)
{
    buffer_t pair = { 0 };
    buffer_print (&pair, "%s%s", keys->public_key, keys->secret_key);
    buffer_print (into, HEADER, settings->size, pair.size);
    buffer_add (into, settings->data, settings->size);
    buffer_add (into, pair.data, pair.size);
    explicit_bzero (pair.data, pair.size);
    buffer_free (&pair);
}

// ---- taking it in

static status_t s_read (void *into, size_t size, error_t *error)
{
    for (char *at = into; size;) {
        ssize_t got = read (STDIN_FILENO, at, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno (error, "standard input");
        if (!got)
            return error_set (error, "standard input ends before settings and key: this is for racimo up to start");
        at += got;
        size -= (size_t) got;
    }
    return OK;
}

// A byte at a time, so that what follows the line stays unread.
static status_t s_read_header (size_t *settings, size_t *keys, error_t *error)
{
    char line [HEADER_LIMIT] = "";
    size_t size = 0;
    int end = 0;
    do
        TRY (s_read (line + size, 1, error));
    while (line [size++] != '\n' && size < sizeof line - 1);
    if (sscanf (line, HEADER "%n", settings, keys, &end) == 2 && *settings <= SETTINGS_LIMIT && *keys == 2 * (KEY_TEXT - 1))
        return OK;
    return error_set_kind (error, ERROR_USAGE, "standard input does not begin as racimo up of release %s sends it", RACIMO_RELEASE);
}

static status_t s_take_in (const char *folder, error_t *error)
{
    size_t settings, pair;
    char text [SETTINGS_LIMIT], *file = file_join (folder, "racimo.conf"), *key_folder = file_join (folder, "keys"), *key = file_join (key_folder, "worker.key");
    keys_t keys = { 0 };
    status_t rc = s_read_header (&settings, &pair, error);
    if (!rc)
        rc = s_read (text, settings, error);
    if (!rc)
        rc = file_save (file, text, settings, error);
    if (!rc)
        rc = s_read (keys.public_key, KEY_TEXT - 1, error);
    if (!rc)
        rc = s_read (keys.secret_key, KEY_TEXT - 1, error);
    if (!rc)
        rc = file_make_folders (key_folder, 0700, error);
    if (!rc)
        rc = keys_save (&keys, key, error);
    explicit_bzero (&keys, sizeof keys);
    setenv ("RACIMO_CONFIG", file, 1);
    free (file);
    free (key_folder);
    free (key);
    return rc;
}

// ---- the worker and its watch

static int s_work (const char *folder, pid_t watch)
{
    config_t config = { 0 };
    error_t error = { 0 };
    sigset_t none;
    sigemptyset (&none);
    sigprocmask (SIG_SETMASK, &none, NULL);
    prctl (PR_SET_NAME, "racimo-worker");
    int status;
    if (config_load (&config, &error)) {
        log_line (LOG_BAD, "%s", error.text);
        status = (int) master_exit_of (error.kind);
    } else
        status = daemon_run_worker (&config, false, (int) watch);
    config_free (&config);
    if (getppid () != watch)
        file_remove_tree (folder);
    return status;
}

// Until it has ended: by itself, or because our input has or we are told to; then within END_S.
static int s_watch (pid_t worker, int signals)
{
    int status = 0;
    int64_t due = INT64_MAX;
    struct pollfd polled [2] = { { .fd = signals, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
    while (!waitpid (worker, &status, WNOHANG)) {
        char bytes [512];
        struct signalfd_siginfo news = { 0 };
        if (clock_us () >= due)
            kill (worker, SIGKILL);
        (void) poll (polled, 2, due == INT64_MAX ? -1 : 1000);
        bool told = polled [0].revents && read (signals, &news, sizeof news) > 0 && news.ssi_signo != SIGCHLD;
        bool over = polled [1].revents && read (STDIN_FILENO, bytes, sizeof bytes) <= 0;
        if (over)
            polled [1].fd = -1;
        if ((told || over) && due == INT64_MAX) {
            kill (worker, SIGTERM);
            due = clock_us () + END_S * INT64_C (1000000);
        }
    }
    return WIFEXITED (status) ? WEXITSTATUS (status) : EXIT_OTHER;
}

static int s_start (const char *folder, error_t *error)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    sigaddset (&set, SIGCHLD);
    sigprocmask (SIG_BLOCK, &set, NULL);
    int signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    pid_t watch = getpid (), worker = signals < 0 ? -1 : fork ();
    if (worker < 0) {
        (void) error_errno (error, "fork");
        return EXIT_OTHER;
    }
    if (!worker)
        exit (s_work (folder, watch));
    int status = s_watch (worker, signals);
    close (signals);
    return status;
}

int guest_run (void)
{
    error_t error = { 0 };
    int status = EXIT_OTHER;
    log_name (GUEST_NAME);
    signal (SIGPIPE, SIG_IGN);                          // who listened to our log may be gone
    char *folder = cli_private_folder (&error);
    if (folder) {
        if (s_take_in (folder, &error))
            status = (int) master_exit_of (error.kind);
        else
            status = s_start (folder, &error);
        file_remove_tree (folder);
    }
    if (error.text [0])
        log_line (LOG_BAD, "%s", error.text);
    free (folder);
    return status;
}
