// look: what the names of a SUBMIT mean: its output, its sources, its inputs, its side files.
//
// All of it may wait for a disk, and a folder may have a million files; so it is an errand. What it uses of the shell does not change while the
// master lives: roots, the folder of results, the epoch; the data server has a lock. Each file that is opened is asked about by the fence, which
// is also where a SUBMIT that nobody wants any more ends.
#include "master/desk.h"
#include "master/intake.h"

#include <stdio.h>

enum { JOB_REST = 8 * 1024 };                           // what else a JOB may hold

static char *s_keep (message_t *message, char *text)
{
    size_t size = strlen (text) + 1;
    if (!message->memory)
        message->memory = arena_new (4096);
    char *kept = memcpy (arena_take (message->memory, size), text, size);
    free (text);
    return kept;
}

static status_t s_resolve_output (const arrival_t *self, message_t *message, error_t *error)
{
    const shell_t *shell = self->shell;
    message_submit_t *submit = &message->submit;
    char *output;
    if (submit->output && *submit->output)
        output = roots_place (shell->roots, submit->output, submit->folder, error);
    else if (!shell->results)
        return error_set_kind (error, ERROR_USAGE, "this master keeps no results: name an output on the head (-o)");
    else {                                              // the client fetches it
        output = results_path (shell->results, self->number, error);
        submit->output_kind = OUTPUT_FILE;
        submit->overwrite = 1;
    }
    if (output)
        submit->output = s_keep (message, output);
    return output ? OK : FAILED;
}

// A cluster's client names what lies on the head. What it cannot have is its own choice: who it is, and whether results are on the disk
// before they are told.
static status_t s_resolve (const arrival_t *self, message_t *message, error_t *error)
{
    message_submit_t *submit = &message->submit;
    submit->sync = 1;
    submit->input_list = (char *) "";                   // a hash, which means nothing to the nodes
    if (*self->user.name)
        submit->user = s_keep (message, memory_text (self->user.name));
    if (!submit->bundle || !*submit->bundle) {
        char *source = roots_find (self->shell->roots, submit->source, submit->folder, error);
        if (!source)
            return FAILED;
        submit->source = s_keep (message, source);
    }
    return s_resolve_output (self, message, error);
}

static bool s_holds (const void *context, int fd)
{
    const arrival_t *self = context;
    return !atomic_load (&self->given_up) && (!self->shell->roots || roots_hold (self->shell->roots, fd));
}

static work_t *s_work (arrival_t *self, error_t *error)
{
    shell_t *shell = self->shell;
    const input_fence_t fence = { s_holds, self, shell->roots ? roots_fence (shell->roots).refusal : "nobody wants it any more" };
    names_t names = { .roots = shell->roots, .fence = shell->data ? &fence : NULL, .list = self->list };
    if (shell->roots && s_resolve (self, &self->submit, error))
        return NULL;
    if (!shell->data && *self->submit.submit.input_list)
        names.list = self->submit.submit.input_list;    // a private master's client has it in a file of its own
    work_t *work = work_new (self->number, &self->submit, &names, error);
    if (work)
        snprintf (work->owner, sizeof work->owner, "%s", self->user.key);
    return work;
}

static status_t s_offer (shell_t *shell, work_t *work, error_t *error)
{
    bool kept = shell->results && results_is (shell->results, work->asked.submit.output);
    TRY (output_share (work->output, shell->epoch, work->number, kept ? NULL : shell->roots, error));
    return dataserver_add (shell->data, work->number, FETCH_INPUT, &work->inputs, output_folder (work->output), "", error);
}

// The header line gives way if both do not fit into a JOB: work_cut says so if it is needed.
static status_t s_offer_sides (arrival_t *self, work_t *work, error_t *error)
{
    const shell_t *shell = self->shell;
    const message_submit_t *submit = &work->asked.submit;
    if (!submit->sides.count)
        return OK;
    TRY (sides_find (&self->sides, submit, shell->roots, shell->desk ? blobs_folder (shell->desk->blobs) : NULL, error));
    size_t room = MESSAGE_LIMIT - JOB_REST, needed = work->encoded.size + sides_bytes (&self->sides, submit);
    if (needed > room)
        return error_set_kind (error, ERROR_USAGE, "too many inputs, options or side files: name the folder instead of each file");
    if (needed + work->first_line.size > room)
        work->first_line.size = 0;
    return dataserver_add (shell->data, work->number, FETCH_SIDE, &self->sides.files, NULL, "", error);
}

void look_run (void *context)
{
    arrival_t *self = context;
    self->work = s_work (self, &self->error);
    if (self->work && self->shell->data && (s_offer_sides (self, self->work, &self->error) || s_offer (self->shell, self->work, &self->error)))
        work_destroy (&self->work);
}

// ---- undone

static void s_undo (void *context)
{
    work_t *work = context;
    work_destroy (&work);
}

static void s_undone (void *context)
{
    (void) context;
}

void look_undo (shell_t *self, work_t *work)
{
    if (self->data)
        dataserver_forget (self->data, work->number, FETCH_INPUT, &work->inputs);
    desk_sides_end (self, work->number, &work->sides);
    shell_errand (self, work->number, s_undo, s_undone, work);
}
