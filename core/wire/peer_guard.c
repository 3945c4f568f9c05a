// guard: see peer_guard.h.
//
// What libzmq reads from the network it holds without a bound of ours (see peer_links.c), at up to some 600 MB/s for each of its threads. Hence so short a
// tick: in TICK_MS that is some megabytes. A tick is one read of a file of the kernel's, 2 us; idle, that is two hundredths of a percent of a core.
#include "wire/peer_guard.h"
#include "wire/peer_links.h"
#include "base/error.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TICK_MS = 10 };

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;                           // of all that follows
static unsigned s_sockets;
static pthread_t s_thread;
static int s_end = -1;                                  // an eventfd; -1: there is no thread

static void *s_guard (void *context)
{
    struct pollfd end = { .fd = *(const int *) context, .events = POLLIN };
    while (poll (&end, 1, TICK_MS) <= 0)
        links_sweep ();
    return NULL;
}

// Signals are the loops' business. Without a thread the process works as ever, and only its memory is not looked after.
static void s_start (void)
{
    sigset_t all, before;
    s_end = eventfd (0, EFD_CLOEXEC);
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    if (s_end >= 0 && pthread_create (&s_thread, NULL, s_guard, &s_end)) {
        close (s_end);
        s_end = -1;
    }
    pthread_sigmask (SIG_SETMASK, &before, NULL);
}

void guard_enter (void)
{
    pthread_mutex_lock (&s_lock);
    if (!s_sockets++)
        s_start ();
    pthread_mutex_unlock (&s_lock);
}

void guard_leave (void)
{
    pthread_mutex_lock (&s_lock);
    if (!--s_sockets && s_end >= 0) {
        if (write (s_end, &(uint64_t) { 1 }, 8) == 8)
            pthread_join (s_thread, NULL);
        close (s_end);
        s_end = -1;
    }
    pthread_mutex_unlock (&s_lock);
}
