// forward: what a cluster's jobs print goes to the master, a piece a message, at most so much a job on this node.
#pragma once
#include "worker/slot.h"
#include "worker/tasklog.h"

enum { FORWARD_LIMIT = 1 << 20 };                       // bytes

// Sends what is fresh in the log as printed by `job` on `slot`, and empties it. A job that is not known prints for nobody.
void forward_log (post_t *post, uint64_t slot, uint64_t job, tasklog_t *log);
