// cluster_find: racimo cluster find: which heads answer on the local network. What they say is a hint (wire/beacon.h): compare the key with what
// `racimo cluster show` says on the head, or take a token, which does.
#include "cli/cluster.h"
#include "cli/cli.h"
#include "master/master.h"
#include "wire/beacon.h"

enum { WAIT_MS = 1500 };

static void s_print (const beacon_heard_t *heard)
{
    const beacon_facts_t *facts = &heard->facts;
    printf ("%-12s %-20s %-15s %-7u %-7u %s\n", facts->cluster, *facts->host ? facts->host : "-", heard->address, (unsigned) facts->control,
        (unsigned) facts->door, *facts->key ? facts->key : "(no encryption)");
}

static status_t s_find (int words, char **word, error_t *error)
{
    static beacon_heard_t heard [BEACON_MOST];
    error_t own = { 0 };
    config_t config = { 0 };
    char *address = cluster_option ("address", &words, word, &own);
    if (words || own.text [0])
        return error_set_kind (error, ERROR_USAGE, "racimo cluster find [--address IPV4]");
    status_t rc = config_load (&config, error);
    uint16_t port = (uint16_t) config.beacon;
    config_free (&config);
    if (rc)
        return rc;
    if (!port)
        return error_set_kind (error, ERROR_USAGE, "the setting beacon is 0 here: heads are not looked for");
    size_t count = beacon_find (address, port, NULL, WAIT_MS, heard, BEACON_MOST, error);
    if (error->text [0])
        return FAILED;
    if (!count)
        return error_set (error, "no head answers at UDP port %u: is racimo master running, in this network, and the port open there?", (unsigned) port);
    printf ("CLUSTER      HEAD                 ADDRESS         CONTROL DOOR    KEY\n");
    for (size_t i = 0; i < count; i++)
        s_print (&heard [i]);
    return OK;
}

int cluster_find (int words, char **word)
{
    error_t error = { 0 };
    return s_find (words, word, &error) ? cli_fail (&error) : EXIT_FINE;
}
