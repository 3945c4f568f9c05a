// dossier: see dossier.h. Few jobs are known at a time, so a list is searched from its end.
#include "worker/dossier.h"
#include "base/file.h"
#include "worker/scratch.h"
#include <stdio.h>
#include <unistd.h>

enum { TIMEOUT_S = 60 };

static void s_free (dossier_t *self)
{
    plugin_destroy (&self->plugin);
    supply_destroy (&self->look);
    for (uint32_t i = 0; i < self->sides; i++)
        supply_destroy (&self->side [i]);
    free (self->side);
    message_free (&self->job);
    message_free (&self->submit);
    free (self->scratch);
    free (self->twin);
    free (self->parts);
    free (self);
}

// Parts go straight to the master's disk where it is mounted here, which a file there tells that only this job's master makes.
static status_t s_look (dossier_t *self, supplies_t *supplies, error_t *error)
{
    char marker [80];
    const message_job_t *job = &self->job.job;
    snprintf (marker, sizeof marker, ".racimo-%llu-%llu", (unsigned long long) job->epoch, (unsigned long long) job->job);
    self->parts = file_join (self->scratch, "parts");
    self->look = supply_new_look (supplies, job->folder, marker);
    return file_make_folders (self->parts, 0700, error);
}

// On their way at once, for they may be large. Those that the master has not found are the job's own business.
static status_t s_fetch_sides (dossier_t *self, supplies_t *supplies, error_t *error)
{
    const message_job_t *job = &self->job.job;
    uint32_t sides = job->sides.count;
    if (job->side_paths.count != sides || job->side_errors.count != sides || job->side_facts.count != sides * SIDE_FACTS)
        return error_set (error, "a job whose side files are not described");
    self->side = memory_new (sides * sizeof *self->side);
    self->sides = sides;
    for (uint32_t i = 0; i < sides; i++)
        self->side [i] = *job->side_errors.item [i] ? NULL : supply_new_side (supplies, job, i);
    return OK;
}

static status_t s_folders (dossier_t *self, const char *name, const char *scratch, supplies_t *supplies, error_t *error)
{
    TRY (scratch_job_new (scratch, name, &self->scratch, &self->twin, error));
    if (!supplies->fetch)
        return OK;
    TRY (s_look (self, supplies, error));
    return s_fetch_sides (self, supplies, error);
}

static dossier_t *s_new (message_t *job, const char *scratch, supplies_t *supplies, error_t *error)
{
    dossier_t *self = memory_new (sizeof *self);
    char name [32];
    error_t why = { 0 };
    snprintf (name, sizeof name, "job-%llu", (unsigned long long) job->job.job);
    self->job = *job;
    *job = (message_t) { 0 };
    const wire_bytes_t *submit = &self->job.job.submit;
    status_t rc = message_decode (submit->data, submit->size, &self->submit, error);
    if (!rc && self->submit.verb != MESSAGE_SUBMIT)
        rc = error_set (error, "%s: a job without what was asked for", name);
    if (rc) {
        s_free (self);
        return NULL;
    }
    if (s_folders (self, name, scratch, supplies, &why)) {
        why.kind = ERROR_SCRATCH;
        self->plugin = plugin_new_failed (&why);        // so that the job's orders are answered with it
    }
    return self;
}

status_t dossiers_add (dossiers_t *self, message_t *job, const char *scratch, supplies_t *supplies, error_t *error)
{
    if (dossiers_find (self, job->job.job)) {
        message_free (job);
        return OK;
    }
    dossier_t *dossier = s_new (job, scratch, supplies, error);
    message_free (job);
    if (!dossier)
        return FAILED;
    self->item = memory_grow (self->item, (self->count + 1) * sizeof *self->item);
    self->item [self->count++] = dossier;
    return OK;
}

dossier_t *dossiers_find (const dossiers_t *self, uint64_t job)
{
    for (uint32_t i = self->count; i-- > 0; )
        if (self->item [i]->job.job.job == job)
            return self->item [i];
    return NULL;
}

void dossiers_forget (dossiers_t *self, uint64_t job)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (self->item [i]->job.job.job == job) {
            scratch_job_remove (self->item [i]->scratch, self->item [i]->twin);
            s_free (self->item [i]);
            self->item [i] = self->item [--self->count];
            return;
        }
}

void dossiers_free (dossiers_t *self)
{
    while (self->count)
        s_free (self->item [--self->count]);
    free (self->item);
    *self = (dossiers_t) { 0 };
}

// Somebody has tidied up: what was made is gone; or what it is made of was, which a compiler takes for the job's fault.
static bool s_is_stale (const dossier_t *self, bundles_t *bundles)
{
    const plugin_t *plugin = self->plugin;
    const char *bundle = self->submit.submit.bundle;
    if (!plugin || plugin_fd (plugin) >= 0)
        return false;
    if (plugin_path (plugin))
        return access (plugin_path (plugin), R_OK) != 0;
    return *bundle && bundles && !self->lacks && !bundles_check (bundles, bundle);
}

