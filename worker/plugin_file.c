// plugin_file: see plugin_file.h. CPUs are called as uname and compilers call them; ELF's own number says whether a file holds what its name says.
#define _GNU_SOURCE
#include "worker/plugin_file.h"
#include "base/file.h"
#include "base/memory.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct { const char *name; unsigned number; } machine_t;

static const machine_t s_machines [] = { { "x86_64", EM_X86_64 }, { "aarch64", EM_AARCH64 } };

#ifdef __aarch64__
enum { HERE = EM_AARCH64 };
#else
enum { HERE = EM_X86_64 };
#endif

static const char *s_machine_name (unsigned number, char room [24])
{
    for (size_t i = 0; i < COUNT_OF (s_machines); i++)
        if (s_machines [i].number == number)
            return s_machines [i].name;
    snprintf (room, 24, "ELF machine %u", number);
    return room;
}

bool plugin_file_is (const char *path)
{
    const char *dot = strrchr (path, '.');
    return dot && !strcmp (dot, ".so");
}

size_t plugin_file_stem (const char *name)
{
    size_t size = strlen (name) - 3;
    for (size_t i = 0; i < COUNT_OF (s_machines); i++) {
        size_t more = strlen (s_machines [i].name) + 1;
        if (size > more && name [size - more] == '.' && !strncmp (name + size - more + 1, s_machines [i].name, more - 1))
            return size - more;
    }
    return size;
}

static char *s_of (const char *path, const char *machine)
{
    buffer_t name = { 0 };
    buffer_print (&name, "%.*s.%s.so", (int) plugin_file_stem (path), path, machine);
    return name.data;
}

char *plugin_file_choose (const char *path)
{
    char room [24], *chosen = s_of (path, s_machine_name (HERE, room));
    if (!access (chosen, R_OK))
        return chosen;
    free (chosen);
    return memory_text (path);
}

static status_t s_read_machine (const char *path, unsigned *machine, error_t *error)
{
    Elf64_Ehdr header = { 0 };
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno (error, "%s", path);
    bool good = !file_read_at (fd, &header, sizeof header, 0, path, NULL) && !memcmp (header.e_ident, ELFMAG, SELFMAG) && header.e_type == ET_DYN;
    close (fd);
    *machine = header.e_machine;
    return good ? OK : error_set_kind (error, ERROR_JOB, "%s: is no shared object (compile with -shared -fPIC)", path);
}

status_t plugin_file_check (const char *path, error_t *error)
{
    unsigned machine = EM_NONE;
    char room [2] [24];
    TRY (s_read_machine (path, &machine, error));
    if (machine == HERE)
        return OK;
    const char *base = strrchr (path, '/') ? strrchr (path, '/') + 1 : path, *own = s_machine_name (HERE, room [0]);
    return error_set (error, "%s: is compiled for %s and not for %s: %.*s.%s.so beside it would do", path, s_machine_name (machine, room [1]), own,
        (int) plugin_file_stem (base), base, own);
}

char **plugin_file_list (const char *path, size_t *count)
{
    char **list = memory_new ((COUNT_OF (s_machines) + 1) * sizeof *list);
    list [0] = memory_text (path);
    *count = 1;
    for (size_t i = 0; i < COUNT_OF (s_machines); i++) {
        char *other = s_of (path, s_machines [i].name);
        if (strcmp (other, path) && !access (other, R_OK))
            list [(*count)++] = other;
        else
            free (other);
    }
    return list;
}
