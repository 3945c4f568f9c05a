// desk: see desk.h. Answers of a QUERY go out one message an item, and an END; whoever does not read them loses the rest, as the socket says.
#include "master/desk.h"
#include "master/builders.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <time.h>

status_t desk_open (shell_t *self, error_t *error)
{
    if (!self->options->state)
        return OK;
    desk_t *desk = self->desk = memory_new (sizeof *desk);
    char *jobs = file_join (self->options->state, "jobs"), *bundles = file_join (self->options->state, "bundles");
    char *builds = file_join (self->options->state, "builds");
    desk->history = history_new (jobs, error);
    if (desk->history)
        desk->blobs = blobs_new (bundles, error);
    if (desk->blobs)
        desk->builds = blobs_new (builds, error);
    free (jobs);
    free (bundles);
    free (builds);
    if (!desk->builds)
        return FAILED;
    self->jobs = history_last (desk->history);
    return OK;
}

void desk_close (shell_t *self)
{
    desk_t *desk = self->desk;
    builders_forget (self, 0);
    if (!desk)
        return;
    history_destroy (&desk->history);
    blobs_destroy (&desk->blobs);
    blobs_destroy (&desk->builds);
    free (desk);
    self->desk = NULL;
}

// ---- jobs

static message_job_info_t s_job_info (const shell_t *self, const work_t *work)
{
    const message_submit_t *submit = &work->asked.submit;
    message_state_t state = { 0 };
    int64_t age_us = clock_us () - work->submitted_us;
    plan_state (self->plan, work->number, &state);
    bool fetched = self->results && results_is (self->results, submit->output);
    return (message_job_info_t) { .job = work->number, .phase = state.phase, .priority = submit->priority,
        .submitted_s = (uint64_t) (time (NULL) - age_us / 1000000), .bytes_done = state.bytes_done, .bytes_all = work->input_bytes,
        .tasks_done = state.tasks_done, .tasks_all = state.tasks_all, .slots = plan_job_slots (self->plan, work->number),
        .name = submit->name, .user = submit->user, .output = fetched ? (char *) "" : submit->output };
}

void desk_begin (shell_t *self, const work_t *work)
{
    error_t error = { 0 };
    message_job_info_t info = s_job_info (self, work);
    if (self->desk && history_begin (self->desk->history, &info, &error))
        log_line (LOG_WARN, "job %llu is not in the history: %s", (unsigned long long) work->number, error.text);
}

void desk_end (shell_t *self, const work_t *work, const message_finished_t *finished)
{
    error_t error = { 0 };
    message_job_info_t info = s_job_info (self, work);
    info.phase = STATE_ENDED;
    info.ended_s = (uint64_t) time (NULL);
    info.exit_code = finished->exit_code;
    info.error = finished->error;
    info.bytes_done = finished->exit_code ? info.bytes_done : info.bytes_all;
    info.slots = 0;
    if (self->desk && history_end (self->desk->history, &info, finished, &error))
        log_line (LOG_WARN, "the end of job %llu is not in the history: %s", (unsigned long long) work->number, error.text);
}

void desk_recall (shell_t *self, const peer_id_t *from, uint64_t job)
{
    message_t end;
    char text [80];
    if (self->desk && !history_finished (self->desk->history, job, &end)) {
        const message_finished_t *finished = &end.finished;
        shell_send_finished (self, from, job, finished->exit_code, finished->error, finished->compiler, finished->summary);
        message_free (&end);
        return;
    }
    snprintf (text, sizeof text, "there is no job %llu here (racimo jobs lists them)", (unsigned long long) job);
    shell_send_finished (self, from, 0, EXIT_USAGE, text, "", "");
}

void desk_log (shell_t *self, const message_log_t *log)
{
    if (self->desk)
        history_log (self->desk->history, log);
}

// ---- queries

// False: whoever asked does not take it.
static bool s_answer (shell_t *self, const peer_id_t *to, const message_t *message)
{
    return peer_send (self->peer, to, message, 0, NULL) == OK;
}

static bool s_answer_encoded (shell_t *self, const peer_id_t *to, const buffer_t *encoded)
{
    message_t message;
    if (message_decode (encoded->data, encoded->size, &message, NULL))
        return true;
    bool sent = s_answer (self, to, &message);
    message_free (&message);
    return sent;
}

// Those that are being put away go on committing for whoever asks.
static bool s_answer_works (shell_t *self, const peer_id_t *to, uint64_t job, const work_t *work)
{
    bool sent = true;
    for (; sent && work; work = work->next)
        if (!job || work->number == job) {
            message_t message = { .verb = MESSAGE_JOB_INFO, .job_info = s_job_info (self, work) };
            message.job_info.phase = work->ended ? STATE_COMMIT : message.job_info.phase;
            sent = s_answer (self, to, &message);
        }
    return sent;
}

