// plan_users: whose turn it is.
//
// Users share slots by the time that they have had of them: each has a pass, the time of his tasks divided by their job's priority, and the
// user with the least pass is served next (stride scheduling; Waldspurger and Weihl 1995). A task is charged by estimate when it is given, so
// that two who share a slot take turns; while it is at work its time counts as it passes, so that nobody gets all slots before his first
// long task has ended; and in the end what it took takes the place of both. Who comes, or comes back, begins where the one who was served
// last stood (start-time fair queueing; Goyal et al. 1996): nobody saves up time while he has nothing to do, and a small job goes next. A user
// who leaves in debt is remembered until the others have caught up with him, so that many short jobs in a row are no better off than a
// long one.
//
// Of one user's jobs the first by priority, then by submission, has it all; the next one gets what that cannot use.
#include "master/plan_state.h"

#include <math.h>
#include <string.h>

enum { EMPTY_TASK_US = 100 };                           // least that a task is charged

// ---- jobs by number

static uint32_t s_place (const plan_t *self, uint64_t number)
{
    uint32_t low = 0, high = self->jobs;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (self->job [middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

job_t *plan_job (const plan_t *self, uint64_t number)
{
    uint32_t at = s_place (self, number);
    return at < self->jobs && self->job [at]->number == number ? self->job [at] : NULL;
}

// ---- users

static user_t *s_user (plan_t *self, const char *name)
{
    user_t **at = &self->users;
    while (*at && strcmp ((*at)->name, name))
        at = &(*at)->next;
    if (!*at) {
        *at = memory_new (sizeof **at);
        (*at)->name = memory_text (name);
        (*at)->charged = (*at)->pass = self->pass;
    }
    return *at;
}

// Users without jobs and debts.
static void s_forget_users (plan_t *self)
{
    for (user_t **at = &self->users; *at; ) {
        user_t *user = *at;
        if (user->jobs || user->charged > self->pass) {
            at = &user->next;
            continue;
        }
        *at = user->next;
        free (user->name);
        free (user);
    }
}

void plan_users_free (plan_t *self)
{
    self->pass = HUGE_VAL;
    s_forget_users (self);
}

void plan_job_enter (plan_t *self, uint64_t number, const char *user_name, uint64_t priority)
{
    if (plan_job (self, number))
        return;
    s_forget_users (self);
    job_t *job = plan_job_new (number);
    job->priority = priority < 1 ? 1 : priority > 2 * PLAN_PRIORITY ? 2 * PLAN_PRIORITY : priority;
    self->job = memory_grow (self->job, (self->jobs + 1) * sizeof *self->job);
    uint32_t place = s_place (self, number);
    memmove (self->job + place + 1, self->job + place, (self->jobs++ - place) * sizeof *self->job);
    self->job [place] = job;
    job->user = s_user (self, user_name ? user_name : "");
    job_t **at = &job->user->jobs;
    while (*at && ((*at)->priority > job->priority || ((*at)->priority == job->priority && (*at)->number < number)))
        at = &(*at)->next;
    job->next = *at;
    *at = job;
}

void plan_job_leave (plan_t *self, job_t *job)
{
    for (job_t **at = &job->user->jobs; *at; at = &(*at)->next)
        if (*at == job) {
            *at = job->next;
            break;
        }
    uint32_t place = s_place (self, job->number);
    memmove (self->job + place, self->job + place + 1, (--self->jobs - place) * sizeof *self->job);
    plan_job_destroy (&job);
}

bool plan_job_waits (job_t *job)
{
    return job->phase == PHASE_WAITING || ((job->phase == PHASE_MAP || job->phase == PHASE_REDUCE) && plan_job_stage (job)->waiting);
}

void plan_user_look (plan_t *self, user_t *user)
{
    bool waited = user->waits;
    user->waits = false;
    for (job_t *job = user->jobs; job && !user->waits; job = job->next)
        user->waits = plan_job_waits (job);
    user->pass = user->charged + user->weight * (double) self->now_us - user->since;
    if (user->waits && !waited && user->pass < self->pass) {
        user->charged += self->pass - user->pass;
        user->pass = self->pass;
    }
}

static double s_weight (const job_t *job)
{
    return (double) PLAN_PRIORITY / (double) job->priority;
}

static double s_fee (const job_t *job, int64_t us)
{
    return (double) (us < EMPTY_TASK_US ? EMPTY_TASK_US : us) * s_weight (job);
}

void plan_user_charge (const job_t *job, int64_t us)
{
    job->user->charged += s_fee (job, us);
}

void plan_user_correct (const job_t *job, int64_t charged_us, int64_t us)
{
    job->user->charged += s_fee (job, us) - s_fee (job, charged_us);
}

void plan_user_begin (const job_t *job, int64_t now_us)
{
    job->user->weight += s_weight (job);
    job->user->since += s_weight (job) * (double) now_us;
}

void plan_user_end (const job_t *job, int64_t since_us)
{
    job->user->weight -= s_weight (job);
    job->user->since -= s_weight (job) * (double) since_us;
}
