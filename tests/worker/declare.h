// declare: functions as RAC_JOB makes them, declared to the engine. For the tests of worker/job only.
#pragma once
#include "worker/job.h"
#include "tests/main.h"

#include <stdio.h>
#include <string.h>

static message_submit_t s_submit;
static wire_bytes_t s_line;

static inline job_t *s_declare (job_declare_fn *declare, const char *line, error_t *error)
{
    *error = (error_t) { 0 };
    s_line = (wire_bytes_t) { (char *) line, line ? (uint32_t) strlen (line) : 0 };
    return job_new (declare, "testjob", &s_submit, line ? &s_line : NULL, error);
}

static inline job_t *s_good (job_declare_fn *declare, const char *line)
{
    error_t error;
    job_t *job = s_declare (declare, line, &error);
    ck_assert_msg (job != NULL, "%s", error.text);
    ck_assert_str_eq (error.text, "");
    return job;
}

// The line must have these words, the job's name at its start, and be one line; and NULL for an error must do no harm.
static inline void s_bad (job_declare_fn *declare, const char *line, error_kind_t kind, const char *words)
{
    error_t error;
    ck_assert_ptr_null (s_declare (declare, line, &error));
    ck_assert_msg (strstr (error.text, words) != NULL, "'%s' has not '%s'", error.text, words);
    ck_assert_msg (!strncmp (error.text, "testjob: ", 9) && !strchr (error.text, '\n'), "'%s'", error.text);
    ck_assert_msg (error.kind == kind, "'%s' is of kind %d", error.text, (int) error.kind);
    ck_assert_ptr_null (job_new (declare, "testjob", &s_submit, line ? &s_line : NULL, NULL));
}

#define JOB(function) static rac_status function (rac_plan *plan)
// A job of one statement more than a good one, which is wrong; its words come from the table of the test.
#define WRONG(function, statements) JOB (function) { rac_input (plan, RAC_CSV, NULL, 0); statements; return RAC_OK; }
