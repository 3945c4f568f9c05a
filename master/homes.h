// homes: which node is to work on which bytes: where they are in its chunk cache, as far as can be told from what it has done, and else so
// that they come to lie in few long stretches.
//
// The loop's; outlives jobs, and workers' lives, because their caches do. A guess: a node may have evicted what it had, then it fetches again,
// and nothing is wrong but the time. Bounded: the files not used for longest are forgotten.
#pragma once
#include "master/plan.h"
#include "master/roster.h"
#include "master/work.h"

typedef struct homes homes_t;

homes_t *homes_new (void);
void homes_destroy (homes_t **self_p);
// A map task was done there: its bytes came over the network (done->moved), or were there already.
void homes_learn (homes_t *self, const work_t *work, const member_t *member, const message_done_t *done);
// By map task the worker that should do it; the caller frees it. NULL: it makes no difference.
uint64_t *homes_of (homes_t *self, const work_t *work, const roster_t *roster, const plan_t *plan);
