// builds: see builds.h.
//
//     node without a compiler           master                    node with one, same machine
//            ── LACK (job) ───────────────▸ ── BUILD (job) ─────────────▸ compiles it, or has
//                                           ◂── BUILT (hash) ─────────────
//                                           ── WANT (hash, offset) ─────▸
//                                           ◂── BLOB (48 KiB) ──────────── … until whole, kept by its hash
//            ◂── BUILT (hash) ─────────────
//            ── WANT (hash, offset) ──────▸ ◂ … as sources travel (bundles.c)
//
// What travels is the file in the cache with its stamp, so whoever has it can tell whether it is whole. Nobody runs what a client has called a
// build: only a worker's BUILT makes one.
#include "worker/builds.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void s_tell (post_t *post, const dossier_t *dossier, const char *hash, const error_t *error, const char *compiler)
{
    message_t built = { .verb = MESSAGE_BUILT, .built = { .epoch = dossier->job.job.epoch, .job = dossier->job.job.job, .build = (char *) hash,
        .kind = (uint64_t) error->kind, .error = (char *) error->text, .compiler = (char *) compiler } };
    post_send (post, &built);
}

void builds_asked (post_t *post, const message_build_t *build)
{
    dossier_t *dossier = dossiers_find (&post->jobs, build->job);
    if (dossier && dossier->job.job.epoch == build->epoch)
        dossier->wanted = true;
}

static status_t s_name (dossier_t *dossier, const char *path, error_t *error)
{
    buffer_t file = { 0 };
    status_t rc = file_load (path, BUILD_LIMIT, &file, error);
    if (!rc)
        bundle_hash (&file, dossier->build);
    buffer_free (&file);
    return rc;
}

void builds_turn (post_t *post)
{
    for (uint32_t i = 0; i < post->jobs.count; i++) {
        dossier_t *dossier = post->jobs.item [i];
        plugin_t *plugin = dossier->wanted ? dossier_plugin (dossier, post->options, post->bundles, post->master) : NULL;
        if (!plugin || plugin_fd (plugin) >= 0)
            continue;
        error_t error = { 0 };
        dossier->wanted = false;
        if (!plugin_path (plugin)) {
            error = *plugin_error (plugin);
            error.kind = plugin_unable (plugin) ? ERROR_OTHER : error.kind;
            s_tell (post, dossier, "", &error, plugin_compiler (plugin));
        }
        else {
            status_t rc = s_name (dossier, plugin_path (plugin), &error);
            s_tell (post, dossier, rc ? "" : dossier->build, &error, "");
        }
    }
}

// ---- its bytes

static const char *s_path (const post_t *post, const char *hash)
{
    for (uint32_t i = 0; i < post->jobs.count; i++) {
        const dossier_t *dossier = post->jobs.item [i];
        if (!strcmp (dossier->build, hash) && dossier->plugin && plugin_path (dossier->plugin))
            return plugin_path (dossier->plugin);
    }
    return NULL;
}

static status_t s_read (const char *path, uint64_t offset, char bytes [BLOB_BYTES], message_blob_t *into, error_t *error)
{
    struct stat facts;
    int fd = path ? open (path, O_RDONLY | O_CLOEXEC) : -1;
    status_t rc = fd < 0 || fstat (fd, &facts) || offset >= (uint64_t) facts.st_size ? error_set (error, "that build is not here any more") : OK;
    if (!rc) {
        uint64_t left = (uint64_t) facts.st_size - offset;
        into->size = (uint64_t) facts.st_size;
        into->bytes = (wire_bytes_t) { bytes, left < BLOB_BYTES ? (uint32_t) left : BLOB_BYTES };
        rc = file_read_at (fd, bytes, into->bytes.size, offset, path, error);
    }
    if (fd >= 0)
        close (fd);
    return rc;
}

void builds_want (post_t *post, const message_want_t *want)
{
    char bytes [BLOB_BYTES];
    error_t error = { 0 };
    message_t blob = { .verb = MESSAGE_BLOB, .blob = { .blob = want->blob, .offset = want->offset } };
    if (s_read (s_path (post, want->blob), want->offset, bytes, &blob.blob, &error)) {
        blob.blob.bytes = (wire_bytes_t) { 0 };
        blob.blob.error = error.text;
    }
    post_send (post, &blob);
}

// ---- for a node that lacked one

void builds_answered (dossiers_t *jobs, const message_built_t *built)
{
    dossier_t *dossier = dossiers_find (jobs, built->job);
    error_t error = { 0 };
    if (!dossier || !dossier->lacks || dossier->plugin || dossier->job.job.epoch != built->epoch)
        return;
    if (!*built->error) {
        snprintf (dossier->build, sizeof dossier->build, "%s", built->build);
        return;
    }
    (void) error_set (&error, "%s", built->error);
    dossier->plugin = plugin_new_refused (&error, built->compiler, built->kind != ERROR_JOB);
}
