// orders: what the plan orders is carried out in its order, before the next event. An action that fails for its receiver (a worker
// that cannot be reached) becomes an event of its own afterwards, in shell_settle: plan_step is never entered from within.
#include "master/builders.h"
#include "master/desk.h"
#include "master/prints.h"

void shell_log (shell_t *self, const char *text)
{
    if (!self->options->private)
        log_rarely (&self->rate, "%s", text);
}

static work_t *s_find (work_t *work, uint64_t number)
{
    while (work && work->number != number)
        work = work->next;
    return work;
}

work_t *shell_work (const shell_t *self, uint64_t number)
{
    return s_find (self->works, number);
}

work_t *shell_ended (const shell_t *self, uint64_t number)
{
    return s_find (self->ended, number);
}

// ---- sending

bool shell_tell (shell_t *self, member_t *member, const message_t *message)
{
    if (!member->gone && peer_send (self->peer, &member->id, message, 0, NULL))
        member->gone = true;
    return !member->gone;
}

void shell_tell_watchers (shell_t *self, work_t *work, const message_t *message)
{
    for (uint32_t i = work->watchers; i-- > 0; )
        if (peer_send (self->peer, &work->watcher [i], message, 0, NULL))
            work_unwatch (work, i);
}

void shell_send_finished (shell_t *self, const peer_id_t *client, uint64_t job, uint64_t exit_code, const char *error,
    const char *compiler, const char *summary)
{
    message_t message = { .verb = MESSAGE_FINISHED, .finished = { job, exit_code, (char *) error, (char *) compiler, (char *) summary } };
    if (peer_send (self->peer, client, &message, 0, NULL) && summary && *summary) {
        message.finished.summary = (char *) "";         // too large for a message, or the client is gone; _job.json has it
        if (peer_send (self->peer, client, &message, 0, NULL))
            shell_log (self, "a client has gone before its job ended");
    }
}

// ---- actions

bool shell_tell_job (shell_t *self, member_t *member, work_t *work)
{
    if (!work_tell (work, member->number))
        return true;
    char *sides [SIDES];
    message_t message = { .verb = MESSAGE_JOB, .job = { .epoch = self->epoch, .job = work->number,
        .submit = { work->encoded.data, (uint32_t) work->encoded.size },
        .first_line = { work->first_line.data, (uint32_t) work->first_line.size }, .folder = (char *) output_folder (work->output) } };
    sides_fill (&work->sides, &work->asked.submit, sides, &message.job);
    return shell_tell (self, member, &message);
}

static void s_fill_order (const shell_t *self, const action_t *action, message_t *message)
{
    switch (action->kind) {
    case ACTION_DECLARE:
        *message = (message_t) { .verb = MESSAGE_DECLARE, .declare = { self->epoch, action->job, action->slot } };
        break;
    case ACTION_MAP:
        *message = (message_t) { .verb = MESSAGE_MAP, .map = { .epoch = self->epoch, .job = action->job, .stage = action->stage,
            .task = action->task, .attempt = action->attempt, .slot = action->slot, .hold = action->hold, .parts = action->parts } };
        break;
    case ACTION_SEAL:
        *message = (message_t) { .verb = MESSAGE_SEAL, .seal = { self->epoch, action->job, action->stage, action->slot, action->segment } };
        break;
    case ACTION_ABANDON:
        *message = (message_t) { .verb = MESSAGE_ABANDON, .abandon = { self->epoch, action->job, action->stage, action->task,
            action->attempt, action->slot } };
        break;
    default:
        *message = (message_t) { .verb = MESSAGE_REDUCE, .reduce = { .epoch = self->epoch, .job = action->job, .stage = action->stage,
            .task = action->task, .attempt = action->attempt, .slot = action->slot, .segments = action->segments->paths,
            .owners = action->segments->owners, .numbers = action->segments->numbers, .bytes = action->segments->bytes, .low = action->low,
            .high = action->high, .last = action->last } };
    }
}

// A message that is too large is the job's fault and not the worker's.
static bool s_fits (work_t *work, const message_t *message)
{
    buffer_t trial = { 0 }, why = { 0 };
    bool fits = !message_encode (message, &trial, NULL);
    if (!fits && !work->doom) {
        buffer_print (&why, "%u segments of map output are more than a reduce task can name: fewer slots or input files make fewer",
            message->reduce.segments.count);
        work->doom = why.data;
    }
    buffer_free (&trial);
    return fits;
}

// Segments of the worker's own are none that it would fetch. One that is too large for a message is not told of.
static void s_look_ahead (shell_t *self, work_t *work, const action_t *action)
{
    member_t *member = roster_find (&self->roster, action->worker);
    const plan_segments_t *all = action->segments;
    uint32_t most = all ? all->owners.count : 0;
    uint64_t *number = memory_new ((3 * (size_t) most + 1) * sizeof *number);
    message_t message = { .verb = MESSAGE_AHEAD, .ahead = { .epoch = self->epoch, .job = action->job, .task = action->task,
        .owners = { number, 0 }, .numbers = { number + most, 0 }, .bytes = { number + 2 * (size_t) most, 0 },
        .low = action->low, .high = action->high, .last = action->last } };
    message_ahead_t *ahead = &message.ahead;
    for (uint32_t i = 0; i < most; i++)
        if (all->owners.item [i] != action->worker) {
            ahead->owners.item [ahead->owners.count++] = all->owners.item [i];
            ahead->numbers.item [ahead->numbers.count++] = all->numbers.item [i];
            ahead->bytes.item [ahead->bytes.count++] = all->bytes.item [i];
        }
    buffer_t trial = { 0 };
    if (member && (ahead->owners.count || !all) && !message_encode (&message, &trial, NULL) && shell_tell_job (self, member, work))
        shell_tell (self, member, &message);
    buffer_free (&trial);
    free (number);
}

