// config_text: the settings as people see them: the file that `racimo cluster init` and `join` write, `racimo cluster show`, --help. See config.h.
#include "cli/config_parts.h"

static const char *const s_origins [] = { "standard", "file", "environment", "command line" };

// A number as it is typed: 8G, 7700.
static void s_print_number (const setting_t *setting, uint64_t number, buffer_t *into)
{
    static const char units [] = "KMGT";
    size_t unit = 0;
    if (setting->kind == SETTING_CHOICE) {
        buffer_print (into, "%s", number == SECURITY_NONE ? "none" : "curve");
        return;
    }
    while (setting->kind == SETTING_SIZE && number && unit < 4 && number % 1024 == 0) {
        number /= 1024;
        unit++;
    }
    buffer_print (into, "%llu%.1s", (unsigned long long) number, unit ? units + unit - 1 : "");
}

// Its value; in a file, text stands in quotes.
static void s_print (const config_t *self, const setting_t *setting, const char *quote, buffer_t *into)
{
    if (!setting_is_text (setting))
        s_print_number (setting, *setting_number (setting, self), into);
    else
        buffer_print (into, "%s%s%s", quote, *setting_text (setting, self), quote);
}

static void s_write_setting (const config_t *self, size_t at, buffer_t *into)
{
    const setting_t *setting = &config_settings [at];
    buffer_print (into, "    # %s\n    %s%s = ", setting->about, self->from [at] == CONFIG_STANDARD ? "#" : "", setting->name);
    s_print (self, setting, "\"", into);
    buffer_print (into, "\n");
}

void config_write (const config_t *self, unsigned sections, buffer_t *into)
{
    config_section_t section = 0;
    buffer_print (into, "# racimo: see racimo cluster --help. Settings with a # before them have their standard values.\n");
    for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
        if (!(config_settings [i].section & sections))
            continue;
        if (config_settings [i].section != section)
            buffer_print (into, "\n%s\n", config_section (config_settings [i].section));
        section = config_settings [i].section;
        s_write_setting (self, i, into);
    }
}

void config_show (const config_t *self, FILE *to)
{
    fprintf (to, "%s%s\n", self->file, self->found ? "" : " (not there)");
    for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
        buffer_t value = { 0 };
        s_print (self, &config_settings [i], "", &value);
        buffer_add (&value, "", 1);
        fprintf (to, "%-8s %-11s %-44s %s\n", config_section (config_settings [i].section), config_settings [i].name, *value.data ? value.data : "-",
            s_origins [self->from [i]]);
        buffer_free (&value);
    }
}

void config_help (unsigned sections, FILE *to)
{
    for (size_t i = 0; i < CONFIG_SETTINGS; i++)
        if (config_settings [i].section & sections) {
            char flag [64], both [96];
            setting_flag (&config_settings [i], flag);
            snprintf (both, sizeof both, "%s %s", flag, config_settings [i].value);
            fprintf (to, "  %-24s %s\n", both, config_settings [i].about);
        }
}
