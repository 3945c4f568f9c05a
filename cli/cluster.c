// cluster: racimo cluster ...: setting a cluster up and looking after who belongs to it. init, join and find have files of their own.
//
// What is asked on the head works on files in the master's state folder, whether a master runs or not; one that runs notices (see
// master/door.h). So there is no privileged connection and no operator's key: who may write that folder may decide.
#include "cli/cluster.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/daemon.h"
#include "cli/ticket.h"
#include "master/allow.h"
#include "master/master.h"

#include <czmq.h>
#include <errno.h>
#include <limits.h>

enum { HOUR_S = 3600, LONGEST_S = 30 * 24 * HOUR_S, MOST_USES = 1000 };

#define USAGE(...) error_set_kind (error, ERROR_USAGE, __VA_ARGS__)

const char cluster_help [] =
    "racimo cluster init [--name NAME] [--head HOST] [--roots FOLDER]...\n"
    "    on the head: makes keys, configuration and a first token, and says what to type next\n"
    "racimo cluster join TOKEN [--new-key]\n"
    "    on a node (or as a new user): makes a key and has the head let it in\n"
    "racimo cluster token [--client] [--uses N] [--for 90m] [--replace]\n"
    "    on the head: a new token, for one node within an hour unless told otherwise;\n"
    "    --client: for a user who runs jobs; --replace: for a node whose name is taken\n"
    "racimo cluster nodes\n"
    "    on the head: who may connect (racimo nodes: who is there now)\n"
    "racimo cluster revoke NAME\n"
    "    on the head: puts a node or client out, at once\n"
    "racimo cluster find [--address IPV4]\n"
    "    the heads that answer on the local network (who they are proves only the key)\n"
    "racimo cluster show\n"
    "    the settings that hold here, and where each is from\n\n"
    "init and join also take settings, which they write to the configuration:\n\n";

// ---- words

static void s_take_out (int at, int count, int *words, char **word)
{
    memmove (word + at, word + at + count, (size_t) (*words - at - count) * sizeof *word);
    *words -= count;
}

char *cluster_option (const char *name, int *words, char **word, error_t *error)
{
    size_t size = strlen (name);
    for (int i = 0; i < *words; i++) {
        if (strncmp (word [i], "--", 2) || strncmp (word [i] + 2, name, size) || !strchr ("=", word [i] [2 + size]))
            continue;
        char *value = word [i] [2 + size] ? word [i] + 3 + size : i + 1 < *words ? word [i + 1] : NULL;
        if (!value)
            (void) USAGE ("--%s: a value must follow", name);
        else
            s_take_out (i, word [i] [2 + size] ? 1 : 2, words, word);
        return value;
    }
    return NULL;
}

bool cluster_switch (const char *name, int *words, char **word)
{
    for (int i = 0; i < *words; i++)
        if (!strncmp (word [i], "--", 2) && streq (word [i] + 2, name)) {
            s_take_out (i, 1, words, word);
            return true;
        }
    return false;
}

// 30s, 90m, 2h, 1d
static status_t s_read_time (const char *text, uint64_t *seconds, error_t *error)
{
    static const struct { char unit; uint64_t seconds; } units [] = { { 's', 1 }, { 'm', 60 }, { 'h', HOUR_S }, { 'd', 24 * HOUR_S } };
    unsigned long long number;
    char unit;
    int end = 0;
    if (sscanf (text, "%5llu%c%n", &number, &unit, &end) == 2 && text [0] != '-' && !text [end])
        for (size_t i = 0; i < COUNT_OF (units); i++)
            if (unit == units [i].unit && number && number * units [i].seconds <= LONGEST_S) {
                *seconds = number * units [i].seconds;
                return OK;
            }
    return USAGE ("--for %s: give a time such as 90m, 2h or 7d, at most 30d", text);
}

status_t cluster_grant (token_grant_t *grant, int *words, char **word, error_t *error)
{
    error_t own = { 0 };
    char *uses = cluster_option ("uses", words, word, &own), *time = cluster_option ("for", words, word, &own), *end;
    if (own.text [0])
        return USAGE ("%s", own.text);
    if (time)
        TRY (s_read_time (time, &grant->seconds, error));
    if (uses) {
        grant->uses = strtoull (uses, &end, 10);
        if (*end || *uses == '-' || !grant->uses || grant->uses > MOST_USES)
            return USAGE ("--uses %s: give a number from 1 to %d", uses, MOST_USES);
    }
    grant->role = cluster_switch ("client", words, word) ? ROLE_CLIENT : ROLE_WORKER;
    grant->replace = cluster_switch ("replace", words, word);
    return OK;
}

static status_t s_no_words (const char *command, int words, char **word, error_t *error)
{
    return words ? USAGE ("racimo cluster %s: '%s' is too much (racimo cluster --help)", command, word [0]) : OK;
}

// ---- on the head

// The settings of a head that has been set up.
static status_t s_load_head (config_t *config, error_t *error)
{
    TRY (config_load (config, error));
    char *nodes = file_join (config->state, "nodes");
    bool set_up = !access (nodes, F_OK) || errno == EACCES;
    status_t rc = set_up ? OK : USAGE ("no cluster has been set up here (%s, %s): racimo cluster init does that, on the head", config->file, nodes);
    if (!rc && access (nodes, R_OK | W_OK))
        rc = error_errno (error, "%s: ask as root, or as the user of the master", nodes);
    free (nodes);
    return rc;
}

