// sort: lines in order, whole or by a field, as text or as numbers.
//
// A job with keys and neither folds nor reduce gives the sorted rows themselves. The map makes the key, the line goes along as value, and
// only the line is shown. A line without the field comes first; with --numeric one whose field is no number is rejected.
#include <racimo.h>

typedef struct { int64_t field; char separator; int numeric; } settings;

static rac_status open_settings (const rac_env *env, void **state)
{
    settings *self = (settings *) malloc (sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->field = strtoll (env->param (env, "by"), NULL, 10);
    self->separator = strcmp (env->param (env, "separator"), "tab") ? *env->param (env, "separator") : '\t';
    self->numeric = *env->param (env, "numeric") == '1';
    *state = self;
    return RAC_OK;
}

static rac_bytes field_of (rac_bytes line, const settings *self)
{
    const char *from = line.data, *end = line.data + line.size, *to;
    for (int64_t field = self->field; field >= 1; field--) {
        to = (const char *) memchr (from, self->separator, (size_t) (end - from));
        line.data = from;
        line.size = (uint32_t) ((to ? to : end) - from);
        from = to ? to + 1 : end;
    }
    return line;
}

// 0: a number, 1: nothing there, 2: something else.
static int number_of (rac_bytes field, double *number)
{
    char text [400], *end;
    if (field.size >= sizeof text || memchr (field.data, 'x', field.size) || memchr (field.data, 'X', field.size))
        return 2;
    memcpy (text, field.data, field.size);
    text [field.size] = 0;
    *number = strtod (text, &end);
    const char *rest = end + strspn (end, " \t");
    return rest < text + field.size ? 2 : end == text;
}

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    const settings *self = (const settings *) state;
    rac_bytes key [RAC_ROWS], line [RAC_ROWS];
    double number [RAC_ROWS];
    uint64_t valid [RAC_ROWS / 64] = { 0 };
    uint32_t rows = 0;                                  // of those that are emitted
    for (uint32_t row = 0; row < in->rows; row++) {
        line [rows] = in->column [0].at.bytes [row];
        key [rows] = field_of (line [rows], self);
        int missing = self->numeric ? number_of (key [rows], &number [rows]) : key [rows].size == 0;
        if (missing == 2)
            rac_reject (out, row, "what to sort by is not a number");
        else {
            valid [rows / 64] |= (uint64_t) !missing << rows % 64;
            rows++;
        }
    }
    rac_column column [2] = { self->numeric ? rac_of_f64 (number) : rac_of_bytes (key), rac_of_bytes (line) };
    column [0].valid = valid;
    return rac_emit (out, rows, column, 2);
}

RAC_JOB (plan)
{
    int64_t field = rac_param_i64 (plan, "by", "0", "sort by this field of the line, from 1; 0: by the whole line");
    const char *separator = rac_param (plan, "separator", "tab", "what stands between fields: one character, or tab");
    int numeric = rac_flag (plan, "numeric", "sort as numbers, not as text");
    int reverse = rac_flag (plan, "reverse", "largest first");
    int unique = rac_flag (plan, "unique", "of lines with the same key only the first");

    rac_about (plan, "Lines in order, whole or by a field, as text or as numbers");
    if (field < 0)
        return rac_refuse (plan, "--by is the number of a field, from 1");
    if (!separator [0] || (separator [1] && strcmp (separator, "tab")))
        return rac_refuse (plan, "--separator is one character, or tab");
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    if (field || numeric) {
        rac_open (plan, open_settings, free);
        rac_map (plan, map);
        rac_key (plan, "key", numeric ? RAC_F64 : RAC_BYTES);
        rac_value (plan, "line", RAC_BYTES);
    } else
        rac_key (plan, "line", RAC_BYTES);
    if (unique)
        rac_unique (plan);
    if (reverse && (field || numeric))
        rac_descending (plan, "key");
    if (reverse)
        rac_descending (plan, "line");
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
