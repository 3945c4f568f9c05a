// homes: which node has which bytes of which file in its chunk cache, as far as can be told from what it has done.
//
// The loop's; outlives jobs, and workers' lives, because their caches do. A guess: a node may have evicted what it had, then it fetches again,
// and nothing is wrong but the time. Bounded: the files not used for longest are forgotten.
#pragma once
#include "master/roster.h"
#include "master/work.h"

typedef struct homes homes_t;

homes_t *homes_new (void);
void homes_destroy (homes_t **self_p);
// A map task's bytes came over the network to that node (done->moved): it has them now.
void homes_learn (homes_t *self, const work_t *work, const member_t *member, const message_done_t *done);
// By map task the worker that has most of its bytes, 0: none; the caller frees it. NULL: nobody has any.
uint64_t *homes_of (homes_t *self, const work_t *work, const roster_t *roster);
