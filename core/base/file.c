// file: see file.h.
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

status_t file_write_all (int fd, const void *bytes, size_t size, const char *path, error_t *error)
{
    const char *at = bytes;
    while (size) {
        ssize_t n = write (fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno (error, "%s: cannot write", path);
        at += n;
        size -= (size_t) n;
    }
    return OK;
}

status_t file_write_at (int fd, const void *bytes, size_t size, uint64_t offset, const char *path, error_t *error)
{
    const char *at = bytes;
    while (size) {
        ssize_t n = pwrite (fd, at, size, (off_t) offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno (error, "%s: cannot write", path);
        at += n;
        size -= (size_t) n;
        offset += (uint64_t) n;
    }
    return OK;
}

status_t file_read_at (int fd, void *bytes, size_t size, uint64_t offset, const char *path, error_t *error)
{
    char *at = bytes;
    while (size) {
        ssize_t n = pread (fd, at, size, (off_t) offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno (error, "%s: cannot read", path);
        if (n == 0)
            return TRUNCATED;
        at += n;
        size -= (size_t) n;
        offset += (uint64_t) n;
    }
    return OK;
}

status_t file_load (const char *path, size_t limit, buffer_t *into, error_t *error)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno (error, "%s: cannot open", path);
    status_t rc = OK;
    for (;;) {
        buffer_reserve (into, 64 * 1024);
        ssize_t n = read (fd, into->data + into->size, into->room - into->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = error_errno (error, "%s: cannot read", path);
        if (n <= 0)
            break;
        into->size += (size_t) n;
        if (into->size > limit) {
            rc = error_set (error, "%s: larger than %zu bytes", path, limit);
            break;
        }
    }
    close (fd);
    return rc;
}

status_t file_save (const char *path, const void *bytes, size_t size, error_t *error)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_errno (error, "%s: cannot create", path);
    status_t rc = file_write_all (fd, bytes, size, path, error);
    if (close (fd) && !rc)
        rc = error_errno (error, "%s: cannot write", path);
    return rc;
}

// The folder of `path`: for its owner, and to have the new name on the disk.
static int s_open_folder (const char *path)
{
    const char *slash = strrchr (path, '/');
    char *name = slash > path ? strndup (path, (size_t) (slash - path)) : memory_text (slash ? "/" : ".");
    int fd = open (name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free (name);
    return fd;
}

status_t file_replace (const char *path, mode_t mode, const void *bytes, size_t size, error_t *error)
{
    buffer_t fresh = { 0 };
    struct stat is;
    buffer_print (&fresh, "%s.new", path);
    buffer_add (&fresh, "", 1);
    unlink (fresh.data);                                // what a crash has left
    int fd = open (fresh.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), folder = s_open_folder (path);
    status_t rc = fd < 0 || folder < 0 ? error_errno (error, "%s: cannot create", fresh.data) : OK;
    if (!rc && !fstat (folder, &is) && is.st_uid != geteuid () && geteuid () == 0)
        (void) !fchown (fd, is.st_uid, is.st_gid);
    if (!rc)
        rc = file_write_all (fd, bytes, size, fresh.data, error);
    if (!rc && (fsync (fd) || rename (fresh.data, path) || fsync (folder)))
        rc = error_errno (error, "%s: cannot write", path);
    if (fd >= 0)
        close (fd);
    if (folder >= 0)
        close (folder);
    if (rc)
        unlink (fresh.data);
    buffer_free (&fresh);
    return rc;
}

status_t file_make_folders (const char *path, mode_t mode, error_t *error)
{
    char *copy = memory_text (path);
    status_t rc = OK;
    for (char *at = copy + 1; !rc && at [-1]; at++)
        if (*at == '/' || !*at) {
            char was = *at;
            *at = '\0';
            if (mkdir (copy, mode) && errno != EEXIST)
                rc = error_errno (error, "%s: cannot create the folder", copy);
            *at = was;
        }
    free (copy);
    struct stat is;
    if (!rc && *path && stat (path, &is) == 0 && !S_ISDIR (is.st_mode)) {
        errno = ENOTDIR;
        rc = error_errno (error, "%s: cannot create the folder", path);
    }
    return rc;
}

void file_remove_tree (const char *path)
{
    DIR *folder = opendir (path);
    if (!folder || unlink (path) == 0) {                // a link to a folder goes, not what it points to
        if (folder)
            closedir (folder);
        unlink (path);
        return;
    }
    for (struct dirent *entry; (entry = readdir (folder)); ) {
        if (!strcmp (entry->d_name, ".") || !strcmp (entry->d_name, ".."))
            continue;
        char *inner = file_join (path, entry->d_name);
        if (unlink (inner))
            file_remove_tree (inner);
        free (inner);
    }
    closedir (folder);
    rmdir (path);
}

char *file_join (const char *folder, const char *name)
{
    size_t size = strlen (folder) + strlen (name) + 2;
    char *path = memory_new (size);
    snprintf (path, size, "%s/%s", folder, name);
    return path;
}
