// daemon: see daemon.h.
#define _GNU_SOURCE
#include "cli/daemon.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/home.h"
#include "cli/options.h"
#include "master/master.h"
#include "worker/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST_FILES = 65536 };

status_t daemon_folder (const char *path, error_t *error)
{
    struct stat is;
    TRY (file_make_folders (path, 0700, error));
    if (stat (path, &is))
        return error_errno (error, "%s", path);
    if (is.st_uid != geteuid () || is.st_mode & 022)
        return error_set (error, "%s: must belong to this user (%u) and be writable by nobody else: chown and chmod go-w it", path, (unsigned) geteuid ());
    return OK;
}

status_t daemon_lock (const char *folder, const char *what, int *fd, error_t *error)
{
    char *path = file_join (folder, "lock");
    *fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    status_t rc = OK;
    if (*fd < 0)
        rc = error_errno (error, "%s: cannot open", path);
    else if (flock (*fd, LOCK_EX | LOCK_NB))
        rc = errno == EWOULDBLOCK ? error_set (error, "%s: another racimo %s works on this folder", folder, what)
            : error_errno (error, "%s: cannot lock", path);
    free (path);
    return rc;
}

bool daemon_is_locked (const char *folder)
{
    char *path = file_join (folder, "lock");
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    free (path);
    bool locked = fd >= 0 && flock (fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    if (fd >= 0)
        close (fd);
    return locked;
}

// A folder that a worker works in is locked by it and its zygote, who removes it in the end. One that nobody has locked was left by a power
// cut. The number of a process would not do: after a start of the machine it is somebody else's, often the new worker's own.
static int s_lock_folder (const char *path, int how)
{
    int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !flock (fd, how))
        return fd;
    close (fd);
    return -1;
}

static void s_remove_stale (const char *scratch)
{
    DIR *folder = opendir (scratch);
    int pid, end;
    for (struct dirent *entry; folder && (entry = readdir (folder)); ) {
        end = 0;
        if (sscanf (entry->d_name, "worker-%d%n", &pid, &end) != 1 || entry->d_name [end])
            continue;
        char *path = file_join (scratch, entry->d_name);
        int fd = s_lock_folder (path, LOCK_EX | LOCK_NB);
        if (fd >= 0) {
            file_remove_tree (path);
            close (fd);
        }
        free (path);
    }
    if (folder)
        closedir (folder);
}

// Ours stays open, and so locked, for the life of this process and its zygote. Where there can be no locks, nothing is removed.
static char *s_new_scratch (const char *scratch, error_t *error)
{
    char name [32];
    snprintf (name, sizeof name, "worker-%d", (int) getpid ());
    char *path = file_join (scratch, name);
    if (!file_make_folders (path, 0700, error)) {
        (void) !s_lock_folder (path, LOCK_EX | LOCK_NB);
        return path;
    }
    free (path);
    return NULL;
}

char *daemon_scratch (const char *scratch, error_t *error)
{
    if (daemon_folder (scratch, error))
        return NULL;
    int fd = s_lock_folder (scratch, LOCK_EX);          // two that begin at a time: what one has made and not locked yet is no leftover
    s_remove_stale (scratch);
    char *path = s_new_scratch (scratch, error);
    if (fd >= 0)
        close (fd);
    return path;
}

void daemon_allow_files (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) || limit.rlim_cur >= MOST_FILES)
        return;
    limit.rlim_cur = limit.rlim_max < MOST_FILES ? limit.rlim_max : MOST_FILES;
    (void) setrlimit (RLIMIT_NOFILE, &limit);
}

void daemon_notify (const char *state)
{
    const char *path = getenv ("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t size = path ? strlen (path) : 0;
    if (!size || size >= sizeof to.sun_path)
        return;
    memcpy (to.sun_path, path, size);
    if (*path == '@')                                   // an abstract one
        to.sun_path [0] = '\0';
    int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void) !sendto (fd, state, strlen (state), MSG_NOSIGNAL, (struct sockaddr *) &to, (socklen_t) (offsetof (struct sockaddr_un, sun_path) + size));
        close (fd);
    }
}

// ---- a worker

