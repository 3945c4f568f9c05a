// config: see config.h.
//
// The file is ZPL as CZMQ's zconfig writes it, in the two levels that we need: a section at the left, settings indented below it, text in
// quotes if it holds a # or spaces at its ends. It is read here, because zconfig prints its own complaints on standard output, and does
// not tell in which line a value stands, which is what somebody wants to know who edits by hand.
#include "cli/config_parts.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "wire/keys.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof (config_t, field)
#define SYSTEM_FOLDER "/etc/racimo"

enum { FILE_LIMIT = 64 * 1024, PORTS = 65535 };

const setting_t config_settings [CONFIG_SETTINGS] = {
    { CONFIG_CLUSTER, "name", SETTING_NAME, AT (name), 0, 0, 0, "NAME", "what the cluster is called" },
    { CONFIG_CLUSTER, "head", SETTING_TEXT, AT (head), 0, 0, 0, "HOST", "the head node: a name that all nodes resolve, or an address" },
    { CONFIG_CLUSTER, "key", SETTING_KEY, AT (key), 0, 0, 0, "KEY", "the head's public key" },
    { CONFIG_CLUSTER, "control", SETTING_NUMBER, AT (control), 7700, 1, PORTS, "PORT", "of the head: jobs and work" },
    { CONFIG_CLUSTER, "data", SETTING_NUMBER, AT (data), 7701, 1, PORTS, "PORT", "of the head: input and results on their way" },
    { CONFIG_CLUSTER, "door", SETTING_NUMBER, AT (door), 7702, 1, PORTS, "PORT", "of the head: where new nodes ask to be let in" },
    { CONFIG_CLUSTER, "beacon", SETTING_NUMBER, AT (beacon), 7700, 0, PORTS, "PORT", "UDP, where the head answers who looks for one on the local network; 0: none, and no looking" },
    { CONFIG_CLUSTER, "security", SETTING_CHOICE, AT (security), SECURITY_CURVE, 0, 0, "curve|none", "encryption and keys; none: anybody on the network may run programs here" },
    { CONFIG_MASTER, "roots", SETTING_FOLDERS, AT (roots), 0, 0, 0, "FOLDERS", "folders of the head below which clients may read and write, spaces between them" },
    { CONFIG_MASTER, "state", SETTING_FOLDER, AT (state), 0, 0, 0, "FOLDER", "the master's own files: who may connect, ended jobs" },
    { CONFIG_MASTER, "head_slots", SETTING_NUMBER, AT (head_slots), 1, 0, 1024, "N", "tasks at a time on the head itself; 0: none" },
    { CONFIG_MASTER, "listen", SETTING_TEXT, AT (listen), 0, 0, 0, "ADDRESS", "of the network that the head serves; empty: all" },
    { CONFIG_WORKER, "node", SETTING_NAME, AT (node), 0, 0, 0, "NAME", "of this node; empty: the host's name" },
    { CONFIG_WORKER, "slots", SETTING_NUMBER, AT (slots), 0, 0, 1024, "N", "tasks at a time; 0: one a CPU" },
    { CONFIG_WORKER, "memory", SETTING_SIZE, AT (memory), 0, 16 << 20, (uint64_t) 1 << 46, "SIZE", "of all tasks together; 0: half of the RAM, at most 8G" },
    { CONFIG_WORKER, "scratch", SETTING_FOLDER, AT (scratch), 0, 0, 0, "FOLDER", "for what does not fit into memory" },
    { CONFIG_WORKER, "cache", SETTING_FOLDER, AT (cache), 0, 0, 0, "FOLDER", "for input that came over the network, and compiled jobs" },
    { CONFIG_WORKER, "cache_size", SETTING_SIZE, AT (cache_size), (uint64_t) 8 << 30, 8 << 20, (uint64_t) 1 << 46, "SIZE", "most bytes of input that are kept" },
    { CONFIG_WORKER, "address", SETTING_TEXT, AT (address), 0, 0, 0, "HOST", "where other nodes find this one; empty: as the head sees it" },
    { CONFIG_WORKER, "port", SETTING_NUMBER, AT (port), 0, 0, PORTS, "PORT", "where other nodes fetch from this one; 0: any free one" },
};

#define USAGE(...) error_set_kind (error, ERROR_USAGE, __VA_ARGS__)

// ---- the table