attempt_t shell_attempt (const work_t *work, uint64_t stage, uint64_t task, uint64_t attempt)
{
    return (attempt_t) { work->number, stage || !work->shuffle, task, attempt };
}

// Before the order is told: its first part may come at once.
static void s_grant (shell_t *self, const work_t *work, const member_t *member, const action_t *action)
{
    const attempt_t attempt = shell_attempt (work, action->stage, action->task, action->attempt);
    if (action->kind == ACTION_MAP || action->kind == ACTION_REDUCE)
        dataserver_grant (self->data, &attempt, member->key);
    else if (action->kind == ACTION_ABANDON)
        dataserver_withdraw (self->data, &attempt, member->key);
}

static void s_order (shell_t *self, work_t *work, const action_t *action)
{
    member_t *member = roster_find (&self->roster, action->worker);
    message_t message;
    if (!member)
        return;
    s_fill_order (self, action, &message);
    if (action->kind == ACTION_MAP || action->kind == ACTION_REDUCE)
        work->attempts++;
    if (action->kind == ACTION_REDUCE && !work->mapped_us)
        work->mapped_us = self->now;
    if (self->data)
        s_grant (self, work, member, action);
    if ((action->kind != ACTION_REDUCE || s_fits (work, &message)) && shell_tell_job (self, member, work))
        prints_order (self, member, work, &message, action->slot);
}

static void s_compose_error (const work_t *work, const action_t *action, char *text, size_t room)
{
    char name [512];
    if (action->faults) {
        work_name_task (work, action->stage, action->task, name, sizeof name);
        snprintf (text, room, "%s failed %u times: %s", name, action->faults, action->error);
    }
    else
        snprintf (text, room, "%s", action->error);
}

static void s_finish (shell_t *self, work_t *work, const action_t *action)
{
    char text [2048];
    s_compose_error (work, action, text, sizeof text);
    shell_end (self, work, action->exit_code, text, action->compiler);
}

// Carries out what the plan ordered. Returns the work that is to be committed, if any.
static work_t *s_carry_out (shell_t *self, const event_t *event)
{
    work_t *commit = NULL;
    for (uint32_t i = 0; i < self->actions.count; i++) {
        const action_t *action = &self->actions.item [i];
        work_t *work = shell_work (self, action->job);
        if (action->kind == ACTION_DISMISS)
            shell_dismiss (self, action->worker);
        if (action->kind == ACTION_DISMISS || !work)
            continue;
        if (action->kind == ACTION_KEEP)
            work_keep (work, event->done);
        else if (action->kind == ACTION_DROP)
            shell_drop (self, work, action->part);
        else if (action->kind == ACTION_COMMIT)
            commit = work;
        else if (action->kind == ACTION_AHEAD)
            s_look_ahead (self, work, action);
        else if (action->kind == ACTION_FINISH)
            s_finish (self, work, action);
        else
            s_order (self, work, action);
    }
    return commit;
}

void shell_step (shell_t *self, event_t event)
{
    event.now_us = self->now;
    self->actions.count = 0;
    plan_step (self->plan, &event, &self->actions);
    work_t *work = s_carry_out (self, &event);
    if (work)
        shell_commit (self, work);
}

void shell_cancel (shell_t *self, uint64_t job, uint64_t exit_code, const char *why)
{
    const work_t *work = shell_work (self, job);
    if (!work || work->committing)                      // then it ends by itself
        return;
    shell_step (self, (event_t) { .kind = EVENT_CANCELLED, .job = job, .exit_code = exit_code, .error = why });
}

void shell_settle (shell_t *self)
{
    for (uint32_t i = 0; i < self->roster.members; )
        if (self->roster.member [i].gone) {
            uint64_t number = self->roster.member [i].number;
            if (self->data)
                log_line (LOG_SAY, "%s is gone", self->roster.member [i].node);
            roster_remove (&self->roster, i);
            self->nodes_changed = true;
            builders_lost (self, number);
            shell_step (self, (event_t) { .kind = EVENT_WORKER_LOST, .worker = number });
            i = 0;                                      // the step may have lost more
        }
        else
            i++;
    for (work_t *work = self->works, *next; work; work = next) {
        next = work->next;
        if (work->doom)
            shell_cancel (self, work->number, EXIT_OTHER, work->doom);
        else if (!work->watchers && self->options->private)
            shell_cancel (self, work->number, EXIT_CANCELLED, "cancelled: the client is gone");
    }
}
