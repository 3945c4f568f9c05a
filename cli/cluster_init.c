// cluster_init: racimo cluster init: makes this machine the head of a new cluster. See cluster.h.
//
// Nothing is written over: an old head key would take all nodes with it. What was made when something fails half way is found and
// used by the next try.
#include "cli/cluster.h"
#include "base/file.h"
#include "cli/cli.h"
#include "master/allow.h"
#include "master/master.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_USES = 16, FIRST_SECONDS = 3600 };         // of the first token: for all nodes of a small cluster

typedef struct {
    config_t config;
    unsigned user, group;                               // of the daemons
    keys_t head, worker, client;                        // worker: of the head's own one, whom the master lets in if it has one
    char *client_path;
} setup_t;

// --roots, as often as wanted; resolved, so that what is written holds wherever the master is started.
static status_t s_roots (config_t *config, int *words, char **word, error_t *error)
{
    buffer_t roots = { 0 };
    status_t rc = OK;
    error_t own = { 0 };
    for (char *given; !rc && (given = cluster_option ("roots", words, word, &own)) && !own.text [0]; ) {
        char *rest = given, *name, path [PATH_MAX];
        while (!rc && (name = strtok_r (rest, " ", &rest))) {
            if (!realpath (name, path))
                rc = error_set_kind (error, ERROR_USAGE, "--roots %s: %s", name, strerror (errno));
            else if (strchr (path, ' '))
                rc = error_set_kind (error, ERROR_USAGE, "--roots: '%s' has a space in its name", path);
            else
                buffer_print (&roots, "%s%s", roots.size ? " " : "", path);
        }
    }
    if (!rc && own.text [0])
        rc = error_set_kind (error, ERROR_USAGE, "%s", own.text);
    buffer_add (&roots, "", 1);
    if (!rc && *roots.data)
        rc = config_set (config, "roots", roots.data, CONFIG_FLAG, error);
    buffer_free (&roots);
    return rc;
}

// Where data usually are: what there is of /srv/data and /home, or a plain user's own folder.
static status_t s_usual_roots (config_t *config, error_t *error)
{
    static const char *const usual [] = { "/srv/data", "/home" };
    const char *home = getenv ("HOME");
    buffer_t roots = { 0 };
    if (!config_is_system (config))
        buffer_print (&roots, "%s", home ? home : "");
    else
        for (size_t i = 0; i < COUNT_OF (usual); i++)
            if (!access (usual [i], F_OK))
                buffer_print (&roots, "%s%s", roots.size ? " " : "", usual [i]);
    buffer_add (&roots, "", 1);
    status_t rc = *roots.data ? config_set (config, "roots", roots.data, CONFIG_FLAG, error)
        : error_set_kind (error, ERROR_USAGE, "--roots FOLDER: name the folders that clients may read and write");
    buffer_free (&roots);
    return rc;
}

static status_t s_settle (setup_t *self, int words, char **word, error_t *error)
{
    config_t *config = &self->config;
    char name [64];
    TRY (s_roots (config, &words, word, error));
    TRY (config_flags (config, CONFIG_CLUSTER | CONFIG_MASTER | CONFIG_WORKER, words, word, error));
    if (!*config->roots)
        TRY (s_usual_roots (config, error));
    cluster_node_name (config, name);
    if (!*config->name)
        TRY (config_set (config, "name", name, CONFIG_FLAG, error));
    if (!*config->head)
        TRY (config_set (config, "head", name, CONFIG_FLAG, error));
    // Written even if standard, so that whoever reads the file sees where things are.
    return config_set (config, "state", config->state, CONFIG_FLAG, error);
}

// In a folder of the user's own; whoever asks through sudo, as that user, so that all of it is theirs.
static status_t s_client_keys (setup_t *self, error_t *error)
{
    const char *sudo = geteuid () || !config_is_system (&self->config) ? NULL : getenv ("SUDO_USER");
    const struct passwd *account = sudo ? getpwnam (sudo) : NULL;
    unsigned user = geteuid (), group = getegid ();
    bool made;
    if (!account) {
        self->client_path = config_key_path (&self->config, "client");
        return cluster_keys (self->client_path, user, group, &self->client, &made, error);
    }
    self->client_path = file_join (account->pw_dir, ".config/racimo/keys/client.key");
    if (setegid (account->pw_gid) || seteuid (account->pw_uid))
        return error_errno (error, "cannot act as %s", sudo);
    status_t rc = cluster_keys (self->client_path, account->pw_uid, account->pw_gid, &self->client, &made, error);
    if (seteuid (user) || setegid (group))
        return error_errno (error, "cannot be root again");
    return rc;
}

