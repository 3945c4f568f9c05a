// error: see error.h. The first fact wins, because it is the nearest to the cause.
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static status_t s_set (error_t *error, error_kind_t kind, int number, const char *format, va_list list)
{
    if (!error || error->text [0])
        return FAILED;
    error->kind = kind;
    vsnprintf (error->text, sizeof error->text, format, list);
    if (number) {
        size_t used = strlen (error->text);
        snprintf (error->text + used, sizeof error->text - used, ": %s", strerror (number));
    }
    for (char *at = error->text; *at; at++)
        if (*at == '\n')
            *at = at [1] ? ' ' : '\0';
    return FAILED;
}

status_t error_set (error_t *error, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    status_t rc = s_set (error, ERROR_OTHER, 0, format, list);
    va_end (list);
    return rc;
}

status_t error_set_kind (error_t *error, error_kind_t kind, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    status_t rc = s_set (error, kind, 0, format, list);
    va_end (list);
    return rc;
}

status_t error_errno (error_t *error, const char *format, ...)
{
    int number = errno;
    va_list list;
    va_start (list, format);
    status_t rc = s_set (error, ERROR_OTHER, number, format, list);
    va_end (list);
    return rc;
}

void error_clear (error_t *error)
{
    if (error)
        *error = (error_t) { 0 };
}
