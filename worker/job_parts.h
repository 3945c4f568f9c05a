// job_parts: what the files of job share while RAC_JOB runs; nobody else includes it.
//
//     job.c           a declaration's beginning and end, parameters, loading
//     job_input.c     clauses about what is read: rac_input with the header line, rac_read, rac_map
//     job_clauses.c   all others, and the table of them
//     job_resolve.c   the whole: mode, order, results, which column feeds which
#pragma once
#include "worker/job.h"

#include <string.h>

typedef struct {
    rac_plan plan;                                      // first: the plugin holds a pointer to it
    job_t *job;
    const char *name;
    const message_submit_t *submit;
    const wire_bytes_t *first_line;
    error_t *error;
    char *ordered [64];                                 // names of rac_sort and rac_descending
    bool ordered_down [64];
    uint32_t ordered_count;
} declaration_t;

#define GROW(array, count) (array = job_grow (array, count, sizeof *array), &array [(count)++])
#define WRONG(self, ...) error_set_kind ((self)->error, ERROR_JOB, __VA_ARGS__)

void *job_grow (void *array, uint32_t count, size_t size);          // room for one more, zeroed
bool job_type_known (rac_type type);
char *declaration_name (declaration_t *self, const char *name, const char *what);      // a copy; an error if it is empty

typedef rac_status clause_fn (declaration_t *self, const rac_clause *clause);
clause_fn clause_input, clause_read, clause_map;                    // job_input.c
rac_status declaration_clause (rac_plan *plan, const rac_clause *clause);              // job_clauses.c
CHECKED status_t declaration_resolve (declaration_t *self);         // job_resolve.c: when RAC_JOB has returned
