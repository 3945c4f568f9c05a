// Errands: what is run where, in which order it is told of, and that nothing waits for what stands in another lane.
#include "base/memory.h"
#include "master/errands.h"
#include "tests/main.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>

static errands_t *s_errands;
static error_t s_error;
static pthread_t s_loop;

typedef struct { sem_t begun, may_end; int number; bool elsewhere; } job_t;

static int s_told [4096], s_tolds;

static void s_setup (void)
{
    s_error = (error_t) { 0 };
    s_errands = errands_new (&s_error);
    ck_assert_msg (s_errands != NULL, "%s", s_error.text);
    s_tolds = 0;
    s_loop = pthread_self ();
}

static void s_teardown (void)
{
    errands_destroy (&s_errands);
}

static void s_tell (void *context)
{
    const job_t *job = context;
    ck_assert (pthread_equal (pthread_self (), s_loop));
    s_told [s_tolds++] = job->number;
}

static void s_run (void *context)
{
    job_t *job = context;
    job->elsewhere = !pthread_equal (pthread_self (), s_loop);
    sem_post (&job->begun);
    sem_wait (&job->may_end);
}

static void s_run_at_once (void *context)
{
    sem_post (&((job_t *) context)->begun);
}

static job_t *s_jobs (int count)
{
    job_t *job = memory_new ((size_t) count * sizeof *job);
    for (int i = 0; i < count; i++) {
        sem_init (&job [i].begun, 0, 0);
        sem_init (&job [i].may_end, 0, 0);
        job [i].number = i;
    }
    return job;
}

static void s_hear (int until)
{
    while (s_tolds < until) {
        struct pollfd item = { .fd = errands_fd (s_errands), .events = POLLIN };
        ck_assert_int_eq (poll (&item, 1, 20000), 1);
        errands_hear (s_errands);
    }
}

static bool s_has_begun (job_t *job)
{
    return sem_trywait (&job->begun) == 0;
}

START_TEST (test_lanes)
{
    job_t *job = s_jobs (4);
    errands_send (s_errands, 7, s_run, s_tell, &job [0]);
    errands_send (s_errands, 7, s_run, s_tell, &job [1]);
    errands_send (s_errands, 8, s_run, s_tell, &job [2]);
    sem_wait (&job [0].begun);
    sem_wait (&job [2].begun);                          // another lane waits for nobody
    sem_post (&job [2].may_end);
    s_hear (1);
    ck_assert_int_eq (s_told [0], 2);
    ck_assert (!s_has_begun (&job [1]));
    errands_send (s_errands, 9, s_run, s_tell, &job [3]);
    sem_wait (&job [3].begun);
    ck_assert (!s_has_begun (&job [1]));
    for (int i = 0; i < 4; i++)
        sem_post (&job [i].may_end);
    s_hear (4);
    ck_assert (errands_idle (s_errands));
    for (int i = 0; i < 4; i++)
        ck_assert (job [i].elsewhere);
    int first = 0, second = 0;
    for (int i = 0; i < 4; i++)
        *(s_told [i] == 0 ? &first : s_told [i] == 1 ? &second : &(int) { 0 }) = i;
    ck_assert_int_lt (first, second);
    free (job);
}
END_TEST

// More lanes than threads, and all threads held: what waits is run when one is free; a lane's order is that of sending.
START_TEST (test_many)
{
    enum { MANY = 4000, LANES = 40 };
    int last [LANES];
    job_t *job = s_jobs (MANY);
    for (int i = 0; i < LANES; i++)
        last [i] = -1;
    for (int i = 0; i < MANY; i++)
        errands_send (s_errands, (uint64_t) (i % LANES), i < ERRANDS ? s_run : s_run_at_once, s_tell, &job [i]);
    for (int i = 0; i < ERRANDS; i++)
        sem_wait (&job [i].begun);
    ck_assert (!s_has_begun (&job [ERRANDS]));          // no thread is left for it
    ck_assert (!errands_idle (s_errands));
    for (int i = 0; i < ERRANDS; i++)
        sem_post (&job [i].may_end);
    s_hear (MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_gt (s_told [i], last [s_told [i] % LANES]);
        last [s_told [i] % LANES] = s_told [i];
    }
    ck_assert (errands_idle (s_errands));
    free (job);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_lanes, test_many };
    return main_run ("errands", s_setup, s_teardown, tests, COUNT_OF (tests));
}
