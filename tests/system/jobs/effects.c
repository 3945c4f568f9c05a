// effects: all that a map may do besides emitting: parameters of each type, a side file, state, counters, rejected rows.
#include <racimo.h>

typedef struct { int64_t shift; double scale; const char *prefix; int loud; rac_bytes stop; } effects_t;

static rac_status s_open (const rac_env *env, void **state)
{
    effects_t *self = (effects_t *) calloc (1, sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->shift = strtoll (env->param (env, "shift"), NULL, 10);
    self->scale = strtod (env->param (env, "scale"), NULL);
    self->prefix = env->param (env, "prefix");
    self->loud = env->param (env, "loud") [0] == '1';
    self->stop = env->side (env, "stop");
    *state = self;
    return RAC_OK;
}

// Whether the side file has exactly this line.
static int s_is_stop (const effects_t *self, const rac_bytes *line)
{
    const char *at = self->stop.data, *end = at + self->stop.size;
    while (at < end) {
        const char *to = (const char *) memchr (at, '\n', (size_t) (end - at));
        to = to ? to : end;
        if ((size_t) (to - at) == line->size && !memcmp (at, line->data, line->size))
            return 1;
        at = to + 1;
    }
    return 0;
}

static rac_bytes s_prefixed (const effects_t *self, const rac_bytes *line, rac_out *out)
{
    size_t length = strlen (self->prefix);
    char *text = (char *) rac_room (out, length + line->size + 1);
    memcpy (text, self->prefix, length);
    for (uint32_t i = 0; i < line->size; i++) {
        char c = line->data [i];
        text [length + i] = c == '\t' ? ' ' : self->loud && c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
    }
    rac_bytes bytes = { text, (uint32_t) length + line->size, 0 };
    return bytes;
}

static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    effects_t *self = (effects_t *) state;
    rac_bytes *text = (rac_bytes *) rac_room (out, in->rows * sizeof *text);
    double *scaled = (double *) rac_room (out, in->rows * sizeof *scaled);
    uint32_t kept = 0;
    for (uint32_t row = 0; row < in->rows; row++) {
        const rac_bytes *line = in->column->at.bytes + row;
        rac_count (out, "lines", 1);
        if (s_is_stop (self, line)) {
            if (rac_reject (out, row, "a stop word"))
                return RAC_FAIL;
            continue;
        }
        rac_count (out, "letters", line->size);
        text [kept] = s_prefixed (self, line, out);
        scaled [kept++] = (double) (line->size + self->shift) * self->scale;
    }
    rac_column columns [] = { rac_of_bytes (text), rac_of_f64 (scaled) };
    return rac_emit (out, kept, columns, 2);
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: parameters, side data, state, counters, rejected rows");
    rac_param_i64 (plan, "shift", "-3", "added to a line's length");
    rac_param_f64 (plan, "scale", "0.1", "times this");
    rac_param (plan, "prefix", "> ", "before each line");
    rac_flag (plan, "loud", "in capitals");
    rac_side (plan, "stop", rac_param (plan, "stop", "", "a file of lines to reject"));
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_open (plan, s_open, free);
    rac_map (plan, s_map);
    rac_result (plan, "line", RAC_BYTES);
    rac_result (plan, "scaled", RAC_F64);
    return RAC_OK;
}
