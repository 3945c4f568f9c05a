// error: how a failure travels: a status for the program, one line for the user.
//
// The line is written once, where the fact is known, and names the thing: file, offset, node, option. A NULL error_t * is
// allowed everywhere: the caller wants the status only. No thread owns an error_t; it is plain data.
#pragma once
#define __error_t_defined 1     // glibc's errno.h has, under _GNU_SOURCE, an int of the name error_t: include this header first
#include <stdbool.h>
#include <stddef.h>

typedef enum {
    OK = 0,
    FAILED,                             // the line says why
    TRUNCATED,                          // input ended inside something; a reader's or codec's word
} status_t;

#define CHECKED __attribute__ ((warn_unused_result))     // before a function whose status must not be dropped

// Whose fault it is decides the exit code and whether another attempt can help.
typedef enum {
    ERROR_OTHER = 0,
    ERROR_USAGE,                        // wrong call: options, names, patterns
    ERROR_DATA,                         // the input's bytes; another attempt gives the same
    ERROR_JOB,                          // the plugin: does not compile, refuses, crashes
    ERROR_OUTPUT,                       // cannot write the result
    ERROR_SCRATCH,                      // cannot write what lies between map and reduce; another attempt may have another disk
} error_kind_t;

typedef struct {
    error_kind_t kind;
    char text [1024];                   // one line, no newline at its end
} error_t;

// Fills error unless it is NULL or already filled (the first fact wins); returns FAILED.
status_t error_set (error_t *error, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
status_t error_set_kind (error_t *error, error_kind_t kind, const char *format, ...) __attribute__ ((format (printf, 3, 4)));
// As error_set, with ": " and strerror (errno) at the end.
status_t error_errno (error_t *error, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void error_clear (error_t *error);

#define TRY(expression) do { status_t try_status_ = (expression); if (try_status_) return try_status_; } while (0)
#define COUNT_OF(array) (sizeof (array) / sizeof *(array))
