// reference: what the command line asks for, and the jobs that answer.
#pragma once
#include "records.h"
#include "table.h"

typedef struct {
    char **files;
    size_t file_count;
    format_options_t format;
    bool format_given, delimiter_given, output_header_given;
    output_t output;
} request_t;

const char *option (const char *name);                  // its value on the command line, or NULL
bool flag (const char *name);
int64_t option_i64 (const char *name, int64_t standard);

// The request's input as the job's own format, unless the user says otherwise.
records_t request_open (const request_t *request, format_t format, char delimiter, bool no_header);
// The header of CSV output, unless --output-header says otherwise, then the rows.
void request_print (const request_t *request, const char *names, const table_t *table);

typedef struct { const char *name; void (*run) (const request_t *request); } entry_t;
extern const entry_t shipped_jobs [];                   // ends with a NULL name
extern const entry_t test_jobs [];                      // those of tests/system/jobs