static bool s_answer_jobs (shell_t *self, const peer_id_t *to, uint64_t job)
{
    const history_t *history = self->desk ? self->desk->history : NULL;
    bool sent = true;
    for (size_t i = 0; history && sent && i < history_count (history); i++) {
        const buffer_t *info = history_info (history, i);
        if (info && (!job || history_number (history, i) == job))
            sent = s_answer_encoded (self, to, info);
    }
    return sent && s_answer_works (self, to, job, self->ended) && s_answer_works (self, to, job, self->works);
}

static message_node_info_t s_node_info (const shell_t *self, const member_t *member)
{
    message_node_info_t info = { .worker = member->number, .state = member->draining ? NODE_DRAINING : NODE_READY, .slots = member->slots,
        .memory = member->memory, .seen_ms = (uint64_t) (clock_us () - member->seen_us) / 1000, .millicelsius = member->millicelsius,
        .throttled = member->throttled, .cached = member->cached, .streamed = member->streamed, .node = (char *) member->node,
        .address = (char *) member->address, .cpu = (char *) member->cpu, .release = (char *) member->release, .role = (char *) "worker" };
    plan_worker_state (self->plan, member->number, &info.busy, &info.bytes_per_s);
    if (!member->compiler)
        info.note = (char *) "no compiler: runs what nodes with the same CPU compile";
    return info;
}

static bool s_is_here (const shell_t *self, const allowed_t *worker)
{
    for (uint32_t i = 0; i < self->roster.members; i++)
        if (!strcmp (self->roster.member [i].key, worker->key))
            return true;
    return false;
}

// Those that may come and are not here; and those that may not come any more, unless another key has their name by now.
static bool s_answer_absent (shell_t *self, const peer_id_t *to)
{
    const allow_t *list = self->door ? door_list (self->door) : NULL;
    bool sent = true;
    for (size_t i = 0; sent && list && i < list->count; i++) {
        allowed_t *worker = &list->item [i];
        if (worker->role != ROLE_WORKER || s_is_here (self, worker) || (worker->revoked && allow_name (list, ROLE_WORKER, worker->name)))
            continue;
        message_t message = { .verb = MESSAGE_NODE_INFO, .node_info = { .state = worker->revoked ? NODE_REVOKED : NODE_AWAY,
            .node = worker->name, .role = (char *) "worker" } };
        sent = s_answer (self, to, &message);
    }
    return sent;
}

static bool s_answer_nodes (shell_t *self, const peer_id_t *to)
{
    bool sent = true;
    for (uint32_t i = 0; sent && i < self->roster.members; i++) {
        message_t message = { .verb = MESSAGE_NODE_INFO, .node_info = s_node_info (self, &self->roster.member [i]) };
        sent = s_answer (self, to, &message);
    }
    return sent && s_answer_absent (self, to);
}

static bool s_answer_log (shell_t *self, const peer_id_t *to, uint64_t job)
{
    buffer_t log = { 0 };
    message_t message;
    size_t at = 0;
    bool sent = true;
    if (self->desk)
        history_log_read (self->desk->history, job, &log);
    while (sent && history_log_next (&log, &at, &message)) {
        sent = s_answer (self, to, &message);
        message_free (&message);
    }
    buffer_free (&log);
    return sent;
}

static bool s_knows (const shell_t *self, uint64_t job)
{
    bool known = shell_work (self, job) || shell_ended (self, job);
    for (size_t i = 0; self->desk && !known && i < history_count (self->desk->history); i++)
        known = history_number (self->desk->history, i) == job;
    return known;
}

void desk_query (shell_t *self, const peer_id_t *from, const message_query_t *query)
{
    char text [80] = "";
    bool sent = true;
    if (query->job && !s_knows (self, query->job))
        snprintf (text, sizeof text, "there is no job %llu here (racimo jobs lists them)", (unsigned long long) query->job);
    else if (query->what == QUERY_JOBS)
        sent = s_answer_jobs (self, from, query->job);
    else if (query->what == QUERY_NODES)
        sent = s_answer_nodes (self, from);
    else if (query->what == QUERY_LOG)
        sent = s_answer_log (self, from, query->job);
    else
        snprintf (text, sizeof text, "this master does not know that question: is it an older release?");
    message_t end = { .verb = MESSAGE_END, .end = { text } };
    if (!sent || !s_answer (self, from, &end))
        shell_log (self, "a client has gone before its answer");
}