status_t cluster_print_token (const config_t *config, const token_grant_t *grant, error_t *error)
{
    ticket_t ticket = { .client = grant->role == ROLE_CLIENT, .door = (uint16_t) config->door };
    allow_t list;
    buffer_t word = { 0 };
    if (strlen (config->head) >= sizeof ticket.host)
        return USAGE ("cluster.head: '%s' is longer than a host's name", config->head);
    snprintf (ticket.host, sizeof ticket.host, "%s", config->head);
    snprintf (ticket.key, sizeof ticket.key, "%s", config->security == SECURITY_NONE ? "" : config->key);
    status_t rc = allow_open (&list, config->state, error);         // for its lock
    if (!rc)
        rc = tokens_add (config->state, grant, ticket.secret, error);
    if (!rc)
        rc = ticket_write (&ticket, &word, error);
    allow_free (&list);
    if (!rc)
        printf ("    racimo cluster join %.*s\n", (int) word.size, word.data);
    buffer_free (&word);
    return rc;
}

static int s_token (int words, char **word)
{
    config_t config = { 0 };
    error_t error = { 0 };
    token_grant_t grant = { .role = ROLE_WORKER, .uses = 1, .seconds = HOUR_S };
    status_t rc = cluster_grant (&grant, &words, word, &error);
    if (!rc)
        rc = s_no_words ("token", words, word, &error);
    if (!rc)
        rc = s_load_head (&config, &error);
    if (!rc)
        rc = cluster_print_token (&config, &grant, &error);
    if (!rc && !daemon_is_locked (config.state))
        printf ("No master runs here now; it must, when the token is used: racimo master\n");
    config_free (&config);
    return rc ? cli_fail (&error) : EXIT_FINE;
}

static void s_print_allowed (const allowed_t *item)
{
    char since [32] = "";
    time_t when = (time_t) item->since_s;
    struct tm parts;
    if (localtime_r (&when, &parts))
        strftime (since, sizeof since, "%Y-%m-%d %H:%M", &parts);
    printf ("%-7s %-24s %-8s %s\n", role_name (item->role), item->name, item->revoked ? "revoked" : "active", since);
}

static int s_nodes (int words, char **word)
{
    config_t config = { 0 };
    error_t error = { 0 };
    allow_t list = { .lock = -1 };
    status_t rc = s_no_words ("nodes", words, word, &error);
    if (!rc)
        rc = s_load_head (&config, &error);
    if (!rc)
        rc = allow_load (&list, config.state, &error);
    for (size_t i = 0; !rc && i < list.count; i++)
        s_print_allowed (&list.item [i]);
    allow_free (&list);
    config_free (&config);
    return rc ? cli_fail (&error) : EXIT_FINE;
}

// By name, worker or client, or by key. Every active one of that name.
static status_t s_revoke_in (allow_t *list, const char *name, error_t *error)
{
    nearest_t nearest = { .word = name };
    char hint [120];
    bool found = false;
    for (size_t i = 0; i < list->count; i++) {
        allowed_t *item = &list->item [i];
        if (item->revoked)
            continue;
        if (streq (item->name, name) || streq (item->key, name)) {
            allow_revoke (item);
            found = true;
        } else
            nearest_try (&nearest, item->name);
    }
    return found ? allow_save (list, error) : USAGE ("nobody here is called %s%s (racimo cluster nodes lists them)", name, nearest_hint (&nearest, hint));
}

static int s_revoke (int words, char **word)
{
    config_t config = { 0 };
    error_t error = { 0 };
    allow_t list = { .lock = -1 };
    status_t rc = words == 1 ? OK : error_set_kind (&error, ERROR_USAGE, "racimo cluster revoke NAME: one name of racimo cluster nodes");
    if (!rc)
        rc = s_load_head (&config, &error);
    if (!rc)
        rc = allow_open (&list, config.state, &error);
    if (!rc)
        rc = s_revoke_in (&list, word [0], &error);
    allow_free (&list);
    if (!rc)
        printf ("%s is revoked; %s\n", word [0], daemon_is_locked (config.state) ? "the master cuts its links now" : "no master runs here now");
    config_free (&config);
    return rc ? cli_fail (&error) : EXIT_FINE;
}

static int s_show (int words, char **word)
{
    config_t config = { 0 };
    error_t error = { 0 };
    status_t rc = s_no_words ("show", words, word, &error);
    if (!rc)
        rc = config_load (&config, &error);
    if (!rc)
        config_show (&config, stdout);
    config_free (&config);
    return rc ? cli_fail (&error) : EXIT_FINE;
}

int cluster_command (int words, char **word)
{
    static const struct { const char *name; int (*run) (int words, char **word); } commands [] = {
        { "init", cluster_init }, { "join", cluster_join }, { "token", s_token }, { "nodes", s_nodes }, { "revoke", s_revoke },
        { "find", cluster_find }, { "show", s_show },
    };
    error_t error = { 0 };
    char hint [120];
    nearest_t nearest = { .word = words ? word [0] : "" };
    zsys_handler_set (NULL);
    for (size_t i = 0; words && i < COUNT_OF (commands); i++) {
        if (streq (word [0], commands [i].name))
            return commands [i].run (words - 1, word + 1);
        nearest_try (&nearest, commands [i].name);
    }
    (void) error_set_kind (&error, ERROR_USAGE, words ? "racimo cluster has no '%s'%s (racimo cluster --help)" : "%s%sracimo cluster init, join, token,"
        " nodes, revoke, find or show (racimo cluster --help)", words ? word [0] : "", nearest_hint (&nearest, hint));
    return cli_fail (&error);
}
