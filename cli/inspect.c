// inspect: see inspect.h.
//
// RAC_JOB is given a plan of our own that only listens: every parameter asked for gets its value, the standard unless options are given, and is
// noted, as are side files. So the parameters of a job are known even if it refuses to go on without some of them, as groupby does; only parameters that a job asks
// for after it has refused stay unknown, and racimo.h says to ask for all of them first. The explanation is made by worker/job, as
// an executor would see the job.
//
// Through the pipe come texts, each ended by a NUL: about, explanation, error kind, error, the number of side files and their paths, and four for
// each parameter.
#define _GNU_SOURCE
#include "cli/inspect.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/home.h"
#include "cli/interrupt.h"
#include "worker/job.h"
#include "worker/plugin.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_LIMIT = 16 << 20, SECONDS_LIMIT = 30, SIDES_LIMIT = 1000 };

// ---- in the child

typedef struct {
    rac_plan plan;                                      // first: the job holds a pointer to it
    const message_submit_t *submit;                     // with options; NULL: none
    buffer_t about, parameters, sides;
    uint32_t side_count;
} listener_t;

static void s_add_text (buffer_t *into, const char *text)
{
    buffer_add (into, text, strlen (text) + 1);
}

static rac_status s_hear (rac_plan *plan, const rac_clause *clause)
{
    listener_t *self = (listener_t *) plan;
    if (clause->what == RAC_D_ABOUT && clause->text) {
        self->about.size = 0;
        s_add_text (&self->about, clause->text);
    }
    if (clause->what == RAC_D_SIDE && self->side_count < SIDES_LIMIT) {
        s_add_text (&self->sides, clause->text ? clause->text : "");
        self->side_count++;
    }
    return clause->what == RAC_D_REFUSE ? RAC_FAIL : RAC_OK;
}

// What the user gave for a parameter, or NULL.
static const char *s_given (const message_submit_t *submit, const char *name)
{
    size_t size = strlen (name);
    for (uint32_t i = 0; submit && i < submit->options.count; i++)
        if (!strncmp (submit->options.item [i], name, size) && submit->options.item [i] [size] == '=')
            return submit->options.item [i] + size + 1;
    return NULL;
}

static const char *s_hear_parameter (rac_plan *plan, const char *name, rac_type type, const char *standard, const char *help)
{
    listener_t *self = (listener_t *) plan;
    char number [16];
    snprintf (number, sizeof number, "%u", type);
    s_add_text (&self->parameters, name ? name : "");
    s_add_text (&self->parameters, number);
    s_add_text (&self->parameters, standard ? standard : "");
    s_add_text (&self->parameters, help ? help : "");
    const char *given = name ? s_given (self->submit, name) : NULL;
    return given ? given : standard ? standard : "";
}

static uint32_t s_no_columns (rac_plan *plan, uint32_t input)
{
    (void) plan;
    (void) input;
    return 0;
}

static const char *s_no_name (rac_plan *plan, uint32_t input, uint32_t column)
{
    (void) plan;
    (void) input;
    (void) column;
    return NULL;
}

static void s_explain (job_declare_fn *declare, const char *name, const explain_t *explain, buffer_t *into, error_t *error)
{
    job_t *job = job_new (declare, name, explain->submit, NULL, error);
    if (job)
        job_explain (job, name, explain->json, into);
    job_destroy (&job);
}

