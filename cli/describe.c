// describe: what a job reads, makes and can be told.
#include "cli/cli.h"
#include "cli/home.h"
#include "cli/inspect.h"
#include "cli/options.h"
#include "master/master.h"

#include <racimo.h>
#include <stdio.h>
#include <string.h>

const char describe_help [] =
    "racimo describe JOB|FILE.c [--json] [the job's own options]\n\n"
    "Says what a job reads, its keys and values, its result and its options. Some jobs\n"
    "depend on their options: give them too.\n\n"
    "  racimo describe wordcount\n"
    "  racimo describe groupby --by origin --agg mean:delay\n"
    "  racimo describe my_job.c --json\n";

// A job that refuses to go on without options is described by what it said before.
static void s_show_options (const char *name, const inspection_t *job)
{
    printf ("%s: %s\n\nOptions\n", name, job->about);
    for (uint32_t i = 0; i < job->parameters; i++) {
        const parameter_t *parameter = &job->parameter [i];
        char option [80];
        snprintf (option, sizeof option, "--%s%s", parameter->name, !parameter->type ? "" : parameter->type == RAC_BYTES ? " TEXT" : " N");
        printf ("  %-22s %s", option, parameter->help);
        printf (parameter->type && *parameter->standard ? " [%s]\n" : "\n", parameter->standard);
    }
}

int describe_show (const char *name, const char *path, const message_submit_t *submit, bool json)
{
    error_t error = { 0 };
    inspection_t job = { 0 };
    explain_t explain = { .submit = submit, .json = json };
    status_t rc = inspect_job (name, path, &explain, &job, &error);
    int status = EXIT_FINE;
    if (!rc)
        fputs (job.explanation, stdout);
    else if (error.kind == ERROR_USAGE && !json && submit->options.count == 0 && job.about) {
        s_show_options (name, &job);
        printf ("\nMore is said with options given: %s\n", error.text);
    } else
        status = inspect_fail (&job, &error);
    inspect_free (&job);
    return status;
}

int describe_command (int words, char **word)
{
    error_t error = { 0 };
    run_options_t options;
    status_t rc = options_begin (&options, "describe", words, word, &error);
    int status = EXIT_FINE;
    if (!rc && options.help)
        fputs (describe_help, stdout);
    else if (!rc)
        rc = options_finish (&options, &error);
    if (!rc && options.submit.inputs.count)
        rc = error_set_kind (&error, ERROR_USAGE, "racimo describe JOB needs no input: '%s'", options.submit.inputs.item [0]);
    if (rc)
        status = inspect_fail (&options.job, &error);
    else if (!options.help)
        status = describe_show (options.submit.name, options.submit.source, &options.submit, options.json);
    options_free (&options);
    return status;
}
