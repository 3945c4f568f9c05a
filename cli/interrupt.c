// interrupt: see interrupt.h.
#include "cli/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

interrupt_t interrupt_new (void)
{
    interrupt_t self;
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGHUP);
    sigaddset (&set, SIGCHLD);
    sigprocmask (SIG_BLOCK, &set, &self.before);
    self.fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return self;
}

void interrupt_free (interrupt_t *self)
{
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
    sigprocmask (SIG_SETMASK, &self->before, NULL);
}

int interrupt_next (interrupt_t *self)
{
    struct signalfd_siginfo news;
    return read (self->fd, &news, sizeof news) == sizeof news ? (int) news.ssi_signo : 0;
}
