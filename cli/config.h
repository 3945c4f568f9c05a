// config: the settings of this machine's part in a cluster: from a file, the environment and the command line.
//
// One table (config.c) says of each setting its name, sort, standard value and meaning; it makes the file, the flags, the environment
// variables, `racimo cluster show` and the text of --help. The file is $RACIMO_CONFIG, else a plain user's own
// ~/.config/racimo/racimo.conf if that is there, else /etc/racimo/racimo.conf. Over it go RACIMO_SECTION_NAME, then --name.
// Plain data of one thread; it owns its texts.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include <stdint.h>
#include <stdio.h>

typedef enum { SECURITY_CURVE = 0, SECURITY_NONE } security_t;
typedef enum { CONFIG_STANDARD = 0, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_FLAG } config_origin_t;
typedef enum { CONFIG_CLUSTER = 1, CONFIG_MASTER = 2, CONFIG_WORKER = 4 } config_section_t;

enum { CONFIG_SETTINGS = 20, CONFIG_NAME = 64 };        // names of clusters and nodes are shorter

typedef struct {
    // cluster
    char *name, *head, *key;                            // head: host; key: its public key; empty: not known
    uint64_t control, data, door, beacon, security;     // ports; beacon: UDP, 0: none
    // master
    char *roots, *state, *listen;                       // roots: folders, spaces between them; listen: address to bind, empty: all
    uint64_t head_slots;
    // worker
    char *node, *address, *scratch, *cache;             // node and address: empty: the host's name; as the head sees it
    uint64_t slots, memory, cache_size, port;           // slots and memory 0: by the machine
    // not settings:
    char *file, *folder;                                // what was read, or would be; where it lies, with keys/ beside it
    bool found;
    uint8_t from [CONFIG_SETTINGS];                     // config_origin_t of each setting
} config_t;

// From file and environment; the rest is standard. A file that is not there is none of the errors.
CHECKED status_t config_load (config_t *self, error_t *error);
// Words such as --head pi0 --port=7710, all of these sections.
CHECKED status_t config_flags (config_t *self, unsigned sections, int words, char **word, error_t *error);
// One setting by its name, "head"; FAILED: there is none, or the value is none for it.
CHECKED status_t config_set (config_t *self, const char *name, const char *value, config_origin_t origin, error_t *error);
// As a file of its own with a comment at every setting; those that are standard are commented out.
void config_write (const config_t *self, unsigned sections, buffer_t *into);
void config_show (const config_t *self, FILE *to);      // every setting, its value and where it is from
void config_help (unsigned sections, FILE *to);         // the flags
void config_free (config_t *self);

// "head", "worker" or "client": KEYS/ROLE.key beside the file; the caller frees it. A client's own folder comes first if the file is the system's.
char *config_key_path (const config_t *self, const char *role);
bool config_is_system (const config_t *self);           // it lies in /etc
bool config_is_name (const char *text);                 // of a node or cluster: letters, digits, . _ - ; 1 to 63 of them
