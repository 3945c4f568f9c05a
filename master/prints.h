// prints: fingerprints of input files, which every MAP of a cluster names: so that a worker knows whether what it sees at the same path, or has in its
// cache, is the same file. A part of the shell, in the loop's thread.
//
// Looking at one reads 128 KiB, so it is an errand, once a file, when its first MAP is ordered. Until it has been done that MAP is held, and behind it
// whatever else is ordered of that slot, for a slot hears its orders in their order; all others go on.
#pragma once
#include "master/shell.h"

// An order of a job for a slot: now, or when what it must name is known.
void prints_order (shell_t *self, member_t *member, work_t *work, const message_t *order, uint64_t slot);
void prints_forget (shell_t *self, uint64_t job);       // it has ended: nobody waits for orders of it