const char *config_section (config_section_t section)
{
    return section == CONFIG_CLUSTER ? "cluster" : section == CONFIG_MASTER ? "master" : "worker";
}

bool setting_is_text (const setting_t *self)
{
    return self->kind <= SETTING_KEY;
}

void setting_variable (const setting_t *self, char name [64])
{
    snprintf (name, 64, "RACIMO_%s_%s", config_section (self->section), self->name);
    for (char *at = name; *at; at++)
        *at = (char) toupper ((unsigned char) *at);
}

void setting_flag (const setting_t *self, char name [64])
{
    snprintf (name, 64, "--%s", self->name);
    for (char *at = name; *at; at++)
        if (*at == '_')
            *at = '-';
}

char **setting_text (const setting_t *self, const config_t *config)
{
    return (char **) ((char *) config + self->at);
}

uint64_t *setting_number (const setting_t *self, const config_t *config)
{
    return (uint64_t *) ((char *) config + self->at);
}

static bool s_same (const char *a, size_t size, const char *b)
{
    if (strlen (b) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (a [i] != b [i] && !(a [i] == '-' && b [i] == '_'))
            return false;
    return true;
}

// In one of these sections; NULL: there is none.
static const setting_t *s_find (unsigned sections, const char *name, size_t size)
{
    for (size_t i = 0; i < CONFIG_SETTINGS; i++)
        if (config_settings [i].section & sections && s_same (name, size, config_settings [i].name))
            return &config_settings [i];
    return NULL;
}

static const char *s_hint (unsigned sections, const char *prefix, const char *word, char room [120])
{
    nearest_t nearest = { .word = word, .prefix = prefix };
    for (size_t i = 0; i < CONFIG_SETTINGS; i++)
        if (config_settings [i].section & sections)
            nearest_try (&nearest, config_settings [i].name);
    return nearest_hint (&nearest, room);
}

// ---- values

bool config_is_name (const char *text)
{
    size_t size = strlen (text);
    return size && size < CONFIG_NAME && text [0] != '-' && text [0] != '.'
        && strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size;
}

static bool s_is_host (const char *text)
{
    return !text [strcspn (text, " \t/\"'[]@")] && !strstr (text, "::");
}

static bool s_are_folders (const char *text)
{
    for (const char *at = text; *(at += strspn (at, " ")); at += strcspn (at, " "))
        if (*at != '/')
            return false;
    return true;
}

// `where`: "--head", "FILE:12: head", "RACIMO_CLUSTER_HEAD"
static status_t s_take_text (const setting_t *setting, const char *value, char **into, const char *where, error_t *error)
{
    bool good = true;
    const char *wanted = "";
    switch (setting->kind) {
    case SETTING_NAME: wanted = "letters, digits, . _ and -, at most 63"; good = !*value || config_is_name (value); break;
    case SETTING_TEXT: wanted = "a host name or an IPv4 address"; good = s_is_host (value); break;
    case SETTING_FOLDER: wanted = "a path that begins with /"; good = value [0] == '/'; break;
    case SETTING_FOLDERS: wanted = "paths that begin with /, spaces between them"; good = s_are_folders (value); break;
    default: wanted = "a key of 40 characters, in quotes"; good = !*value || keys_is_public (value);
    }
    if (!good || strchr (value, '\n'))
        return USAGE ("%s '%s': give %s", where, value, wanted);
    char *copy = memory_text (value);                   // value may be what *into is
    free (*into);
    *into = copy;
    return OK;
}

static status_t s_take_number (const setting_t *setting, const char *value, uint64_t *into, const char *where, error_t *error)
{
    uint64_t number = 0;
    if (setting->kind == SETTING_CHOICE) {
        if (strcmp (value, "curve") && strcmp (value, "none"))
            return USAGE ("%s '%s': give curve or none", where, value);
        *into = strcmp (value, "none") ? SECURITY_CURVE : SECURITY_NONE;
        return OK;
    }
    bool plain = value [0] && strspn (value, "0123456789") == strlen (value);
    if (options_size (value, &number) || (setting->kind == SETTING_NUMBER && !plain))
        return USAGE ("%s '%s': give a %s", where, value, setting->kind == SETTING_SIZE ? "size such as 512M or 8G" : "number");
    if ((number < setting->low || number > setting->high) && number != setting->standard)
        return USAGE ("%s '%s': give %llu to %llu", where, value, (unsigned long long) setting->low, (unsigned long long) setting->high);
    *into = number;
    return OK;
}

static status_t s_take (config_t *self, const setting_t *setting, const char *value, config_origin_t origin, const char *where, error_t *error)
{
    if (setting_is_text (setting))
        TRY (s_take_text (setting, value, setting_text (setting, self), where, error));
    else
        TRY (s_take_number (setting, value, setting_number (setting, self), where, error));
    self->from [setting - config_settings] = (uint8_t) origin;
    return OK;
}

status_t config_set (config_t *self, const char *name, const char *value, config_origin_t origin, error_t *error)
{
    const setting_t *setting = s_find (~0u, name, strlen (name));
    if (!setting)
        return USAGE ("there is no setting %s", name);
    return s_take (self, setting, value, origin, name, error);
}

// ---- the file

// A line without its comment and the blanks around it, in place. False: a quote is not closed.
static bool s_trim (char *line, char **text, char **value)
{
    *text = line + strspn (line, " \t");
    *value = NULL;
    char *equals = *text + strcspn (*text, "=#"), *end = equals;
    if (*equals == '=') {
        *equals = '\0';
        *value = equals + 1 + strspn (equals + 1, " \t");
        char quote = **value;
        if (quote == '"' || quote == '\'') {
            end = strchr (++*value, quote);
            if (!end || !strchr ("#\r", end [1 + strspn (end + 1, " \t")]))
                return false;
            *end = '\0';
        } else {
            end = *value + strcspn (*value, "#");
            while (end > *value && isspace ((unsigned char) end [-1]))
                end--;
            *end = '\0';
        }
        end = equals;
    }
    while (end > *text && isspace ((unsigned char) end [-1]))
        end--;
    *end = '\0';
    return true;
}

static status_t s_section (const char *text, const char *value, const char *where, unsigned *section, error_t *error)
{
    for (unsigned bit = CONFIG_CLUSTER; bit <= CONFIG_WORKER; bit <<= 1)
        if (!value && !strcmp (text, config_section (bit))) {
            *section = bit;
            return OK;
        }
    return USAGE ("%s: '%s' is no section: there are cluster, master and worker, with settings indented below them", where, text);
}

static status_t s_read_line (config_t *self, char *line, unsigned number, unsigned *section, error_t *error)
{
    char where [PATH_MAX + 80], hint [120], *text, *value;
    bool indented = *line == ' ' || *line == '\t';
    snprintf (where, sizeof where, "%s:%u", self->file, number);
    if (!s_trim (line, &text, &value))
        return USAGE ("%s: a quote is not closed, or followed by more", where);
    if (!*text && !value)
        return OK;
    if (!indented)
        return s_section (text, value, where, section, error);
    if (!*section || !value)
        return USAGE ("%s: '%s': write NAME = VALUE, indented below cluster, master or worker", where, text);
    const setting_t *setting = s_find (*section, text, strlen (text));
    if (!setting)
        return USAGE ("%s: %s has no setting '%s'%s", where, config_section (*section), text, s_hint (*section, NULL, text, hint));
    snprintf (where + strlen (where), 80, ": %s", setting->name);
    return s_take (self, setting, value, CONFIG_FILE, where, error);
}

static status_t s_read_file (config_t *self, error_t *error)
{
    buffer_t bytes = { 0 };
    unsigned number = 0, section = 0;
    status_t rc = file_load (self->file, FILE_LIMIT, &bytes, error);
    buffer_add (&bytes, "", 1);
    if (!rc && strlen (bytes.data) + 1 != bytes.size)
        rc = USAGE ("%s: is no text", self->file);
    for (char *line = bytes.data, *end; !rc && *line; line = end) {
        end = line + strcspn (line, "\n");
        if (*end)
            *end++ = '\0';
        rc = s_read_line (self, line, ++number, &section, error);
    }
    buffer_free (&bytes);
    return rc;
}

// ---- where things are

static char *s_own_folder (void)
{
    const char *base = getenv ("XDG_CONFIG_HOME"), *home = getenv ("HOME");
    if (base && base [0] == '/')
        return file_join (base, "racimo");
    return home && home [0] == '/' ? file_join (home, ".config/racimo") : NULL;
}

// $RACIMO_CONFIG, the user's own, the system's; of the last two the first that is there, else the one that this user could write.
static char *s_choose_file (error_t *error)
{
    const char *named = getenv ("RACIMO_CONFIG");
    if (named && *named) {
        if (*named == '/')
            return memory_text (named);
        char *here = getcwd (NULL, 0), *file = here ? file_join (here, named) : NULL;
        if (!here)
            (void) error_errno (error, "the current folder");
        free (here);
        return file;
    }
    char *system = memory_text (SYSTEM_FOLDER "/racimo.conf"), *folder = geteuid () ? s_own_folder () : NULL;
    if (!folder)
        return system;
    char *own = file_join (folder, "racimo.conf");
    bool ours = !access (own, F_OK) || access (system, F_OK);
    free (folder);
    free (ours ? system : own);
    return ours ? own : system;
}

bool config_is_system (const config_t *self)
{
    return !strcmp (self->folder, SYSTEM_FOLDER);
}

// Folders as standard: the system's; below /var/tmp, on a disk of this machine, for a plain user's; beside a file that $RACIMO_CONFIG names.
static void s_place (config_t *self)
{
    const char *named = getenv ("RACIMO_CONFIG");
    if (config_is_system (self)) {
        self->state = memory_text ("/var/lib/racimo");
        self->scratch = memory_text ("/var/tmp/racimo");
        self->cache = memory_text ("/var/cache/racimo");
        return;
    }
    char local [64];
    snprintf (local, sizeof local, "/var/tmp/racimo-%u", (unsigned) geteuid ());
    const char *near = named && *named ? self->folder : local;
    self->state = file_join (self->folder, "state");
    self->scratch = file_join (near, "scratch");
    self->cache = file_join (near, "cache");
}

static status_t s_read_environment (config_t *self, error_t *error)
{
    for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
        char name [64];
        setting_variable (&config_settings [i], name);
        const char *value = getenv (name);
        if (value)
            TRY (s_take (self, &config_settings [i], value, CONFIG_ENVIRONMENT, name, error));
    }
    return OK;
}

