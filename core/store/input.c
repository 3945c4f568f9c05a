// input: see input.h.
//
// A name is taken as it stands if it is there, so that a file called "a[1].csv" needs no escape; only a name that is not there
// is read as a pattern. A folder stands for its files because a finished job's output is a folder: part-00000, part-00001 are
// taken, _SUCCESS and _job.json are not. Links are followed; what can go wrong with that is a folder inside itself, so the walk
// keeps the chain of folders it is in (device and inode) and refuses to enter one of them again.
//
// Everything is opened once here, at submit: an unreadable file fails before any task has started. So does one packed with anything but
// gzip, whatever the format: as lines it would be rubbish. The marks looked for are no text in any encoding but for "PK" and "BZh", which are
// taken with the bytes behind them.
#include "store/input.h"
#include "base/file.h"
#include "store/source.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_LINE_LIMIT = 1 << 20, SPLIT_LIMIT = 1 << 24, MARK = 10 };

// Files that are not what they hold, by their first bytes; a dot stands for any byte.
static const struct { const char *mark; uint32_t size; const char *packer, *command; } s_packers [] = {
    { "\xfd" "7zXZ\0", 6, "xz", "xz -dk" },
    { "BZh.1AY&SY", 10, "bzip2", "bzip2 -dk" },
    { "\x28\xb5\x2f\xfd", 4, "zstd", "zstd -dk" },
    { "\x04\x22\x4d\x18", 4, "lz4", "lz4 -dk" },
    { "PK\3\4", 4, "zip", "unzip" },
    { "7z\xbc\xaf\x27\x1c", 6, "7-Zip", "7z x" },
};

// The folders that the walk is in, the innermost first; lives on the stack of s_add_folder.
typedef struct chain {
    const struct chain *outer;
    uint64_t device, inode;
} chain_t;

typedef struct { input_list_t *into; const input_fence_t *fence; } walk_t;

static status_t s_add (const char *path, const chain_t *chain, const walk_t *walk, error_t *error);

// What the user named is what is wrong: a usage error, with the system's reason.
static status_t s_refuse (const char *path, error_t *error)
{
    return error_set_kind (error, ERROR_USAGE, "%s: %s", path, strerror (errno));
}

// What is open is what counts: a path may mean something else a moment later.
static status_t s_check_fence (const walk_t *walk, int fd, const char *path, error_t *error)
{
    const input_fence_t *fence = walk->fence;
    return !fence || fence->holds (fence->context, fd) ? OK : error_set_kind (error, ERROR_USAGE, "%s: %s", path, fence->refusal);
}

