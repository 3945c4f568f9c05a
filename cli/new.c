// new: writes a first job to start from: one C file and a little input, which run at once.
#define _GNU_SOURCE
#include "cli/cli.h"
#include "base/file.h"
#include "base/memory.h"
#include "master/master.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char new_help [] =
    "racimo new NAME\n\n"
    "Writes NAME.c, a small job with a map, a key and folds, and NAME.input.csv to try\n"
    "it on; and says how to run it. Nothing that is there is overwritten.\n";

static const char s_input [] =
    "sensor,celsius\n"
    "kitchen,20.5\n"
    "cellar,12.25\n"
    "kitchen,22\n"
    "roof,-3.5\n"
    "cellar,11.75\n"
    "roof,\n"
    "kitchen,19.5\n";

// %1$s: the job's name.
static const char s_source [] =
    "// %1$s: the mean and the highest temperature of each sensor, in Fahrenheit.\n"
    "//\n"
    "//     racimo run %1$s.c %1$s.input.csv\n"
    "//     racimo describe %1$s.c\n"
    "#include <racimo.h>\n"
    "\n"
    "// Gets up to RAC_ROWS rows at a time, as columns, in the order of rac_read. Loops over whole columns are fast: the compiler makes\n"
    "// vector loops of them. A row whose field is empty is missing: its bit in column.valid is clear, its value is 0.\n"
    "static rac_status map (void *state, const rac_batch *in, rac_out *out)\n"
    "{\n"
    "    (void) state;                                   // what rac_open has made, for jobs that need it\n"
    "    const double *celsius = in->column [1].at.f64;\n"
    "    double fahrenheit [RAC_ROWS];\n"
    "    for (uint32_t row = 0; row < in->rows; row++)\n"
    "        fahrenheit [row] = celsius [row] * 1.8 + 32;\n"
    "\n"
    "    rac_column column [2] = { in->column [0], rac_of_f64 (fahrenheit) };\n"
    "    column [1].valid = in->column [1].valid;        // what was missing stays missing: folds pass it over\n"
    "    return rac_emit (out, in->rows, column, 2);     // keys first, then values, as declared below\n"
    "}\n"
    "\n"
    "// Runs once before anything else, and says what the job reads, emits and makes of it.\n"
    "RAC_JOB (plan)\n"
    "{\n"
    "    rac_about (plan, \"Mean and highest temperature of each sensor, in Fahrenheit\");\n"
    "    rac_input (plan, RAC_CSV, \",\", 0);\n"
    "    rac_read (plan, \"sensor\", RAC_BYTES);\n"
    "    rac_read (plan, \"celsius\", RAC_F64);\n"
    "    rac_map (plan, map);\n"
    "\n"
    "    rac_key (plan, \"sensor\", RAC_BYTES);\n"
    "    rac_value (plan, \"fahrenheit\", RAC_F64);\n"
    "    rac_fold (plan, \"readings\", RAC_COUNT, \"fahrenheit\");\n"
    "    rac_fold (plan, \"mean\", RAC_MEAN, \"fahrenheit\");\n"
    "    rac_fold (plan, \"highest\", RAC_MAX, \"fahrenheit\");\n"
    "    return RAC_OK;\n"
    "}\n";

static status_t s_write_new (const char *path, const char *text, size_t size, error_t *error)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno == EEXIST ? error_set_kind (error, ERROR_USAGE, "%s is there already: racimo new overwrites nothing", path)
                               : error_set_kind (error, ERROR_OUTPUT, "%s: %s", path, strerror (errno));
    status_t rc = file_write_all (fd, text, size, path, error);
    if (close (fd) && !rc)
        rc = error_errno (error, "%s", path);
    if (rc)
        unlink (path);
    return rc;
}

// A name, perhaps with .c behind it, perhaps in a folder.
static status_t s_check_name (const char *name, size_t size, error_t *error)
{
    const char *base = strrchr (name, '/') ? strrchr (name, '/') + 1 : name;
    size_t length = (size_t) (name + size - base);
    static const char letters [] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (!length || strspn (base, letters) < length || *base == '-')
        return error_set_kind (error, ERROR_USAGE, "%s: a job's name is of letters, digits, - and _", name);
    return OK;
}

static status_t s_new (const char *word, error_t *error)
{
    size_t size = strlen (word);
    if (size > 2 && !strcmp (word + size - 2, ".c"))
        size -= 2;
    TRY (s_check_name (word, size, error));
    buffer_t path = { 0 }, input = { 0 }, source = { 0 };
    char *name = strndup (word, size);
    buffer_print (&path, "%s.c", name);
    buffer_print (&input, "%s.input.csv", name);
    buffer_print (&source, s_source, name);
    status_t rc = s_write_new (path.data, source.data, source.size, error);
    if (!rc && (rc = s_write_new (input.data, s_input, sizeof s_input - 1, error)))
        unlink (path.data);
    if (!rc)
        printf ("%s.c and %s.input.csv are written. Now type:\n\n    racimo run %s%s.c %s.input.csv\n", name, name, strchr (name, '/') ? "" : "./", name, name);
    free (name);
    buffer_free (&path);
    buffer_free (&input);
    buffer_free (&source);
    return rc;
}

int new_command (int words, char **word)
{
    error_t error = { 0 };
    if (words != 1)
        (void) error_set_kind (&error, ERROR_USAGE, "racimo new takes one name: racimo new my_job");
    else if (!s_new (word [0], &error))
        return EXIT_FINE;
    return cli_fail (&error);
}
