// bundle: see bundle.h.
//
// An archive format of our own, because all that tar can say beyond it (links, modes, owners, devices, sparse files) is what must not be believed
// from a network. The order of the files and their names are part of the hash, times and modes are not: the same sources make the same hash
// on every machine, and the nodes' caches of compiled jobs rely on it.
//
// The hash is not a cryptographic one. It finds a bundle again; it does not keep out somebody who wants to collide with another's: whoever may
// submit jobs runs his own code on every node anyway.
//
// Unpacking trusts nothing: the whole is checked before the first file is made, files are made with O_EXCL in a new folder of our own, and only
// the finished folder gets its name. When two do the same at the same time, one wins and the other one takes what is there.
#include "wire/bundle.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FILES_LIMIT = 1000, NAME_LIMIT = 255 };

typedef struct { const char *name, *bytes; size_t size; } piece_t;                   // points into the bundle

// A name that stays below the folder it is put into, and is written in one way only.
static bool s_is_name (const char *name)
{
    size_t size = strlen (name);
    if (!size || size > NAME_LIMIT || name [0] == '/' || name [size - 1] == '/')
        return false;
    for (const char *at = name; at; ) {
        const char *slash = strchr (at, '/');
        size_t length = slash ? (size_t) (slash - at) : strlen (at);
        if (!length || (length == 1 && at [0] == '.') || (length == 2 && at [0] == '.' && at [1] == '.'))
            return false;
        at = slash ? slash + 1 : NULL;
    }
    return true;
}

// ---- make

// How many bytes of the paths are the deepest folder that holds them all, with its slash.
static size_t s_common (const char *const *path, size_t count)
{
    size_t common = strlen (path [0]);
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < common; k++)
            if (path [i] [k] != path [0] [k])
                common = k;                             // ends the loop; a path's NUL differs, too
    while (common && path [0] [common - 1] != '/')
        common--;
    return common;
}

static status_t s_add_file (const char *path, const char *name, buffer_t *into, error_t *error)
{
    buffer_t bytes = { 0 };
    if (!s_is_name (name))
        return error_set_kind (error, ERROR_JOB, "%s: cannot travel to the nodes under the name '%.300s'", path, name);
    status_t rc = file_load (path, BUNDLE_LIMIT, &bytes, error);
    if (!rc && into->size + bytes.size > BUNDLE_LIMIT)
        rc = error_set_kind (error, ERROR_JOB, "%s: the job's sources are together larger than %d MiB", path, BUNDLE_LIMIT >> 20);
    if (!rc) {
        buffer_add (into, name, strlen (name) + 1);
        buffer_print (into, "%zu", bytes.size);
        buffer_add (into, "", 1);
        buffer_add (into, bytes.data, bytes.size);
    }
    buffer_free (&bytes);
    return rc;
}

status_t bundle_make (const char *const *path, size_t count, buffer_t *into, error_t *error)
{
    if (!count || count > FILES_LIMIT)
        return error_set_kind (error, ERROR_JOB, "a job of %zu source files: from 1 to %d can travel to the nodes", count, FILES_LIMIT);
    size_t common = s_common (path, count);
    status_t rc = OK;
    into->size = 0;
    for (size_t i = 0; i < count && !rc; i++)
        rc = s_add_file (path [i], path [i] + common, into, error);
    if (!rc && into->size > BUNDLE_LIMIT)
        rc = error_set_kind (error, ERROR_JOB, "%s: the job's sources are together larger than %d MiB", path [0], BUNDLE_LIMIT >> 20);
    return rc;
}

void bundle_hash (const buffer_t *bundle, char hash [BUNDLE_HASH])
{
    XXH128_hash_t number = XXH3_128bits (bundle->data, bundle->size);
    snprintf (hash, BUNDLE_HASH, "%016llx%016llx", (unsigned long long) number.high64, (unsigned long long) number.low64);
}

bool bundle_is_hash (const char *text)
{
    return text && strlen (text) == BUNDLE_HASH - 1 && strspn (text, "0123456789abcdef") == BUNDLE_HASH - 1;
}

// ---- unpack

