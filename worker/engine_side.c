// engine_side: the side files of a job (rac_side), whole in memory before its first row.
//
// Here they lie where the job says. On a cluster the client has named them and the master has found them (LOAD), and the worker has brought them
// to this node (SIDES): so every executor of the job reads the same bytes, whoever sees which disk.
//
// A large one is mapped and not read: all executors of a node share its pages, so a model of a gigabyte costs a node a gigabyte and not one a
// slot. Behind its end lies a page of zeros, as buffers are readable a little further than they go, and job authors rely on it.
#define _GNU_SOURCE
#include "worker/engine_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAPPED_LEAST = 16 << 20 };

rac_bytes engine_side (const rac_env *env, const char *name)
{
    const engine_t *self = (const engine_t *) ((const char *) env - offsetof (engine_t, env));
    for (uint32_t i = 0; i < self->job->sides; i++)
        if (!strcmp (self->job->side [i].name, name))
            return (rac_bytes) { self->side [i].data, (uint32_t) self->side [i].size, 0 };
    return (rac_bytes) { NULL, 0, 0 };
}

void engine_sides (engine_t *self, const message_sides_t *sides)
{
    self->sides = sides;
}

status_t engine_check_sides (const engine_t *self, const message_load_t *load, error_t *error)
{
    const char *job = self->submit.name;
    if (!load->sided)
        return job_check_sides (self->job, job, error);
    for (uint32_t i = 0; i < self->job->sides; i++) {
        const job_side_t *side = &self->job->side [i];
        uint32_t at = 0;
        while (at < load->sides.count && strcmp (load->sides.item [at], side->path))
            at++;
        if (at == load->sides.count || at >= load->side_errors.count)
            return error_set_kind (error, ERROR_USAGE, "%s: side file '%s': the client did not know that the job needs '%s': give that name by an option",
                job, side->name, side->path);
        if (*load->side_errors.item [at])
            return error_set_kind (error, ERROR_USAGE, "%s: side file '%s': %s", job, side->name, load->side_errors.item [at]);
    }
    return OK;
}

// ---- their bytes

static void s_free (engine_side_t *side)
{
    if (side->mapped)
        munmap (side->data, side->mapped);
    else
        free (side->data);
    *side = (engine_side_t) { 0 };
}

static status_t s_map (engine_side_t *side, int fd, size_t size, const char *path, error_t *error)
{
    size_t page = (size_t) sysconf (_SC_PAGESIZE), room = (size + page - 1) / page * page + page;
    char *at = mmap (NULL, room, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return error_errno (error, "side file %s: no address space for %zu bytes", path, room);
    *side = (engine_side_t) { at, size, room };
    if (mmap (at, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
        return error_errno (error, "side file %s: cannot be mapped", path);
    return OK;
}

static status_t s_copy (engine_side_t *side, const char *path, error_t *error)
{
    buffer_t bytes = { 0 };
    status_t rc = file_load (path, MAPPED_LEAST, &bytes, error);
    *side = (engine_side_t) { bytes.data, bytes.size, 0 };
    return rc;
}

// mtime_ns: what it must be, for the file may have been changed since it was looked at; 0: anything.
static status_t s_read (engine_side_t *side, const char *path, uint64_t mtime_ns, error_t *error)
{
    struct stat facts;
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    status_t rc = fd < 0 || fstat (fd, &facts) ? error_errno (error, "side file %s", path) : OK;
    if (!rc && (uint64_t) facts.st_size > UINT32_MAX - 64)
        rc = error_set_kind (error, ERROR_USAGE, "side file %s: larger than 4 GiB", path);
    if (!rc && mtime_ns && (uint64_t) file_time_ns (facts.st_mtim) != mtime_ns)
        rc = error_set_kind (error, ERROR_DATA, "side file %s: changed while the job ran", path);
    if (!rc)
        rc = S_ISREG (facts.st_mode) && facts.st_size >= MAPPED_LEAST ? s_map (side, fd, (size_t) facts.st_size, path, error) : s_copy (side, path, error);
    if (fd >= 0)
        close (fd);
    return rc;
}

static status_t s_load (engine_t *self, uint32_t index, error_t *error)
{
    const char *path = self->job->side [index].path;
    const message_sides_t *sides = self->sides;
    if (!self->load.sided)
        return s_read (&self->side [index], path, 0, error);
    for (uint32_t i = 0; sides && i < sides->sides.count && i < sides->places.count && i < sides->mtimes.count; i++)
        if (!strcmp (sides->sides.item [i], path))
            return s_read (&self->side [index], sides->places.item [i], sides->mtimes.item [i], error);
    return error_set (error, "side file %s: this executor was not told where it is", path);
}

status_t engine_load_sides (engine_t *self, error_t *error)
{
    engine_free_sides (self);                           // of an attempt before, which has failed
    self->side = memory_new ((self->job->sides + 1) * sizeof *self->side);
    for (uint32_t i = 0; i < self->job->sides; i++)
        TRY (s_load (self, i, error));
    return OK;
}

void engine_free_sides (engine_t *self)
{
    for (uint32_t i = 0; self->side && i < self->job->sides; i++)
        s_free (&self->side [i]);
    free (self->side);
    self->side = NULL;
}
