// verdict: see verdict.h. The position comes from a page that the executor shared until its last instruction.
#define _GNU_SOURCE
#include "worker/verdict.h"
#include "worker/executor.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

typedef struct { char text [512]; } phrase_t;

static phrase_t s_where (const message_t *order, const position_t *position)
{
    phrase_t where = { "" };
    if (order->verb == MESSAGE_MAP && order->map.path && order->map.path [0])
        snprintf (where.text, sizeof where.text, "in map at %.400s near byte %llu", order->map.path, (unsigned long long) position->offset);
    else if (order->verb == MESSAGE_MAP)
        snprintf (where.text, sizeof where.text, "in map near row %llu", (unsigned long long) position->offset);
    else if (order->verb == MESSAGE_REDUCE)
        snprintf (where.text, sizeof where.text, "in reduce after %llu rows", (unsigned long long) position->rows);
    else if (order->verb == MESSAGE_SEAL)
        snprintf (where.text, sizeof where.text, "in a fold while map results were written");
    else
        snprintf (where.text, sizeof where.text, order->verb ? "in RAC_JOB" : "between tasks");
    return where;
}

static phrase_t s_last_words (const char *last)
{
    phrase_t words = { "" };
    if (last [0])
        snprintf (words.text, sizeof words.text, "; its last words: %.300s", last);
    return words;
}

static void s_verdict_signal (const char *where, int number, const char *words, error_t *error)
{
    const char *name = sigabbrev_np (number);
    if (number == SIGKILL)
        error_set (error, "killed %s by SIGKILL (out of memory?)%s", where, words);
    else
        error_set_kind (error, ERROR_JOB, "SIG%s %s%s", name ? name : "?", where, words);
}

void verdict_hung_up (const message_t *order, const position_t *position, error_t *error)
{
    phrase_t where = s_where (order, position);
    error_set_kind (error, ERROR_JOB, "the job closed descriptors that are not its own %s", where.text);
}

void verdict_death (const message_t *order, const position_t *position, int status, const char *last, error_t *error)
{
    phrase_t where = s_where (order, position), words = s_last_words (last);
    if (WIFSIGNALED (status))
        s_verdict_signal (where.text, WTERMSIG (status), words.text, error);
    else if (WEXITSTATUS (status) == EXECUTOR_CHANNEL)
        verdict_hung_up (order, position, error);
    else
        error_set_kind (error, ERROR_JOB, "the job called exit (%d) %s%s", WEXITSTATUS (status), where.text, words.text);
}

void verdict_stuck (const message_t *order, const position_t *position, uint64_t seconds, error_t *error)
{
    phrase_t where = s_where (order, position);
    error_set_kind (error, ERROR_JOB, "no progress for %llu s %s (an endless loop?)", (unsigned long long) seconds, where.text);
}

void verdict_memory (const message_t *order, const position_t *position, uint64_t bytes, uint64_t limit, error_t *error)
{
    phrase_t where = s_where (order, position);
    error_set_kind (error, ERROR_JOB, "uses %llu MB of memory, more than the %llu MB it may, %s (a leak?)",
        (unsigned long long) (bytes >> 20), (unsigned long long) (limit >> 20), where.text);
}
