// builders: see builders.h; the way of the messages is drawn in worker/builds.c.
//
//     LACK ─▸ asked ─ BUILT (hash) ─▸ fetched ─ last BLOB ─▸ there: BUILT to all who wait
//               └──── lost, unable: another node of that machine, or the same one again; all were asked ASKS times: BUILT with an error, and
//                     the node is left out
//
// One for each job and machine; whoever lacks it while it is on its way waits with the others. A job that does not compile there does not compile
// here either, so that error is everybody's.
#include "master/builders.h"
#include "master/desk.h"
#include "master/spool.h"
#include "base/log.h"

#include <stdio.h>

enum { ASKS = 3 };                                      // of a node: what it has compiled may be tidied away before it was sent

typedef struct { uint64_t *item; uint32_t count; } workers_t;

struct build {
    build_t *next;
    uint64_t job;
    char machine [MACHINE_TEXT];
    uint64_t builder;                                   // was asked; 0: nobody is
    char builder_node [64];
    workers_t tried, waiting;
    char hash [BUNDLE_HASH];                            // of the build; "": not known
    spool_t *spool;                                     // it is on its way
};

// ---- lists

static void s_add (workers_t *self, uint64_t worker)
{
    self->item = memory_grow (self->item, (self->count + 1) * sizeof *self->item);
    self->item [self->count++] = worker;
}

static uint32_t s_times (const workers_t *self, uint64_t worker)
{
    uint32_t times = 0;
    for (uint32_t i = 0; i < self->count; i++)
        times += self->item [i] == worker;
    return times;
}

static build_t *s_of_builder (const shell_t *self, uint64_t worker, uint64_t job)
{
    build_t *build = self->builds;
    while (build && (build->builder != worker || build->job != job))
        build = build->next;
    return build;
}

static build_t *s_of_machine (shell_t *self, uint64_t job, const char *machine)
{
    for (build_t *build = self->builds; build; build = build->next)
        if (build->job == job && !strcmp (build->machine, machine))
            return build;
    build_t *fresh = memory_new (sizeof *fresh);
    *fresh = (build_t) { .next = self->builds, .job = job };
    snprintf (fresh->machine, sizeof fresh->machine, "%s", machine);
    return self->builds = fresh;
}

static void s_free (build_t **at)
{
    build_t *build = *at;
    *at = build->next;
    spool_destroy (&build->spool);
    free (build->tried.item);
    free (build->waiting.item);
    free (build);
}

// ---- answers

// What is no fault of the job's is told with the node's name.
static void s_tell (shell_t *self, build_t *build, error_kind_t kind, const char *error, const char *compiler)
{
    char text [sizeof ((error_t *) 0)->text];
    message_t built = { .verb = MESSAGE_BUILT, .built = { .epoch = self->epoch, .job = build->job, .kind = (uint64_t) kind, .build = build->hash,
        .error = (char *) error, .compiler = (char *) compiler } };
    for (uint32_t i = 0; i < build->waiting.count; i++) {
        member_t *member = roster_find (&self->roster, build->waiting.item [i]);
        if (!member)
            continue;
        if (*error && kind != ERROR_JOB) {
            snprintf (text, sizeof text, "%s: %s", member->node, error);
            built.built.error = text;
        }
        shell_tell (self, member, &built);
    }
    build->waiting.count = build->tried.count = 0;      // who asks again asks all again
    build->builder = 0;
}

// Best one that was asked less often than others, and that compiles this job anyway.
static member_t *s_choose (shell_t *self, const build_t *build, const work_t *work)
{
    member_t *best = NULL;
    uint32_t asked = ASKS;
    for (uint32_t i = 0; i < self->roster.members; i++) {
        member_t *member = &self->roster.member [i];
        uint32_t times = s_times (&build->tried, member->number);
        if (member->gone || member->draining || !member->compiler || strcmp (member->machine, build->machine) || times > asked || times == ASKS
            || s_times (&build->waiting, member->number))
            continue;
        if (!best || times < asked || (work_told (work, member->number) && !work_told (work, best->number)))
            best = member;
        asked = times;
    }
    return best;
}

