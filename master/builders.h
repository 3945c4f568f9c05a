// builders: a job as a node has compiled it, for nodes of the same machine that have no compiler. A part of the shell, in the loop's thread.
//
// A build comes from a worker that this master has asked for it, is known by its content hash, and lies in a folder of the state of its own: nothing
// that a client brings is ever one.
#pragma once
#include "master/shell.h"

typedef struct build build_t;

void builders_lack (shell_t *self, member_t *member, const message_lack_t *lack);       // answered by BUILT, at once or when there is one
void builders_built (shell_t *self, const member_t *member, const message_built_t *built);
void builders_blob (shell_t *self, const member_t *member, const message_blob_t *blob);
void builders_lost (shell_t *self, uint64_t worker);    // who waits for it waits for another
void builders_forget (shell_t *self, uint64_t job);     // 0: all of them
