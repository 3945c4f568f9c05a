// config_parts: what config.c (reading) and config_text.c (showing) share: the table of settings.
#pragma once
#include "cli/config.h"

typedef enum { SETTING_TEXT, SETTING_NAME, SETTING_FOLDER, SETTING_FOLDERS, SETTING_KEY, SETTING_NUMBER, SETTING_SIZE, SETTING_CHOICE } setting_kind_t;

typedef struct {
    config_section_t section;
    const char *name;
    setting_kind_t kind;
    size_t at;                                          // in config_t: a char * or a uint64_t
    uint64_t standard, low, high;                       // numbers
    const char *value;                                  // shown in --help: HOST
    const char *about;
} setting_t;

extern const setting_t config_settings [CONFIG_SETTINGS];

const char *config_section (config_section_t section);  // "cluster"
bool setting_is_text (const setting_t *self);
// RACIMO_CLUSTER_HEAD, --cache-size
void setting_variable (const setting_t *self, char name [64]);
void setting_flag (const setting_t *self, char name [64]);
char **setting_text (const setting_t *self, const config_t *config);
uint64_t *setting_number (const setting_t *self, const config_t *config);