_Noreturn static void s_child (int answer, const char *name, const char *plugin, const explain_t *explain, const sigset_t *mask)
{
    sigprocmask (SIG_SETMASK, mask, NULL);
    error_t error = { 0 };
    buffer_t text = { 0 }, explanation = { 0 };
    listener_t listener = { .plan = { sizeof (rac_plan), RAC_ABI, s_hear, s_hear_parameter, s_no_columns, s_no_name },
        .submit = explain && explain->brief ? explain->submit : NULL };
    alarm (SECONDS_LIMIT);
    setrlimit (RLIMIT_CORE, &(struct rlimit) { 0, 0 });
    dup2 (STDERR_FILENO, STDOUT_FILENO);                // what a job prints while it declares is not part of the answer
    job_declare_fn *declare = job_load (plugin, &error);
    size_t cached = strlen (plugin);
    if (!declare && !strncmp (error.text, plugin, cached)) {            // the name in the cache says nothing to the user
        char reason [sizeof error.text];
        snprintf (reason, sizeof reason, "%s", error.text + cached);
        snprintf (error.text, sizeof error.text, "%s%.*s", name, (int) (sizeof reason / 2), reason);
    }
    if (declare) {
        (void) declare (&listener.plan);
        if (explain && !explain->brief)
            s_explain (declare, name, explain, &explanation, &error);
    }
    s_add_text (&text, listener.about.size ? listener.about.data : "");
    buffer_add (&explanation, "", 1);
    s_add_text (&text, explanation.data);
    buffer_print (&text, "%d", (int) error.kind);
    buffer_add (&text, "", 1);
    s_add_text (&text, error.text);
    buffer_print (&text, "%u", listener.side_count);
    buffer_add (&text, "", 1);
    buffer_add (&text, listener.sides.data, listener.sides.size);
    buffer_add (&text, listener.parameters.data, listener.parameters.size);
    _exit (file_write_all (answer, text.data, text.size, "pipe", NULL) ? 1 : 0);
}

// ---- in the client

// The next text of the answer, or NULL if it is cut short.
static char *s_next (buffer_t *text, size_t *at)
{
    char *start = text->data + *at, *end = *at < text->size ? memchr (start, '\0', text->size - *at) : NULL;
    if (end)
        *at += (size_t) (end + 1 - start);
    return end ? start : NULL;
}

// FAILED: it is cut short.
static status_t s_understand_sides (inspection_t *self, size_t *at)
{
    char *count = s_next (&self->text, at);
    uint32_t sides = count ? (uint32_t) strtoul (count, NULL, 10) : 0;
    self->side = memory_new ((sides + 1) * sizeof *self->side);
    while (self->sides < sides && (self->side [self->sides] = s_next (&self->text, at)))
        self->sides++;
    return count && self->sides == sides ? OK : FAILED;
}

static status_t s_understand (inspection_t *self, const char *name, error_t *error)
{
    size_t at = 0;
    char *about = s_next (&self->text, &at), *explanation = s_next (&self->text, &at);
    char *kind = s_next (&self->text, &at), *reason = s_next (&self->text, &at);
    if (!reason || s_understand_sides (self, &at))
        return error_set_kind (error, ERROR_JOB, "%s: ended the process in its RAC_JOB", name);
    self->about = about;
    self->explanation = explanation;
    for (char *word; (word = s_next (&self->text, &at)); self->parameters++) {
        self->parameter = memory_grow (self->parameter, (self->parameters + 1) * sizeof *self->parameter);
        char *type = s_next (&self->text, &at), *standard = s_next (&self->text, &at), *help = s_next (&self->text, &at);
        if (!help)
            return error_set_kind (error, ERROR_JOB, "%s: ended the process in its RAC_JOB", name);
        self->parameter [self->parameters] = (parameter_t) { word, standard, help, strtoull (type, NULL, 10) };
    }
    return *reason ? error_set_kind (error, (error_kind_t) atoi (kind), "%s", reason) : OK;
}

// The first signal that asks the client to end, or 0.
static int s_asked_to_end (interrupt_t *interrupt)
{
    int signal = 0;
    while (!signal && (signal = interrupt_next (interrupt)) == SIGCHLD)
        signal = 0;
    return signal;
}

// Until the child has closed its end, or a signal has come, which is then in *signal.
static status_t s_read_answer (int answer, buffer_t *text, interrupt_t *interrupt, int *signal)
{
    for (;;) {
        struct pollfd news [2] = { { .fd = answer, .events = POLLIN }, { .fd = interrupt->fd, .events = POLLIN } };
        if (poll (news, 2, -1) < 0)
            continue;
        if ((*signal = s_asked_to_end (interrupt)))
            return FAILED;
        if (!news [0].revents)
            continue;
        buffer_reserve (text, 64 * 1024);
        ssize_t size = read (answer, text->data + text->size, 64 * 1024);
        if (size <= 0)
            return size ? FAILED : OK;
        text->size += (size_t) size;
        if (text->size > ANSWER_LIMIT)
            return FAILED;
    }
}

