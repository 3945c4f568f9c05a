// log: see log.h. A line is one write, so that lines of several threads and processes do not mix; a newline or another control
// character in it, perhaps of somebody else's making, becomes a space.
#include "base/log.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE = 2048, RATE = 10, SECOND_US = 1000000 };

static const char *s_name = "racimo";

void log_name (const char *name)
{
    s_name = name;
}

// The variable is inherited by whoever redirects its error stream elsewhere: it names device and inode of the journal's.
static bool s_is_journal (void)
{
    const char *stream = getenv ("JOURNAL_STREAM");
    struct stat is;
    unsigned long long device, inode;
    return stream && sscanf (stream, "%llu:%llu", &device, &inode) == 2 && !fstat (STDERR_FILENO, &is) && is.st_dev == device && is.st_ino == inode;
}

static void s_print (log_level_t level, const char *format, va_list arguments)
{
    char line [LINE];
    int size = s_is_journal () ? snprintf (line, sizeof line, "<%d>%s: ", (int) level, s_name) : snprintf (line, sizeof line, "%s: ", s_name);
    int more = vsnprintf (line + size, sizeof line - (size_t) size, format, arguments);
    size = more < 0 ? size : size + more < LINE - 1 ? size + more : LINE - 2;
    for (int i = 0; i < size; i++)
        if ((unsigned char) line [i] < ' ' || line [i] == 0x7f)
            line [i] = ' ';
    line [size++] = '\n';
    (void) !write (STDERR_FILENO, line, (size_t) size);
}

void log_line (log_level_t level, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    s_print (level, format, arguments);
    va_end (arguments);
}

void log_rarely (log_rate_t *rate, const char *format, ...)
{
    int64_t now = clock_us ();
    if (now - rate->since_us >= SECOND_US) {
        if (rate->dropped)
            log_line (LOG_WARN, "%u lines like the next one were left out", rate->dropped);
        *rate = (log_rate_t) { .since_us = now };
    }
    if (rate->told >= RATE) {
        rate->dropped++;
        return;
    }
    rate->told++;
    va_list arguments;
    va_start (arguments, format);
    s_print (LOG_WARN, format, arguments);
    va_end (arguments);
}
