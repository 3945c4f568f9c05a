// test_job_input: what a job asks of its user: columns by the header or by number, and parameters.
#include "declare.h"

JOB (counting)
{
    rac_numbered (plan, 5);
    rac_fold (plan, "n", RAC_COUNT, NULL);
    return RAC_OK;
}

JOB (stations)
{
    rac_input (plan, RAC_CSV, ";", RAC_NO_HEADER);
    rac_read (plan, "name", RAC_BYTES);
    rac_read (plan, "celsius", RAC_F32);
    rac_key (plan, "name", RAC_BYTES);
    rac_value (plan, "celsius", RAC_F32);
    rac_fold (plan, "min", RAC_MIN, "celsius");
    return RAC_OK;
}

// ---- headers

static rac_status s_by (rac_plan *plan, rac_format format, const char *column)
{
    rac_input (plan, format, NULL, 0);
    rac_read (plan, column, RAC_BYTES);
    rac_key (plan, column, RAC_BYTES);
    return RAC_OK;
}

JOB (by_name) { return s_by (plan, RAC_CSV, "b"); }
JOB (by_number) { return s_by (plan, RAC_CSV, "3"); }
JOB (by_zero) { return s_by (plan, RAC_CSV, "0"); }
JOB (by_quoted_name) { return s_by (plan, RAC_CSV, "say \"b\", or c"); }
JOB (by_name_in_tsv) { return s_by (plan, RAC_TSV, "\"b\""); }

static uint32_t s_position (job_declare_fn *declare, const char *line, uint32_t fields)
{
    job_t *job = s_good (declare, line);
    uint32_t position = job->input [0].read [0].position;
    ck_assert_uint_eq (job->input [0].fields, fields);
    job_destroy (&job);
    return position;
}

START_TEST (headers)
{
    ck_assert_uint_eq (s_position (by_name, "a,b,c", 3), 1);
    ck_assert_uint_eq (s_position (by_name, "b", 1), 0);
    ck_assert_uint_eq (s_position (by_name, ",,b,", 4), 2);
    ck_assert_uint_eq (s_position (by_name, "a,\"b\",b", 3), 1);
    ck_assert_uint_eq (s_position (by_name, "\"x,y\",\"\",b", 3), 2);
    ck_assert_uint_eq (s_position (by_quoted_name, "a,\"say \"\"b\"\", or c\"", 2), 1);
    ck_assert_uint_eq (s_position (by_number, "a,b,c", 3), 2);
    ck_assert_uint_eq (s_position (by_number, "3,b,c", 3), 0);          // a name first of all
    ck_assert_uint_eq (s_position (by_name_in_tsv, "a\t\"b\"\tc", 3), 1);   // TSV has no quotes
    s_bad (by_name, "a,c", ERROR_USAGE, "no column 'b'; it has: a, c");
    s_bad (by_name, "B", ERROR_USAGE, "no column 'b'");
    s_bad (by_number, "a,b", ERROR_USAGE, "no column 3: the input has 2");
    s_bad (by_zero, "a,b", ERROR_USAGE, "no column '0'");
}
END_TEST

START_TEST (headers_the_user_overrides)
{
    s_submit.header = 2;
    ck_assert_uint_eq (s_position (by_name, "x,y", 2), 0);              // by order
    ck_assert_uint_eq (s_position (by_number, "x,y,z", 3), 2);
    s_bad (by_number, "x,y", ERROR_USAGE, "no column 3: the input has 2");
    s_submit.header = 1;
    s_bad (stations, "x;1.5", ERROR_USAGE, "no column 'name'; it has: x, 1.5");
    s_submit.header = 0;
    s_submit.delimiter = "|";
    ck_assert_uint_eq (s_position (by_name, "a,x|b", 2), 1);
    s_submit.delimiter = "tab";
    ck_assert_uint_eq (s_position (by_name, "a\tb", 2), 1);
    s_submit.delimiter = "";
    s_submit.format = RAC_TSV;
    ck_assert_uint_eq (s_position (by_name, "a,x\tb", 2), 1);
    s_submit.format = RAC_LINES;
    ck_assert_uint_eq (s_position (by_name, "a,b", 0), 0);
    s_submit.format = 0;
    s_bad (stations, "x", ERROR_USAGE, "'celsius' is number 2, but the input has 1");
    s_submit = (message_submit_t) { 0 };
}
END_TEST

// What RAC_JOB may ask while it runs.
JOB (asking)
{
    ck_assert_uint_eq (plan->input_columns (plan, 0), 0);
    rac_input (plan, RAC_CSV, NULL, 0);
    ck_assert_uint_eq (plan->input_columns (plan, 0), 2);
    ck_assert_str_eq (plan->input_name (plan, 0, 1), "two words");
    ck_assert_ptr_null (plan->input_name (plan, 0, 2));
    ck_assert_uint_eq (plan->input_columns (plan, 1), 0);
    rac_fold (plan, "n", RAC_COUNT, NULL);
    return RAC_OK;
}

START_TEST (columns_asked_for)
{
    job_t *job = s_good (asking, "one,two words");
    job_destroy (&job);
}
END_TEST

// ---- parameters

static int64_t s_n;
static double s_x;
static int s_flag;
static char s_text [32];

JOB (with_params)
{
    s_n = rac_param_i64 (plan, "n", "7", "how many");
    s_x = rac_param_f64 (plan, "x", "0.5", "how much");
    s_flag = rac_flag (plan, "loud", "say it loud");
    snprintf (s_text, sizeof s_text, "%s", rac_param (plan, "text", "standard", NULL));
    return counting (plan);
}

static void s_options (char **option, uint32_t count)
{
    s_submit = (message_submit_t) { .options = { option, count } };
}

START_TEST (parameters)
{
    job_t *job = s_good (with_params, NULL);
    ck_assert (s_n == 7 && s_x == 0.5 && !s_flag && !strcmp (s_text, "standard"));
    ck_assert_str_eq (job_param (job, "n"), "7");
    ck_assert_ptr_null (job_param (job, "m"));
    job_destroy (&job);
    s_options ((char *[]) { "n=-12", "text=a=b", "x=1e3", "loud=1", "n=13" }, 5);
    job = s_good (with_params, NULL);
    ck_assert (s_n == 13 && s_x == 1000 && s_flag && !strcmp (s_text, "a=b"));
    ck_assert_str_eq (job_param (job, "loud"), "1");
    ck_assert (job->param [0].given && job->params == 4);
    job_destroy (&job);
    s_options ((char *[]) { "text=" }, 1);
    job = s_good (with_params, NULL);
    ck_assert_str_eq (s_text, "");
    job_destroy (&job);
}
END_TEST

START_TEST (parameters_refused)
{
    static char *const bad [] = { "n=", "n=x", "n=1x", "n=1.5", "n=9223372036854775808", "x=", "x=one", "x=1,5" };
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        s_options ((char *[]) { bad [i] }, 1);
        s_bad (with_params, NULL, ERROR_USAGE, "is not a number");
    }
    s_options ((char *[]) { "m=1" }, 1);
    s_bad (with_params, NULL, ERROR_USAGE, "has no option --m: see racimo describe testjob");
    s_options ((char *[]) { "nn=1" }, 1);
    s_bad (with_params, NULL, ERROR_USAGE, "no option --nn");
    s_options (NULL, 0);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { headers, headers_the_user_overrides, columns_asked_for, parameters, parameters_refused };
    return main_run ("job_input", NULL, NULL, tests, COUNT_OF (tests));
}
