// file: the few file operations that everybody needs, done whole: short reads and writes, EINTR, errors with the path in them.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

CHECKED status_t file_write_all (int fd, const void *bytes, size_t size, const char *path, error_t *error);
CHECKED status_t file_write_at (int fd, const void *bytes, size_t size, uint64_t offset, const char *path, error_t *error);
CHECKED status_t file_read_at (int fd, void *bytes, size_t size, uint64_t offset, const char *path, error_t *error);  // TRUNCATED: it ended before
CHECKED status_t file_load (const char *path, size_t limit, buffer_t *into, error_t *error);    // the whole file, at most limit bytes
CHECKED status_t file_save (const char *path, const void *bytes, size_t size, error_t *error);  // a new file or over an old one
// Over an old one or not at all, whatever happens meanwhile, and on the disk; its owner is that of the folder, if we may give it away.
CHECKED status_t file_replace (const char *path, mode_t mode, const void *bytes, size_t size, error_t *error);
CHECKED status_t file_make_folders (const char *path, mode_t mode, error_t *error);             // as mkdir -p
void file_remove_tree (const char *path);                                               // as rm -rf; does not follow links
char *file_join (const char *folder, const char *name);                                 // "folder/name"; the caller frees it

// st_mtim, st_ctim: one number, by which it is told whether a file was changed.
static inline int64_t file_time_ns (struct timespec time)
{
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}
