// test_plugin: compiling a job and finding it again: the same bytes in the cache, another result for whatever may change one.
#include "tests/folder.h"
#include "worker/plugin.h"
#include <dirent.h>
#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void s_start (void)
{
    s_folder_make ();
    unsetenv ("RACIMO_CC");
    unsetenv ("RACIMO_CFLAGS");
    s_write_text ("job.c", "#include <racimo.h>\n#include \"my names.h\"\nRAC_JOB (plan) { rac_about (plan, NAME); return RAC_OK; }\n");
    s_write_text ("my names.h", "#define NAME \"one\"\n");
}

// The path of the compiled job, to be freed; *compiled: whether the compiler was at work.
static char *s_make (const char *source, bool *compiled)
{
    plugin_t *plugin = plugin_new (s_path (source), TEST_SOURCE "/api", s_path ("the cache"));
    *compiled = plugin_fd (plugin) >= 0;
    plugin_wait (plugin);
    ck_assert_msg (plugin_path (plugin) != NULL, "%s\n%s", plugin_error (plugin)->text, plugin_compiler (plugin));
    ck_assert_str_eq (plugin_compiler (plugin), "");
    char *path = memory_text (plugin_path (plugin));
    plugin_destroy (&plugin);
    return path;
}

static char *s_make_expecting (const char *source, bool compiled)
{
    bool was;
    char *path = s_make (source, &was);
    ck_assert_int_eq (was, compiled);
    return path;
}

static void s_expect_failure (const char *source, error_kind_t kind, const char *words, const char *compiler_words)
{
    plugin_t *plugin = plugin_new (s_path (source), TEST_SOURCE "/api", s_path ("the cache"));
    plugin_wait (plugin);
    ck_assert_ptr_null (plugin_path (plugin));
    ck_assert_msg (strstr (plugin_error (plugin)->text, words) != NULL, "\"%s\" is not in \"%s\"", words, plugin_error (plugin)->text);
    ck_assert_int_eq (plugin_error (plugin)->kind, kind);
    ck_assert_ptr_nonnull (strstr (plugin_compiler (plugin), compiler_words));
    ck_assert_uint_le (strlen (plugin_compiler (plugin)), 16 * 1024);
    plugin_destroy (&plugin);
}

static unsigned s_count_files (const char *name)
{
    DIR *folder = opendir (s_path (name));
    ck_assert_ptr_nonnull (folder);
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir (folder)); )
        count += entry->d_name [0] != '.';
    closedir (folder);
    return count;
}

