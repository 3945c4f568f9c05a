// cluster: what the commands that set a cluster up have in common. Private to cluster.c, cluster_init.c, cluster_join.c and
// cluster_find.c.
#pragma once
#include "cli/config.h"
#include "master/tokens.h"

// Each gets the words behind its name and returns the exit status.
int cluster_init (int words, char **word);
int cluster_join (int words, char **word);
int cluster_find (int words, char **word);

// --NAME and its value among `words`; both are taken out. NULL: it is not there, or the error says that its value is missing.
char *cluster_option (const char *name, int *words, char **word, error_t *error);
bool cluster_switch (const char *name, int *words, char **word);       // --NAME alone
// --uses N, --for 90m, --client, --replace into a grant; the rest stays.
CHECKED status_t cluster_grant (token_grant_t *grant, int *words, char **word, error_t *error);
// Makes a token and prints the word, indented.
CHECKED status_t cluster_print_token (const config_t *config, const token_grant_t *grant, error_t *error);

// Names as the allow list has them: of this node; of this user, "ana@pi0".
void cluster_node_name (const config_t *config, char name [64]);
void cluster_user_name (const config_t *config, char name [64]);

// ---- files; run as root for the whole system, what the daemons read belongs to the user racimo, who is made if missing

// The user that the daemons of this configuration run as: racimo, or whoever asks.
CHECKED status_t cluster_account (const config_t *config, unsigned *user, unsigned *group, error_t *error);
CHECKED status_t cluster_folder (const char *path, unsigned mode, unsigned user, unsigned group, error_t *error);
// The keys that lie at PATH, made if there are none; *made says which.
CHECKED status_t cluster_keys (const char *path, unsigned user, unsigned group, keys_t *keys, bool *made, error_t *error);
CHECKED status_t cluster_write (const config_t *config, unsigned sections, error_t *error);        // the configuration's file
