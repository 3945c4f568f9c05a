// cluster_files: the files of a cluster's set-up: folders, keys, configuration, and whose they are. See cluster.h.
//
// What root sets up for the whole system is for a user of its own, racimo, without a password or a home: the daemons run jobs, and jobs
// are other people's programs. A plain user's cluster is that user's.
#define _GNU_SOURCE
#include "cli/cluster.h"
#include "base/file.h"
#include "wire/keys.h"

#include <errno.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACCOUNT "racimo"

extern char **environ;

static status_t s_make_account (error_t *error)
{
    static const char *const words [] = { "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/var/lib/racimo", "--shell",
        "/usr/sbin/nologin", ACCOUNT, NULL };
    pid_t child;
    int status = -1, rc = posix_spawnp (&child, words [0], NULL, NULL, (char *const *) words, environ);
    if (rc || waitpid (child, &status, 0) != child || status || !getpwnam (ACCOUNT))
        return error_set (error, "the user " ACCOUNT ", whom the daemons run as, cannot be made: useradd --system --user-group " ACCOUNT);
    return OK;
}

status_t cluster_account (const config_t *config, unsigned *user, unsigned *group, error_t *error)
{
    *user = geteuid ();
    *group = getegid ();
    if (geteuid () || !config_is_system (config))
        return OK;
    if (!getpwnam (ACCOUNT))
        TRY (s_make_account (error));
    const struct passwd *account = getpwnam (ACCOUNT);
    *user = account->pw_uid;
    *group = account->pw_gid;
    return OK;
}

static status_t s_give (const char *path, unsigned user, unsigned group, error_t *error)
{
    if (user != geteuid () && lchown (path, user, group))
        return error_errno (error, "%s: cannot be given to user %u", path, user);
    return OK;
}

status_t cluster_folder (const char *path, unsigned mode, unsigned user, unsigned group, error_t *error)
{
    TRY (file_make_folders (path, 0755, error));
    if (chmod (path, mode))
        return error_errno (error, "%s: cannot change its mode", path);
    return s_give (path, user, group, error);
}

// As the user whose they are: keys are read by nobody else.
static status_t s_load_as (unsigned user, const char *path, keys_t *keys, error_t *error)
{
    unsigned self = geteuid ();
    if (user != self && seteuid (user))
        return error_errno (error, "%s: cannot act as user %u", path, user);
    status_t rc = keys_load (path, keys, error);
    if (user != self && seteuid (self))
        return error_errno (error, "cannot be user %u again", self);
    return rc;
}

static status_t s_new_keys (const char *path, unsigned user, unsigned group, keys_t *keys, error_t *error)
{
    char public [4096];
    TRY (keys_make (keys, error));
    TRY (keys_save (keys, path, error));
    snprintf (public, sizeof public, "%s.pub", path);
    TRY (s_give (path, user, group, error));
    return s_give (public, user, group, error);
}

status_t cluster_keys (const char *path, unsigned user, unsigned group, keys_t *keys, bool *made, error_t *error)
{
    char *folder = strndup (path, (size_t) (strrchr (path, '/') - path));
    struct stat is;
    status_t rc = cluster_folder (folder, 0700, user, group, error);
    free (folder);
    if (rc)
        return rc;
    *made = stat (path, &is) && errno == ENOENT;
    return *made ? s_new_keys (path, user, group, keys, error) : s_load_as (user, path, keys, error);
}

status_t cluster_write (const config_t *config, unsigned sections, error_t *error)
{
    buffer_t text = { 0 };
    config_write (config, sections, &text);
    status_t rc = file_make_folders (config->folder, 0755, error);
    if (!rc)
        rc = file_replace (config->file, 0644, text.data, text.size, error);
    buffer_free (&text);
    return rc;
}

// ---- names

static void s_copy (char name [64], const char *from)
{
    size_t at = 0;
    for (; *from && at < 63; from++)
        if (strchr ("._-@", *from) || (*from >= '0' && *from <= '9') || ((*from | 0x20) >= 'a' && (*from | 0x20) <= 'z'))
            name [at++] = *from;
    name [at] = '\0';
}

static void s_host (const config_t *config, char host [128])
{
    *host = '\0';
    (void) gethostname (host, 127);
    if (*config->node)
        snprintf (host, 128, "%s", config->node);
}

void cluster_node_name (const config_t *config, char name [64])
{
    char host [128];
    s_host (config, host);
    s_copy (name, host);
}

void cluster_user_name (const config_t *config, char name [64])
{
    char host [128], both [256];
    const char *sudo = geteuid () ? NULL : getenv ("SUDO_USER");
    const struct passwd *account = getpwuid (geteuid ());
    s_host (config, host);
    snprintf (both, sizeof both, "%.100s@%s", sudo ? sudo : account ? account->pw_name : "user", host);
    s_copy (name, both);
}
