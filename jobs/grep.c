// grep: the lines that hold a text or match a regular expression, in the order of the input.
//
// A map without a key: what it emits is the result. A fixed text is looked for in the whole batch and a hit led back to its line.
#include <racimo.h>
#include <regex.h>

typedef struct { rac_bytes needle; regex_t regex; int by_regex, invert, columns; } matcher;

// A fixed text becomes a regular expression that means it, for --ignore-case.
static int compile (regex_t *regex, const char *text, const char *expression, int ignore_case)
{
    char escaped [2048], *to = escaped;
    for (; *text && to < escaped + sizeof escaped - 2; *to++ = *text++)
        if (strchr ("\\^$.[]|()*+?{}", *text))
            *to++ = '\\';
    *to = 0;
    return *text ? REG_ESPACE : regcomp (regex, *expression ? expression : escaped, REG_EXTENDED | (ignore_case ? REG_ICASE : 0));
}

static rac_status open_matcher (const rac_env *env, void **state)
{
    const char *text = env->param (env, "pattern"), *expression = env->param (env, "regex");
    int ignore_case = *env->param (env, "ignore-case") == '1';
    matcher *self = (matcher *) calloc (1, sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->needle = rac_text (text);
    self->by_regex = *expression || ignore_case;
    self->invert = *env->param (env, "invert") == '1';
    self->columns = *env->param (env, "count") != '1';
    *state = self;
    return self->by_regex && compile (&self->regex, text, expression, ignore_case) ? RAC_FAIL : RAC_OK;
}

static void close_matcher (void *state)
{
    matcher *self = (matcher *) state;
    if (self->by_regex)
        regfree (&self->regex);
    free (self);
}

static void find_text (const matcher *self, const rac_batch *in, rac_out *out, char *hit)
{
    const rac_bytes *line = in->column [0].at.bytes;
    const char *from = in->text, *end = in->text + in->text_size, *at;
    for (uint32_t row = 0; row < in->rows && (at = rac_find (out, from, (size_t) (end - from), self->needle)) != NULL; row++) {
        while (row + 1 < in->rows && line [row + 1].data <= at)     // the lines point into the text
            row++;
        hit [row] = at + self->needle.size <= line [row].data + line [row].size;
        from = row + 1 < in->rows ? line [row + 1].data : end;      // one hit a line is enough
    }
}

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    const matcher *self = (const matcher *) state;
    const rac_bytes *line = in->column [0].at.bytes;
    rac_bytes found [RAC_ROWS];
    char hit [RAC_ROWS] = { 0 };
    uint32_t rows = 0;
    if (!self->by_regex)
        find_text (self, in, out, hit);
    for (uint32_t row = 0; row < in->rows; row++) {
        regmatch_t range = { 0, (regoff_t) line [row].size };       // so a line may hold NULs and needs none at its end
        if (self->by_regex)
            hit [row] = !regexec (&self->regex, line [row].data, 1, &range, REG_STARTEND);
        if (hit [row] != self->invert)
            found [rows++] = line [row];
    }
    rac_column column = rac_of_bytes (found);
    return rac_emit (out, rows, &column, (uint32_t) self->columns);
}

RAC_JOB (plan)
{
    const char *text = rac_param (plan, "pattern", "", "the text to look for, as it stands");
    const char *expression = rac_param (plan, "regex", "", "a POSIX extended regular expression to look for instead");
    int ignore_case = rac_flag (plan, "ignore-case", "small and capital ASCII letters are the same"), rc;
    int count = rac_flag (plan, "count", "only how many lines");
    rac_flag (plan, "invert", "the lines that do not match");
    char why [256] = "the regular expression: ";
    regex_t regex;
    rac_about (plan, "The lines that hold a text or match a regular expression");
    if (!*text == !*expression)
        return rac_refuse (plan, "give --pattern TEXT or --regex EXPRESSION, one of them");
    if ((rc = compile (&regex, text, expression, ignore_case)) != 0) {      // once here, where it can be said why
        regerror (rc, &regex, why + strlen (why), sizeof why - strlen (why));
        return rac_refuse (plan, why);
    }
    regfree (&regex);
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, open_matcher, close_matcher);
    rac_map (plan, map);
    count ? rac_fold (plan, "count", RAC_COUNT, NULL) : rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
