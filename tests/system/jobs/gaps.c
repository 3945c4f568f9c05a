// gaps: visits, sessions and the longest gap of each user. A group larger than memory comes in parts, so what is known of it
// stays in the state between calls.
#include <racimo.h>

typedef struct { int64_t visits, sessions, longest, last, pause; } gaps_t;

static rac_status s_open (const rac_env *env, void **state)
{
    gaps_t *self = (gaps_t *) calloc (1, sizeof *self);
    if (!self)
        return RAC_FAIL;
    self->pause = strtoll (env->param (env, "minutes"), NULL, 10) * 60000000;
    *state = self;
    return RAC_OK;
}

static void s_add (gaps_t *self, const rac_column *time, uint32_t row)
{
    if (time->valid && !(time->valid [row / 64] >> row % 64 & 1))
        return;
    int64_t gap = self->visits ? time->at.i64 [row] - self->last : 0;
    self->sessions += self->visits == 0 || gap > self->pause;
    self->longest = gap > self->longest ? gap : self->longest;
    self->last = time->at.i64 [row];
    self->visits++;
}

static rac_status s_reduce (void *state, const rac_groups *in, rac_out *out)
{
    gaps_t *self = (gaps_t *) state;
    int64_t *visits = (int64_t *) rac_room (out, in->groups * sizeof *visits);
    int64_t *sessions = (int64_t *) rac_room (out, in->groups * sizeof *sessions);
    int64_t *longest = (int64_t *) rac_room (out, in->groups * sizeof *longest);
    for (uint32_t group = 0; group < in->groups; group++) {
        if (group > 0 || !(in->flags & RAC_OPENED))
            self->visits = self->sessions = self->longest = 0;
        for (uint32_t row = in->starts [group]; row < in->starts [group + 1]; row++)
            s_add (self, in->value, row);
        visits [group] = self->visits;
        sessions [group] = self->sessions;
        longest [group] = self->longest;
    }
    rac_column columns [] = { in->key [0], rac_of_i64 (visits), rac_of_i64 (sessions), rac_of_i64 (longest) };
    return rac_emit (out, in->groups - (in->flags & RAC_UNFINISHED ? 1 : 0), columns, 4);
}

RAC_JOB (plan)
{
    rac_about (plan, "Test: visits, sessions and the longest gap of each user, in microseconds");
    rac_param_i64 (plan, "minutes", "30", "a longer pause begins a session");
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_read (plan, "user", RAC_BYTES);
    rac_read (plan, "time", RAC_TIME);
    rac_key (plan, "user", RAC_BYTES);
    rac_value (plan, "time", RAC_TIME);
    rac_open (plan, s_open, free);
    rac_reduce (plan, s_reduce);
    rac_result (plan, "user", RAC_BYTES);
    rac_result (plan, "visits", RAC_I64);
    rac_result (plan, "sessions", RAC_I64);
    rac_result (plan, "longest", RAC_I64);
    return RAC_OK;
}