static int s_by_bytes (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

static char *s_absolute (const char *name)
{
    while (name [0] == '.' && name [1] == '/')
        name += 2;
    if (name [0] == '/')
        return memory_text (name);
    char *here = getcwd (NULL, 0);
    char *path = here ? file_join (here, name) : memory_text (name);
    free (here);
    return path;
}

static bool s_begins (const char *head, const char *mark, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (head [i] != mark [i] && mark [i] != '.')
            return false;
    return true;
}

static status_t s_check_packer (const char *path, const char *head, error_t *error)
{
    for (size_t i = 0; i < COUNT_OF (s_packers); i++)
        if (s_begins (head, s_packers [i].mark, s_packers [i].size))
            return error_set_kind (error, ERROR_DATA, "%s: is packed with %s: unpack it first (%s %s)", path, s_packers [i].packer,
                                   s_packers [i].command, path);
    return OK;
}

// O_NONBLOCK: what was a file a moment ago may be a FIFO now, and opening one would wait for a writer.
static status_t s_add_file (const char *path, const walk_t *walk, error_t *error)
{
    input_list_t *into = walk->into;
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return s_refuse (path, error);
    struct stat facts;
    char head [MARK] = { 0 };
    status_t rc = OK;
    if (fstat (fd, &facts))
        rc = s_refuse (path, error);
    else if (!S_ISREG (facts.st_mode))
        rc = error_set_kind (error, ERROR_USAGE, "%s: not a regular file", path);
    else if (!(rc = s_check_fence (walk, fd, path, error)))
        rc = file_read_at (fd, head, facts.st_size < MARK ? (size_t) facts.st_size : MARK, 0, path, error);
    close (fd);
    if (rc == TRUNCATED)
        return error_set_kind (error, ERROR_DATA, "%s: changed while it was looked at", path);
    if (!rc)
        rc = s_check_packer (path, head, error);
    if (rc)
        return rc;
    if ((into->files & (into->files - 1)) == 0)
        into->file = memory_grow (into->file, (into->files ? 2 * (size_t) into->files : 1) * sizeof *into->file);
    into->file [into->files++] = (input_file_t) {
        .path = s_absolute (path), .size = (uint64_t) facts.st_size, .inode = facts.st_ino, .device = facts.st_dev,
        .mtime_ns = file_time_ns (facts.st_mtim),
        .ctime_ns = file_time_ns (facts.st_ctim),
        .packed = !memcmp (head, "\x1f\x8b", 2),
    };
    return OK;
}

// Adds the names in a folder that count, sorted; *names and each of them are malloced.
static status_t s_list_folder (const char *path, const walk_t *walk, char ***names, size_t *count, error_t *error)
{
    DIR *folder = opendir (path);
    if (!folder)
        return s_refuse (path, error);
    status_t rc = s_check_fence (walk, dirfd (folder), path, error);
    errno = 0;
    for (struct dirent *entry; !rc && (entry = readdir (folder)); errno = 0) {
        if (entry->d_name [0] == '.' || entry->d_name [0] == '_')
            continue;
        if ((*count & (*count - 1)) == 0)
            *names = memory_grow (*names, (*count ? 2 * *count : 1) * sizeof **names);
        (*names) [(*count)++] = memory_text (entry->d_name);
    }
    if (!rc && errno)
        rc = s_refuse (path, error);
    closedir (folder);
    if (*count)
        qsort (*names, *count, sizeof **names, s_by_bytes);
    return rc;
}

static status_t s_add_folder (const char *path, const struct stat *facts, const chain_t *outer, const walk_t *walk, error_t *error)
{
    chain_t here = { .outer = outer, .device = facts->st_dev, .inode = facts->st_ino };
    for (const chain_t *at = outer; at; at = at->outer)
        if (at->device == here.device && at->inode == here.inode)
            return error_set_kind (error, ERROR_USAGE, "%s: a link back to a folder that it is in", path);
    char **names = NULL;
    size_t count = 0;
    status_t rc = s_list_folder (path, walk, &names, &count, error);
    for (size_t i = 0; i < count; i++) {
        if (!rc) {
            char *inner = file_join (path, names [i]);
            rc = s_add (inner, &here, walk, error);
            free (inner);
        }
        free (names [i]);
    }
    free (names);
    return rc;
}

static status_t s_add (const char *path, const chain_t *chain, const walk_t *walk, error_t *error)
{
    struct stat facts;
    if (stat (path, &facts))
        return s_refuse (path, error);
    if (S_ISDIR (facts.st_mode))
        return s_add_folder (path, &facts, chain, walk, error);
    if (S_ISREG (facts.st_mode))
        return s_add_file (path, walk, error);
    return error_set_kind (error, ERROR_USAGE, "%s: not a regular file but a %s", path,
        S_ISFIFO (facts.st_mode) ? "FIFO" : S_ISSOCK (facts.st_mode) ? "socket" : "device");
}

// GLOB_NOSORT and our own order: glob sorts by the locale, and the output may depend on the order of the files.
static status_t s_add_pattern (const char *pattern, const walk_t *walk, error_t *error)
{
    glob_t found;
    int result = glob (pattern, GLOB_NOSORT | GLOB_ERR, NULL, &found);
    if (result == GLOB_NOMATCH)
        return error_set_kind (error, ERROR_USAGE, "%s: no file matches", pattern);
    if (result)
        return s_refuse (pattern, error);
    qsort (found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, s_by_bytes);
    status_t rc = OK;
    for (size_t i = 0; !rc && i < found.gl_pathc; i++)
        rc = s_add (found.gl_pathv [i], NULL, walk, error);
    globfree (&found);
    return rc;
}

status_t input_list (const char *const *names, uint32_t count, input_list_t *into, error_t *error)
{
    return input_list_within (names, count, NULL, into, error);
}

status_t input_list_add (const char *name, const input_fence_t *fence, input_list_t *into, error_t *error)
{
    const walk_t walk = { into, fence };
    struct stat facts;
    if (lstat (name, &facts) && errno == ENOENT && strpbrk (name, "*?["))
        return s_add_pattern (name, &walk, error);
    return s_add (name, NULL, &walk, error);
}

status_t input_list_within (const char *const *names, uint32_t count, const input_fence_t *fence, input_list_t *into, error_t *error)
{
    *into = (input_list_t) { 0 };
    status_t rc = OK;
    for (uint32_t i = 0; !rc && i < count; i++)
        rc = input_list_add (names [i], fence, into, error);
    if (rc)
        input_list_free (into);
    return rc;
}

void input_list_free (input_list_t *self)
{
    for (uint32_t i = 0; i < self->files; i++)
        free (self->file [i].path);
    free (self->file);
    *self = (input_list_t) { 0 };
}

static uint64_t s_splits_of (const input_file_t *file, uint64_t chunk)
{
    if (!file->size)
        return 0;
    return file->packed ? 1 : (file->size - 1) / chunk + 1;
}

uint32_t input_split (const input_list_t *self, uint64_t chunk, input_split_t **splits)
{
    assert (chunk);
    uint64_t total;
    for (;; chunk *= 2) {                               // ends: one split a file is the least, and files fit in 32 bits
        total = 0;
        for (uint32_t f = 0; f < self->files; f++)
            total += s_splits_of (&self->file [f], chunk);
        if (total <= SPLIT_LIMIT || total <= self->files)
            break;
    }
    input_split_t *at = *splits = memory_new (total * sizeof **splits);
    for (uint32_t f = 0; f < self->files; f++) {
        const input_file_t *file = &self->file [f];
        uint64_t step = file->packed ? file->size : chunk;
        for (uint64_t offset = 0; offset < file->size; at++) {
            uint64_t left = file->size - offset;
            *at = (input_split_t) { .file = f, .offset = offset, .length = left < step ? left : step };
            offset += at->length;
        }
    }
    return (uint32_t) total;
}

size_t input_first_character (const char *data, size_t size)
{
    size_t at = size >= 3 && !memcmp (data, "\xef\xbb\xbf", 3) ? 3 : 0;
    for (;;)
        if (at < size && data [at] == '\n')
            at++;
        else if (size - at >= 2 && data [at] == '\r' && data [at + 1] == '\n')
            at += 2;
        else
            return at;
}

status_t input_first_line (const input_file_t *file, buffer_t *line, error_t *error)
{
    enum { STEP = 64 * 1024 };
    line->size = 0;
    source_t *source = source_open (file, 0, error);
    if (!source)
        return FAILED;
    status_t rc = OK;
    const char *end = NULL;
    size_t start = 0;
    for (size_t more = 1; !rc && more && !end && line->size < FIRST_LINE_LIMIT; ) {
        buffer_reserve (line, STEP);
        rc = source_read (source, line->data + line->size, STEP, &more, error);
        line->size += rc ? 0 : more;
        start = input_first_character (line->data, line->size);
        end = memchr (line->data + start, '\n', line->size - start);
    }
    source_close (&source);
    if (end)
        line->size = (size_t) (end - line->data) - (end > line->data + start && end [-1] == '\r');
    line->size -= start;
    if (line->size)
        memmove (line->data, line->data + start, line->size);
    if (line->size > FIRST_LINE_LIMIT)
        line->size = FIRST_LINE_LIMIT;
    return rc;
}
