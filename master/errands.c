// errands: see errands.h.
//
//     loop ── errands_send ──▸ waiting ──▸ a thread: run ──▸ run ──▸ eventfd ──▸ errands_hear: done
//
// A thread takes the first errand whose lane nobody is at. Threads come up as they are needed and stay: an idle one costs nothing. They cannot be
// stopped: one that waits for a server that is gone waits as long as the kernel has it wait, and whoever wants to end must wait too, or exit.
#include "master/errands.h"
#include "base/memory.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct errand {
    struct errand *next;
    uint64_t lane;
    errand_fn *run, *done;
    void *context;
} errand_t;

struct errands {
    int wake;                                           // an eventfd
    uint64_t under_way;                                 // the loop's: sent and not heard of
    pthread_t thread [ERRANDS];
    uint32_t threads;
    pthread_mutex_t lock;                               // of all that follows
    pthread_cond_t more;
    errand_t *waiting, *run;                            // in order
    uint64_t at [ERRANDS];                              // lanes that threads are at
    uint32_t busy;                                      // how many
    bool ending;
};

// ---- with the lock

static void s_append (errand_t **list, errand_t *errand)
{
    while (*list)
        list = &(*list)->next;
    errand->next = NULL;
    *list = errand;
}

static bool s_is_taken (const errands_t *self, uint64_t lane)
{
    for (uint32_t i = 0; i < self->busy; i++)
        if (self->at [i] == lane)
            return true;
    return false;
}

static errand_t *s_take (errands_t *self)
{
    errand_t **at = &self->waiting;
    while (*at && s_is_taken (self, (*at)->lane))
        at = &(*at)->next;
    errand_t *errand = *at;
    if (errand) {
        *at = errand->next;
        self->at [self->busy++] = errand->lane;
    }
    return errand;
}

static void s_leave (errands_t *self, uint64_t lane)
{
    for (uint32_t i = 0; i < self->busy; i++)
        if (self->at [i] == lane) {
            self->at [i] = self->at [--self->busy];
            return;
        }
}

// ---- a thread

static void *s_run (void *context)
{
    errands_t *self = context;
    pthread_mutex_lock (&self->lock);
    while (!self->ending) {
        errand_t *errand = s_take (self);
        if (!errand) {
            pthread_cond_wait (&self->more, &self->lock);
            continue;
        }
        pthread_mutex_unlock (&self->lock);
        errand->run (errand->context);
        pthread_mutex_lock (&self->lock);
        s_leave (self, errand->lane);                   // the next of this lane is this thread's, if nothing waited before it
        s_append (&self->run, errand);
        if (write (self->wake, &(uint64_t) { 1 }, 8) != 8) { }      // full: the loop is awake
    }
    pthread_mutex_unlock (&self->lock);
    return NULL;
}

// ---- the loop's side

errands_t *errands_new (error_t *error)
{
    errands_t *self = memory_new (sizeof *self);
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->more, NULL);
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake < 0) {
        (void) error_errno (error, "eventfd");
        errands_destroy (&self);
    }
    return self;
}

void errands_destroy (errands_t **self_p)
{
    errands_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&self->lock);
    self->ending = true;
    pthread_cond_broadcast (&self->more);
    pthread_mutex_unlock (&self->lock);
    for (uint32_t i = 0; i < self->threads; i++)
        pthread_join (self->thread [i], NULL);
    pthread_mutex_destroy (&self->lock);
    pthread_cond_destroy (&self->more);
    if (self->wake >= 0)
        close (self->wake);
    free (self);
    *self_p = NULL;
}

int errands_fd (const errands_t *self)
{
    return self->wake;
}

// A system that gives us no thread at all has the loop wait: better than never.
static bool s_can_wait (errands_t *self)
{
    bool wanted = self->under_way > self->threads && self->threads < ERRANDS;
    if (wanted && !pthread_create (&self->thread [self->threads], NULL, s_run, self))
        self->threads++;
    return self->threads;
}

void errands_send (errands_t *self, uint64_t lane, errand_fn *run, errand_fn *done, void *context)
{
    errand_t *errand = memory_new (sizeof *errand);
    *errand = (errand_t) { .lane = lane, .run = run, .done = done, .context = context };
    self->under_way++;
    bool waits = s_can_wait (self);
    if (!waits)
        run (context);
    pthread_mutex_lock (&self->lock);
    s_append (waits ? &self->waiting : &self->run, errand);
    pthread_cond_signal (&self->more);
    pthread_mutex_unlock (&self->lock);
    if (!waits && write (self->wake, &(uint64_t) { 1 }, 8) != 8) { }
}

void errands_hear (errands_t *self)
{
    uint64_t count;
    if (read (self->wake, &count, sizeof count) != sizeof count)
        return;
    pthread_mutex_lock (&self->lock);
    errand_t *errand = self->run;
    self->run = NULL;
    pthread_mutex_unlock (&self->lock);
    for (errand_t *next; errand; errand = next) {
        next = errand->next;
        self->under_way--;
        errand->done (errand->context);
        free (errand);
    }
}

bool errands_idle (const errands_t *self)
{
    return !self->under_way;
}