// A text that ends within the bundle; moves *at behind its NUL. NULL: there is no end.
static const char *s_take_text (const buffer_t *bundle, size_t *at)
{
    const char *text = bundle->data + *at;
    const char *end = *at < bundle->size ? memchr (text, '\0', bundle->size - *at) : NULL;
    if (end)
        *at += (size_t) (end - text) + 1;
    return end ? text : NULL;
}

// Decimal, written in one way only, and not larger than `most`.
static bool s_take_size (const char *text, size_t most, size_t *size)
{
    *size = 0;
    if (!*text || (text [0] == '0' && text [1]))
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        *size = *size * 10 + (size_t) (*text - '0');
        if (*size > most)
            return false;
    }
    return true;
}

static status_t s_take_piece (const buffer_t *bundle, size_t *at, piece_t *into, error_t *error)
{
    into->name = s_take_text (bundle, at);
    if (!into->name || !s_is_name (into->name))
        return error_set (error, "a bundle with a file name that is none");
    const char *size = s_take_text (bundle, at);
    if (!size || !s_take_size (size, bundle->size - *at, &into->size))
        return error_set (error, "a bundle that is cut or damaged at %s", into->name);
    into->bytes = bundle->data + *at;
    *at += into->size;
    return OK;
}

static status_t s_take_all (const buffer_t *bundle, piece_t piece [FILES_LIMIT], size_t *count, error_t *error)
{
    *count = 0;
    if (!bundle->size || bundle->size > BUNDLE_LIMIT)
        return error_set (error, "a bundle of %zu bytes: from 1 to %d can be", bundle->size, BUNDLE_LIMIT);
    for (size_t at = 0; at < bundle->size; (*count)++) {
        if (*count == FILES_LIMIT)
            return error_set (error, "a bundle of more than %d files", FILES_LIMIT);
        TRY (s_take_piece (bundle, &at, piece + *count, error));
    }
    return OK;
}

// In a folder that only we write to. A name that comes twice, or is a file here and a folder there, fails.
static status_t s_write_piece (const char *folder, const piece_t *piece, error_t *error)
{
    char *path = file_join (folder, piece->name), *slash = strrchr (path, '/');
    *slash = '\0';
    status_t rc = file_make_folders (path, 0755, error);
    *slash = '/';
    int fd = rc ? -1 : open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (!rc && fd < 0)
        rc = error_errno (error, "%s: cannot create", path);
    if (!rc)
        rc = file_write_all (fd, piece->bytes, piece->size, path, error);
    if (fd >= 0 && close (fd) && !rc)
        rc = error_errno (error, "%s: cannot write", path);
    free (path);
    return rc;
}

static status_t s_write_all (const piece_t *piece, size_t count, const char *folder, error_t *error)
{
    char *fresh = memory_new (strlen (folder) + sizeof ".XXXXXX");
    strcat (strcpy (fresh, folder), ".XXXXXX");
    if (!mkdtemp (fresh)) {
        free (fresh);
        return error_errno (error, "%s: cannot create a folder beside it", folder);
    }
    status_t rc = OK;
    for (size_t i = 0; i < count && !rc; i++)
        rc = s_write_piece (fresh, piece + i, error);
    if (!rc && chmod (fresh, 0755))
        rc = error_errno (error, "%s: cannot change its mode", fresh);
    bool there = false;
    if (!rc && rename (fresh, folder)) {
        there = errno == EEXIST || errno == ENOTEMPTY;
        if (!there)
            rc = error_errno (error, "%s: cannot rename", folder);
    }
    if (rc || there)
        file_remove_tree (fresh);
    free (fresh);
    return rc;
}

status_t bundle_unpack (const buffer_t *bundle, const char *folder, char **main, error_t *error)
{
    piece_t *piece = memory_new (FILES_LIMIT * sizeof *piece);
    size_t count;
    struct stat is;
    status_t rc = s_take_all (bundle, piece, &count, error);
    if (!rc && (stat (folder, &is) || !S_ISDIR (is.st_mode)))
        rc = s_write_all (piece, count, folder, error);
    if (!rc)
        *main = file_join (folder, piece [0].name);
    free (piece);
    return rc;
}
