// sick: preloaded by a test, a disk that fails: calls on files whose names match end as SICK says.
//
// SICK="CALL ERRNO PATTERN": fsync, write or close, the error's number, and a shell pattern for the file's whole name. Everything else goes
// through. A close closes first, as the kernel does.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static bool s_fails (int fd, const char *call)
{
    char wanted [16], pattern [PATH_MAX], link [64], path [PATH_MAX];
    int number;
    const char *sick = getenv ("SICK");
    if (!sick || sscanf (sick, "%15s %d %4095s", wanted, &number, pattern) != 3 || strcmp (call, wanted))
        return false;
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink (link, path, sizeof path - 1);
    if (size < 0)
        return false;
    path [size] = 0;
    if (fnmatch (pattern, path, 0))
        return false;
    errno = number;
    return true;
}

ssize_t write (int fd, const void *bytes, size_t size)
{
    static ssize_t (*real) (int, const void *, size_t);
    if (!real)
        *(void **) &real = dlsym (RTLD_NEXT, "write");
    return s_fails (fd, "write") ? -1 : real (fd, bytes, size);
}

ssize_t pwrite (int fd, const void *bytes, size_t size, off_t at)
{
    static ssize_t (*real) (int, const void *, size_t, off_t);
    if (!real)
        *(void **) &real = dlsym (RTLD_NEXT, "pwrite");
    return s_fails (fd, "write") ? -1 : real (fd, bytes, size, at);
}

ssize_t writev (int fd, const struct iovec *piece, int pieces)
{
    static ssize_t (*real) (int, const struct iovec *, int);
    if (!real)
        *(void **) &real = dlsym (RTLD_NEXT, "writev");
    return s_fails (fd, "write") ? -1 : real (fd, piece, pieces);
}

ssize_t copy_file_range (int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags)
{
    static ssize_t (*real) (int, off64_t *, int, off64_t *, size_t, unsigned);
    if (!real)
        *(void **) &real = dlsym (RTLD_NEXT, "copy_file_range");
    return s_fails (to, "write") ? -1 : real (from, from_at, to, to_at, size, flags);
}

int fsync (int fd)
{
    static int (*real) (int);
    if (!real)
        *(void **) &real = dlsym (RTLD_NEXT, "fsync");
    return s_fails (fd, "fsync") ? -1 : real (fd);
}

int close (int fd)
{
    static int (*real) (int);
    if (!real)
        *(void **) &real = dlsym (RTLD_NEXT, "close");
    int before = errno, number = s_fails (fd, "close") ? errno : 0;
    errno = before;
    int rc = real (fd);
    if (!number)
        return rc;
    errno = number;
    return -1;
}
