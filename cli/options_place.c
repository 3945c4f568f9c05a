// options_place: where a job runs, on this machine or on a cluster, and what its names mean there; see options.h.
#define _GNU_SOURCE
#include "cli/options_parts.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/remote.h"

#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t options_cpus (void)
{
    cpu_set_t set;
    int count = sched_getaffinity (0, sizeof set, &set) ? 0 : CPU_COUNT (&set);
    return count > 0 ? (uint64_t) count : 1;
}

uint64_t options_memory (void)
{
    uint64_t half = (uint64_t) sysconf (_SC_PHYS_PAGES) / 2 * (uint64_t) sysconf (_SC_PAGESIZE), most = (uint64_t) 8 << 30;
    return half < most ? half : most;
}

// A name that ends in / or has no extension, or a folder that is there, is a folder; any other is a file. Of a cluster's disk nothing
// is known here.
status_t options_place (run_options_t *self, error_t *error)
{
    const char *output = self->output;
    self->to_stdout = !output || !strcmp (output, "-");
    if (self->to_stdout)
        return OK;
    size_t size = strlen (output);
    if (!size)
        return USAGE ("-o: the name is empty");
    struct stat facts;
    bool folder = cli_is_folder_name (output);
    while (size > 1 && output [size - 1] == '/')
        size--;
    char *name = options_keep (self, strndup (output, size));
    folder |= !options_remote (self) && !stat (name, &facts) && S_ISDIR (facts.st_mode);
    self->submit.output_kind = folder ? OUTPUT_FOLDER : OUTPUT_FILE;
    self->submit.output = name;
    if (name [0] != '/' && !options_remote (self))
        self->submit.output = options_keep (self, file_join (self->submit.folder, name));
    return OK;
}

// Who asks, and from where: names of files are a cluster's, and relative ones mean first what they mean here.
status_t options_sign (run_options_t *self, error_t *error)
{
    char *here = getcwd (NULL, 0), number [24];
    if (!here)
        return error_errno (error, "the current folder");
    self->submit.folder = options_keep (self, here);
    if (!options_remote (self))                         // where it may take a directory service's time
        return OK;
    const struct passwd *user = getpwuid (getuid ());
    snprintf (number, sizeof number, "%u", (unsigned) getuid ());
    self->submit.user = options_keep (self, memory_text (user ? user->pw_name : number));
    return OK;
}

status_t options_check_place (const run_options_t *self, error_t *error)
{
    bool remote = options_remote (self);
    const char *local = self->slots ? "slots" : self->memory ? "memory" : self->logs ? "logs" : NULL;
    if (remote && local)
        return USAGE ("--%s is for a run on this machine; a cluster's workers have their own", local);
    if (!remote && self->submit.detached)
        return USAGE ("--detach needs a cluster that goes on with the job: give --master HOST");
    if (remote && self->to_stdout && self->submit.detached)
        return USAGE ("--detach: nobody would take the result: give it a name with -o");
    return OK;
}

bool options_remote (const run_options_t *self)
{
    return self->master || self->cluster || remote_wanted ();
}