// Two workers with one key put each other out for ever, and all their work with them. A lock of fcntl's, because children do not inherit
// it: those of a worker that was killed may live a moment longer. It ends when this process closes the file, so it stays open. Where there
// can be no lock, the master's log has to tell.
static status_t s_lock_key (const char *path, error_t *error)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open (path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || !fcntl (fd, F_SETLK, &whole) || (errno != EAGAIN && errno != EACCES))
        return OK;
    close (fd);
    return error_set (error, "%s: another racimo worker works with this key: end that one, or let this one join with a key of its own", path);
}

static status_t s_load_keys (const config_t *config, keys_t *keys, error_t *error)
{
    if (config->security == SECURITY_NONE) {
        log_line (LOG_WARN, "security = none: whoever reaches this machine over the network may run programs here as this user");
        return OK;
    }
    if (!*config->key)
        return error_set_kind (error, ERROR_USAGE, "%s: the head's public key is not known: racimo cluster join TOKEN writes it", config->file);
    char *path = config_key_path (config, "worker");
    status_t rc = keys_load (path, keys, error);
    if (!rc)
        rc = s_lock_key (path, error);
    free (path);
    return rc;
}

typedef struct { keys_t keys; char *api, *scratch, *chunks, *jobs, *bundles, *endpoint; } node_t;

static status_t s_prepare (const config_t *config, const char *host, node_t *node, error_t *error)
{
    TRY (cli_check_stack (error));
    if (!*host)
        return error_set_kind (error, ERROR_USAGE, "no head is known: racimo cluster join TOKEN, or --head HOST --security none");
    TRY (s_load_keys (config, &node->keys, error));
    TRY (daemon_folder (config->cache, error));
    node->chunks = file_join (config->cache, "chunks");
    node->jobs = file_join (config->cache, "jobs");
    node->bundles = file_join (config->cache, "bundles");
    TRY (file_make_folders (node->jobs, 0700, error));
    node->scratch = daemon_scratch (config->scratch, error);
    node->api = home_api (error);
    if (!node->scratch || !node->api)
        return FAILED;
    buffer_t endpoint = { 0 };
    buffer_print (&endpoint, "tcp://%s:%llu", host, (unsigned long long) config->control);
    buffer_add (&endpoint, "", 1);
    node->endpoint = endpoint.data;
    return OK;
}

// What its share of the machine is, if the settings leave that open.
static void s_share (const config_t *config, bool on_head, worker_options_t *options)
{
    uint64_t cpus = options_cpus (), slots = on_head ? config->head_slots : config->slots ? config->slots : cpus;
    options->slots = (uint32_t) slots;
    options->memory = config->memory ? config->memory : options_memory ();
    if (!config->memory && slots < cpus)
        options->memory = options->memory / cpus * slots;
}

static const char *s_or_null (const char *text)
{
    return *text ? text : NULL;
}

int daemon_run_worker (const config_t *config, bool on_head, int parent)
{
    error_t error = { 0 };
    node_t node = { 0 };
    int status;
    // The head's worker need not find the head by its name, but others will look for it there.
    const char *host = !on_head ? config->head : *config->listen ? config->listen : "127.0.0.1";
    log_name ("racimo worker");
    daemon_allow_files ();
    if (s_prepare (config, host, &node, &error)) {
        log_line (LOG_BAD, "%s", error.text);
        status = (int) master_exit_of (error.kind);
    } else {
        bool secured = config->security != SECURITY_NONE;
        worker_options_t options = {
            .endpoint = node.endpoint, .scratch = node.scratch, .cache = node.jobs, .api = node.api, .parent = parent, .head = host,
            .keys = secured ? &node.keys : NULL, .server = secured ? config->key : NULL, .node = s_or_null (config->node),
            .address = s_or_null (*config->address || !on_head ? config->address : config->head), .port = (uint16_t) config->port,
            .chunks = node.chunks, .chunks_size = config->cache_size, .bundles = node.bundles,
        };
        s_share (config, on_head, &options);
        if (!on_head)                                   // else a head that is not found would leave no line at all
            log_line (LOG_SAY, "looks for the head %s at port %llu", host, (unsigned long long) config->control);
        status = worker_main (&options);
    }
    free (node.api);
    free (node.scratch);
    free (node.chunks);
    free (node.jobs);
    free (node.bundles);
    free (node.endpoint);
    return status;
}