START_TEST (test_cached)
{
    char *first = s_make_expecting ("job.c", true), *again = s_make_expecting ("job.c", false);
    ck_assert_str_eq (first, again);
    ck_assert_uint_eq (s_count_files ("the cache"), 2); // the shared object and its headers: nothing else is left
    void *handle = dlopen (first, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg (handle != NULL, "%s", dlerror ());
    ck_assert_ptr_nonnull (dlsym (handle, "racimo_job_1"));
    dlclose (handle);
    free (first);
    free (again);
}
END_TEST

START_TEST (test_what_changes_it)
{
    char *first = s_make_expecting ("job.c", true);
    s_write_text ("my names.h", "#define NAME \"two\"\n");
    char *header = s_make_expecting ("job.c", true);
    ck_assert_str_ne (first, header);
    s_write_text ("my names.h", "#define NAME \"one\"\n");
    char *back = s_make_expecting ("job.c", false);
    ck_assert_str_eq (first, back);
    setenv ("RACIMO_CFLAGS", "-DANY", 1);
    char *flags = s_make_expecting ("job.c", true);
    ck_assert_str_ne (first, flags);
    unsetenv ("RACIMO_CFLAGS");
    s_write_text ("job.c", "#include <racimo.h>\nRAC_JOB (plan) { rac_about (plan, \"\"); return RAC_OK; }\n");
    char *source = s_make_expecting ("job.c", true);
    ck_assert_str_ne (first, source);
    free (first);
    free (header);
    free (back);
    free (flags);
    free (source);
}
END_TEST

// What lies in the cache is not what the compiler wrote: it is compiled anew, never run.
START_TEST (test_damaged)
{
    char *path = s_make_expecting ("job.c", true);
    buffer_t good = { 0 }, file = { 0 };
    ck_assert (!file_load (path, 1 << 30, &good, NULL));
    for (int turn = 0; turn < 6; turn++) {
        static const char other_machine [2] = { 0x7f, 0x7f };
        file.size = 0;
        buffer_add (&file, good.data, good.size);
        if (turn < 4)                                   // cut: to nothing, within the code, within the stamp, before it
            file.size = (size_t []) { 0, good.size / 2, good.size - 3, good.size - 16 } [turn];
        else
            memcpy (file.data + (turn == 4 ? 18 : good.size / 3), other_machine, sizeof other_machine);
        ck_assert (!file_save (path, file.data, file.size, NULL));
        char *again = s_make_expecting ("job.c", true);
        ck_assert_str_eq (path, again);
        free (again);
        void *handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
        ck_assert_msg (handle != NULL, "%s", dlerror ());
        dlclose (handle);
        free (s_make_expecting ("job.c", false));
    }
    ck_assert_uint_eq (s_count_files ("the cache"), 2);
    buffer_free (&good);
    buffer_free (&file);
    free (path);
}
END_TEST

START_TEST (test_other_languages_and_compilers)
{
    s_write_text ("job.cc", "#include <racimo.h>\nRAC_JOB (plan) { auto text = \"C++\"; rac_about (plan, text); return RAC_OK; }\n");
    free (s_make_expecting ("job.cc", true));
    setenv ("RACIMO_CC", " gcc  -g ", 1);
    free (s_make_expecting ("job.c", true));
}
END_TEST

START_TEST (test_failures)
{
    s_write_text ("bad.c", "#include <racimo.h>\nRAC_JOB (plan) { return nonsense; }\n");
    s_expect_failure ("bad.c", ERROR_JOB, "bad.c: does not compile", "nonsense");
    s_expect_failure ("absent.c", ERROR_JOB, "absent.c: cannot read the job: No such file", "");
    setenv ("RACIMO_CC", "no-such-compiler", 1);
    s_expect_failure ("job.c", ERROR_JOB, "no compiler \"no-such-compiler\" on this machine: install one (Debian: apt install gcc)", "");
    ck_assert_uint_eq (s_count_files ("the cache"), 0);
}
END_TEST

START_TEST (test_many_errors_are_cut)
{
    buffer_t text = { 0 };
    for (int i = 0; i < 2000; i++)
        buffer_print (&text, "int function_%d (void) { return missing_%d; }\n", i, i);
    ck_assert (!file_save (s_path ("many.c"), text.data, text.size, NULL));
    buffer_free (&text);
    s_expect_failure ("many.c", ERROR_JOB, "does not compile", "missing_0");
}
END_TEST

// Several at once, and one that is given up: all find the same result and nothing is left over.
START_TEST (test_at_once)
{
    plugin_t *plugin [3];
    for (size_t i = 0; i < COUNT_OF (plugin); i++)
        plugin [i] = plugin_new (s_path ("job.c"), TEST_SOURCE "/api", s_path ("the cache"));
    plugin_destroy (&plugin [1]);
    plugin_wait (plugin [0]);
    plugin_wait (plugin [2]);
    ck_assert_str_eq (plugin_path (plugin [0]), plugin_path (plugin [2]));
    plugin_destroy (&plugin [0]);
    plugin_destroy (&plugin [2]);
    ck_assert_uint_eq (s_count_files ("the cache"), 2);
}
END_TEST

// A compiler that leaves its temporary files, because it was killed or does not care: wherever it was told to put them, they go with it.
START_TEST (test_litter)
{
    static const char *const ends [] = { "exit 1", "kill -KILL $$", "echo started; exec tail -f /dev/null" };
    char script [256];
    ck_assert (!file_make_folders (s_path ("tmp"), 0700, NULL));
    setenv ("TMPDIR", s_path ("tmp"), 1);
    for (size_t i = 0; i < COUNT_OF (ends); i++) {
        snprintf (script, sizeof script, "#!/bin/sh\necho text > \"$TMPDIR/litter.s\"\n%s\n", ends [i]);
        s_write_text ("messy", script);
        ck_assert_int_eq (chmod (s_path ("messy"), 0700), 0);
        setenv ("RACIMO_CC", s_path ("messy"), 1);
        plugin_t *plugin = plugin_new (s_path ("job.c"), TEST_SOURCE "/api", s_path ("the cache"));
        ck_assert_int_ge (plugin_fd (plugin), 0);
        struct pollfd started = { .fd = plugin_fd (plugin), .events = POLLIN };
        ck_assert_int_eq (poll (&started, 1, 20000), 1);    // its first words, or its end
        plugin_destroy (&plugin);
        ck_assert_uint_eq (s_count_files ("tmp"), 0);
        ck_assert_uint_eq (s_count_files ("the cache"), 0);
    }
    unsetenv ("TMPDIR");
}
END_TEST

START_TEST (test_changed_meanwhile)
{
    plugin_t *plugin = plugin_new (s_path ("job.c"), TEST_SOURCE "/api", s_path ("the cache"));
    s_write_text ("job.c", "#include <racimo.h>\nRAC_JOB (plan) { rac_about (plan, \"\"); return RAC_OK; }\n");
    plugin_wait (plugin);
    ck_assert_ptr_null (plugin_path (plugin));
    ck_assert_ptr_nonnull (strstr (plugin_error (plugin)->text, "changed while it was compiled"));
    plugin_destroy (&plugin);
    ck_assert_uint_eq (s_count_files ("the cache"), 0);
}
END_TEST

START_TEST (test_cache_folder)
{
    setenv ("XDG_CACHE_HOME", s_folder, 1);
    char *path = plugin_cache ("/otherwise");
    ck_assert_str_eq (path, s_path ("racimo"));
    free (path);
    setenv ("XDG_CACHE_HOME", "/proc/nowhere", 1);
    path = plugin_cache ("/otherwise");
    ck_assert_str_eq (path, "/otherwise");
    free (path);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_cached, test_what_changes_it, test_damaged, test_other_languages_and_compilers, test_failures, test_many_errors_are_cut, test_at_once, test_litter, test_changed_meanwhile, test_cache_folder };
    return main_run ("plugin", s_start, s_folder_remove, tests, COUNT_OF (tests));
}