static void s_ask (shell_t *self, build_t *build)
{
    work_t *work = shell_work (self, build->job);
    member_t *member = work && *build->machine && self->desk ? s_choose (self, build, work) : NULL;
    message_t ask = { .verb = MESSAGE_BUILD, .build = { self->epoch, build->job } };
    spool_destroy (&build->spool);
    *build->hash = '\0';
    if (!member) {
        s_tell (self, build, ERROR_OTHER, "has no compiler, and no node with the same CPU compiles this job for it: install one there"
            " (Debian: apt install gcc)", "");
        return;
    }
    build->builder = member->number;
    snprintf (build->builder_node, sizeof build->builder_node, "%s", member->node);
    s_add (&build->tried, member->number);
    if (shell_tell_job (self, member, work))
        shell_tell (self, member, &ask);                // gone: builders_lost will ask another
}

// ---- from a node without a compiler

void builders_lack (shell_t *self, member_t *member, const message_lack_t *lack)
{
    if (!shell_work (self, lack->job))
        return;
    build_t *build = s_of_machine (self, lack->job, member->machine);
    if (!s_times (&build->waiting, member->number))
        s_add (&build->waiting, member->number);
    if (build->builder && build->builder != member->number)     // which has no compiler for this language
        return;
    if (*build->hash && blobs_has (self->desk->builds, build->hash))
        s_tell (self, build, ERROR_OTHER, "", "");
    else
        s_ask (self, build);
}

// ---- from one with

static void s_there (shell_t *self, build_t *build)
{
    log_line (LOG_SAY, "job %llu: runs as %s has compiled it on nodes that have no compiler", (unsigned long long) build->job, build->builder_node);
    s_tell (self, build, ERROR_OTHER, "", "");
}

static void s_want (shell_t *self, build_t *build)
{
    member_t *member = roster_find (&self->roster, build->builder);
    message_t want = { .verb = MESSAGE_WANT, .want = { build->hash, spool_bytes (build->spool) } };
    if (member)
        shell_tell (self, member, &want);
}

void builders_built (shell_t *self, const member_t *member, const message_built_t *built)
{
    build_t *build = s_of_builder (self, member->number, built->job);
    error_t error = { 0 };
    if (!build || build->spool)
        return;
    if (*built->error && built->kind == ERROR_JOB)
        s_tell (self, build, ERROR_JOB, built->error, built->compiler);
    else if (*built->error || !bundle_is_hash (built->build))
        s_ask (self, build);
    else {
        snprintf (build->hash, sizeof build->hash, "%s", built->build);
        if (blobs_has (self->desk->builds, build->hash))
            s_there (self, build);
        else if ((build->spool = spool_new (blobs_folder (self->desk->builds), build->hash, BUILD_LIMIT, &error)))
            s_want (self, build);
        else {
            *build->hash = '\0';
            s_tell (self, build, ERROR_OTHER, error.text, "");
        }
    }
}

void builders_blob (shell_t *self, const member_t *member, const message_blob_t *blob)
{
    error_t error = { 0 };
    build_t *build = self->builds;
    while (build && (build->builder != member->number || !build->spool || strcmp (build->hash, blob->blob)))
        build = build->next;
    if (!build)
        return;
    status_t rc = spool_add (build->spool, blob, &error);
    bool whole = !rc && spool_is_whole (build->spool);
    if (whole)
        rc = blobs_take (self->desk->builds, build->hash, spool_take (build->spool), &error);
    if (rc) {
        log_rarely (&self->rate, "job %llu: its build on %s: %s", (unsigned long long) build->job, member->node, error.text);
        s_ask (self, build);
    }
    else if (!whole)
        s_want (self, build);
    else {
        spool_destroy (&build->spool);
        s_there (self, build);
    }
}

// ---- ends

void builders_lost (shell_t *self, uint64_t worker)
{
    for (build_t *build = self->builds; build; build = build->next)
        if (build->builder == worker)
            s_ask (self, build);
}

void builders_forget (shell_t *self, uint64_t job)
{
    for (build_t **at = &self->builds; *at; )
        if (!job || (*at)->job == job)
            s_free (at);
        else
            at = &(*at)->next;
}