static plugin_t *s_compile (dossier_t *self, const worker_options_t *options, bundles_t *bundles, peer_t *master)
{
    const message_submit_t *submit = &self->submit.submit;
    bool travelled = *submit->bundle && bundles;
    error_t error = { 0 };
    const char *source = travelled ? bundles_main (bundles, master, submit->bundle, &error) : submit->source;
    plugin_t *plugin = source ? plugin_new (source, options->api, options->cache) : error.text [0] ? plugin_new_failed (&error) : NULL;
    if (plugin && travelled)
        plugin_show_as (plugin, submit->source);
    return plugin;
}

static plugin_t *s_take_build (const dossier_t *self, bundles_t *bundles, peer_t *master)
{
    error_t error = { 0 };
    const char *path = *self->build ? bundles_build (bundles, master, self->build, &error) : NULL;
    return path ? plugin_new_built (path) : error.text [0] ? plugin_new_failed (&error) : NULL;
}

static void s_say_lack (dossier_t *self, peer_t *master)
{
    message_t lack = { .verb = MESSAGE_LACK, .lack = { self->job.job.epoch, self->job.job.job } };
    self->lacks = true;
    if (peer_send (master, NULL, &lack, 0, NULL)) { }   // no connection: the job is told anew when there is one
}

plugin_t *dossier_plugin (dossier_t *self, const worker_options_t *options, bundles_t *bundles, peer_t *master)
{
    if (s_is_stale (self, bundles))
        plugin_destroy (&self->plugin);
    if (!self->plugin)
        self->plugin = self->lacks ? s_take_build (self, bundles, master) : s_compile (self, options, bundles, master);
    if (self->plugin && plugin_lacks_compiler (self->plugin) && bundles) {
        plugin_destroy (&self->plugin);
        s_say_lack (self, master);
    }
    return self->plugin;
}

bool dossier_ready (const dossier_t *self)
{
    return !self->look || supply_state (self->look) != SUPPLY_COMING;
}

// What this node sees itself may lie on a disk that sleeps, and is its owner's.
static bool s_is_gone (const supply_t *side)
{
    return supply_state (side) == SUPPLY_READY && !supply_sees (side) && access (supply_place (side), R_OK);
}

supply_state_t dossier_sides (dossier_t *self, supplies_t *supplies, const error_t **error)
{
    supply_state_t state = SUPPLY_READY;
    for (uint32_t i = 0; i < self->sides; i++)
        if (self->side [i] && s_is_gone (self->side [i])) {
            supply_destroy (&self->side [i]);           // first: the cache must have closed it
            self->side [i] = supply_new_side (supplies, &self->job.job, i);
            state = SUPPLY_COMING;
        }
        else if (self->side [i] && supply_state (self->side [i]) == SUPPLY_FAILED) {
            *error = supply_error (self->side [i]);
            return SUPPLY_FAILED;
        }
        else if (self->side [i] && supply_state (self->side [i]) == SUPPLY_COMING)
            state = SUPPLY_COMING;
    return state;
}

bool dossier_tell_sides (const dossier_t *self, message_t *into)
{
    const message_job_t *job = &self->job.job;
    if (!self->sides)
        return false;
    char **place = memory_new (self->sides * sizeof *place);
    uint64_t *mtime = memory_new (self->sides * sizeof *mtime);
    for (uint32_t i = 0; i < self->sides; i++) {
        supply_t *side = self->side [i];
        place [i] = side ? (char *) supply_place (side) : (char *) "";
        mtime [i] = side && supply_sees (side) ? job->side_facts.item [i * SIDE_FACTS + 3] : 0;
    }
    *into = (message_t) { .verb = MESSAGE_SIDES, .sides = { .job = job->job, .sides = job->sides, .places = { place, self->sides },
        .mtimes = { mtime, self->sides } } };
    return true;
}

bool dossier_shares (const dossier_t *self)
{
    return !self->look || (supply_state (self->look) == SUPPLY_READY && supply_sees (self->look));
}

const char *dossier_folder (const dossier_t *self)
{
    return dossier_shares (self) ? self->job.job.folder : self->parts;
}

uint64_t dossier_timeout_us (const dossier_t *self, const worker_options_t *options)
{
    uint64_t seconds = self->submit.submit.task_timeout_s;
    if (!seconds)
        seconds = options->task_timeout_s ? options->task_timeout_s : TIMEOUT_S;
    return (seconds < 1000000 ? seconds : 1000000) * 1000000;
}

message_t dossier_load (const dossier_t *self, uint64_t slot, uint64_t memory)
{
    const message_job_t *job = &self->job.job;
    return (message_t) { .verb = MESSAGE_LOAD, .load = {
        .job = job->job, .memory = memory, .slot = slot, .submit = job->submit, .first_line = job->first_line,
        .plugin = (char *) plugin_path (self->plugin), .scratch = self->scratch, .twin = self->twin, .folder = (char *) dossier_folder (self),
        .sided = self->look != NULL, .sides = job->sides, .side_errors = job->side_errors,
    } };
}
