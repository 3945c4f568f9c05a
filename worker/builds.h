// builds: a job as one node has compiled it, for nodes of the same machine that have no compiler. Through the master (LACK, BUILD, BUILT, WANT).
//
// The worker loop's. What a node lacks it says itself, when it needs it (dossier_plugin).
#pragma once
#include "worker/slot.h"

void builds_asked (post_t *post, const message_build_t *build);         // the master wants what this node has compiled, or will now
void builds_turn (post_t *post);                                        // tells what is ready; after slot_pump
void builds_want (post_t *post, const message_want_t *want);            // a piece of one that was told
void builds_answered (dossiers_t *jobs, const message_built_t *built);  // what this node lacked: its name, or why there is none
