// scratch: see scratch.h.
#include "worker/scratch.h"
#include "base/file.h"
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TWIN "memory"

// A link to a folder in memory is a help, not a need: whatever prevents it, segments go to the scratch folder itself.
static void s_twin_new (const char *folder)
{
    struct statfs is;
    char twin [] = "/dev/shm/racimo-XXXXXX";
    char *link = file_join (folder, TWIN);
    if (!statfs ("/dev/shm", &is) && is.f_type == TMPFS_MAGIC && mkdtemp (twin) && symlink (twin, link))
        rmdir (twin);
    free (link);
}

status_t scratch_new (const char *folder, error_t *error)
{
    TRY (file_make_folders (folder, 0700, error));
    s_twin_new (folder);
    return OK;
}

void scratch_remove (const char *folder)
{
    char twin [64];
    char *link = file_join (folder, TWIN);
    ssize_t size = readlink (link, twin, sizeof twin - 1);
    free (link);
    if (size > 0) {
        twin [size] = '\0';
        file_remove_tree (twin);
    }
    file_remove_tree (folder);
}

status_t scratch_job_new (const char *folder, const char *name, char **job, char **twin, error_t *error)
{
    char *link = file_join (folder, TWIN);
    *job = file_join (folder, name);
    *twin = file_join (link, name);
    status_t rc = file_make_folders (*job, 0700, error);
    if (access (link, W_OK) || file_make_folders (*twin, 0700, NULL))
        (*twin) [0] = '\0';
    free (link);
    return rc;
}

void scratch_job_remove (const char *job, const char *twin)
{
    file_remove_tree (job);
    if (*twin)
        file_remove_tree (twin);
}