status_t config_load (config_t *self, error_t *error)
{
    *self = (config_t) { .file = s_choose_file (error) };
    if (!self->file)
        return FAILED;
    char *slash = strrchr (self->file, '/');
    self->folder = slash > self->file ? strndup (self->file, (size_t) (slash - self->file)) : memory_text ("/");
    for (size_t i = 0; i < CONFIG_SETTINGS; i++)
        if (!setting_is_text (&config_settings [i]))
            *setting_number (&config_settings [i], self) = config_settings [i].standard;
    s_place (self);
    for (size_t i = 0; i < CONFIG_SETTINGS; i++)
        if (setting_is_text (&config_settings [i]) && !*setting_text (&config_settings [i], self))
            *setting_text (&config_settings [i], self) = memory_text ("");
    self->found = !access (self->file, F_OK);
    if (self->found)
        TRY (s_read_file (self, error));
    return s_read_environment (self, error);
}

status_t config_flags (config_t *self, unsigned sections, int words, char **word, error_t *error)
{
    char hint [120];
    for (int i = 0; i < words; i++) {
        if (strncmp (word [i], "--", 2) || !word [i] [2])
            return USAGE ("'%s': only settings may follow: --NAME VALUE", word [i]);
        const char *name = word [i] + 2;
        size_t size = strcspn (name, "=");
        const setting_t *setting = s_find (sections, name, size);
        if (!setting)
            return USAGE ("unknown option %s%s", word [i], s_hint (sections, "--", name, hint));
        const char *value = name [size] ? name + size + 1 : ++i < words ? word [i] : NULL;
        char flag [64];
        setting_flag (setting, flag);
        if (!value)
            return USAGE ("%s: a value must follow", flag);
        TRY (s_take (self, setting, value, CONFIG_FLAG, flag, error));
    }
    return OK;
}

char *config_key_path (const config_t *self, const char *role)
{
    char name [32], *own = s_own_folder (), *path = NULL;
    snprintf (name, sizeof name, "keys/%s.key", role);
    if (config_is_system (self) && !strcmp (role, "client") && geteuid () && own)
        path = file_join (own, name);
    free (own);
    return path ? path : file_join (self->folder, name);
}

void config_free (config_t *self)
{
    for (size_t i = 0; i < CONFIG_SETTINGS; i++)
        if (setting_is_text (&config_settings [i]))
            free (*setting_text (&config_settings [i], self));
    free (self->file);
    free (self->folder);
    *self = (config_t) { 0 };
}
