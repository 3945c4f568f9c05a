// mail: see mail.h. A lock held for a few instructions, and an eventfd that is readable while there is something: no socket is needed to
// hand a pointer to a neighbour, and the same descriptor fits zmq_poll and poll.
#include "worker/mail.h"
#include "base/memory.h"
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mail {
    pthread_mutex_t lock;
    int fd;
    void **letter;                                      // a ring
    size_t first, count, room;
};

mail_t *mail_new (error_t *error)
{
    mail_t *self = memory_new (sizeof *self);
    pthread_mutex_init (&self->lock, NULL);
    self->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->fd < 0) {
        error_errno (error, "no descriptor for a queue");
        mail_destroy (&self);
    }
    return self;
}

void mail_destroy (mail_t **self_p)
{
    mail_t *self = *self_p;
    if (!self)
        return;
    if (self->fd >= 0)
        close (self->fd);
    pthread_mutex_destroy (&self->lock);
    free (self->letter);
    free (self);
    *self_p = NULL;
}

int mail_fd (const mail_t *self)
{
    return self->fd;
}

static void s_grow (mail_t *self)
{
    size_t room = self->room ? 2 * self->room : 64;
    void **letter = memory_new (room * sizeof *letter);
    for (size_t i = 0; i < self->count; i++)
        letter [i] = self->letter [(self->first + i) % self->room];
    free (self->letter);
    self->letter = letter;
    self->first = 0;
    self->room = room;
}

void mail_put (mail_t *self, void *letter)
{
    pthread_mutex_lock (&self->lock);
    if (self->count == self->room)
        s_grow (self);
    self->letter [(self->first + self->count) % self->room] = letter;
    if (!self->count++ && eventfd_write (self->fd, 1)) { }          // cannot be full: it counts to one
    pthread_mutex_unlock (&self->lock);
}

void *mail_take (mail_t *self)
{
    void *letter = NULL;
    pthread_mutex_lock (&self->lock);
    if (self->count) {
        letter = self->letter [self->first];
        self->first = (self->first + 1) % self->room;
        eventfd_t seen;
        if (!--self->count && eventfd_read (self->fd, &seen)) { }
    }
    pthread_mutex_unlock (&self->lock);
    return letter;
}
