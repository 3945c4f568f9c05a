// test_scratch: where segments may lie in memory: in a folder that is the worker's alone, or nowhere.
#include "base/file.h"
#include "tests/main.h"
#include "worker/scratch.h"

#include <dirent.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static char s_folder [64], s_memory [64];

static bool s_start (void)
{
    struct statfs is;
    strcpy (s_folder, "/tmp/racimo-test-XXXXXX");
    strcpy (s_memory, "/dev/shm/racimo-test-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (s_folder));
    if (statfs ("/dev/shm", &is) || is.f_type != TMPFS_MAGIC || !mkdtemp (s_memory))
        return false;                                   // no memory that looks like a folder: no twin to test
    ck_assert_int_eq (setenv ("RACIMO_SHM", s_memory, 1), 0);
    return true;
}

static void s_stop (void)
{
    file_remove_tree (s_folder);
    file_remove_tree (s_memory);
}

// The one name in memory, to be freed.
static char *s_twin (void)
{
    char *path = NULL;
    DIR *folder = opendir (s_memory);
    for (struct dirent *entry; (entry = readdir (folder)); )
        if (entry->d_name [0] != '.')
            path = file_join (s_memory, entry->d_name);
    closedir (folder);
    ck_assert_ptr_nonnull (path);
    return path;
}

static bool s_gets_twin (const char *scratch)
{
    char *job, *twin;
    ck_assert_int_eq (scratch_job_new (scratch, "job-1", &job, &twin, NULL), OK);
    bool has = *twin != '\0';
    ck_assert_int_eq (has, !access (twin, F_OK));
    scratch_job_remove (job, twin);
    free (job);
    free (twin);
    return has;
}

START_TEST (a_twin_of_our_own)
{
    if (s_start ()) {
        char *scratch = file_join (s_folder, "scratch");
        ck_assert_int_eq (scratch_new (scratch, NULL), OK);
        char *twin = s_twin (), *elsewhere = file_join (s_memory, ".elsewhere");
        ck_assert (s_gets_twin (scratch));
        ck_assert_int_eq (chmod (twin, 0777), 0);       // others may put their own segments there
        ck_assert (!s_gets_twin (scratch));
        ck_assert_int_eq (rename (twin, elsewhere), 0);
        ck_assert_int_eq (chmod (elsewhere, 0700), 0);
        ck_assert_int_eq (symlink (elsewhere, twin), 0);
        ck_assert (!s_gets_twin (scratch));
        ck_assert_int_eq (unlink (twin), 0);
        ck_assert_int_eq (rename (elsewhere, twin), 0);
        if (geteuid () == 0) {
            ck_assert_int_eq (chown (twin, 65534, 65534), 0);
            ck_assert (!s_gets_twin (scratch));
        }
        scratch_remove (scratch);
        ck_assert_int_ne (access (twin, F_OK), 0);
        free (scratch);
        free (elsewhere);
        free (twin);
    }
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { a_twin_of_our_own };
    return main_run ("scratch", NULL, s_stop, tests, COUNT_OF (tests));
}