static status_t s_make_keys (setup_t *self, error_t *error)
{
    bool made;
    char *head = config_key_path (&self->config, "head"), *worker = config_key_path (&self->config, "worker");
    status_t rc = cluster_keys (head, self->user, self->group, &self->head, &made, error);
    if (!rc)
        rc = cluster_keys (worker, self->user, self->group, &self->worker, &made, error);
    if (!rc)
        rc = s_client_keys (self, error);
    if (!rc)
        rc = config_set (&self->config, "key", self->head.public_key, CONFIG_FLAG, error);
    free (head);
    free (worker);
    return rc;
}

static status_t s_allow (const setup_t *self, error_t *error)
{
    allow_t list;
    char user [64];
    cluster_user_name (&self->config, user);
    status_t rc = allow_open (&list, self->config.state, error);
    if (!rc && self->config.security != SECURITY_NONE)
        rc = allow_add (&list, ROLE_CLIENT, user, self->client.public_key, false, error);
    if (!rc)
        rc = allow_save (&list, error);
    allow_free (&list);
    return rc;
}

// A head that starts before its data are mounted would find empty folders: systemd is told to wait for them.
static status_t s_wait_for_mounts (const config_t *config, error_t *error)
{
    static const char system [] = "/etc/systemd/system", folder [] = "/etc/systemd/system/racimo-master.service.d";
    buffer_t text = { 0 };
    if (!config_is_system (config) || access (system, W_OK))
        return OK;
    buffer_print (&text, "# written by racimo cluster init\n[Unit]\nRequiresMountsFor=%s\n", config->roots);
    char *path = file_join (folder, "roots.conf");
    status_t rc = file_make_folders (folder, 0755, error);
    if (!rc)
        rc = file_replace (path, 0644, text.data, text.size, error);
    free (path);
    buffer_free (&text);
    return rc;
}

static status_t s_make (setup_t *self, error_t *error)
{
    const config_t *config = &self->config;
    TRY (cluster_account (config, &self->user, &self->group, error));
    TRY (cluster_folder (config->folder, 0755, geteuid (), getegid (), error));
    if (config->security != SECURITY_NONE)
        TRY (s_make_keys (self, error));
    TRY (cluster_folder (config->state, 0700, self->user, self->group, error));
    if (config_is_system (config)) {
        TRY (cluster_folder (config->cache, 0700, self->user, self->group, error));
        TRY (cluster_folder (config->scratch, 0700, self->user, self->group, error));
    }
    TRY (s_allow (self, error));
    TRY (s_wait_for_mounts (config, error));
    return cluster_write (config, CONFIG_CLUSTER | CONFIG_MASTER | CONFIG_WORKER, error);
}

static status_t s_print (const setup_t *self, const token_grant_t *grant, error_t *error)
{
    const config_t *config = &self->config;
    bool system = config_is_system (config);
    printf ("cluster %s, head %s: %s\n", config->name, config->head, config->file);
    printf ("clients may read and write below: %s\n\n", config->roots);
    if (config->security == SECURITY_NONE)
        printf ("WARNING: security = none: whoever reaches this network may run programs on its nodes.\n\n");
    printf ("1. Here, start the master:\n    %s\n", system ? "sudo systemctl enable --now racimo-master" : "racimo master");
    printf ("2. On each node, within an hour%s:\n", system ? ", with sudo before it" : "");
    TRY (cluster_print_token (config, grant, error));
    printf ("3. Here, look who is there, and run a first job:\n    racimo nodes\n    racimo run wordcount FILE --master %s\n", config->head);
    return OK;
}

int cluster_init (int words, char **word)
{
    setup_t self = { 0 };
    error_t error = { 0 };
    token_grant_t grant = { .role = ROLE_WORKER, .uses = FIRST_USES, .seconds = FIRST_SECONDS };
    status_t rc = cluster_grant (&grant, &words, word, &error);
    if (!rc)
        rc = config_load (&self.config, &error);
    char *nodes = rc ? NULL : file_join (self.config.state, "nodes");
    if (!rc && !access (nodes, F_OK))
        rc = error_set_kind (&error, ERROR_USAGE, "%s: a cluster has been set up here; racimo cluster token lets nodes in, or remove that folder to begin anew",
            self.config.state);
    if (!rc)
        rc = s_settle (&self, words, word, &error);
    if (!rc)
        rc = s_make (&self, &error);
    if (!rc)
        rc = s_print (&self, &grant, &error);
    free (nodes);
    free (self.client_path);
    config_free (&self.config);
    return rc ? cli_fail (&error) : EXIT_FINE;
}
