// line: see line.h. The worker's ends never block: an executor may be stopped at any time.
#define _GNU_SOURCE
#include "worker/line.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHANNEL_BYTES = 1024 * 1024 };                   // LOAD and an order always fit

void line_close_fd (int *fd)
{
    if (*fd >= 0)
        close (*fd);
    *fd = -1;
}

static status_t s_open_channel (line_t *self, line_far_t *far)
{
    int ends [2], size = CHANNEL_BYTES;
    if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return FAILED;
    self->channel = ends [0];
    far->channel = ends [1];
    fcntl (self->channel, F_SETFL, O_NONBLOCK);
    setsockopt (self->channel, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return OK;
}

static status_t s_open_output (line_t *self, line_far_t *far)
{
    int ends [2];
    if (pipe2 (ends, O_CLOEXEC))
        return FAILED;
    self->output = ends [0];
    far->output = ends [1];
    fcntl (self->output, F_SETFL, O_NONBLOCK);
    return OK;
}

static status_t s_open_page (line_t *self, line_far_t *far)
{
    far->page = memfd_create ("racimo-position", MFD_CLOEXEC);
    if (far->page < 0 || ftruncate (far->page, sizeof *self->position))
        return FAILED;
    void *page = mmap (NULL, sizeof *self->position, PROT_READ | PROT_WRITE, MAP_SHARED, far->page, 0);
    if (page == MAP_FAILED)
        return FAILED;
    self->position = page;
    return OK;
}

status_t line_open (line_t *self, line_far_t *far)
{
    *self = (line_t) { -1, -1, -1, NULL };
    *far = (line_far_t) { -1, -1, -1 };
    if (!s_open_channel (self, far) && !s_open_output (self, far) && !s_open_page (self, far))
        return OK;
    int number = errno;
    line_close (self);
    line_close_far (far);
    errno = number;
    return FAILED;
}

void line_close (line_t *self)
{
    line_close_fd (&self->channel);
    line_close_fd (&self->output);
    line_close_fd (&self->statm);
    if (self->position)
        munmap (self->position, sizeof *self->position);
    self->position = NULL;
}

void line_close_far (line_far_t *far)
{
    line_close_fd (&far->channel);
    line_close_fd (&far->page);
    line_close_fd (&far->output);
}

void line_meet (line_t *self, pid_t executor)
{
    char path [64];
    snprintf (path, sizeof path, "/proc/%d/statm", (int) executor);
    line_close_fd (&self->statm);
    self->statm = open (path, O_RDONLY | O_CLOEXEC);
}

uint64_t line_resident (const line_t *self)
{
    char text [128];
    unsigned long long resident = 0, shared = 0;
    ssize_t n = self->statm < 0 ? 0 : pread (self->statm, text, sizeof text - 1, 0);
    text [n > 0 ? n : 0] = '\0';
    if (sscanf (text, "%*u %llu %llu", &resident, &shared) != 2 || resident < shared)
        return 0;
    return (resident - shared) * (uint64_t) sysconf (_SC_PAGESIZE);
}
