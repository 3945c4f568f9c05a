// list: the jobs that come with racimo, each with the line that it says about itself.
#include "cli/cli.h"
#include "cli/home.h"
#include "cli/inspect.h"
#include "master/master.h"

#include <stdio.h>

const char list_help [] =
    "racimo list\n\n"
    "Lists the jobs that come with racimo. Each is a short C file that you may copy.\n"
    "racimo describe JOB says more about one.\n";

typedef struct { int status; uint32_t jobs; } listing_t;

static void s_show (void *context, const char *name, const char *path)
{
    listing_t *self = context;
    error_t error = { 0 };
    inspection_t job = { 0 };
    self->jobs++;
    if (inspect_job (name, path, NULL, &job, &error))
        self->status = inspect_fail (&job, &error);
    else
        printf ("%-12s %s\n", name, job.about);
    inspect_free (&job);
}

int list_command (int words, char **word)
{
    (void) word;
    error_t error = { 0 };
    listing_t listing = { 0 };
    if (words) {
        (void) error_set_kind (&error, ERROR_USAGE, "racimo list takes no words behind it");
        return cli_fail (&error);
    }
    home_each_job (s_show, &listing);
    if (listing.jobs)
        return listing.status;
    (void) error_set (&error, "the jobs that come with racimo were not found: set RACIMO_HOME to the source folder");
    return cli_fail (&error);
}
