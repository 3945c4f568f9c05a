// scratch: see scratch.h.
//
// The twin's name is a hash of the scratch folder's path, which is as unique as that folder. A twin that is there already is one that
// nobody was left to remove, or a stranger's: it is removed if it can be, and if a new one cannot be made there is none. The name can be
// guessed where a daemon's scratch folder can, and all may write to /dev/shm: so a twin that is not ours alone is never used, or a stranger
// would choose what segments say.
#include "worker/scratch.h"
#include "base/file.h"
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

// Where memory looks like a folder; empty: nowhere.
static const char *s_memory (void)
{
    const char *folder = getenv ("RACIMO_SHM");
    return folder ? folder : "/dev/shm";
}

static char *s_twin_name (const char *folder)
{
    char name [32];
    snprintf (name, sizeof name, "racimo-%016llx", (unsigned long long) XXH3_64bits (folder, strlen (folder)));
    return file_join (s_memory (), name);
}

// A twin is a help, not a need: whatever prevents it, segments go to the scratch folder itself.
static void s_twin_new (const char *folder)
{
    struct statfs is;
    if (statfs (s_memory (), &is) || is.f_type != TMPFS_MAGIC)
        return;
    char *twin = s_twin_name (folder);
    file_remove_tree (twin);
    (void) !mkdir (twin, 0700);
    free (twin);
}

status_t scratch_new (const char *folder, error_t *error)
{
    TRY (file_make_folders (folder, 0700, error));
    s_twin_new (folder);
    return OK;
}

void scratch_remove (const char *folder)
{
    char *twin = s_twin_name (folder);
    file_remove_tree (twin);
    free (twin);
    file_remove_tree (folder);
}

// A folder, not a link to one, that nobody else may write to or look into.
static bool s_is_private (const char *folder)
{
    struct stat is;
    return !lstat (folder, &is) && S_ISDIR (is.st_mode) && is.st_uid == geteuid () && !(is.st_mode & 077);
}

status_t scratch_job_new (const char *folder, const char *name, char **job, char **twin, error_t *error)
{
    char *parent = s_twin_name (folder);
    *job = file_join (folder, name);
    *twin = file_join (parent, name);
    bool usable = s_is_private (parent) && !mkdir (*twin, 0700);
    free (parent);
    if (!usable)
        (*twin) [0] = '\0';
    return file_make_folders (*job, 0700, error);
}

void scratch_job_remove (const char *job, const char *twin)
{
    file_remove_tree (job);
    if (*twin)
        file_remove_tree (twin);
}