static status_t s_ask (const char *name, const char *plugin, const explain_t *explain, interrupt_t *interrupt, int *signal,
    inspection_t *into, error_t *error)
{
    int ends [2], status = 0;
    if (pipe (ends))
        return error_errno (error, "pipe");
    pid_t pid = fork ();
    if (pid == 0) {
        close (ends [0]);
        s_child (ends [1], name, plugin, explain, &interrupt->before);
    }
    close (ends [1]);
    if (pid < 0) {
        close (ends [0]);
        return error_errno (error, "fork");
    }
    status_t rc = s_read_answer (ends [0], &into->text, interrupt, signal);
    close (ends [0]);
    if (rc)
        kill (pid, SIGKILL);
    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED (status) && WTERMSIG (status) == SIGALRM)
        return error_set_kind (error, ERROR_JOB, "%s: its RAC_JOB did not end within %d seconds", name, SECONDS_LIMIT);
    if (WIFSIGNALED (status))
        return error_set_kind (error, ERROR_JOB, "%s: crashed in its RAC_JOB: %s", name, strsignal (WTERMSIG (status)));
    return s_understand (into, name, error);
}

// Waits for the compiler, which Ctrl-C must not leave at work. Returns the signal that ended the wait, or 0.
static int s_wait (plugin_t *plugin, interrupt_t *interrupt)
{
    int signal = 0;
    while (plugin_fd (plugin) >= 0 && !signal) {
        struct pollfd news [2] = { { .fd = plugin_fd (plugin), .events = POLLIN }, { .fd = interrupt->fd, .events = POLLIN } };
        if (poll (news, 2, -1) > 0 && news [0].revents)
            plugin_step (plugin);
        signal = s_asked_to_end (interrupt);
    }
    return signal;
}

static status_t s_inspect (const char *name, plugin_t *plugin, const explain_t *explain, interrupt_t *interrupt, int *signal,
    inspection_t *into, error_t *error)
{
    if (plugin_path (plugin))
        return s_ask (name, plugin_path (plugin), explain, interrupt, signal, into, error);
    const error_t *reason = plugin_error (plugin);
    into->unable = plugin_unable (plugin);
    into->compiler = memory_text (plugin_compiler (plugin));
    return error_set_kind (error, reason->kind, "%s", reason->text);
}

// Signals wait from before the folder is made until it is removed: then the one read is raised, or a later one delivered.
status_t inspect_job (const char *name, const char *path, const explain_t *explain, inspection_t *into, error_t *error)
{
    *into = (inspection_t) { 0 };
    interrupt_t interrupt = interrupt_new ();
    char *api = home_api (error), *spare = api ? cli_private_folder (error) : NULL;   // spare: where nothing can be cached
    status_t rc = FAILED;
    int signal = 0;
    if (spare) {
        char *cache = plugin_cache (spare);
        plugin_t *plugin = plugin_new (path, api, cache);
        signal = s_wait (plugin, &interrupt);
        if (!signal)
            rc = s_inspect (name, plugin, explain, &interrupt, &signal, into, error);
        plugin_destroy (&plugin);
        file_remove_tree (spare);
        free (cache);
    }
    free (spare);
    free (api);
    interrupt_free (&interrupt);
    if (signal)
        raise (signal);
    return rc;
}

void inspect_free (inspection_t *self)
{
    free (self->parameter);
    free (self->side);
    free (self->compiler);
    buffer_free (&self->text);
    *self = (inspection_t) { 0 };
}

int inspect_fail (const inspection_t *self, const error_t *error)
{
    if (self->compiler)
        fputs (self->compiler, stderr);
    return cli_fail (error);
}
