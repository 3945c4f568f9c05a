// reference: `reference JOB [options] FILE...` prints what racimo must print for the same words: the concatenation of the parts.
//
// It follows doc/semantics.md and shares no line with the engine: everything is read into memory, sorted by qsort, folded by loops.
// Options that must not change a result (--slots, --chunk, --memory, ...) are accepted and ignored. Files are plain: the
// harness hands the same bytes packed to racimo. Exit codes are those of racimo where the reference knows them.

#include "reference.h"
#include <stdlib.h>
#include <string.h>

enum { OPTIONS = 64 };

static struct { const char *name, *value; } s_option [OPTIONS];
static size_t s_options;

static const char *const s_flags [] = { "utf8", "invert", "ignore-case", "count", "numeric", "reverse", "unique", "no-header",
    "header", "multiline", "overwrite", "loud", "all", "hash", "quiet", "sync", "json", NULL };

const char *option (const char *name)
{
    for (size_t i = s_options; i-- > 0; )
        if (!strcmp (s_option [i].name, name))
            return s_option [i].value;
    return NULL;
}

bool flag (const char *name)
{
    return option (name) != NULL;
}

int64_t option_i64 (const char *name, int64_t standard)
{
    const char *value = option (name);
    return value ? strtoll (value, NULL, 10) : standard;
}

records_t request_open (const request_t *request, format_t format, char delimiter, bool no_header)
{
    format_options_t options = request->format;
    if (!request->format_given)
        options.format = format;
    else
        delimiter = options.format == TSV ? '\t' : ',';
    if (!request->delimiter_given)
        options.delimiter = delimiter;
    options.no_header = (options.no_header || no_header) && !flag ("header");
    return records_open (&options, request->files, request->file_count);
}

void request_print (const request_t *request, const char *names, const table_t *table)
{
    output_t output = request->output;
    output.names = names;
    table_print (table, &output, stdout);
}

static bool s_is_flag (const char *name)
{
    for (size_t i = 0; s_flags [i]; i++)
        if (!strcmp (s_flags [i], name))
            return true;
    return false;
}

// --name value, --name=value or --flag; returns how many words it took.
static int s_take_option (char **words, int left)
{
    if (s_options == OPTIONS)
        fail (2, "too many options");
    const char *name = words [0] + 2, *equals = strchr (name, '=');
    s_option [s_options].name = equals ? strndup (name, (size_t) (equals - name)) : name;
    s_option [s_options].value = equals ? equals + 1 : "1";
    if (equals || s_is_flag (name)) {
        s_options++;
        return 1;
    }
    if (left < 2)
        fail (2, "--%s needs a value", name);
    s_option [s_options++].value = words [1];
    return 2;
}

static char s_delimiter (const char *text)
{
    return (char) (!strcmp (text, "tab") ? '\t' : text [0]);
}

static void s_fill_request (request_t *request)
{
    const char *format = option ("format");
    request->format_given = format != NULL;
    if (format)
        request->format.format = !strcmp (format, "csv") ? CSV : !strcmp (format, "tsv") ? TSV : LINES;
    request->delimiter_given = flag ("delimiter");
    if (request->delimiter_given)
        request->format.delimiter = s_delimiter (option ("delimiter"));
    request->format.no_header = flag ("no-header");
    request->format.multiline = flag ("multiline");
    request->format.max_rejects = (size_t) option_i64 ("max-rejects", 0);
    const char *output = option ("output-format"), *header = option ("output-header");
    request->output.csv = output && !strcmp (output, "csv");
    request->output.header = header ? !strcmp (header, "yes") : request->output.csv;
    request->output.delimiter = request->output.csv ? ',' : '\t';
}

static bool s_run (const entry_t *jobs, const char *name, const request_t *request)
{
    for (; jobs->name; jobs++)
        if (!strcmp (jobs->name, name)) {
            jobs->run (request);
            return true;
        }
    return false;
}

int main (int count, char **words)
{
    if (count < 2)
        fail (2, "usage: reference JOB [options] FILE...");
    request_t request = { .files = calloc ((size_t) count, sizeof (char *)) };
    for (int at = 2; at < count; ) {
        if (!strncmp (words [at], "--", 2))
            at += s_take_option (words + at, count - at);
        else
            request.files [request.file_count++] = words [at++];
    }
    s_fill_request (&request);
    if (!s_run (shipped_jobs, words [1], &request) && !s_run (test_jobs, words [1], &request))
        fail (2, "no job %s", words [1]);
    free (request.files);
    return fflush (stdout) || ferror (stdout) ? 5 : 0;
}
